package switchboard

import (
	"context"
	"strconv"
	"strings"
	"time"

	"tandem/internal/interp"
	"tandem/internal/voice"
)

// maxWhys bounds the events that say why a call waits.
const maxWhys = 10

// begun is an ordered call until it begins.
type begun struct {
	s     *Switchboard
	call  OutCall
	cb    CallBack
	place *turn

	rounds []voice.Attempt // that ring the first party
	names  string          // who is rung first, in words
	// Legs through trunks that it needs: rung at once for the first party, and then.
	rung, after int
}

// route finds whom to ring, and checks what the account may not do.
func (b *begun) route(ctx context.Context) error {
	const op = "switchboard.CallBack"
	s, cb := b.s, b.cb
	all := append([]voice.Destination{cb.First}, cb.More...)
	if len(all) > voice.MaxTargets {
		return voice.Errorf(op, voice.Limit, "%d destinations to ring at once are more than %d", len(all), voice.MaxTargets)
	}
	var firsts []voice.Route
	var names []string
	for _, d := range all {
		r, err := s.route(ctx, cb.Tenant, d, false, b.call)
		if err != nil {
			return err
		}
		firsts, names = append(firsts, r), append(names, d.String())
	}
	b.rounds, b.names = rounds(cb.ShowFirst, firsts...), strings.Join(names, " or ")
	b.rung = trunkLegs(b.rounds)
	if k := cb.Second.Kind; cb.Program == nil || k != "" && k != voice.ToApp {
		r, err := s.cfg.Router.Route(ctx, cb.Tenant, cb.Second, false)
		if err != nil && cb.Program == nil {
			return err
		}
		b.after = min(trunkLegs(r.Attempts), 1)
	}
	for _, id := range []string{cb.ShowFirst, cb.ShowSecond} {
		if own, err := s.mayShow(ctx, cb.Tenant, id); err != nil {
			return err
		} else if !own {
			return voice.Errorf(op, voice.Permission, "%s is not a number of the account", id)
		}
	}
	return nil
}

// trunkLegs gives how many legs through trunks ring at once on a route.
func trunkLegs(attempts []voice.Attempt) int {
	most := 0
	for _, a := range attempts {
		n := 0
		for _, t := range a.Targets {
			if t.Kind == voice.ToNumber || t.Kind == voice.ToSIP {
				n++
			}
		}
		most = max(most, min(n, voice.MaxTargets))
	}
	return most
}

// queue puts the call into the line of its account; nil when it may begin at once,
// else why it waits.
func (b *begun) queue(ctx context.Context) (*wait, error) {
	account, err := b.s.cfg.Tenants.Tenant(ctx, b.cb.Tenant)
	if err != nil {
		return nil, err
	}
	if b.place, err = b.s.orders.join(b.cb.Tenant, account.Limits); err != nil {
		return nil, err
	}
	w, err := b.begin(account.Limits)
	if err != nil {
		b.place.leave()
	}
	return w, err
}

func (b *begun) begin(l voice.Limits) (*wait, error) {
	return b.place.begin(l, func() error { return b.call.Reserve(l, b.rung, b.after) })
}

// look sees whether the first in line may begin now.
func (b *begun) look(ctx context.Context) (*wait, error) {
	account, err := b.s.cfg.Tenants.Tenant(ctx, b.cb.Tenant)
	switch {
	case voice.IsKind(err, voice.NotExist):
		return nil, err
	case err != nil:
		b.place.pass()
		return &wait{whyUnknown, "the account's limits can't be read: " + voice.Reason(err), lookAgain}, nil
	}
	return b.begin(account.Limits)
}

// await waits until the call may begin, which w says that it may not yet; nil when
// it begins, else how it ends.
func (b *begun) await(w *wait) *interp.Result {
	if w == nil {
		return nil
	}
	lc := b.s.liveCall(b.call.Info().ID)
	ctx := b.s.context(lc)
	defer b.s.waits(lc, time.Time{})
	defer b.place.leave()
	over := time.NewTimer(longestWait)
	defer over.Stop()
	why, told := "", 0
	for w != nil {
		if w.why != why && told < maxWhys {
			told++
			b.call.Note(voice.Event{Kind: voice.EventCallWaiting, Text: "waits: " + w.words, Data: map[string]string{"why": w.why}})
		}
		why = w.why
		switch stays := b.place.stay(ctx, w, over.C); {
		case ctx.Err() != nil:
			r := b.s.stopped(lc, context.Cause(ctx))
			return &r
		case !stays:
			return &interp.Result{Reason: voice.EndNotBegun, Cause: w.cause(), Words: "not begun in " + longestWait.String() + ": " + w.words}
		}
		if !b.place.first() {
			continue
		}
		var err error
		if w, err = b.look(ctx); err != nil {
			r := b.s.stopped(lc, err)
			return &r
		}
	}
	waited := time.Since(b.place.since)
	b.call.Note(voice.Event{Kind: voice.EventCallBegun, Text: "begins after it waited " + waited.Round(100*time.Millisecond).String(),
		Data: map[string]string{"waited": strconv.FormatFloat(waited.Seconds(), 'f', 3, 64)}})
	return nil
}

// cause is that of a call which waited in vain.
func (w *wait) cause() voice.Cause {
	if w.why == whyServer || w.why == whyUnknown {
		return voice.CauseUnavailable
	}
	return voice.CausePolicy
}

// stay waits until it is time to look again or ctx ends; false when the longest
// time is over.
func (p *turn) stay(ctx context.Context, w *wait, over <-chan time.Time) bool {
	var again <-chan time.Time
	if w.again > 0 {
		t := time.NewTimer(w.again)
		defer t.Stop()
		again = t.C
	}
	select {
	case <-again:
	case <-p.look:
	case <-over:
		return false
	case <-ctx.Done():
	}
	return true
}

// waits says since when an ordered call waits to begin; zero = it does not.
func (s *Switchboard) waits(lc *liveCall, since time.Time) {
	s.mu.Lock()
	lc.waits = since
	late := s.draining && !since.IsZero()
	s.mu.Unlock()
	if late {
		s.endWaiting(lc)
	}
}
