package switchboard

import (
	"cmp"
	"context"
	"sync"
	"time"

	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Mover is a call whose parties can leave it for another, and come to it.
// Keep may be used by any goroutine, the rest belongs to the call's.
type Mover interface {
	// Keep says whether both parties of the talk stay when it is broken off; false
	// when nobody talks.
	Keep(both bool) bool
	// PutAside takes one of them out of the call until Recall or Dismiss; the other
	// leads it then. Kind HungUp when that has left.
	PutAside(id voice.LegID) error
	// Recall lets them talk again, until that is over. Kind NotExist when who was
	// put aside has left.
	Recall(ctx context.Context) (voice.DialResult, error)
	// Dismiss ends who was put aside when tell has returned, and does not wait.
	Dismiss(tell func(), words string)
	// Give takes a party out for another call: not except, or the first for "".
	Give(ctx context.Context, except voice.LegID, words string) (voice.Party, error)
	// Join lets the first party talk with one that another call gave.
	Join(ctx context.Context, p voice.Party) (voice.DialResult, error)
}

// handoverTime bounds how long a call waits for what another gives.
const handoverTime = 10 * time.Second

// giving is the order to give a party to another call.
type giving struct {
	to     *handover
	except voice.LegID // "" = the first party goes
}

// handover is a party on its way from one call to another, either of which may
// end meanwhile.
type handover struct {
	ready chan struct{} // closed when party or err is set

	mu    sync.Mutex
	party voice.Party
	err   error
	gone  bool // nobody waits any more
}

func newHandover() *handover { return &handover{ready: make(chan struct{})} }

// put gives the party, which is ended when nobody waits for it.
func (h *handover) put(p voice.Party) {
	h.mu.Lock()
	gone := h.gone || h.party != nil || h.err != nil
	if !gone {
		h.party = p
		close(h.ready)
	}
	h.mu.Unlock()
	if gone {
		p.End(voice.CauseCancelled, "the other call was over")
	}
}

// fail says that there is nobody to give.
func (h *handover) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.party == nil && h.err == nil {
		h.err = err
		close(h.ready)
	}
}

// leave says that the party is not waited for any more.
func (h *handover) leave(words string) {
	h.mu.Lock()
	p := h.party
	h.gone = true
	h.mu.Unlock()
	if p != nil {
		p.End(voice.CauseCancelled, words) // nothing, when a call has taken it
	}
}

// wait gives the party. The error's kind is HungUp when it left before.
func (h *handover) wait(ctx context.Context) (voice.Party, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, handoverTime, voice.Errorf("switchboard.join", voice.Unavailable, "the other call gave nobody in time"))
	defer cancel()
	select {
	case <-h.ready:
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.party, h.err
	case <-ctx.Done():
		h.leave("the other call was over")
		return nil, voice.E("switchboard.join", voice.Unavailable, context.Cause(ctx))
	}
}

// give carries the order out; the call is over then.
func (s *Switchboard) give(lc *liveCall, o *order) interp.Result {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), handoverTime)
	defer cancel()
	p, err := lc.call.(Mover).Give(ctx, o.give.except, o.words)
	if err != nil {
		o.give.to.fail(err)
		return interp.Result{Reason: voice.EndPartnerGone, Cause: voice.CauseNormal, Words: o.words + " did not come about: " + voice.Reason(err)}
	}
	o.give.to.put(p)
	return interp.Result{Reason: cmp.Or(o.why, voice.EndJoinedOther), Cause: voice.CauseNormal, Words: o.words}
}

// join is what a call does that gets its other party from another. met is told
// when they are about to talk.
func (s *Switchboard) join(lc *liveCall, h *handover, with voice.Target, met func()) *activity {
	do := talk(with, "the other party did not come")
	do.joins, do.missed = h, voice.EndPartnerGone
	do.dial = func(ctx context.Context, _ voice.DialSpec) (voice.DialResult, error) {
		p, err := h.wait(ctx)
		if err != nil && ctx.Err() == nil {
			return voice.DialResult{End: voice.DialFailed, Cause: voice.CauseUnavailable, Words: voice.Reason(err)}, nil
		}
		if err != nil {
			return voice.DialResult{}, err
		}
		met()
		return lc.call.(Mover).Join(ctx, p)
	}
	return do
}
