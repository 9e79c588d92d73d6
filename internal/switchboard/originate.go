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
	// Supervise lets the first party hear a talk of another call and, as mode
	// says, be heard in it, until the talk is over. Kind HungUp when it leaves.
	Supervise(ctx context.Context, of voice.Talk, mode voice.SuperviseMode) error
	// Reserve holds room, until the call ends, for legs through trunks: so many are
	// rung at once by Place, and so many after that. Errors: Limit when the account,
	// within l, and Unavailable when the server has no room now, Permission when l
	// never allows it. It does not wait.
	Reserve(l voice.Limits, rung, after int) error
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
	// More are rung together with First.
	More []voice.Destination
	// RingFirst is how long the first is rung; 0 = the route's own time.
	RingFirst time.Duration
	// Program runs once the first has answered, instead of dialling Second.
	Program *flow.Program
	Tag     string // CallInfo.Tag
	Order   string // CallInfo.Order; "" = drawn
	// MaxDuration bounds the whole call from the answer of the first, talks too; 0 = none.
	MaxDuration time.Duration
	// Capture has the call's packets captured, whatever the account's calls are.
	Capture bool
	// Data is noted when the call begins, as a command's.
	Data map[string]string
}

// failTone is how long the first party hears that the second was not reached.
const failTone = 5 * time.Second

// CallBack takes an order and returns at once with its call's id. The call begins
// when those that the account ordered before have begun, at the pace of the
// account, and when there is room for it (see orders). Errors: NotExist for an
// unknown destination, Permission for a number that is not the account's to show
// and for more parties through trunks than it may have at once, Limit for more than
// voice.MaxTargets first parties and when enough others wait, Unavailable while the
// server stops.
func (s *Switchboard) CallBack(ctx context.Context, o Originator, cb CallBack) (voice.CallID, error) {
	const op = "switchboard.CallBack"
	info := voice.CallInfo{
		ID: voice.NewCallID(time.Now()), Tenant: cb.Tenant, Direction: voice.Outbound,
		From: cb.First.ID, To: cb.Second.ID, Start: time.Now(), Tag: cb.Tag, Order: cmp.Or(cb.Order, voice.NewID("")),
	}
	then := cb.Second.String()
	if cb.Program != nil {
		then = cb.Program.Name
		info.To = cmp.Or(info.To, string(cb.Program.App))
	}
	b := &begun{s: s, call: o.NewCall(info), cb: cb}
	if err := b.route(ctx); err != nil {
		return "", err
	}
	w, err := b.queue(ctx)
	if err != nil {
		return "", err
	}
	c := b.call
	if !s.enter(c) {
		b.place.leave()
		_ = c.Hangup(ctx, voice.CauseShutdown, "the server is stopping") // it has nobody: this gives its room back
		return "", voice.Errorf(op, voice.Unavailable, "the server is stopping")
	}
	if w != nil {
		s.waits(s.liveCall(info.ID), b.place.since)
	}
	s.open(c) // before anything is noted of which others are told
	c.Note(voice.Event{Kind: voice.EventCallArrived, Text: "call-back ordered by " + cb.Text + ": " + b.names + ", then " + then,
		Data: infoData(info)})
	if len(cb.Data) > 0 {
		noteOrder(c, "ordered by "+cb.Text, "call", cb.Data)
	}
	go func() { // ends with the call; enter counted it for Close
		defer s.leave(c)
		s.carry(c, func() interp.Result {
			if ended := b.await(w); ended != nil {
				return *ended
			}
			s.captures(s.ctx, c, cb.Capture)
			return s.callBack(c, cb, b.rounds)
		})
	}()
	return info.ID, nil
}

// rounds rings several routes together: the first attempts of all, then the
// second, until the longest route is done. What can't be rung is left out.
func rounds(show string, routes ...voice.Route) []voice.Attempt {
	var all []voice.Attempt
	for _, r := range routes {
		i := 0
		for _, a := range r.Attempts {
			if len(a.Targets) == 0 {
				continue
			}
			if i == len(all) {
				all = append(all, voice.Attempt{CallerID: cmp.Or(show, a.CallerID)})
			}
			all[i].Targets = append(all[i].Targets, a.Targets...)
			all[i].RingTime = max(all[i].RingTime, a.RingTime)
			if a.Text != "" && all[i].Text != "" {
				a.Text = all[i].Text + ", " + a.Text
			}
			all[i].Text = cmp.Or(a.Text, all[i].Text)
			i++
		}
	}
	return all
}

// place rings for the first party of a call, round after round. A spec that
// says nothing of the ring time takes the rounds'.
func (s *Switchboard) place(ctx context.Context, c OutCall, rounds []voice.Attempt, spec voice.DialSpec) voice.DialResult {
	result := voice.DialResult{End: voice.DialFailed, Cause: voice.CauseUnavailable, Words: "there is no phone to ring"}
	lc := s.liveCall(c.Info().ID)
	defer s.dials(lc, voice.DialSpec{})
	for _, a := range rounds {
		round := spec
		round.Targets, round.CallerID, round.Text = a.Targets, a.CallerID, a.Text
		round.RingTime = cmp.Or(spec.RingTime, a.RingTime)
		s.dials(lc, round)
		r, err := c.Place(ctx, round)
		if ctx.Err() != nil && r.End != voice.DialCompleted {
			return voice.DialResult{End: voice.DialFailed, Cause: voice.CauseCancelled, Words: voice.Reason(context.Cause(ctx))}
		}
		if err != nil {
			r = voice.DialResult{End: voice.DialFailed, Cause: voice.CauseFailed, Words: voice.Reason(err)}
		}
		if result = r; r.End == voice.DialCompleted {
			break
		}
	}
	return result
}

func (s *Switchboard) callBack(c OutCall, cb CallBack, rounds []voice.Attempt) interp.Result {
	lc := s.liveCall(c.Info().ID)
	ctx := s.context(lc)
	result := s.place(ctx, c, rounds, voice.DialSpec{RingTime: cb.RingFirst})
	if result.End == voice.DialCompleted && cb.MaxDuration > 0 {
		defer s.bound(lc, cb.MaxDuration)()
	}
	switch {
	case result.End == voice.DialCompleted && cb.Program != nil:
		return s.run(c, &activity{program: cb.Program})
	case result.End == voice.DialCompleted:
		return s.run(c, &activity{program: backProgram(cb), missed: voice.EndSecondMissed})
	case ctx.Err() != nil:
		return s.stopped(lc, context.Cause(ctx))
	}
	return interp.Result{Reason: voice.EndFirstMissed, Cause: result.Cause, Words: "the first party was not reached: " + result.Words}
}

// bound ends a call after so long, whatever it does then; the function that it
// gives lifts that.
func (s *Switchboard) bound(lc *liveCall, longest time.Duration) (lift func()) {
	t := time.AfterFunc(longest, func() {
		words := "the longest time of " + longest.String() + " for the call is over"
		s.finish(lc, &order{words: words, cause: voice.CauseMaxDuration, why: voice.EndCallTime}, voice.Errorf("switchboard.bound", voice.Limit, "%s", words))
	})
	return func() { t.Stop() }
}

// stopped is the end of a call whose context has ended, by an order or because
// the server stops, or else because of err.
func (s *Switchboard) stopped(lc *liveCall, err error) interp.Result {
	switch o := s.pending(lc); {
	case o != nil:
		return o.result()
	case s.ctx.Err() != nil:
		return interp.Result{Reason: voice.EndStopping, Cause: voice.CauseShutdown, Words: "the server is stopping"}
	}
	return interp.Result{Reason: voice.EndOrderFailed, Cause: voice.CauseFailed, Words: voice.Reason(err)}
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
