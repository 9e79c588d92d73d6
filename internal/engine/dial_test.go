package engine_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// dialSIP is a flow that dials a SIP address.
func dialSIP(uri string, s voice.DialSpec, check func(voice.DialResult, error)) func(context.Context, *engine.Call) error {
	return func(ctx context.Context, c *engine.Call) error {
		s.Targets = []voice.Target{{Kind: voice.ToSIP, ID: uri}}
		res, err := c.Dial(ctx, s)
		check(res, err)
		return nil
	}
}

func farPhone(t *testing.T, o phone.Options) *phone.Phone {
	t.Helper()
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func incoming(t *testing.T, p *phone.Phone) *phone.Call {
	t.Helper()
	select {
	case c := <-p.Incoming():
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("the far phone does not ring")
		return nil
	}
}

func lastTone(c *phone.Call, hz float64) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		if h := c.Heard(); len(h) > 4000 && audiomatch.Tone(h[len(h)-4000:], hz) > 0.9 {
			return true
		}
		<-tick.C
	}
	return false
}

func TestDialBridgesAcrossCodecs(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{Codecs: []phone.Codec{phone.PCMA}})
	var result voice.DialResult
	r := newRig(t, dialSIP("far@"+far.Addr().String(), voice.DialSpec{}, func(res voice.DialResult, err error) {
		if result = res; err != nil {
			t.Errorf("dial: %v", err)
		}
	}))
	near := r.call(phone.Options{Codecs: []phone.Codec{phone.PCMU}})
	b := incoming(t, far)
	if err := b.Ring(false); err != nil {
		t.Fatal(err)
	}
	if err := b.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-near.Answered():
	case <-time.After(5 * time.Second):
		t.Fatalf("the caller is not answered\n%s", r.timeline())
	}
	go near.Play(t.Context(), sine(700, 3*time.Second))
	go b.Play(t.Context(), sine(1100, 3*time.Second))
	if !lastTone(near, 1100) || !lastTone(b, 700) {
		t.Errorf("no audio both ways\n%s", r.timeline())
	}
	near.Press(t.Context(), "7", phone.PressOptions{})
	b.Hangup(t.Context())
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if result.End != voice.DialCompleted || result.Talked <= 0 {
		t.Errorf("result: %+v\n%s", result, r.timeline())
	}
	if keys := b.KeysHeard(); keys != "7" {
		t.Errorf("the far end heard keys %q", keys)
	}
	r.noted(voice.EventBridgeStarted, "talks with")
	r.noted(voice.EventSIP, "sent INVITE")
}

func TestDialFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		end    voice.DialEnd
	}{
		{"busy", 486, voice.DialBusy}, {"no answer", 480, voice.DialNoAnswer}, {"declined", 603, voice.DialFailed}, {"unknown", 404, voice.DialFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			far := farPhone(t, phone.Options{})
			var result voice.DialResult
			r := newRig(t, dialSIP("far@"+far.Addr().String(), voice.DialSpec{}, func(res voice.DialResult, err error) { result = res }))
			r.call(phone.Options{})
			incoming(t, far).Reject(tt.status)
			if err := r.over(); err != nil {
				t.Fatal(err)
			}
			if result.End != tt.end {
				t.Errorf("result: %+v\n%s", result, r.timeline())
			}
		})
	}
	t.Run("ring time", func(t *testing.T) {
		t.Parallel()
		far := farPhone(t, phone.Options{})
		var result voice.DialResult
		r := newRig(t, dialSIP("far@"+far.Addr().String(), voice.DialSpec{RingTime: 700 * time.Millisecond}, func(res voice.DialResult, err error) { result = res }))
		r.call(phone.Options{})
		b := incoming(t, far)
		b.Ring(false)
		if err := r.over(); err != nil {
			t.Fatal(err)
		}
		if result.End != voice.DialNoAnswer {
			t.Errorf("result: %+v\n%s", result, r.timeline())
		}
		<-b.Done()
	})
}

func TestCallerHangsUpWhileItRings(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{})
	var dialErr error
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		c.Answer(ctx)
		_, dialErr = c.Dial(ctx, voice.DialSpec{Targets: []voice.Target{{Kind: voice.ToSIP, ID: "far@" + far.Addr().String()}}})
		return nil
	})
	near := r.answered(phone.Options{})
	b := incoming(t, far)
	b.Ring(false)
	near.Hangup(t.Context())
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if !voice.IsKind(dialErr, voice.HungUp) {
		t.Errorf("dial: %v\n%s", dialErr, r.timeline())
	}
	select {
	case <-b.Done():
	case <-time.After(5 * time.Second):
		t.Error("the far phone still rings")
	}
}

func TestNoPhoneRegistered(t *testing.T) {
	t.Parallel()
	var result voice.DialResult
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		var err error
		result, err = c.Dial(ctx, voice.DialSpec{Targets: []voice.Target{{Kind: voice.ToExtension, ID: "101"}}})
		return err
	})
	r.call(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if result.End != voice.DialFailed || result.Words != "no phone is registered as 101" {
		t.Errorf("result: %+v", result)
	}
}
