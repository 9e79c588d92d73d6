package switchboard

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Transfer sends the first party of a tenant's live call to another destination, by
// order of somebody who is not in the call, as how says (flow.Transfer). Whom the
// party talks with waits for the result, and is hung up after a success; otherwise
// the two talk again. It returns before that. Errors as Redirect's, Invalid also for
// an unknown way and for an app that is to be reached by REFER.
func (s *Switchboard) Transfer(ctx context.Context, t voice.TenantID, id voice.CallID, to voice.Destination, how flow.TransferHow) error {
	const op = "switchboard.Transfer"
	lc, err := s.owned(op, t, id)
	if err != nil {
		return err
	}
	switch {
	case how != "" && how != flow.TransferByRefer && how != flow.TransferByDial:
		return voice.InvalidField(op, "how", "there is no way %q: refer or dial", how)
	case how == flow.TransferByRefer && to.Kind == voice.ToApp:
		return voice.InvalidField(op, "how", "an app can't be reached by REFER")
	}
	if err := s.redirectable(op, lc, id); err != nil {
		return err
	}
	p, err := s.toDestination(ctx, lc.call, t, to)
	if err != nil {
		return err
	}
	if to.Kind != voice.ToApp {
		p = &flow.Program{Name: "transfer to " + to.String(), Entry: "transfer", Nodes: []flow.Node{{ID: "transfer", Step: flow.Transfer{To: to, How: how}}}}
	}
	noteOrder(lc.call, "ordered to be transferred to "+to.String(), "transfer", map[string]string{"kind": string(to.Kind), "id": to.ID, "how": string(how)})
	o := &order{words: "transferred to " + to.String(), to: &activity{program: p}}
	k := lc.call.Talk()
	s.mu.Lock()
	defer s.mu.Unlock()
	if lc.order != nil || lc.moving != nil { // since then, or by one of the parties
		return voice.Errorf(op, voice.Conflict, "call %s has another order", id)
	}
	if m, moves := lc.call.(Mover); moves && k != nil && m.Keep(true) {
		o.transfer = &transfer{who: k.With(), to: to.String()}
	}
	s.order(lc, o)
	return nil
}

// Join joins the first parties of two of a tenant's calls; whom each talks with is
// hung up, and the flows of both end. The second call ends in words, its party goes
// on in the first. It returns before that. Errors: NotExist when one of them is not
// up, Invalid for one call twice, Conflict while one is set up or has another order.
func (s *Switchboard) Join(_ context.Context, t voice.TenantID, id, with voice.CallID) error {
	const op = "switchboard.Join"
	lc, err := s.owned(op, t, id)
	if err != nil {
		return err
	}
	other, err := s.owned(op, t, with)
	switch {
	case err != nil:
		return err
	case lc == other:
		return voice.InvalidField(op, "join", "call %s can't be joined with itself", id)
	}
	for _, call := range []*liveCall{lc, other} {
		if _, moves := call.call.(Mover); !moves {
			return voice.Errorf(op, voice.Unavailable, "this call can't do that")
		}
		if err := s.redirectable(op, call, call.call.Info().ID); err != nil {
			return err
		}
	}
	noteOrder(lc.call, "ordered to be joined with call "+string(with), "join", map[string]string{"call": string(with)})
	noteOrder(other.call, "ordered to be joined with call "+string(id), "join", map[string]string{"call": string(id)})
	info := other.call.Info()
	h := newHandover()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, call := range []*liveCall{lc, other} {
		if call.order != nil || call.moving != nil { // since then, or while it is transferred
			return voice.Errorf(op, voice.Conflict, "call %s has another order", call.call.Info().ID)
		}
	}
	s.order(other, &order{words: "joined with call " + string(id), give: &giving{to: h}})
	s.order(lc, &order{words: "joined with call " + string(with), to: s.join(lc, h, firstOf(info, voice.Place{Extension: info.Extension}), func() {})})
	return nil
}
