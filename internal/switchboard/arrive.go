package switchboard

import (
	"context"
	"runtime/debug"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Arrive runs an incoming call to its end. What is done before the flow begins is
// in functions of its own: this one's frame is held as long as the call.
func (s *Switchboard) Arrive(c Call) {
	if !s.arrived(c) {
		return
	}
	defer s.leave(c)
	s.carry(c, func() interp.Result { return s.purpose(c)() })
}

// arrived notes the call and makes it one of the live ones; false when it was refused.
func (s *Switchboard) arrived(c Call) bool {
	info := c.Info()
	c.Note(voice.Event{Kind: voice.EventCallArrived, Text: "call from " + orUnknown(info.From) + " to " + info.To,
		Data: infoData(info)})
	if s.enter(c) {
		return true
	}
	c.Note(voice.Event{Kind: voice.EventCallRefused, Text: "refused: the server is stopping"})
	if err := c.Hangup(context.Background(), voice.CauseShutdown, "the server is stopping"); err != nil {
		s.cfg.Logger.Error("hang up failed", "call", info.ID, "err", err)
	}
	return false
}

// purpose gives what a call that arrived is for.
func (s *Switchboard) purpose(c Call) func() interp.Result {
	if t, can := c.(voice.Taker); can {
		if at, takes := t.Takes(); takes {
			return func() interp.Result { return s.takeOver(c, at) }
		}
	}
	why := voice.EndReason("")
	p, err := s.find(s.ctx, c)
	if err == nil {
		why, err = s.admit(s.ctx, c)
	}
	if err != nil {
		if c.Info().Tenant != "" {
			s.open(c)
		}
		return func() interp.Result { return refused(c, why, err) }
	}
	s.captures(s.ctx, c, false)
	return func() interp.Result { return s.run(c, &activity{program: p}) }
}

// carry does what a call is for and closes the call: whatever happens in do,
// the caller's leg ends and one final record is stored.
func (s *Switchboard) carry(c Call, do func() interp.Result) {
	result := s.guard(c, do)
	s.guard(c, func() interp.Result {
		// The caller's leg may be gone already; Hangup does nothing then.
		err := c.Hangup(context.WithoutCancel(s.ctx), result.Cause, result.Words)
		if err != nil && !voice.IsKind(err, voice.HungUp) {
			s.cfg.Logger.Error("hang up failed", "call", c.Info().ID, "err", err)
		}
		return result
	})
	s.close(c, result)
}

// guard runs a part of a call; a panic in it ends this call alone.
func (s *Switchboard) guard(c Call, do func() interp.Result) (result interp.Result) {
	defer func() {
		if r := recover(); r != nil {
			s.cfg.Logger.Error("panic in a call", "call", c.Info().ID, "panic", r, "stack", string(debug.Stack()))
			c.Note(voice.Event{Kind: voice.EventFlowError, Text: "internal fault: the call's flow was stopped"})
			result = interp.Result{Reason: voice.EndFault, Cause: voice.CauseFailed, Words: "internal fault while the flow ran"}
		}
	}()
	return do()
}

// guarded does work beside a call; a panic in it is that work's alone.
func (s *Switchboard) guarded(c Call, f func()) {
	s.guard(c, func() interp.Result {
		f()
		return interp.Result{}
	})
}

// run does what a call is for on a call of a known tenant, and then those that the
// caller is redirected to meanwhile.
func (s *Switchboard) run(c Call, do *activity) interp.Result {
	lc := s.opened(c, do.program)
	for {
		result := s.act(lc, do)
		if do.missed != "" && result.Reason == voice.EndFlowHungUp {
			result.Reason = do.missed
		}
		if do, result = s.next(lc, result); do == nil {
			lc.mailbox.Close("it is ending")
			return result
		}
	}
}

// opened stores the beginning of a call that p is run on.
func (s *Switchboard) opened(c Call, p *flow.Program) *liveCall {
	id := c.Info().ID
	s.setApp(id, p.App)
	s.open(c)
	lc := s.liveCall(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	lc.running = true
	return lc
}

// act is one run.
func (s *Switchboard) act(lc *liveCall, do *activity) interp.Result {
	if do.joins != nil {
		defer do.joins.leave("the other call went elsewhere") // nothing, when it was joined
	}
	ctx := s.context(lc)
	run, rec := s.prepared(ctx, lc, do)
	res := run(ctx)
	if rec != nil {
		s.takenDown(lc, rec, res)
	}
	return res
}

// next gives what a call does when a run has ended: what it was ordered, or what
// follows a transfer that failed. nil = it ends, and how.
func (s *Switchboard) next(lc *liveCall, result interp.Result) (*activity, interp.Result) {
	o, x := s.taken(lc), s.moving(lc)
	if o != nil && x != nil {
		s.failed(lc, voice.CauseCancelled, "the call was "+o.words)
		lc.call.(Mover).Dismiss(func() {}, "the call was "+o.words)
	}
	switch {
	case o == nil && x != nil:
		return s.fallBack(lc, result), result
	case o == nil:
		return nil, result
	case o.give != nil:
		return nil, s.give(lc, o)
	case o.to == nil:
		return nil, o.result()
	case o.transfer != nil:
		return s.begin(lc, o)
	}
	return o.to, result
}

// refused gives the end of a call that reaches nothing; known is why, if it is known
// better than err tells.
func refused(c Call, known voice.EndReason, err error) interp.Result {
	cause, why, words := voice.CauseFailed, voice.EndNoService, "refused: "+voice.Reason(err)
	switch voice.KindOf(err) {
	case voice.NotExist, voice.Invalid:
		cause, why = voice.CauseNotFound, voice.EndUnknownNumber
	case voice.Permission:
		cause, why = voice.CauseRejected, voice.EndForbidden
	case voice.Unavailable:
		cause = voice.CauseUnavailable
	case voice.Limit:
		// Not 503: a carrier would take the whole server for one that fails.
		cause, why = voice.CauseBusy, voice.EndAccountLimit
	}
	if known != "" {
		why = known
	}
	c.Note(voice.Event{Kind: voice.EventCallRefused, Text: words, Data: map[string]string{"cause": string(cause)}})
	return interp.Result{Reason: why, Cause: cause, Words: words}
}

// infoData gives what is known of a call when it arrives, for its first event.
func infoData(i voice.CallInfo) map[string]string {
	data := map[string]string{"from": i.From, "from_name": i.FromName, "to": i.To, "source": i.Source, "direction": string(i.Direction)}
	for key, value := range map[string]string{
		"domain": i.ToDomain, "trunk": string(i.Trunk), "extension": i.Extension, "tag": i.Tag, "order": i.Order,
		"first_called": i.FirstCalled, "diverted": i.Diverted,
	} {
		if value != "" {
			data[key] = value
		}
	}
	return data
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
