package switchboard

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// LiveCalls gives snapshots of a tenant's calls that are up, oldest first.
func (s *Switchboard) LiveCalls(t voice.TenantID) []voice.LiveCall {
	s.mu.Lock()
	type seen struct {
		live *liveCall
		voice.LiveCall
	}
	all := make([]seen, 0, len(s.live))
	for _, lc := range s.live {
		all = append(all, seen{lc, lc.snapshot()})
	}
	s.mu.Unlock()
	list := make([]voice.LiveCall, 0, len(all))
	for _, v := range all {
		if v.Info = v.live.call.Info(); v.Info.Tenant == t {
			list = append(list, v.live.current(v.LiveCall))
		}
	}
	slices.SortFunc(list, func(a, b voice.LiveCall) int {
		return cmp.Or(a.Info.Start.Compare(b.Info.Start), strings.Compare(string(a.Info.ID), string(b.Info.ID)))
	})
	return list
}

// LiveCall gives a snapshot of a tenant's call that is up; NotExist when it is not.
func (s *Switchboard) LiveCall(t voice.TenantID, id voice.CallID) (voice.LiveCall, error) {
	lc, err := s.owned("switchboard.LiveCall", t, id)
	if err != nil {
		return voice.LiveCall{}, err
	}
	s.mu.Lock()
	v := lc.snapshot()
	s.mu.Unlock()
	v.Info = lc.call.Info()
	return lc.current(v), nil
}

// snapshot is what the switchboard knows of a call. The caller holds s.mu.
func (lc *liveCall) snapshot() voice.LiveCall {
	v := voice.LiveCall{App: lc.app, Queue: lc.queue}
	switch {
	case !lc.waits.IsZero():
		v.State, v.Since = voice.LiveWaiting, lc.waits
	case lc.queue != "":
		v.State, v.Since = voice.LiveQueued, lc.queued
	case len(lc.rung) > 0:
		v.State, v.Since = voice.LiveDialling, lc.since
	}
	if len(lc.rung) > 0 {
		v.With = lc.rungAs
		if v.With == "" {
			v.With = targetNames(lc.rung)
		}
		if len(lc.rung) == 1 {
			v.WithID = lc.rung[0]
		}
	}
	return v
}

func targetNames(all []voice.Target) string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}

// current completes a snapshot by what the call itself knows.
func (lc *liveCall) current(v voice.LiveCall) voice.LiveCall {
	v.Awaits, v.Command = lc.mailbox.Awaits(), lc.mailbox.Last()
	v.Tag, v.Answered = v.Info.Tag, lc.call.Summary().Answered
	if talk := lc.call.Talk(); talk != nil {
		v.State, v.Since = voice.LiveTalking, talk.Since()
		v.WithID = talk.With()
		v.With = v.WithID.String()
		return v
	}
	switch {
	case v.State != "":
	case v.Answered.IsZero():
		v.State, v.Since = voice.LiveRinging, v.Info.Start
	default:
		v.State, v.Since = voice.LiveAnswered, v.Answered
	}
	return v
}

// owned finds a tenant's call that is up; NotExist for another's.
func (s *Switchboard) owned(op string, t voice.TenantID, id voice.CallID) (*liveCall, error) {
	s.mu.Lock()
	lc := s.live[id]
	s.mu.Unlock()
	if lc == nil || t == "" || lc.call.Info().Tenant != t {
		return nil, voice.Errorf(op, voice.NotExist, "no call %s is up", id)
	}
	return lc, nil
}

// Hangup ends a tenant's live call; words say why, for its record. It returns
// before the end. NotExist when no such call is up.
func (s *Switchboard) Hangup(_ context.Context, t voice.TenantID, id voice.CallID, words string) error {
	const op = "switchboard.Hangup"
	lc, err := s.owned(op, t, id)
	if err != nil {
		return err
	}
	if words == "" {
		words = "hung up by order"
	}
	noteOrder(lc.call, "ordered to end: "+words, "hangup", nil)
	s.finish(lc, &order{words: words}, voice.Errorf(op, voice.Ordered, "%s", words))
	return nil
}

// Redirect takes the caller of a tenant's live call to another destination.
// What the call does ends, its flow too, and whom the caller talks with is hung
// up. It returns before that. Errors: NotExist when no such call is up or the
// destination is gone, Conflict while the call is set up or redirected already.
func (s *Switchboard) Redirect(ctx context.Context, t voice.TenantID, id voice.CallID, to voice.Destination) error {
	lc, p, err := s.goesTo(ctx, t, id, to)
	if err != nil {
		return err
	}
	return s.redirect(lc, p, to.String(), map[string]string{"kind": string(to.Kind), "id": to.ID})
}

// RedirectToStep is Redirect to an app that begins at a step, which is Invalid when the
// app has none of that name. Its counters and bounds begin anew, as at its beginning.
func (s *Switchboard) RedirectToStep(ctx context.Context, t voice.TenantID, id voice.CallID, app voice.AppID, step flow.NodeID) error {
	to := voice.Destination{Kind: voice.ToApp, ID: string(app)}
	lc, p, err := s.goesTo(ctx, t, id, to)
	if err != nil {
		return err
	}
	if _, is := p.Node(step); !is {
		return voice.InvalidField("switchboard.Redirect", "step", "there is no step %q in %s", step, to)
	}
	there := *p // which others run from its beginning
	there.Entry = step
	return s.redirect(lc, &there, "step "+string(step)+" of "+to.String(), map[string]string{"kind": string(to.Kind), "id": to.ID, "step": string(step)})
}

// goesTo gives the call that may be redirected now, and the program that takes it there.
func (s *Switchboard) goesTo(ctx context.Context, t voice.TenantID, id voice.CallID, to voice.Destination) (*liveCall, *flow.Program, error) {
	const op = "switchboard.Redirect"
	lc, err := s.owned(op, t, id)
	if err != nil {
		return nil, nil, err
	}
	if err := s.redirectable(op, lc, id); err != nil {
		return nil, nil, err
	}
	p, err := s.toDestination(ctx, lc.call, t, to)
	return lc, p, err
}

// redirect orders it; words say where to, data likewise.
func (s *Switchboard) redirect(lc *liveCall, p *flow.Program, words string, data map[string]string) error {
	const op = "switchboard.Redirect"
	noteOrder(lc.call, "ordered to go on to "+words, "redirect", data)
	s.mu.Lock()
	defer s.mu.Unlock()
	if lc.order != nil { // since then
		return voice.Errorf(op, voice.Conflict, "call %s has another order", lc.call.Info().ID)
	}
	lc.order = &order{words: "redirected to " + words, to: &activity{program: p}}
	lc.cancel(voice.Errorf(op, voice.Redirected, "the call was redirected to %s", words))
	return nil
}

func (s *Switchboard) redirectable(op string, lc *liveCall, id voice.CallID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !lc.running:
		return voice.Errorf(op, voice.Conflict, "call %s has no caller who could be redirected", id)
	case lc.order != nil:
		return voice.Errorf(op, voice.Conflict, "call %s has another order", id)
	}
	return nil
}

// toDestination gives the program that takes a call to a destination which exists;
// of an app the revision that the call's flow would find there.
func (s *Switchboard) toDestination(ctx context.Context, c Call, t voice.TenantID, d voice.Destination) (*flow.Program, error) {
	switch d.Kind {
	case "":
		return nil, voice.Errorf("switchboard.Redirect", voice.Invalid, "there is no destination")
	case voice.ToApp:
		return s.programFor(ctx, c, t, voice.AppID(d.ID))
	}
	if _, err := s.cfg.Router.Route(ctx, t, d, false); err != nil {
		return nil, err
	}
	return direct(d), nil
}
