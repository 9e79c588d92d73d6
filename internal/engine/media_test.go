package engine_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// TestOfferComesWithTheAck is a caller whose INVITE holds no description.
func TestOfferComesWithTheAck(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		_, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("abcd", 600*time.Millisecond)}})
		return err
	})
	p := farPhone(t, phone.Options{})
	c, err := p.Dial(t.Context(), "sip:test@"+r.agent.Addr().String(), phone.CallOptions{LateOffer: true, Codecs: []phone.Codec{phone.PCMA}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if !heardTone(c, pitch("abcd"), 600*time.Millisecond) {
		t.Errorf("the prompt was not heard\n%s", r.timeline())
	}
	if l := r.legs()[0]; l.Codec != "PCMA" || l.Answered.IsZero() {
		t.Errorf("leg: %+v", l)
	}
}

// TestKeysByTwoWaysCountOnce is a phone that sends each key both in the media
// and by INFO, in either order.
func TestKeysByTwoWaysCountOnce(t *testing.T) {
	t.Parallel()
	for _, order := range [][]phone.KeyMethod{{phone.KeyEvent, phone.KeyInfo}, {phone.KeyInfo, phone.KeyEvent}} {
		t.Run(string(order[0])+" first", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				res, err := c.Gather(ctx, voice.GatherSpec{Finish: "#", InterDigit: 3 * time.Second})
				if res.Digits != "1122" || string(res.Method) != string(order[0]) {
					t.Errorf("gathered %+v", res)
				}
				return err
			})
			c := r.answered(phone.Options{})
			for _, key := range []string{"1", "1", "2", "2", "#"} {
				for _, m := range order {
					c.Press(t.Context(), key, phone.PressOptions{Method: m}) // the last may find the call over
				}
			}
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			r.noted(voice.EventDigitDropped, "this phone sends keys by "+string(order[0]))
		})
	}
}

// TestHoldIsNotSilence holds for longer than audio may be missing, and resumes.
func TestHoldIsNotSilence(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		_, err := c.Gather(ctx, voice.GatherSpec{FirstDigit: 10 * time.Second, MaxDigits: 1})
		return err
	}, func(c *engine.Config) { c.MediaTimeout = 800 * time.Millisecond })
	c := r.answered(phone.Options{})
	c.Play(t.Context(), sine(500, 200*time.Millisecond))
	if err := c.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Done():
		t.Fatalf("the call ended on hold\n%s", r.timeline())
	case <-time.After(1500 * time.Millisecond):
	}
	if err := c.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Play(t.Context(), sine(500, 500*time.Millisecond)); err != nil {
		t.Errorf("the call ended after the hold: %v\n%s", err, r.timeline())
	}
	c.Press(t.Context(), "1", phone.PressOptions{})
	if err := r.over(); err != nil {
		t.Errorf("%v\n%s", err, r.timeline())
	}
}

// TestMessageIsKeptWhenTheServerStops hangs up and keeps what was said.
func TestMessageIsKeptWhenTheServerStops(t *testing.T) {
	t.Parallel()
	var res voice.RecordResult
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		var err error
		res, err = c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail})
		return err
	})
	c := r.answered(phone.Options{})
	c.Play(t.Context(), sine(500, time.Second))
	r.stop(voice.Errorf("test", voice.Unavailable, "the server is stopping"))
	if err := r.over(); err != nil {
		t.Errorf("the flow is not let go on: %v", err)
	}
	<-c.Done()
	if res.End != voice.RecordHungUp || res.Dropped || res.Recording.State != voice.RecordingFinished || res.Recording.Duration < 900*time.Millisecond {
		t.Errorf("record: %+v\n%s", res, r.timeline())
	}
	if s := r.summaries[0]; s.Cause != voice.CauseShutdown {
		t.Errorf("the call ended with %q", s.Cause)
	}
}

// TestBrokenStepLeavesNothing has a step that panics in the midst of what it
// does: hanging up ends the far leg and keeps the recording.
func TestBrokenStepLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []voice.EventKind{voice.EventRecordingStarted, voice.EventBridgeStarted} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			far := farPhone(t, phone.Options{})
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				defer func() { recover() }()
				if at == voice.EventRecordingStarted {
					c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail})
				} else {
					c.Dial(ctx, voice.DialSpec{Targets: sipTo(far)})
				}
				t.Error("the step went on")
				return nil
			}, func(c *engine.Config) {
				take := c.Events
				c.Events = func(e voice.Event) {
					if take(e); e.Kind == at {
						panic("a fault in a step")
					}
				}
			})
			near := r.call(phone.Options{})
			if at == voice.EventBridgeStarted {
				b := incoming(t, far)
				b.Answer(t.Context())
				<-b.Done()
			}
			if err := r.over(); err != nil {
				t.Error(err)
			}
			<-near.Done()
			if at == voice.EventBridgeStarted {
				if got := r.causes(); got != "a normal after an answer; b1 normal after an answer" {
					t.Errorf("legs: %s", got)
				}
				return
			}
			rows, err := r.store.Recordings(t.Context(), tenant, voice.RecordingFilter{})
			if err != nil || len(rows) != 1 || rows[0].State != voice.RecordingFinished {
				t.Errorf("rows: %+v %v", rows, err)
			}
		})
	}
}

// TestOfferWithoutAnAnswer is a caller who makes no offer, and whose ACK has no
// answer to ours.
func TestOfferWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error { return c.Answer(ctx) })
	d := newDying(t)
	call, err := d.agent.Dial(t.Context(), sipua.Target{URI: "sip:test@" + r.agent.Addr().String()}, nil, nil)
	if err == nil {
		defer call.Hangup(voice.CauseNormal, "")
	}
	if err := r.over(); err == nil {
		t.Error("it was answered")
	}
	if why := r.ended(); why != voice.EndNoMedia {
		t.Errorf("ended for %q\n%s", why, r.timeline())
	}
}
