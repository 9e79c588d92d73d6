package engine

import (
	"context"
	"time"

	"tandem/internal/gather"
	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// woken is what ended a wait; exactly one of its fields is set.
type woken struct {
	done    bool          // the channel that was waited for closed
	stopped bool          // what ends the playing from outside did
	timer   bool          // the deadline came
	quiet   bool          // the far end's audio has stopped for too long
	key     *gather.Press // a key
	at      time.Time     // when the key was pressed
}

// mediaLook is how often, at the most, a waiting call looks whether its
// parties' audio still comes.
const mediaLook = 5 * time.Second

func (c *Call) nextLook() time.Time {
	every := mediaLook
	if t := c.e.cfg.MediaTimeout; t > 0 {
		every = min(every, t/4)
	}
	return time.Now().Add(every)
}

// deadliner is something with a time-out of its own, or none.
type deadliner interface{ Deadline() (time.Time, bool) }

// at is a fixed deadline.
type at time.Time

func (a at) Deadline() (time.Time, bool) { return time.Time(a), true }

// wait waits for done, a key, or the end of the call.
func (c *Call) wait(ctx context.Context, done <-chan struct{}, p *playing) (woken, error) {
	return c.waitUntil(ctx, done, p, nil)
}

// waitUntil waits for done, a key, d's deadline, or the end of the call: kind
// HungUp when the caller left, Expired when the flow's time is over, Unavailable
// when ctx ended. Meanwhile it notes the prompts of p as they follow one another.
func (c *Call) waitUntil(ctx context.Context, done <-chan struct{}, p *playing, d deadliner) (woken, error) {
	for {
		next, boundary, look, expiry := c.nextLook(), false, true, false
		if d != nil {
			if t, ok := d.Deadline(); ok && t.Before(next) {
				next, look = t, false
			}
		}
		if b, ok := p.boundary(); ok && b.Before(next) {
			next, boundary, look = b, true, false
		}
		if t := c.expiry; !t.IsZero() && !c.talking && !next.Before(t) { // it does not end a talk
			next, expiry = t, true
		}
		c.timer.Reset(time.Until(next))
		w, err := c.waitOnce(ctx, done, p.stop(), c.timer.C)
		c.timer.Stop()
		if err == nil && w.timer && expiry {
			c.expiry = time.Time{}
			return woken{}, voice.Errorf("engine.wait", voice.Expired, "the time set for the flow is over")
		}
		if err == nil && w.timer && look {
			c.a.sources()
			if c.far != nil {
				c.far.sources()
			}
			if c.a.silentTooLong(c.e.cfg.MediaTimeout) {
				return woken{}, c.mediaLost()
			}
			if c.far != nil && c.far.silentTooLong(c.e.cfg.MediaTimeout) {
				return woken{quiet: true}, nil
			}
			continue
		}
		if err == nil && w.timer && boundary {
			p.advance(next)
			continue
		}
		if err == nil && w == (woken{}) {
			continue // a key that does not count
		}
		return w, err
	}
}

func (c *Call) waitOnce(ctx context.Context, done, stop <-chan struct{}, tick <-chan time.Time) (woken, error) {
	select {
	case <-c.a.Done(): // first: a caller who has left gets nothing more
		return woken{}, c.hungUp()
	default:
	}
	var farKeys <-chan rtpport.Digit
	var farInfo <-chan sipua.Digit
	if c.far != nil {
		farKeys, farInfo = c.far.port.Digits(), c.far.infoKeys()
	}
	select {
	case <-done:
		return woken{done: true}, nil
	case <-stop:
		return woken{stopped: true}, nil
	case <-tick:
		return woken{timer: true}, nil
	case dg, ok := <-c.a.port.Digits():
		if !ok {
			return woken{}, voice.Errorf("engine.wait", voice.HungUp, "the media of the call is closed")
		}
		return c.heard(c.a, dg.Key, voice.DigitMethod(dg.Method), dg.At), nil
	case key := <-c.a.infoKeys():
		return c.heard(c.a, key.Key, voice.BySIPInfo, time.Now()), nil
	case dg, ok := <-farKeys: // the media passes these on by itself
		if ok {
			c.heard(c.far, dg.Key, voice.DigitMethod(dg.Method), dg.At)
		}
		return woken{}, nil
	case key := <-farInfo:
		if w := c.heard(c.far, key.Key, voice.BySIPInfo, time.Now()); w.key != nil && c.talking {
			c.passKey(c.a, *w.key)
		}
		return woken{}, nil
	case <-c.a.Done():
		return woken{}, c.hungUp()
	case <-ctx.Done():
		return woken{}, voice.E("engine.wait", voice.Unavailable, context.Cause(ctx))
	}
}

// heard notes a party's key. Each has one way of sending keys, the first that
// is seen: a phone that sends RFC 4733 and INFO together is not counted twice.
func (c *Call) heard(l *leg, key byte, by voice.DigitMethod, when time.Time) woken {
	if l.method == "" {
		l.mu.Lock()
		l.method = by
		l.mu.Unlock()
	}
	press := gather.Press{Key: key, Method: by, Hidden: c.hides && l == c.a}
	shown := press.Shown()
	data := map[string]string{"digit": shown, "method": string(by)}
	if by != l.method {
		c.Note(voice.Event{Kind: voice.EventDigitDropped, Leg: l.id, At: when, Data: data,
			Text: "key " + shown + " by " + string(by) + " dropped: this phone sends keys by " + string(l.method)})
		return woken{}
	}
	c.Note(voice.Event{Kind: voice.EventDigit, Leg: l.id, At: when, Text: "key " + shown + " by " + string(by), Data: data})
	if l == c.a && c.watch != nil && c.watch(key) {
		return woken{}
	}
	return woken{key: &press, at: when}
}

// WatchKeys implements voice.KeyWatcher. While keys are watched they do not pass
// over a bridge by themselves, and none stops a prompt before the watcher saw it.
// Tones in the sound can't be held back.
func (c *Call) WatchKeys(f func(key byte) bool) {
	c.watch = f
	if c.a != nil {
		c.a.port.KeepKeys(f != nil)
	}
}

// Conceal implements voice.Concealer.
func (c *Call) Conceal(on bool) {
	c.hides = on
	c.wire.conceals(on, c.talking)
}

// talks says whether a talk goes on.
func (c *Call) talks(on bool) {
	c.talking = on
	c.wire.conceals(c.hides, on)
}

// onlyHidden drops keys that were pressed ahead, in the open, of a secret gather.
func (c *Call) onlyHidden() {
	kept := c.kept[:0]
	for _, k := range c.kept {
		if k.Hidden {
			kept = append(kept, k)
			continue
		}
		c.dropped(k, gather.InTheOpen)
	}
	c.kept = kept
}

// passKey presses a key that came by INFO for the other party of a bridge.
func (c *Call) passKey(to *leg, k gather.Press) {
	if _, err := to.port.SendDigits(string(k.Key)); err != nil {
		c.dropped(k, "it could not be passed to "+to.to+": "+err.Error())
	}
}

// unwanted notes that a key that was heard is dropped.
func (c *Call) unwanted(w woken, why string) {
	if w.key != nil {
		c.dropped(*w.key, why)
	}
}

// dropped notes a key that nothing was waiting for.
func (c *Call) dropped(k gather.Press, why string) {
	c.Note(voice.Event{Kind: voice.EventDigitDropped, Leg: c.a.id, Text: "key " + k.Shown() + " dropped: " + why,
		Data: map[string]string{"digit": k.Shown(), "method": string(k.Method)}})
}

// Now implements voice.Timer.
func (c *Call) Now() time.Time { return time.Now() }

// Expire implements voice.Timer.
func (c *Call) Expire(at time.Time) { c.expiry = at }

// Wait implements voice.Waiter.
func (c *Call) Wait(ctx context.Context, d time.Duration) error {
	end := at(time.Now().Add(d))
	for {
		w, err := c.waitUntil(ctx, nil, nil, end)
		if err != nil {
			return err
		}
		if w.timer {
			return nil
		}
		if w.key != nil {
			c.kept = append(c.kept, *w.key)
		}
	}
}
