package engine

import (
	"context"
	"sync"
	"time"

	"tandem/internal/voice"
)

// party is a leg on its way from one call to another.
type party struct {
	leg  *leg
	from voice.CallID
	once sync.Once // whoever comes first has it
}

// String names it.
func (p *party) String() string { return p.leg.to }

// End hangs up a party that no call has taken.
func (p *party) End(cause voice.Cause, words string) {
	p.once.Do(func() { p.leg.end(cause, words) })
}

// Give takes a party out of the call, for Join of another: the one that is not
// except, or for "" the first. Hangup follows, which ends who is left and not
// this one. A party that is not answered yet is. Words are for its record here.
// Error kind HungUp when there is no such party any more.
func (c *Call) Give(ctx context.Context, except voice.LegID, words string) (voice.Party, error) {
	const op = "engine.Give"
	l := c.a
	if except != "" && l != nil && l.id == except {
		l = c.far
	}
	if c.ended || l == nil || l.gone() {
		return nil, voice.Errorf(op, voice.HungUp, "the party that was to go on has hung up")
	}
	first := l == c.a
	if first {
		if err := c.Answer(ctx); err != nil {
			return nil, err
		}
		c.beside.endTape()
	}
	c.beside.release(l)
	c.wire.part(l.port)
	r := l.record(l.port.Stats(), voice.CauseNormal, words)
	c.addLeg(r)
	c.Note(endEvent(r, "leg to "+l.to+" ended here: "+words))
	if first {
		c.ended = true
		c.timer.Stop()
		c.setEnd("", voice.CauseNormal, words)
		if l.inc != nil {
			c.handed = l.side
		}
	} else {
		c.far = nil
	}
	return &party{leg: l, from: c.Info().ID}, nil
}

// Linger waits until the caller's leg is over where another call has it. The SIP
// stack ends the leg when its handler returns.
func (c *Call) Linger() {
	if c.handed != nil {
		<-c.handed.Done()
	}
}

// Join joins the first party with one that another call gave, and returns as Dial
// does. Error kind HungUp when the first party leaves; the other is ended then.
func (c *Call) Join(ctx context.Context, given voice.Party) (voice.DialResult, error) {
	const op = "engine.Join"
	p, ok := given.(*party)
	if !ok {
		return voice.DialResult{}, voice.Errorf(op, voice.Invalid, "this party can't be joined")
	}
	var b *leg
	p.once.Do(func() {
		b = &leg{id: c.nextLeg(), to: p.leg.name(), who: p.leg.who, started: time.Now(), release: p.leg.release, method: p.leg.method, side: p.leg.side}
		b.belongs(c)
	})
	if b == nil {
		return voice.DialResult{}, voice.Errorf(op, voice.HungUp, "%s is not waited for any more", p.leg.to)
	}
	c.alone()
	c.far = b
	c.beside.up(b)
	c.wire.join(b.port)
	c.Note(voice.Event{Kind: voice.EventLegAnswered, Leg: b.id, Text: b.to + " comes from call " + string(p.from) + " with " + b.codec(), Data: targetData(b.who)})
	err := error(nil)
	if c.ended || c.a.gone() {
		err = c.hungUp()
	} else {
		err = c.Answer(ctx)
	}
	if err != nil {
		c.endLeg(b, voice.CauseCancelled, "the caller's side ended: "+voice.Reason(err))
		return voice.DialResult{}, err
	}
	return c.bridge(ctx, voice.DialSpec{}, b, voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal, Answered: b.who})
}

// name says in words who a leg reaches, for another call.
func (l *leg) name() string {
	if l.arrives != nil {
		return l.who.String()
	}
	return l.to
}
