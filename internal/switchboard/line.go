package switchboard

import (
	"cmp"
	"context"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// order is what somebody wants a live call to do instead of what it does.
type order struct {
	words string
	to    *flow.Program // nil = hang up
	cause voice.Cause   // of hanging up; "" = normal
}

// ending is the cause of a call that ends by the order.
func (o *order) ending() voice.Cause { return cmp.Or(o.cause, voice.CauseNormal) }

// line is a live call as a run of its flow sees it: it keeps the call's state
// for others to look at, and ends or leaves the call as was ordered.
type line struct {
	Call
	s    *Switchboard
	live *liveCall
}

// Dial implements voice.Dialer.
func (l *line) Dial(ctx context.Context, spec voice.DialSpec) (voice.DialResult, error) {
	l.s.dials(l.live, spec)
	defer l.s.dials(l.live, voice.DialSpec{})
	return l.Call.Dial(ctx, spec)
}

// Hangup implements voice.Hanguper. A call that is ordered elsewhere stays up
// when its flow ends.
func (l *line) Hangup(ctx context.Context, cause voice.Cause, words string) error {
	switch o := l.s.pending(l.live); {
	case o == nil:
		return l.Call.Hangup(ctx, cause, words)
	case o.to != nil:
		return nil
	default:
		return l.Call.Hangup(ctx, o.ending(), o.words)
	}
}

// dials keeps who is rung; nobody any more for no targets.
func (s *Switchboard) dials(lc *liveCall, spec voice.DialSpec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lc.rung, lc.rungAs, lc.since = spec.Targets, spec.Text, time.Now()
}

// pending gives the order that the present run has to end for, or nil.
func (s *Switchboard) pending(lc *liveCall) *order {
	s.mu.Lock()
	defer s.mu.Unlock()
	return lc.order
}

// taken gives the order that ended a run, nil for none, and makes the call
// ready for the next.
func (s *Switchboard) taken(lc *liveCall) *order {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := lc.order
	if o != nil && o.to != nil {
		lc.order = nil
		s.ready(lc)
	}
	return o
}

// ready gives a call the context of what it does next. The caller holds s.mu.
func (s *Switchboard) ready(lc *liveCall) {
	if lc.cancel != nil {
		lc.cancel(nil)
	}
	lc.ctx, lc.cancel = context.WithCancelCause(s.ctx)
}

// context is that of what a call does at present; orders cancel it.
func (s *Switchboard) context(lc *liveCall) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return lc.ctx
}

// Transfer implements voice.Transferrer.
func (l *line) Transfer(ctx context.Context, spec voice.TransferSpec) (voice.TransferResult, error) {
	l.s.dials(l.live, voice.DialSpec{Targets: []voice.Target{spec.Target}, Text: "transfer to " + spec.Target.String()})
	defer l.s.dials(l.live, voice.DialSpec{})
	return l.Call.Transfer(ctx, spec)
}
