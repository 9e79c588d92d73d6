package switchboard

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Refer sees to a party's wish to have its talk transferred, with what the party
// itself could dial or with another of its calls. It returns when that is under
// way or declined; what comes of it the party hears by r.Answer, and it is on the
// timelines.
func (s *Switchboard) Refer(r voice.Referral) {
	lc := s.liveCall(r.By.Call)
	if lc == nil {
		r.Answer.Decline("the call is over")
		return
	}
	x, err := s.wish(lc, r)
	if err == nil {
		r.Answer.Accept() // before anything is told that comes later
		err = s.refer(s.ctx, lc, r, x)
	}
	if err == nil {
		return
	}
	cause := causeOf(err)
	lc.call.Note(voice.Event{Kind: voice.EventTransferEnded, Leg: r.By.Leg, Text: "a transfer to " + r.To + " was refused: " + voice.Reason(err),
		Data: map[string]string{"end": string(voice.TransferRefused), "cause": string(cause), "to": r.To}})
	if x == nil {
		r.Answer.Decline(voice.Reason(err))
		return
	}
	x.tell(cause)
}

func causeOf(err error) voice.Cause {
	switch voice.KindOf(err) {
	case voice.NotExist, voice.Invalid:
		return voice.CauseNotFound
	case voice.Permission:
		return voice.CauseRejected
	}
	return voice.CauseUnavailable
}

// wish makes the transfer of a wish, or says why it is declined out of hand: who
// may not transfer, and a call that can't be.
func (s *Switchboard) wish(lc *liveCall, r voice.Referral) (*transfer, error) {
	const op = "switchboard.Refer"
	_, moves := lc.call.(Mover)
	k := lc.call.Talk()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.By.Extension == "" && r.By.Trunk == "":
		return nil, voice.Errorf(op, voice.Permission, "only telephones of the account, and trunks that may, transfer calls")
	case !moves || !lc.running || k == nil:
		return nil, voice.Errorf(op, voice.Conflict, "there is nobody in a talk who could be transferred")
	case lc.order != nil || lc.moving != nil:
		return nil, voice.Errorf(op, voice.Conflict, "the call has another order")
	case lc.transfers >= maxTransfers:
		return nil, voice.Errorf(op, voice.Limit, "the call was transferred %d times, which are the most", maxTransfers)
	}
	x := &transfer{by: r.By.Leg, to: r.To, answer: r.Answer, who: k.With()}
	if r.By.First {
		x.who = firstOf(lc.call.Info(), r.By)
	}
	return x, nil
}

// firstOf names the first party of a call.
func firstOf(i voice.CallInfo, p voice.Place) voice.Target {
	if p.Extension != "" {
		return voice.Target{Kind: voice.ToExtension, ID: p.Extension}
	}
	return voice.Target{Kind: voice.ToNumber, ID: i.From}
}

// refer orders a transfer that may be.
func (s *Switchboard) refer(ctx context.Context, lc *liveCall, r voice.Referral, x *transfer) error {
	if !r.Attended {
		p, err := s.target(ctx, lc, r.By, r.To)
		if err != nil {
			return err
		}
		return s.away(lc, x, &activity{program: p}, "blind")
	}
	other := s.liveCall(r.With.Call)
	if other == nil || other == lc || r.By.Extension == "" && r.With.Trunk != r.By.Trunk {
		return voice.Errorf("switchboard.Refer", voice.NotExist, "there is no such call to be joined with")
	}
	if _, moves := other.call.(Mover); moves && other.call.Talk() != nil {
		return s.attended(lc, other, r, x)
	}
	if !r.With.First {
		return voice.Errorf("switchboard.Refer", voice.NotExist, "the call to be joined with is not answered")
	}
	x.to = other.call.Info().To
	p, err := s.target(ctx, lc, r.By, x.to)
	if err != nil {
		return err
	}
	if err := s.away(lc, x, &activity{program: p}, "attended"); err != nil {
		return err
	}
	words := "its caller sent call " + string(lc.call.Info().ID) + " there instead"
	noteOrder(other.call, "ordered to end: "+words, "transfer", nil)
	s.finish(other, &order{words: words, why: voice.EndTransferred}, voice.Errorf("switchboard.Refer", voice.Ordered, "%s", words))
	return nil
}

// target gives what who transfers would reach by dialling to. Who is transferred
// is shown to telephones of the account.
func (s *Switchboard) target(ctx context.Context, lc *liveCall, by voice.Place, to string) (*flow.Program, error) {
	t := lc.call.Info().Tenant
	if by.Extension == "" { // a trunk reaches numbers of the account, and nothing else
		n, err := s.number(ctx, to)
		if err != nil {
			return nil, err
		}
		if n.Tenant != t {
			return nil, voice.Errorf("switchboard.find", voice.NotExist, "no number %s here", to)
		}
		return s.forDestination(ctx, lc.call, t, n.Dest, to)
	}
	p, err := s.dialled(ctx, lc.call, t, by.Extension, to)
	if err != nil || !by.First {
		return p, err
	}
	d, dials := p.Nodes[0].Step.(flow.Dial)
	if k := lc.call.Talk(); k != nil && dials && len(p.Nodes) == 1 && d.To.Kind == voice.ToExtension {
		d.CallerID = k.With().ID
		return dialling(d), nil
	}
	return p, nil
}

// away breaks the talk off and has who stays go on with do.
func (s *Switchboard) away(lc *liveCall, x *transfer, do *activity, how string) error {
	x.noteStart(lc.call, how, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if lc.order != nil || lc.moving != nil || !lc.call.(Mover).Keep(true) {
		return voice.Errorf("switchboard.Refer", voice.Conflict, "the talk is over")
	}
	s.order(lc, &order{words: "transferred to " + x.to, to: do, transfer: x})
	lc.transfers++
	return nil
}

// order has a call do something else. The caller holds s.mu.
func (s *Switchboard) order(lc *liveCall, o *order) {
	lc.order = o
	lc.cancel(voice.Errorf("switchboard.order", voice.Redirected, "the call was %s", o.words))
}

func (x *transfer) noteStart(n voice.Noter, how string, data map[string]string) {
	all := map[string]string{"by": x.who.String(), "to": x.to, "how": how}
	for k, v := range data {
		all[k] = v
	}
	n.Note(voice.Event{Kind: voice.EventTransferStarted, Leg: x.by, Text: x.who.String() + " transfers the other party to " + x.to + " (" + how + ")", Data: all})
}

// attended joins who stays in the call with the other party of another, both in a talk.
func (s *Switchboard) attended(lc, other *liveCall, r voice.Referral, x *transfer) error {
	const op = "switchboard.Refer"
	with := firstOf(other.call.Info(), voice.Place{Extension: other.call.Info().Extension})
	if k := other.call.Talk(); k != nil && r.With.First {
		with = k.With()
	}
	x.to = with.String()
	here, there := string(lc.call.Info().ID), string(other.call.Info().ID)
	x.noteStart(lc.call, "attended", map[string]string{"call": there})
	x.noteStart(other.call, "attended", map[string]string{"call": here})
	h := newHandover()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case lc.order != nil || lc.moving != nil || other.order != nil || other.moving != nil || !other.running:
		return voice.Errorf(op, voice.Conflict, "one of the calls has another order")
	case lc.transfers+other.transfers >= maxTransfers:
		return voice.Errorf(op, voice.Limit, "the calls were transferred %d times, which are the most", maxTransfers)
	case !lc.call.(Mover).Keep(true):
		return voice.Errorf(op, voice.Conflict, "the talk is over")
	case !other.call.(Mover).Keep(true):
		lc.call.(Mover).Keep(false)
		return voice.Errorf(op, voice.Conflict, "the other talk is over")
	}
	s.order(other, &order{words: "joined with call " + here, give: &giving{to: h, except: r.With.Leg}})
	s.order(lc, &order{words: "joined with call " + there, transfer: x, to: s.join(lc, h, with, func() { s.reached(lc) })})
	lc.transfers += 1 + other.transfers
	return nil
}

// takeOver answers a call that is to take the place of a leg of another: whom
// that leg talked with, or waited for, goes on with its caller (RFC 3891).
func (s *Switchboard) takeOver(c Call, at voice.Place) interp.Result {
	info := c.Info()
	s.open(c)
	lc := s.liveCall(at.Call)
	moves := false
	if lc != nil && info.Tenant != "" && lc.call.Info().Tenant == info.Tenant {
		_, moves = lc.call.(Mover)
	}
	if !moves {
		return refused(c, "", voice.Errorf("switchboard.takeOver", voice.NotExist, "the call whose place was to be taken is over"))
	}
	with := voice.Target{Kind: voice.ToExtension, ID: info.Extension}
	x := &transfer{by: at.Leg, who: voice.Target{Kind: voice.ToExtension, ID: at.Extension}, to: with.String()}
	words := with.String() + " takes the place of leg " + string(at.Leg)
	talking := lc.call.Talk() != nil
	if !talking && at.First { // it is with an app, or waits for somebody to answer
		p, err := s.dialled(s.ctx, c, info.Tenant, info.Extension, lc.call.Info().To)
		if err != nil {
			return refused(c, "", err)
		}
		s.finish(lc, &order{words: words + " in call " + string(info.ID), why: voice.EndTakenOver}, voice.Errorf("switchboard.takeOver", voice.Ordered, "%s", words))
		return s.run(c, &activity{program: p})
	}
	noteOrder(lc.call, words, "take over", map[string]string{"call": string(info.ID), "by": with.String(), "leg": string(at.Leg)})
	h := newHandover()
	if err := s.makeRoom(lc, x, h, with, talking); err != nil {
		return refused(c, "", err)
	}
	return s.give(s.liveCall(info.ID), &order{words: "goes on in call " + string(at.Call), give: &giving{to: h}, why: voice.EndTakenOver})
}

// makeRoom has a call wait for who comes by h, in place of a leg of its talk, or
// of one that is rung.
func (s *Switchboard) makeRoom(lc *liveCall, x *transfer, h *handover, with voice.Target, talking bool) error {
	const op = "switchboard.takeOver"
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !lc.running || lc.order != nil || lc.moving != nil:
		return voice.Errorf(op, voice.Conflict, "the call has another order")
	case lc.transfers >= maxTransfers:
		return voice.Errorf(op, voice.Limit, "the call was transferred %d times, which are the most", maxTransfers)
	case talking && !lc.call.(Mover).Keep(true):
		return voice.Errorf(op, voice.Conflict, "the talk is over")
	}
	lc.transfers++
	o := &order{words: "taken over by " + with.String(), to: s.join(lc, h, with, func() { s.reached(lc) })}
	if talking {
		o.transfer = x
	}
	s.order(lc, o)
	return nil
}
