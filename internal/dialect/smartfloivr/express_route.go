package smartfloivr

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// hangUp is the destination that ends the call.
func hangUp() Ref { return Ref{RefHangup, "1"} }

// destination reads where a way leads; m is the menu that it comes from, if any.
func (x *expresser) destination(from flow.NodeID, m *outline.Menu) Ref {
	if ref := x.ours(from); !ref.IsZero() {
		x.tellFrom(from)
		return ref
	}
	w := x.ol.Way(from)
	if v, ok := w.Voicemail(); ok {
		return x.mailbox(v)
	}
	for len(w.Actions) > 0 {
		a := w.Actions[0]
		if ref, ok := x.action(a); ok {
			x.told.Tell(a.Node.ID)
			return ref
		}
		if _, answer := a.Node.Step.(flow.Answer); !answer {
			x.lose(a.Node, flow.Words(a.Node.Step), whyNoField, nothing)
		}
		x.told.Tell(a.Node.ID)
		w = w.After(1)
		if ref := x.ours(w.From); !ref.IsZero() {
			x.tellFrom(w.From)
			return ref
		}
	}
	switch {
	case w.End == outline.ToMenu && m != nil && w.At == m.Node:
		x.lose(w.At, "the way back to the menu", "what a key leads to does not come back", "the call is hung up; the IVR can refer to itself once it exists")
	case w.End == outline.ToMenu:
		x.lose(w.At, "a menu behind the menu", whyOwnThing, "the call is hung up")
	case w.End == outline.HangsUp:
		x.told.Tell(w.At.ID)
	}
	return hangUp()
}

// tellFrom notes all that a destination leads to, but not the menu itself.
func (x *expresser) tellFrom(from flow.NodeID) {
	main := x.firstMenu()
	p := *x.p
	p.Nodes = slices.Clone(p.Nodes)
	if main != nil { // it is not passed
		p.Nodes = slices.DeleteFunc(p.Nodes, func(n flow.Node) bool { return n.ID == main.Node.ID })
	}
	p.Entry = from
	flow.Walk(&p, func(n *flow.Node) bool {
		x.told.Tell(n.ID)
		return true
	})
}

// ours gives the reference that a node was compiled from, when the program still
// does there what the reference means.
func (x *expresser) ours(from flow.NodeID) Ref {
	n := x.ol.Node(from)
	if n == nil || n.Meta[metaRef] == "" {
		return Ref{}
	}
	ref, err := ParseDestination(n.Meta[metaRef])
	if err != nil {
		return Ref{}
	}
	p, _, err := CompileRef(x.ctx, x.p.App, ref, x.r, x.o)
	if err != nil {
		x.fail(err)
		return Ref{}
	}
	if !same(&p, p.Entry, x.p, from, map[flow.NodeID]flow.NodeID{}) {
		return Ref{}
	}
	return ref
}

// same reports whether two programs do the same from two nodes on.
func same(p *flow.Program, at flow.NodeID, q *flow.Program, there flow.NodeID, seen map[flow.NodeID]flow.NodeID) bool {
	if other, ok := seen[at]; ok {
		return other == there
	}
	seen[at] = there
	n, ok := p.Node(at)
	o, too := q.Node(there)
	if !ok || !too {
		return ok == too
	}
	if !reflect.DeepEqual(n.Step, o.Step) || len(n.Exits) != len(o.Exits) {
		return false
	}
	for exit, to := range n.Exits {
		next, wired := o.Exits[exit]
		if !wired || !same(p, to, q, next, seen) {
			return false
		}
	}
	return true
}

// action reads a step that takes the call elsewhere; false for any other.
func (x *expresser) action(a outline.Action) (Ref, bool) {
	switch s := a.Node.Step.(type) {
	case flow.Goto:
		return x.goesTo(a.Node, s.App), true
	case flow.Dial:
		return x.dial(a, s), true
	case flow.Queue:
		x.lose(a.Node, flow.Words(s), "a queue is a department: "+whyOwnThing, "its first member is called")
		return x.first(a.Node, s.Members), true
	case flow.Hours:
		x.lose(a.Node, flow.Words(s), "opening hours are a time group: "+whyOwnThing, "the call goes where it goes in the hours")
		return x.decided(a.Node, flow.Open), true
	case flow.Fetch:
		x.lose(a.Node, flow.Words(s), "asking an application is a custom dialplan: "+whyOwnThing, "the call is hung up")
		return hangUp(), true
	case flow.If:
		x.lose(a.Node, flow.Words(s), whyNoField, "the call goes where it goes when it is so")
		return x.decided(a.Node, flow.Yes), true
	}
	return Ref{}, false
}

// decided reads where one exit of a decision leads. A flow may turn in circles.
func (x *expresser) decided(n *flow.Node, e flow.Exit) Ref {
	if x.decisions[n.ID] {
		x.lose(n, "a flow that turns in circles", whyNoField, "the call is hung up")
		return hangUp()
	}
	x.decisions[n.ID] = true
	defer delete(x.decisions, n.ID)
	return x.destination(n.Exits[e], nil)
}

func (x *expresser) goesTo(n *flow.Node, app voice.AppID) Ref {
	if i := slices.IndexFunc(x.apps, func(a voice.App) bool { return a.ID == app }); i >= 0 {
		if a := x.apps[i]; a.Kind == Kind && a.Type == TypeIVR && a.Serial != 0 {
			return Ref{RefIVR, strconv.FormatInt(a.Serial, 10)}
		}
	}
	if x.o.Open && isDigits(string(app)) {
		return Ref{RefIVR, string(app)}
	}
	x.lose(n, "the way on to app "+string(app), "it is no IVR of this API", "the call is hung up")
	return hangUp()
}

// dial reads who is called.
func (x *expresser) dial(a outline.Action, s flow.Dial) Ref {
	n := a.Node
	if s.ToVar != "" {
		x.lose(n, flow.Words(s), "who is called stands in the document", "the call is hung up")
		return hangUp()
	}
	to, ok := x.member(s.To)
	if len(s.Also) > 0 {
		x.lose(n, flow.Words(s), "a ring group is a department: "+whyOwnThing, "its first member is called")
		to = x.first(n, append([]voice.Destination{s.To}, s.Also...))
	} else if !ok {
		x.lose(n, flow.Words(s), "there is no reference to "+s.To.String(), "the call is hung up")
		to = hangUp()
	}
	if s.To.Kind == voice.ToApp {
		return x.goesTo(n, voice.AppID(s.To.ID))
	}
	if s.CallerID != "" || s.SendDigits != "" || len(s.Announce) > 0 || len(s.Music) > 0 || s.MaxDuration > 0 {
		x.lose(n, "how "+s.To.String()+" is called: caller's number, music, announcement, keys sent or a limit of time", whyNoField, nothing)
	}
	if otherwise, one := a.Otherwise(); otherwise != "" || !one {
		what := "what happens when " + s.To.String() + " does not answer"
		if one {
			way := x.ol.Way(otherwise)
			what += ": " + way.Words()
			x.told.Tell(way.Nodes()...)
		}
		x.lose(n, what, "only departments have it", "the call ends, or goes on in the voicemail of the extension")
	}
	return to
}

// member gives the reference to somebody who is called.
func (x *expresser) member(d voice.Destination) (Ref, bool) {
	switch d.Kind {
	case voice.ToNumber:
		return Ref{RefAgent, strings.TrimPrefix(d.ID, "+")}, true
	case voice.ToExtension, voice.ToPhones, voice.ToDialled:
		return Ref{RefExtension, d.ID}, isDigits(d.ID)
	case voice.ToApp:
		return Ref{}, true
	case voice.ToUser, voice.ToMailbox:
		for _, e := range x.extensions {
			if string(e.User) != d.ID {
				continue
			}
			if d.Kind == voice.ToMailbox {
				return Ref{RefVoicemail, e.Number}, true
			}
			return Ref{RefExtension, e.Number}, true
		}
	}
	return Ref{}, false
}

// first gives the first of several who can be referred to.
func (x *expresser) first(n *flow.Node, list []voice.Destination) Ref {
	for _, d := range list {
		if ref, ok := x.member(d); ok && !ref.IsZero() {
			return ref
		}
	}
	x.lose(n, "who is called", "there is no reference to any of them", "the call is hung up")
	return hangUp()
}

// mailbox finds a voicemail of the account that a way's message may go to.
func (x *expresser) mailbox(v outline.Voicemail) Ref {
	x.told.Tell(v.Nodes...)
	x.told.Tell(v.Goodbye.Nodes()...)
	n := x.ol.Node(v.Nodes[0])
	if !v.Goodbye.IsEnd() {
		x.lose(n, "what follows the message: "+v.Goodbye.Words(), "a voicemail ends the call", "the end of the call")
	}
	ref := hangUp()
	instead := "the call is hung up"
	list, err := x.r.Resources(x.ctx, KindVoicemail)
	x.fail(err)
	for _, res := range list {
		d, err := Parse(res)
		m, ok := d.(*Voicemail)
		if err != nil || !ok {
			continue
		}
		e, found := FindExtension(x.extensions, m.Extension)
		if m.Email != "" && m.Email == v.Mailbox.Email || found && v.Mailbox.User != "" && e.User == v.Mailbox.User {
			ref, instead = Ref{RefVoicemail, strconv.FormatInt(res.Serial, 10)}, "voicemail "+m.Name
			break
		}
	}
	if ref == hangUp() {
		if own, ok := x.member(voice.Destination{Kind: voice.ToMailbox, ID: string(v.Mailbox.User)}); ok {
			ref, instead = own, "the mailbox of extension "+own.ID
		}
	}
	x.lose(n, flow.Words(flow.Deliver{Mailbox: v.Mailbox})+", with its greeting and times", "a voicemail is a thing of the account: "+whyOwnThing, instead)
	return ref
}
