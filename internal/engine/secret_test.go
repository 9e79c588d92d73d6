package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// Secret keys, pressed ahead and into the gather, by each way of sending keys, are in
// no event; a key that was pressed ahead in the open is not taken.
func TestSecretKeys(t *testing.T) {
	t.Parallel()
	for _, m := range []phone.KeyMethod{phone.KeyEvent, phone.KeyInfo} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			open, hidden, ready := make(chan struct{}), make(chan struct{}), make(chan struct{})
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				close(ready)
				if _, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("ab", time.Minute)}, BargeIn: true}); err != nil {
					return err
				}
				close(open)
				c.Conceal(true)
				if _, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("cd", time.Minute)}, BargeIn: true, Until: hidden}); err != nil {
					return err
				}
				res, err := c.Gather(ctx, voice.GatherSpec{MaxDigits: 4, FirstDigit: time.Minute, InterDigit: time.Minute})
				if res.Digits != "7539" {
					t.Errorf("gathered %+v", res)
				}
				return err
			})
			c := r.answered(phone.Options{})
			<-ready
			press := func(keys string) {
				t.Helper()
				if err := c.Press(t.Context(), keys, phone.PressOptions{Method: m}); err != nil {
					t.Fatal(err)
				}
			}
			press("8")
			<-open
			close(hidden)
			press("753")
			c.Press(t.Context(), "9", phone.PressOptions{Method: m}) // the call may be over before the key is
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			r.noted(voice.EventDigitDropped, "key 8 dropped: it was pressed before a secret question")
			r.noted(voice.EventGatherEnded, `gathered "xxxx"`)
			for _, e := range r.events {
				if e.Kind != voice.EventDigit && e.Kind != voice.EventDigitDropped && e.Kind != voice.EventGatherEnded {
					continue
				}
				if told := fmt.Sprint(e.Text, e.Data["digit"], e.Data["digits"]); strings.ContainsAny(strings.ReplaceAll(told, "rfc4733", ""), "7539") {
					t.Errorf("an event tells a secret key: %s %v", e.Text, e.Data)
				}
			}
		})
	}
}
