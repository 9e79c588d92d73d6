package engine

import (
	"context"
	"time"

	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// joined is the talk of two parties, as others may see it: it never changes,
// and its ports may have closed.
type joined struct {
	caller, called *rtpport.Port
	legs           [2]*leg
	with           voice.Target
	since          time.Time
	over           chan struct{}
	stays          bool // both stay when it is broken off; guarded by Call.mu
}

func (j *joined) With() voice.Target    { return j.with }
func (j *joined) Since() time.Time      { return j.since }
func (j *joined) Over() <-chan struct{} { return j.over }

// Talk gives the talk that the caller is in, nil when there is none. Any
// goroutine may ask.
func (c *Call) Talk() voice.Talk {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joint == nil {
		return nil
	}
	return c.joint
}

// join says that the caller talks with b, until part.
func (c *Call) join(b *leg, with voice.Target, since time.Time) {
	j := &joined{caller: c.a.port, called: b.port, legs: [2]*leg{c.a, b}, with: with, since: since, over: make(chan struct{})}
	c.talks(true)
	c.mu.Lock()
	c.joint = j
	c.mu.Unlock()
}

// part says that the caller talks with nobody, and whether both were to stay
// (Keep). It may be called twice.
func (c *Call) part() (stays bool) {
	c.talks(false)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joint != nil {
		stays = c.joint.stays
		close(c.joint.over)
		c.joint = nil
	}
	for _, l := range c.held {
		l.port.Unpark()
	}
	c.held = nil
	return stays
}

// Supervise lets the call's first party hear a talk of another call of this
// engine and be heard in it as mode says, until the talk is over. Error kind
// HungUp when the party leaves, Conflict when the talk was over before.
func (c *Call) Supervise(ctx context.Context, of voice.Talk, mode voice.SuperviseMode) error {
	const op = "engine.Supervise"
	j, ok := of.(*joined)
	if !ok || !mode.Valid() {
		return voice.Errorf(op, voice.Invalid, "the talk can't be joined to %s", mode)
	}
	type way struct{ from, to *rtpport.Port }
	own := c.a.port
	ways := []way{{j.caller, own}, {j.called, own}}
	if mode != voice.Monitor {
		ways = append(ways, way{own, j.called})
	}
	if mode == voice.Barge {
		ways = append(ways, way{own, j.caller})
	}
	for _, w := range ways {
		f, err := rtpport.AddFeed(w.from, w.to)
		if err != nil {
			return voice.Errorf(op, voice.Conflict, "the talk is over: %v", err)
		}
		defer f.Stop()
	}
	for {
		w, err := c.wait(ctx, j.over, nil)
		if err != nil || w.done {
			return err
		}
		if w.key != nil {
			c.dropped(*w.key, "keys of somebody who listens go to nobody")
		}
	}
}
