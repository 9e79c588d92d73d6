package sonetelapp

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// call writes a dial as the action call.
func (e *expresser) call(place string, heard []said, at outline.Action, d flow.Dial) (Action, error) {
	n := at.Node
	for _, s := range heard {
		if !isPhrase(s.prompt, e.rules.Wait) {
			e.lose(s.node, "what is played before the call: "+s.prompt.String(), "the app's prompt Please Wait is played there", "Please Wait")
		}
	}
	if d.ToVar != "" {
		e.lose(n, flow.Words(d), "a voice app has no variables", instead(place))
		return Action{}, nil
	}
	a, err := e.destination(n, d.To)
	if err != nil {
		return Action{}, err
	}
	if a == (Action{}) {
		e.lose(n, flow.Words(d), "a voice app calls users, teams, E.164 numbers and SIP addresses", instead(place))
		e.lostToo(at)
		return a, nil
	}
	usual := e.rules.Ring
	if a.To == "user" || a.To == "csg" {
		usual = 0
	}
	e.dialFields(n, d, usual)
	e.unreached(place, at)
	return a, nil
}

// destination gives the action that reaches a destination; the zero Action when
// none does.
func (e *expresser) destination(n *flow.Node, to voice.Destination) (Action, error) {
	if kept := (Action{"call", n.Meta[MetaTo], n.Meta[MetaID]}); kept.To == "phnum" || kept.To == "other" {
		if d, err := e.rules.Called(kept.To, kept.ID); err == nil && d == to {
			return kept, nil
		}
	}
	switch to.Kind {
	case voice.ToUser:
		if _, err := strconv.ParseUint(to.ID, 10, 63); err == nil {
			return Action{"call", "user", to.ID}, nil
		}
	case voice.ToGroup:
		return Action{"call", "csg", to.ID}, nil
	case voice.ToNumber:
		return e.number("phnum", to), nil
	case voice.ToSIP:
		return e.number("other", to), nil
	case voice.ToApp:
		return Action{"connect", "app", to.ID}, nil
	case voice.ToExtension, voice.ToPhones, voice.ToDialled:
		return e.extensionUser(n, to)
	case voice.ToMailbox:
	}
	return Action{}, nil
}

func (e *expresser) number(kind string, to voice.Destination) Action {
	if d, err := e.rules.Called(kind, to.ID); err != nil || d != to {
		return Action{}
	}
	return Action{"call", kind, to.ID}
}

// extensionUser calls the user behind a short number.
func (e *expresser) extensionUser(n *flow.Node, to voice.Destination) (Action, error) {
	list, err := e.r.Extensions(e.ctx)
	if err != nil {
		return Action{}, err
	}
	i := slices.IndexFunc(list, func(x voice.Extension) bool { return x.Number == to.ID && x.User != "" })
	if i < 0 {
		if a := e.number("phnum", voice.Destination{Kind: voice.ToNumber, ID: to.ID}); to.Kind == voice.ToDialled && strings.HasPrefix(to.ID, "+") {
			return a, nil
		}
		return Action{}, nil
	}
	if to.Kind == voice.ToPhones {
		e.lose(n, "that the phones alone of extension "+to.ID+" ring", "a voice app calls a user as the user's settings say", "a call to the user")
	}
	return Action{"call", "user", string(list[i].User)}, nil
}

// dialFields reports what the action call has no field for. usual is the ring
// time that it has.
func (e *expresser) dialFields(n *flow.Node, d flow.Dial, usual time.Duration) {
	const why = "the action call has no field for it"
	if ring := cmp.Or(d.RingTime, usual); ring != usual {
		with := usual.String()
		if usual == 0 {
			with = "the time of the user's settings"
		}
		e.lose(n, "the ring time of "+ring.String(), why, with)
	}
	if len(d.Also) > 0 {
		names := make([]string, len(d.Also))
		for i, to := range d.Also {
			names[i] = to.String()
		}
		e.lose(n, "the calls to "+strings.Join(names, ", "), "the action call has one destination", "")
	}
	fields := []struct {
		set  bool
		what string
	}{
		{d.MaxDuration > 0, "the bound of " + d.MaxDuration.String() + " for the talk"},
		{d.CallerID != "", "the number shown: " + d.CallerID},
		{len(d.Music) > 0, "the music while it rings"},
		{len(d.Announce) > 0, "the announcement to whoever answers"},
		{d.SendDigits != "", "the keys sent after the answer: " + d.SendDigits},
	}
	for _, f := range fields {
		if f.set {
			e.lose(n, f.what, why, "")
		}
	}
}

// after is where a way of a voice app's own goes on.
type after string

const (
	foreign   after = ""     // it is none of a voice app's own
	endsCall  after = "end"  // the call ends
	toItsMenu after = "menu" // the menu, or a round less
)

// unreached holds what follows when nobody was reached to what a voice app does:
// a system error, then the menu, or the end where there is none.
func (e *expresser) unreached(place string, a outline.Action) {
	want, does := toItsMenu, "a system error, then the menu again"
	if e.home == nil || place == finalKey {
		want, does = endsCall, "a system error, then hanging up"
	}
	e.talked(a)
	to, same := a.Otherwise()
	if !same {
		e.lose(a.Node, "different ways for busy, no answer and failed", "a voice app has one way for all of them", "the way of no answer")
		to = a.Branch(flow.NoAnswer)
	}
	way := e.o.Way(to)
	got := e.system(way, 0)
	if got == want || place == timeoutKey && got == endsCall {
		return
	}
	if e.home == nil && to == "" {
		return
	}
	e.lose(a.Node, "what follows when nobody is reached: "+way.Words(), "a voice app goes its own way then", does)
	e.ledger.Tell(way.Nodes()...)
}

// talked reports what follows a talk, but for the end of the call.
func (e *expresser) talked(a outline.Action) {
	for _, exit := range []flow.Exit{flow.Completed, flow.MaxDuration} {
		way := e.o.Way(a.Branch(exit))
		if !way.IsEnd() {
			e.lose(a.Node, "what follows the talk ("+string(exit)+"): "+way.Words(), "the call is over then", "the end of the call")
		}
		e.ledger.Tell(way.Nodes()...)
	}
}

// lostToo reports what follows a call that is lost itself.
func (e *expresser) lostToo(a outline.Action) {
	for _, b := range a.Branches {
		way := e.o.Way(b.To)
		if e.system(way, 0) == foreign {
			e.lose(a.Node, "what follows the call: "+way.Words(), "the call itself is lost", "")
			e.ledger.Tell(way.Nodes()...)
		}
	}
}

// system reads a way that a voice app goes by itself: system errors, the count
// of rounds. Its nodes are told.
func (e *expresser) system(w outline.Way, depth int) after {
	const deep = 4
	var nodes []flow.NodeID
	for _, a := range w.Actions {
		n := a.Node
		nodes = append(nodes, n.ID)
		switch s := n.Step.(type) {
		case flow.Play:
			for _, p := range s.Prompts {
				if !isPhrase(p, e.rules.Unreachable, e.rules.TooManyTries) {
					return foreign
				}
			}
		case flow.Reset:
		case flow.Count:
			if e.o.Guard(n) {
				continue
			}
			if s.Limit != e.rules.Rounds || depth > deep || e.system(e.o.Way(a.Branch(flow.Again)), depth+1) != toItsMenu ||
				e.system(e.o.Way(a.Branch(flow.Over)), depth+1) != endsCall {
				return foreign
			}
			e.ledger.Tell(nodes...)
			return toItsMenu
		default:
			return foreign
		}
	}
	switch {
	case w.End == outline.Stops, w.End == outline.HangsUp:
		e.ledger.Tell(append(nodes, w.Nodes()...)...)
		return endsCall
	case w.End == outline.ToMenu && e.home != nil && w.At == e.home.Node:
		e.ledger.Tell(nodes...)
		return toItsMenu
	}
	return foreign
}
