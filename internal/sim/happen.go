package sim

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// happening is the next thing of interest: a key, the beginning of speech, that
// nothing happened until the time was up, or, with no field set, something
// outside the call.
type happening struct {
	key    byte
	spoke  bool
	timeUp bool
}

// happen moves the clock to the next thing that happens, at the latest to
// until, or to the time that Expire has set, which is an error of kind Expired.
// What the caller does exactly then comes before the time being up.
func (c *Call) happen(ctx context.Context, until time.Time) (happening, error) {
	if c.expiry.IsZero() || until.Before(c.expiry) {
		return c.next(ctx, until)
	}
	h, err := c.next(ctx, c.expiry)
	if err == nil && h.timeUp {
		c.expiry = time.Time{}
		if c.script.Broken != nil {
			c.script.Broken()
		}
		return happening{}, voice.Errorf("sim", voice.Expired, "the time set for the flow is over")
	}
	return h, err
}

// next moves the clock to the next thing that happens, at the latest to until.
func (c *Call) next(ctx context.Context, until time.Time) (happening, error) {
	h, err := c.look(ctx, until)
	if err != nil && c.script.Broken != nil {
		c.script.Broken()
	}
	return h, err
}

func (c *Call) look(ctx context.Context, until time.Time) (happening, error) {
	for slept := false; ; slept = true {
		if ctx.Err() != nil { // before it began, or by who watches the keys
			return happening{}, context.Cause(ctx)
		}
		due, ok := c.caller.due()
		if !ok || due.After(until) && due.After(c.w.now) {
			due, ok = until, false
		}
		if due.After(c.w.now) || !ok && !slept {
			if c.w.Sleep(ctx, due) && c.w.now.Before(due) && ctx.Err() == nil {
				if again, ok := c.caller.due(); !ok || again.After(c.w.now) {
					return happening{}, nil // somebody woke it
				}
			}
			continue
		}
		if !ok {
			return happening{timeUp: true}, nil
		}
		a := c.caller.take(c.w.now)
		switch {
		case a.HangUp:
			c.end(Ending{Cause: voice.CauseNormal, Words: "caller hung up", ByCaller: true})
			return happening{}, voice.Errorf("sim", voice.HungUp, "the caller hung up")
		case a.Press != "":
			key := a.Press[0]
			shown := c.press(key).Shown()
			c.note(voice.EventDigit, "key "+shown, map[string]string{"digit": shown, "method": string(voice.ByScript)})
			if c.watch != nil && c.watch(key) {
				continue
			}
			return happening{key: key}, nil
		case a.Speak > 0:
			if a.Say != "" {
				c.said = append(c.said, said{c.w.now, c.w.now.Add(a.Speak), a.Say})
			}
			return happening{spoke: true}, nil
		case a.Do != nil:
			a.Do()
			return happening{}, nil
		}
	}
}
