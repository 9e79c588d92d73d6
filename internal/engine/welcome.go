package engine

import (
	"context"
	"strings"

	"tandem/internal/voice"
)

// sendable gives keys to be sent as the port knows them, whose comma is half a
// second of pause. The error is of kind Invalid.
func sendable(op, keys string) (string, error) {
	if len(keys) > voice.MaxGatherDigits {
		return "", voice.Errorf(op, voice.Invalid, "%d keys to send are more than %d", len(keys), voice.MaxGatherDigits)
	}
	for _, k := range keys {
		if !strings.ContainsRune("0123456789*#ABCDWw,", k) {
			return "", voice.Errorf(op, voice.Invalid, "%q can't be sent as a key: 0-9 * # A-D and the pauses W, w and comma", k)
		}
	}
	return strings.NewReplacer("W", ",,", "w", ",").Replace(keys), nil
}

// welcome sends b, who has answered, the keys and plays it what it is to hear
// before the caller is let in; the caller hears on what hears plays. left says
// that b hung up meanwhile. The error is why there is nobody to let in.
func (c *Call) welcome(ctx context.Context, s voice.DialSpec, keys string, b *leg, hears *ringing) (left bool, err error) {
	if keys == "" && len(s.Announce) == 0 {
		return false, nil
	}
	hears.apart()
	if keys != "" {
		sending, err := b.port.SendDigits(keys)
		if err != nil {
			return true, nil // its media is closed
		}
		c.Note(voice.Event{Kind: voice.EventMedia, Leg: b.id, Text: "keys " + s.SendDigits + " are sent to " + b.to})
		if left, err := c.whileApart(ctx, b, sending.Done()); left || err != nil {
			return left, err
		}
	}
	if len(s.Announce) == 0 {
		return false, nil
	}
	p := c.play(ctx, b, voice.PlaySpec{Prompts: s.Announce})
	if p == nil {
		return false, nil
	}
	left, err = c.whileApart(ctx, b, p.done())
	p.over(false)
	return left, err
}

// whileApart waits for done while b is up and not joined with the caller.
func (c *Call) whileApart(ctx context.Context, b *leg, done <-chan struct{}) (left bool, err error) {
	for {
		w, err := c.waitOnce(ctx, done, b.Done(), nil)
		switch {
		case err != nil:
			return false, err
		case w.stopped:
			return true, nil
		case w.done:
			return false, nil
		case w.key != nil:
			c.dropped(*w.key, "nobody is let in yet")
		}
	}
}
