package engine_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// TestRedirected takes a caller out of a recording, and of a talk: the caller
// stays, what was recorded is kept, and whom the caller talked with is hung up.
func TestRedirected(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{})
	for name, do := range map[string]func(context.Context, *engine.Call) error{
		"recording": func(ctx context.Context, c *engine.Call) error {
			res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail})
			if res.Recording.ID == "" || res.Recording.State != voice.RecordingFinished {
				t.Errorf("the recording: %+v", res)
			}
			return err
		},
		"talk": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(far)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				if err := do(ctx, c); err == nil || context.Cause(ctx) == nil {
					t.Errorf("not redirected: %v", err)
				}
				_, err := c.Play(context.WithoutCancel(ctx), voice.PlaySpec{Prompts: []voice.Prompt{speech("abcdef", 1500*time.Millisecond)}})
				return err
			})
			near := r.call(phone.Options{})
			var b *phone.Call
			if name == "talk" {
				b = incoming(t, far)
				if err := b.Answer(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			<-near.Answered()
			go near.Play(t.Context(), sine(700, 5*time.Second))
			<-time.After(1200 * time.Millisecond)
			r.stop(voice.Errorf("test", voice.Redirected, "the call goes elsewhere"))
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			<-near.Done()
			if !heardTone(near, pitch("abcdef"), 1500*time.Millisecond) {
				t.Errorf("the caller does not hear what comes next\n%s", r.timeline())
			}
			if b != nil {
				<-b.Done()
				if got := r.causes(); got != "a normal after an answer; b1 normal after an answer" {
					t.Errorf("legs: %s", got)
				}
			}
		})
	}
}
