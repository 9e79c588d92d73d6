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
		return happening{}, voice.Errorf("sim", voice.Expired, "the time set for the flow is over")
	}
	return h, err
}

// next moves the clock to the next thing that happens, at the latest to until.
func (c *Call) next(ctx context.Context, until time.Time) (happening, error) {
	if until.Before(c.now) {
		until = c.now
	}
	for {
		if ctx.Err() != nil { // before it began, or by who watches the keys
			return happening{}, context.Cause(ctx)
		}
		due, ok := c.caller.due()
		if !ok || due.After(until) {
			c.now = until
			return happening{timeUp: true}, nil
		}
		if due.After(c.now) {
			c.now = due
		}
		a := c.caller.take(c.now)
		switch {
		case a.HangUp:
			c.end(Ending{Cause: voice.CauseNormal, Words: "caller hung up", ByCaller: true})
			return happening{}, voice.Errorf("sim", voice.HungUp, "the caller hung up")
		case a.Press != "":
			key := a.Press[0]
			c.note(voice.EventDigit, "key "+string(a.Press), map[string]string{"digit": string(a.Press), "method": string(voice.ByScript)})
			if c.watch != nil && c.watch(key) {
				continue
			}
			return happening{key: key}, nil
		case a.Speak > 0:
			if a.Say != "" {
				c.said = append(c.said, said{c.now, c.now.Add(a.Speak), a.Say})
			}
			return happening{spoke: true}, nil
		case a.Do != nil:
			a.Do()
			return happening{}, nil
		}
	}
}
