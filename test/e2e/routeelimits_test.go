package e2e_test

import (
	"fmt"
	"testing"
	"time"
)

// TestRouteeLimits has the times of conversations and DIALs end what they bound.
func TestRouteeLimits(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	usual := fmt.Sprintf(`{"type":"PLAY","fileURL":"%s"}`, r.sounds(t, "usual", tone(900, 50*time.Second)))
	t.Run("maxDuration of a conversation", func(t *testing.T) {
		id, c := r.called(t, usual, `,"maxDuration":4`)
		hearsOnly(t, c, 900)
		ends(t, c, 25*time.Second) // the sound goes on for 50 s
		if legs := r.legs(t, id, 1); legState(legs[0]) != "Completed" {
			t.Errorf("tracking: %v", legs)
		}
	})
	t.Run("hangupDelay of a conversation", func(t *testing.T) {
		id := r.conversation(t, `"hangupDelay":2,"dialPlan":{"verbs":[`+usual+`]}`)
		c := rings(t, r.carrier, 20*time.Second)
		if err := c.Ring(false); err != nil {
			t.Fatal(err)
		}
		ends(t, c, 25*time.Second) // without it after a minute
		if legs := r.legs(t, id, 1); legState(legs[0]) != "NoAnswer" {
			t.Errorf("tracking: %v", legs)
		}
	})
	dial := func(more string) string {
		return fmt.Sprintf(`{"type":"DIAL","from":"+30211111111","to":{"phone":"+306988222222"},%s},%s`, more, usual)
	}
	t.Run("hangupDelay of a DIAL", func(t *testing.T) {
		id, c := r.called(t, dial(`"hangupDelay":"2"`), "")
		far := rings(t, r.carrier, 20*time.Second)
		ends(t, far, 20*time.Second)
		hearsOnly(t, c, 900)
		hangUp(c)
		if legs := r.legs(t, id, 2); legState(legs[1]) != "NoAnswer" {
			t.Errorf("tracking: %v", legs)
		}
	})
	t.Run("maxDuration of a DIAL", func(t *testing.T) {
		id, c := r.called(t, dial(`"maxDuration":3`), "")
		far := rings(t, r.carrier, 20*time.Second)
		t.Cleanup(func() { hangUp(far) })
		if err := far.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		ends(t, far, 25*time.Second)
		hearsOnly(t, c, 900)
		hangUp(c)
		if legs := r.legs(t, id, 2); legState(legs[1]) != "Completed" {
			t.Errorf("tracking: %v", legs)
		}
	})
}
