package switchboard

import (
	"cmp"
	"context"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// order is what somebody wants a live call to do instead of what it does: to go
// on with something else, to give its party away, or to end.
type order struct {
	words    string
	to       *activity
	give     *giving
	cause    voice.Cause     // of hanging up; "" = normal
	why      voice.EndReason // the same; "" = ordered
	transfer *transfer       // that it is for; nil = none
}

// stays reports whether the call is not hung up when its flow ends for the order.
func (o *order) stays() bool { return o.to != nil || o.give != nil }

// drop gives the order up before it was followed.
func (o *order) drop(words string) {
	if o.give != nil {
		o.give.to.fail(voice.Errorf("switchboard.give", voice.HungUp, "%s", words))
	}
	if o.to != nil && o.to.joins != nil {
		o.to.joins.leave(words)
	}
	if o.transfer != nil {
		o.transfer.tell(voice.CauseCancelled)
	}
}

// activity is what a call does by its flow: a program, whose dials may be
// something else, as to join who comes from another call.
type activity struct {
	program *flow.Program
	dial    func(context.Context, voice.DialSpec) (voice.DialResult, error) // nil = dial
	with    voice.Target                                                    // whom dial reaches
	missed  voice.EndReason                                                 // that a hang-up of program stands for; "" = itself
	joins   *handover                                                       // whom dial waits for
}

// ending is the cause of a call that ends by the order.
func (o *order) ending() voice.Cause { return cmp.Or(o.cause, voice.CauseNormal) }

// result is the end of a call that ends by the order.
func (o *order) result() interp.Result {
	return interp.Result{Reason: cmp.Or(o.why, voice.EndOrdered), Cause: o.ending(), Words: o.words}
}

// line is a live call as a run of its flow sees it: it keeps the call's state
// for others to look at, and ends or leaves the call as was ordered.
type line struct {
	Call
	s    *Switchboard
	live *liveCall
	do   *activity
}

// Dial implements voice.Dialer. Whoever answers is whom a transfer was for.
func (l *line) Dial(ctx context.Context, spec voice.DialSpec) (voice.DialResult, error) {
	l.s.dials(l.live, spec)
	defer l.s.dials(l.live, voice.DialSpec{})
	if l.do.dial != nil {
		return l.do.dial(ctx, spec)
	}
	told := spec.OnAnswer
	spec.OnAnswer = func() {
		l.s.reached(l.live)
		if told != nil {
			told()
		}
	}
	return l.Call.Dial(ctx, spec)
}

// Hangup implements voice.Hanguper. A call that is ordered elsewhere, or that is
// to hear that its transfer failed, stays up when its flow ends.
func (l *line) Hangup(ctx context.Context, cause voice.Cause, words string) error {
	switch o := l.s.pending(l.live); {
	case o == nil && l.s.moving(l.live) != nil:
		return nil
	case o == nil:
		return l.Call.Hangup(ctx, cause, words)
	case o.stays():
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
	if o != nil && o.stays() {
		lc.order = nil
		s.ready(lc)
	}
	return o
}

// finish gives a call the order to end, whatever else was ordered.
func (s *Switchboard) finish(lc *liveCall, o *order, why error) {
	s.mu.Lock()
	before := lc.order
	lc.order = o
	lc.cancel(why)
	s.mu.Unlock()
	if before != nil {
		before.drop(o.words)
	}
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
	r, err := l.Call.Transfer(ctx, spec)
	if err == nil && r.End == voice.TransferDone {
		l.s.reached(l.live)
	}
	return r, err
}
