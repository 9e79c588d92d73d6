package switchboard

import (
	"cmp"
	"context"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// OutCall is a call that we begin: it has no party yet.
type OutCall interface {
	Call
	// Place rings targets at once; whoever answers first becomes the call's
	// first party. The result says what came of it; DialCompleted means answered.
	Place(ctx context.Context, s voice.DialSpec) (voice.DialResult, error)
}

// Originator makes calls that we begin.
type Originator interface {
	NewCall(info voice.CallInfo) OutCall
}

// CallBack is an order to ring First, and on its answer Second, and to join them.
type CallBack struct {
	Tenant        voice.TenantID
	First, Second voice.Destination
	// ShowFirst and ShowSecond are the numbers shown to each; "" = automatic.
	ShowFirst, ShowSecond string
	Text                  string // who ordered it, for the timeline
}

// failTone is how long the first party hears that the second was not reached.
const failTone = 5 * time.Second

// CallBack begins a call-back and returns at once with its id. Errors: NotExist
// for an unknown destination, Permission for a number that is not the account's to
// show, Unavailable while the server stops.
func (s *Switchboard) CallBack(ctx context.Context, o Originator, cb CallBack) (voice.CallID, error) {
	const op = "switchboard.CallBack"
	info := voice.CallInfo{
		ID: voice.CallID(voice.NewID("")), Tenant: cb.Tenant, Direction: voice.Outbound,
		From: cb.First.ID, To: cb.Second.ID, Start: time.Now(),
	}
	c := o.NewCall(info)
	first, err := s.route(ctx, cb.Tenant, cb.First, false, c)
	if err != nil {
		return "", err
	}
	if _, err := s.cfg.Router.Route(ctx, cb.Tenant, cb.Second, false); err != nil {
		return "", err
	}
	for _, id := range []string{cb.ShowFirst, cb.ShowSecond} {
		if own, err := s.mayShow(ctx, cb.Tenant, id); err != nil {
			return "", err
		} else if !own {
			return "", voice.Errorf(op, voice.Permission, "%s is not a number of the account", id)
		}
	}
	if !s.enter(c) {
		return "", voice.Errorf(op, voice.Unavailable, "the server is stopping")
	}
	c.Note(voice.Event{Kind: voice.EventCallArrived, Text: "call-back ordered by " + cb.Text + ": " + cb.First.String() + ", then " + cb.Second.String()})
	go func() { // ends with the call; enter counted it for Close
		defer s.leave(c)
		s.carry(c, func() interp.Result { return s.callBack(c, cb, first) })
	}()
	return info.ID, nil
}

func (s *Switchboard) callBack(c OutCall, cb CallBack, first voice.Route) interp.Result {
	s.open(c)
	result := voice.DialResult{End: voice.DialFailed, Cause: voice.CauseUnavailable, Words: cb.First.String() + " has no phone to ring"}
	for _, a := range first.Attempts {
		if len(a.Targets) == 0 {
			continue
		}
		r, err := c.Place(s.ctx, voice.DialSpec{Targets: a.Targets, RingTime: a.RingTime, CallerID: cmp.Or(cb.ShowFirst, a.CallerID), Text: a.Text})
		if s.ctx.Err() != nil {
			return interp.Result{Cause: voice.CauseShutdown, Words: "the server is stopping"}
		}
		if err != nil {
			r = voice.DialResult{End: voice.DialFailed, Cause: voice.CauseFailed, Words: voice.Reason(err)}
		}
		if r.End == voice.DialCompleted {
			return s.run(c, backProgram(cb))
		}
		result = r
	}
	return interp.Result{Cause: result.Cause, Words: "the first party was not reached: " + result.Words}
}

// backProgram joins the party that has answered with the second.
func backProgram(cb CallBack) *flow.Program {
	tone := voice.Prompt{Kind: voice.PromptTone, Standard: "busy", Duration: failTone}
	return &flow.Program{
		Name: "call-back", Entry: "second",
		Nodes: []flow.Node{
			{ID: "second", Step: flow.Dial{To: cb.Second, CallerID: cb.ShowSecond}, Exits: map[flow.Exit]flow.NodeID{
				flow.Busy: "tone", flow.NoAnswer: "tone", flow.Failed: "tone",
			}},
			{ID: "tone", Step: flow.Play{Prompts: []voice.Prompt{tone}}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "end"}},
			{ID: "end", Step: flow.Hangup{Words: "the second party was not reached"}},
		},
	}
}
