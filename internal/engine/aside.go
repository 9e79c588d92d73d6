package engine

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// lastTalk is what was asked for the talk that was begun last.
type lastTalk struct {
	spec voice.DialSpec
	end  time.Time // its longest time is over
}

// aside is a party that ordered a transfer: it is up, hears nothing and is
// heard by nobody until the result is known.
type aside struct {
	leg   *leg
	first bool // it was the call's first party
}

// Keep says whether both parties stay when the talk that goes on is broken off, as
// when one of them is transferred; false when nobody talks. PutAside follows, by
// the call's goroutine, unless Hangup does. Any goroutine may say it.
func (c *Call) Keep(both bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joint == nil {
		return false
	}
	c.joint.stays = both
	return true
}

// alone ends a party that a talk which was broken off has left and nobody put aside.
func (c *Call) alone() {
	if c.far != nil {
		c.endLeg(c.far, voice.CauseNormal, "the call goes on with others")
	}
}

// PutAside takes one party of a talk that was broken off out of the call, until
// Recall or Dismiss, for "" the one who was called; the other becomes the call's first
// party if it is not. A party
// that has hung up meanwhile is not waited for. Error kind HungUp when the other has.
func (c *Call) PutAside(id voice.LegID) error {
	const op = "engine.PutAside"
	c.onTape = c.last.spec.Record
	switch {
	case c.far != nil && (c.far.id == id || id == ""):
		c.aside, c.far = &aside{leg: c.far}, nil
	case c.a.id == id && c.far == nil:
		return voice.Errorf(op, voice.HungUp, "the other party has hung up")
	case c.a.id == id:
		c.aside = &aside{leg: c.a, first: true}
		c.lead(c.far)
		c.far = nil
	}
	if c.a.gone() {
		return c.hungUp()
	}
	return nil
}

// lead makes a party the call's first. What records the call goes on there.
func (c *Call) lead(l *leg) {
	c.a, c.kept = l, nil
	c.answered = true
	c.beside.lead(l)
}

// Recall lets who was put aside talk with the other again, each in its old place,
// and returns as Dial does. Error kind NotExist when nobody is there any more to
// talk with, HungUp when the call's first party has left.
func (c *Call) Recall(ctx context.Context) (voice.DialResult, error) {
	const op = "engine.Recall"
	x := c.aside
	c.aside = nil
	switch {
	case x == nil:
		return voice.DialResult{}, voice.Errorf(op, voice.NotExist, "nobody waits for the result of a transfer")
	case x.leg.gone():
		c.endLeg(x.leg, voice.CauseNormal, "")
		return voice.DialResult{}, voice.Errorf(op, voice.NotExist, "%s has hung up", x.leg.to)
	}
	c.far = x.leg
	if x.first {
		c.far = c.a
		c.lead(x.leg)
	}
	return c.again(ctx, c.far)
}

// again joins the first party with b as the talk before was, for what is left of
// its time.
func (c *Call) again(ctx context.Context, b *leg) (voice.DialResult, error) {
	if c.a.gone() {
		return voice.DialResult{}, c.hungUp()
	}
	s := c.last.spec
	if s.MaxDuration = time.Until(c.last.end); s.MaxDuration <= 0 {
		s.MaxDuration = time.Millisecond
	}
	return c.bridge(ctx, s, b, voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal, Answered: b.who})
}

// Dismiss ends the leg of who was put aside once tell has returned, which is
// called in any case. It does not wait; Hangup does.
func (c *Call) Dismiss(tell func(), words string) {
	x := c.aside
	c.aside = nil
	c.beside.wg.Go(func() {
		tell()
		if x != nil {
			c.over(x.leg, voice.CauseNormal, words)
		}
	})
}
