package engine_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// TestTimeOfTheFlow sets a time and then does what it has to end, each in a
// call of its own.
func TestTimeOfTheFlow(t *testing.T) {
	t.Parallel()
	music := []voice.Prompt{speech("abc", 300*time.Millisecond)}
	for name, do := range map[string]func(context.Context, *engine.Call) error{
		"play": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Play(ctx, voice.PlaySpec{Prompts: music, Loop: true})
			return err
		},
		"gather": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Gather(ctx, voice.GatherSpec{FirstDigit: 10 * time.Second})
			return err
		},
		"wait": func(ctx context.Context, c *engine.Call) error { return c.Wait(ctx, 10*time.Second) },
		"record": func(ctx context.Context, c *engine.Call) error {
			res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail})
			if !res.Dropped && res.Recording.ID == "" {
				t.Errorf("nothing became of the recording: %+v", res)
			}
			return err
		},
		"beep": func(ctx context.Context, c *engine.Call) error {
			c.Expire(c.Now())
			_, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail, Beep: true})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				if err := c.Answer(ctx); err != nil {
					return err
				}
				begun := c.Now()
				c.Expire(begun.Add(400 * time.Millisecond))
				err := do(ctx, c)
				if took := c.Now().Sub(begun); took > 2*time.Second {
					t.Errorf("it took %v", took)
				}
				if !voice.IsKind(err, voice.Expired) {
					t.Errorf("the end of the time is %v", err)
				}
				// Once reported the time is set no more.
				return c.Wait(ctx, 50*time.Millisecond)
			})
			r.answered(phone.Options{})
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
		})
	}
}

// TestMusicUntil loops a short prompt until something else happens, with a key
// that means nothing and with one that does.
func TestMusicUntil(t *testing.T) {
	t.Parallel()
	until, pressed := make(chan struct{}), make(chan struct{})
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		music := []voice.Prompt{speech("ab", 200*time.Millisecond), speech("abcdef", 200*time.Millisecond)}
		go func() {
			<-pressed
			close(until)
		}()
		res, err := c.Play(ctx, voice.PlaySpec{Prompts: music, Loop: true, Until: until})
		if res.End != voice.PlayStopped || res.Played < 500*time.Millisecond {
			t.Errorf("play: %+v", res)
		}
		if err != nil {
			return err
		}
		if res, err = c.Play(ctx, voice.PlaySpec{Prompts: music, Loop: true, BargeIn: true}); res.End != voice.PlayCut {
			t.Errorf("play: %+v", res)
		}
		if err != nil {
			return err
		}
		g, err := c.Gather(ctx, voice.GatherSpec{MaxDigits: 1})
		if g.Digits != "7" {
			t.Errorf("gather: %+v", g)
		}
		return err
	})
	c := r.answered(phone.Options{})
	<-time.After(700 * time.Millisecond)
	if err := c.Press(t.Context(), "5", phone.PressOptions{}); err != nil {
		t.Fatal(err)
	}
	close(pressed)
	<-time.After(300 * time.Millisecond)
	if err := c.Press(t.Context(), "7", phone.PressOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.over(); err != nil {
		t.Fatalf("%v\n%s", err, r.timeline())
	}
	<-c.Done()
	for _, text := range []string{"ab", "abcdef"} {
		if !heardTone(c, pitch(text), 200*time.Millisecond) {
			t.Errorf("%s was not heard\n%s", text, r.timeline())
		}
	}
	r.noted(voice.EventDigitDropped, "key 5 dropped")
	r.noted(voice.EventPromptStarted, "again and again")
	r.noted(voice.EventPromptCut, "cut by a key")
}
