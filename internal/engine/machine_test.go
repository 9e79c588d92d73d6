package engine_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// TestMachines are told from people before the caller is let in, turned away or
// let through as the dial says.
func TestMachines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule  voice.MachineRule
		beeps bool
		end   voice.DialEnd
		by    voice.AnsweredBy
	}{
		"a machine is turned away": {voice.MachineHangup, true, voice.DialFailed, voice.AnsweredByMachine},
		"a machine is let through": {voice.MachineConnect, true, voice.DialCompleted, voice.AnsweredByMachine},
		"a person is let through":  {voice.MachineHangup, false, voice.DialCompleted, voice.AnsweredByHuman},
		"nobody asks who answered": {"", true, voice.DialCompleted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := farPhone(t, phone.Options{})
			var res voice.DialResult
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				var err error
				res, err = c.Dial(ctx, voice.DialSpec{Targets: sipTo(far), Machine: tt.rule})
				return err
			})
			near := r.call(phone.Options{})
			b := incoming(t, far)
			if err := b.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			if tt.beeps {
				go b.Play(t.Context(), sine(900, 3*time.Second))
			} else {
				go b.Play(t.Context(), hello())
			}
			if tt.end == voice.DialCompleted {
				select {
				case <-near.Answered():
				case <-time.After(10 * time.Second):
					t.Fatalf("the caller is not let in\n%s", r.timeline())
				}
				<-time.After(300 * time.Millisecond)
				b.Hangup(t.Context())
			}
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			<-b.Done()
			if res.End != tt.end || res.By != tt.by {
				t.Errorf("dial: %+v\n%s", res, r.timeline())
			}
			if tt.by != "" {
				r.noted(voice.EventMachine, "has answered")
			}
		})
	}
}

// hello is half a second of changing tones, as short as a hello.
func hello() []int16 {
	var pcm []int16
	for _, hz := range []float64{420, 610, 530, 760, 480} {
		pcm = append(pcm, sine(hz, 100*time.Millisecond)...)
	}
	return pcm
}

// TestDetectMachine listens to the caller, who leaves or says something.
func TestDetectMachine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		says func(*phone.Call)
		want voice.AnsweredBy
	}{
		"hello":   {func(c *phone.Call) { c.Play(context.Background(), hello()) }, voice.AnsweredByHuman},
		"a beep":  {func(c *phone.Call) { c.Play(context.Background(), sine(900, time.Second)) }, voice.AnsweredByMachine},
		"silence": {func(*phone.Call) {}, voice.AnsweredByUnknown},
		"nobody":  {func(c *phone.Call) { c.Hangup(context.Background()) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var by voice.AnsweredBy
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				var err error
				by, err = c.DetectMachine(ctx, voice.MachineSpec{})
				return err
			})
			near := r.answered(phone.Options{})
			go tt.says(near)
			err := r.over()
			if by != tt.want || (tt.want == "") != voice.IsKind(err, voice.HungUp) {
				t.Errorf("%q, %v\n%s", by, err, r.timeline())
			}
			near.Hangup(t.Context())
		})
	}
}

// TestInterrupted breaks each thing off that a call does: the caller stays, what was
// recorded is kept, and whom the caller talked with is hung up normally.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	far, ringing := farPhone(t, phone.Options{}), farPhone(t, phone.Options{})
	for name, do := range map[string]func(context.Context, *engine.Call) error{
		"play": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("ab", 5*time.Second)}})
			return err
		},
		"gather": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Gather(ctx, voice.GatherSpec{FirstDigit: 5 * time.Second, MaxDigits: 1})
			return err
		},
		"record": func(ctx context.Context, c *engine.Call) error {
			res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail})
			if res.Recording.State != voice.RecordingFinished {
				t.Errorf("the recording: %+v", res)
			}
			return err
		},
		"wait": func(ctx context.Context, c *engine.Call) error { return c.Wait(ctx, 5*time.Second) },
		"ringing": func(ctx context.Context, c *engine.Call) error {
			_, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(ringing)})
			return err
		},
		"detect": func(ctx context.Context, c *engine.Call) error {
			_, err := c.DetectMachine(ctx, voice.MachineSpec{})
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
				if err := c.Answer(ctx); err != nil {
					return err
				}
				if err := do(ctx, c); err == nil || !voice.IsKind(context.Cause(ctx), voice.Interrupted) {
					t.Errorf("not broken off: %v", err)
				}
				_, err := c.Play(context.WithoutCancel(ctx), voice.PlaySpec{Prompts: []voice.Prompt{speech("abcdef", time.Second)}})
				return err
			})
			near := r.answered(phone.Options{})
			var b *phone.Call
			switch name {
			case "talk":
				b = incoming(t, far)
				if err := b.Answer(t.Context()); err != nil {
					t.Fatal(err)
				}
			case "ringing":
				b = incoming(t, ringing)
			}
			if name != "detect" { // which would be over by then
				go near.Play(t.Context(), sine(700, 5*time.Second))
			}
			<-time.After(800 * time.Millisecond)
			r.stop(voice.Errorf("test", voice.Interrupted, "a command came"))
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			<-near.Done()
			if !heardTone(near, pitch("abcdef"), time.Second) {
				t.Errorf("the caller does not hear what comes next\n%s", r.timeline())
			}
			if b != nil {
				<-b.Done()
			}
			if name == "talk" {
				if got := r.causes(); got != "a normal after an answer; b1 normal after an answer" {
					t.Errorf("legs: %s", got)
				}
			}
		})
	}
}
