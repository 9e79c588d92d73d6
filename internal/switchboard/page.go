package switchboard

import (
	"cmp"
	"context"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Wish is what a user of an account calls from a page in a browser: one of its fields
// besides Show is set.
type Wish struct {
	Program *flow.Program // runs as it does for a caller
	// To is reached as from an extension of the user: a number is dialled through a
	// trunk unless it is the account's.
	To   voice.Destination
	Show string // caller ID towards numbers; "" = the user's own choice
}

// Called gives the program that a wish of a user comes to, for the call c. Errors: NotExist and
// Invalid for what leads nowhere, Permission for a caller ID that is not the account's.
func (s *Switchboard) Called(ctx context.Context, c Call, u voice.User, w Wish) (*flow.Program, error) {
	const op = "switchboard.Called"
	t := c.Info().Tenant
	if w.Program != nil {
		return w.Program, nil
	}
	if own, err := s.mayShow(ctx, t, w.Show); err != nil {
		return nil, err
	} else if !own {
		return nil, voice.Errorf(op, voice.Permission, "%s is not a number of the account", w.Show)
	}
	show := func() (string, error) {
		own, err := s.mayShow(ctx, t, u.ShowID)
		if err != nil || !own {
			return w.Show, err
		}
		return cmp.Or(w.Show, u.ShowID), nil
	}
	switch w.To.Kind {
	case "":
		return nil, voice.Errorf(op, voice.Invalid, "there is no destination")
	case voice.ToApp:
		return s.programFor(ctx, c, t, voice.AppID(w.To.ID))
	case voice.ToNumber, voice.ToDialled:
		return s.dialledAs(ctx, c, t, w.To.ID, show)
	}
	if _, err := s.cfg.Router.Route(ctx, t, w.To, false); err != nil {
		return nil, err
	}
	return direct(w.To), nil
}

// Room gives the program of a call that goes into a conference room.
func Room(name string) *flow.Program {
	return &flow.Program{
		Name: "room " + name, Entry: "room",
		Nodes: []flow.Node{{ID: "room", Step: flow.Conference{Room: flow.Literal(name)}}},
	}
}

// Run carries a call that has its caller already, as one from a page in a browser
// has, and returns at once. Limit when the account has as many incoming calls as it
// may, Unavailable while the server stops; the call is hung up then.
func (s *Switchboard) Run(ctx context.Context, c Call, p *flow.Program) error {
	info := c.Info()
	return s.carried(ctx, c, "call from "+info.Source+" to "+info.To, func() interp.Result { return s.run(c, &activity{program: p}) })
}

// carried begins a call whose purpose is known, after it has been counted.
func (s *Switchboard) carried(ctx context.Context, c Call, text string, do func() interp.Result) error {
	if !s.enter(c) {
		_ = c.Hangup(ctx, voice.CauseShutdown, "the server is stopping") // nobody else has it
		return voice.Errorf("switchboard.Run", voice.Unavailable, "the server is stopping")
	}
	if _, err := s.admit(ctx, c); err != nil {
		_ = c.Hangup(ctx, voice.CauseUnavailable, voice.Reason(err))
		s.leave(c)
		return err
	}
	s.open(c) // before anything is noted of which others are told
	c.Note(voice.Event{Kind: voice.EventCallArrived, Text: text, Data: infoData(c.Info())})
	s.captures(ctx, c, false)
	go func() { // ends with the call; enter counted it for Close
		defer s.leave(c)
		s.carry(c, do)
	}()
	return nil
}

// Listener is a call whose first party may be joined to the talk of another.
type Listener interface {
	Call
	// Supervise is that of OutCall.
	Supervise(ctx context.Context, of voice.Talk, mode voice.SuperviseMode) error
}

// Listen joins the caller of c, who is in a browser, to the talk of another call of
// the account until either ends. Errors are those of Supervise and Run.
func (s *Switchboard) Listen(ctx context.Context, c Listener, id voice.CallID, mode voice.SuperviseMode) error {
	const op = "switchboard.Listen"
	if !mode.Valid() {
		return voice.Errorf(op, voice.Invalid, "there is no mode %q: monitor, whisper or barge", mode)
	}
	info := c.Info()
	lc, err := s.owned(op, info.Tenant, id)
	if err != nil {
		return err
	}
	talk := lc.call.Talk()
	if talk == nil {
		return voice.Errorf(op, voice.Conflict, "nobody is talking on call %s", id)
	}
	if err := s.watch(lc, 1); err != nil {
		return err
	}
	v := &supervision{mode: mode, who: info.Source, of: lc, talk: talk, call: c}
	err = s.carried(ctx, c, info.Source+" calls to "+string(mode)+" call "+string(id), func() interp.Result {
		defer s.watch(lc, -1)
		return s.listen(v)
	})
	if err != nil {
		s.watch(lc, -1)
	}
	return err
}

// listen answers who came by itself, and joins it to the talk.
func (s *Switchboard) listen(v *supervision) interp.Result {
	lc := s.liveCall(v.call.Info().ID)
	ctx, cancel := v.untilOver(s.context(lc))
	defer cancel(nil)
	if err := v.call.Answer(ctx); err != nil {
		v.note(voice.EventSuperviseEnded, v.who+" did not come to "+string(v.mode)+": "+voice.Reason(err))
		if voice.IsKind(err, voice.HungUp) {
			return interp.Result{Reason: voice.EndCallerHungUp, Cause: voice.CauseNormal, Words: v.who + " hung up"}
		}
		return s.stopped(lc, err)
	}
	return s.joins(lc, v)
}
