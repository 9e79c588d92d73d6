package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// hearsOnly waits until those of three tones and no others are what a phone hears,
// for half a second on end.
func hearsOnly(c *phone.Call, tones []float64) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	times := 0
	for range 200 {
		<-tick.C
		h := c.Heard()
		h = h[max(0, len(h)-2000):]
		times++
		for _, hz := range []float64{500, 900, 1400} {
			if heard := audiomatch.Tone(h, hz) > 0.3; heard != slices.Contains(tones, hz) {
				times = 0
			}
		}
		if times == 10 {
			return true
		}
	}
	return false
}

// TestSupervise has somebody listen to a talk, speak to one side or both, and
// leave before the talk ends or with it.
func TestSupervise(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mode           voice.SuperviseMode
		caller, called []float64 // tones that each hears
		leaves         bool
	}{
		{voice.Monitor, []float64{900}, []float64{500}, true},
		{voice.Whisper, []float64{900}, []float64{500, 1400}, false},
		{voice.Barge, []float64{900, 1400}, []float64{500, 1400}, false},
	} {
		t.Run(string(tt.mode), func(t *testing.T) {
			t.Parallel()
			far, boss := farPhone(t, phone.Options{}), farPhone(t, phone.Options{})
			up := make(chan *engine.Call, 1)
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				if c.Talk() != nil {
					t.Error("a call that arrives talks")
				}
				up <- c
				_, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(far)})
				if c.Talk() != nil {
					t.Error("a call talks on after its bridge")
				}
				return err
			})
			near := r.call(phone.Options{})
			b := incoming(t, far)
			if err := b.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-near.Answered()
			go near.Play(t.Context(), sine(500, 60*time.Second))
			go b.Play(t.Context(), sine(900, 60*time.Second))
			if !lastTone(b, 500) || !lastTone(near, 900) {
				t.Fatalf("the two do not talk\n%s", r.timeline())
			}
			talk := (<-up).Talk()
			if talk == nil || talk.With().ID != sipTo(far)[0].ID || talk.Since().IsZero() {
				t.Fatalf("the talk: %+v", talk)
			}
			sup := r.engine.NewCall(voice.CallInfo{ID: "sup", Tenant: tenant, Direction: voice.Outbound, To: "4711", Start: time.Now()})
			ended := make(chan error, 1)
			go func() {
				_, err := sup.Place(t.Context(), voice.DialSpec{Targets: sipTo(boss), CallerName: "listens"})
				if err == nil {
					err = sup.Supervise(t.Context(), talk, tt.mode)
				}
				sup.Hangup(t.Context(), voice.CauseNormal, "the talk is over")
				ended <- err
			}()
			s := incoming(t, boss)
			if !strings.Contains(s.From(), "4711") || s.CallerName() != "listens" {
				t.Errorf("the supervisor's phone shows %q %q", s.From(), s.CallerName())
			}
			if err := s.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			go s.Play(t.Context(), sine(1400, 60*time.Second))
			if !hearsOnly(s, []float64{500, 900}) || !hearsOnly(near, tt.caller) || !hearsOnly(b, tt.called) {
				t.Errorf("the three do not hear what they should\n%s", r.timeline())
			}
			if tt.leaves {
				s.Hangup(t.Context())
				if err := <-ended; !voice.IsKind(err, voice.HungUp) {
					t.Errorf("the supervisor left: %v", err)
				}
				if !lastTone(near, 900) {
					t.Error("the talk does not go on")
				}
			}
			b.Hangup(t.Context())
			if err := r.over(); err != nil {
				t.Fatal(err)
			}
			<-talk.Over()
			if !tt.leaves {
				if err := <-ended; err != nil {
					t.Errorf("the talk's end: %v", err)
				}
				<-s.Done()
			}
			late := r.engine.NewCall(voice.CallInfo{ID: "late", Tenant: tenant})
			if err := late.Supervise(t.Context(), nil, tt.mode); !voice.IsKind(err, voice.Invalid) {
				t.Errorf("no talk: %v", err)
			}
		})
	}
}
