package e2e_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"tandem/internal/media/dtmf"
	"tandem/internal/phone"
)

// TestKeysByThreeWaysAtOnce presses each key as an event, by INFO and as tones in the
// sound: it counts once.
func TestKeysByThreeWaysAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := apiAccount(t, s)
	const number, keys = "+46850000830", "1199*0#4"
	k.nativeApp("Keys", number, "ask", `"ask": {"gather": {"prompts": [{"music": true, "duration": "1m"}], "barge_in": true, "max_digits": 8, "whole": true, "overall": "40s"}, "digits": "bye", "no_input": "bye"},
		"bye": {"hang_up": {"words": "keyed ${digits}"}}`)
	p := newPhone(t, phone.Options{})
	c := dial(t, p, s, number)
	for i, key := range keys {
		var wg sync.WaitGroup
		wg.Go(func() { press(t, c, string(key)) })
		if i > 0 { // an event is the first that is seen
			wg.Go(func() {
				if err := c.Press(t.Context(), string(key), phone.PressOptions{Method: phone.KeyInfo}); err != nil && i < len(keys)-1 {
					t.Errorf("INFO: %v", err)
				}
			})
			wg.Go(func() { c.Play(t.Context(), dtmf.Tone(byte(key), phone.Rate/10)) })
		}
		wg.Wait()
	}
	ends(t, c, 20*time.Second)
	v := s.ended(t, number, 10*time.Second)
	got, dropped := "", 0
	for _, e := range v.Events {
		switch e.Kind {
		case "digit":
			got += e.Data["digit"]
		case "digit.dropped":
			dropped++
		}
	}
	if got != keys {
		t.Errorf("pressed %s, heard %s", keys, got)
	}
	if dropped < len(keys)-2 || !slices.ContainsFunc(v.Events, func(e eventLine) bool { return e.Data["method"] == "info" }) {
		t.Errorf("%d keys were dropped:\n%s", dropped, v)
	}
}
