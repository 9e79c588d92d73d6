package engine_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// played has a caller hear prompts to their end, which takes from least to most.
func played(t *testing.T, least, most time.Duration, prompts ...voice.Prompt) (*rig, *phone.Call) {
	t.Helper()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Play(ctx, voice.PlaySpec{Prompts: prompts})
		if res.End != voice.PlayFinished || res.Played < least || res.Played > most {
			t.Errorf("play: %+v", res)
		}
		return err
	})
	c := r.answered(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	return r, c
}

func TestPlayToTheEnd(t *testing.T) {
	t.Parallel()
	r, c := played(t, 790*time.Millisecond, time.Hour, speech("ab", 400*time.Millisecond), speech("missing", 0), speech("abcdef", 400*time.Millisecond))
	if !heardTone(c, pitch("ab"), 400*time.Millisecond) || !heardTone(c, pitch("abcdef"), 400*time.Millisecond) {
		t.Errorf("the prompts were not heard\n%s", r.timeline())
	}
	r.noted(voice.EventPromptFailed, "no such sound")
	r.noted(voice.EventPromptStarted, "abcdef")
	r.noted(voice.EventSIP, "received INVITE")
	r.noted(voice.EventSIP, "sent BYE")
}

// TestMusicLastsAsLongAsAskedFor: longer than the piece and shorter.
func TestMusicLastsAsLongAsAskedFor(t *testing.T) {
	t.Parallel()
	for _, asked := range []time.Duration{900 * time.Millisecond, 200 * time.Millisecond} {
		whole := asked + 200*time.Millisecond
		r, c := played(t, whole, whole, voice.Prompt{Kind: voice.PromptMusic, Duration: asked}, speech("ab", 200*time.Millisecond))
		if !heardTone(c, pitch("music"), asked-50*time.Millisecond) || !heardTone(c, pitch("ab"), 150*time.Millisecond) {
			t.Errorf("%v of music, then a text, were not heard\n%s", asked, r.timeline())
		}
		r.noted(voice.EventPromptFinished, "played music")
		r.noted(voice.EventPromptStarted, "ab")
	}
}

func TestKeysByEachMethod(t *testing.T) {
	t.Parallel()
	for _, m := range []phone.KeyMethod{phone.KeyEvent, phone.KeyInfo, phone.KeyInBand} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				res, err := c.Gather(ctx, voice.GatherSpec{Prompts: []voice.Prompt{speech("menu", 5*time.Second)}, BargeIn: true, Finish: "#"})
				if res.Digits != "159" || res.End != voice.EndFinish || string(res.Method) != string(m) {
					t.Errorf("gather: %+v", res)
				}
				return err
			})
			c := r.answered(phone.Options{NoTelephoneEvent: m == phone.KeyInBand})
			if err := c.Press(t.Context(), "159", phone.PressOptions{Method: m}); err != nil {
				t.Fatal(err)
			}
			c.Press(t.Context(), "#", phone.PressOptions{Method: m}) // the call may be over before the key is
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			r.noted(voice.EventPromptCut, "cut by a key")
		})
	}
}

func TestNoInput(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Gather(ctx, voice.GatherSpec{FirstDigit: 300 * time.Millisecond})
		if res.End != voice.EndFirstDigit || res.Digits != "" {
			t.Errorf("gather: %+v", res)
		}
		return err
	})
	r.answered(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
}

func TestRecordUntilKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail, Beep: true, Finish: "#", MinLength: 500 * time.Millisecond})
		if res.End != voice.RecordFinishKey || res.Key != '#' || res.Dropped || res.Recording.Duration < time.Second || res.Recording.SHA256 == "" {
			t.Errorf("record: %+v", res)
		}
		return err
	})
	c := r.answered(phone.Options{})
	if err := c.Play(t.Context(), sine(500, 2*time.Second)); err != nil {
		t.Fatal(err)
	}
	c.Press(t.Context(), "#", phone.PressOptions{})
	if err := r.over(); err != nil {
		t.Fatalf("%v\n%s", err, r.timeline())
	}
	rows, err := r.store.Recordings(t.Context(), tenant, voice.RecordingFilter{})
	if err != nil || len(rows) != 1 || rows[0].State != voice.RecordingFinished {
		t.Errorf("rows: %+v %v", rows, err)
	}
}

func TestRecordHangUpKeepsAndSilenceDrops(t *testing.T) {
	t.Parallel()
	results := make(chan voice.RecordResult, 2)
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail, MinLength: 300 * time.Millisecond, Silence: 700 * time.Millisecond})
		results <- res
		return err
	})
	c := r.answered(phone.Options{})
	c.Play(t.Context(), sine(500, time.Second))
	c.Hangup(t.Context())
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if res := <-results; res.End != voice.RecordHungUp || res.Dropped {
		t.Errorf("after a hang-up: %+v\n%s", res, r.timeline())
	}
	r.answered(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if res := <-results; res.End != voice.RecordSilence || !res.Dropped {
		t.Errorf("after silence: %+v\n%s", res, r.timeline())
	}
}

func TestHangUpEndsEveryStep(t *testing.T) {
	t.Parallel()
	steps := map[string]func(context.Context, *engine.Call) error{
		"play": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("long", 10*time.Second)}})
			return err
		},
		"gather": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Gather(ctx, voice.GatherSpec{FirstDigit: 10 * time.Second})
			return err
		},
		"wait": func(ctx context.Context, c *engine.Call) error {
			c.Answer(ctx)
			return c.Wait(ctx, 10*time.Second)
		},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, step)
			c := r.answered(phone.Options{})
			c.Hangup(t.Context())
			if err := r.over(); !voice.IsKind(err, voice.HungUp) {
				t.Errorf("want a hang-up, got %v\n%s", err, r.timeline())
			}
		})
	}
}
