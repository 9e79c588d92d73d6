// Package outline reads a program as people and vendors' documents tell it: what
// is heard first, the menus with their keys, how often a caller may try again,
// and what each way does until it ends. Every dialect's Express starts from it,
// so that a program may come from any document.
//
// It changes nothing, decides nothing about a vendor, and knows no document. An
// Outline is made for one program, holds pointers into it, and is safe to share
// once made; a Ledger is not. The package starts no goroutine.
package outline

import (
	"slices"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Outline is a program as a document would tell it.
type Outline struct {
	Program *flow.Program
	// Lead is what is done from the entry until the first menu, branch or end.
	Lead Way
	// Menus are those that a caller can reach, in the order of the ways to them.
	Menus []*Menu
	// Expired is what is done when the program's lifetime is over.
	Expired Way

	nodes map[flow.NodeID]*flow.Node
	reach []*flow.Node // in the order of flow.Walk
	into  map[flow.NodeID]int
	first map[flow.NodeID]*flow.Node // by which a caller first comes to a node, if by Next
}

// Menu is a gather that a caller answers with keys. Gathers that put digits in a
// variable of the document's own are actions of a way.
type Menu struct {
	Node   *flow.Node
	Gather flow.Gather
	// Intro are the plays that a key cuts on the first way to the menu, just
	// before it, in their order: some documents keep a menu's prompts there.
	Intro []*flow.Node
	Keys  []Choice // in the order of the document
	// Extension is done with a keyed extension, Any with whatever was keyed where
	// neither keys nor extensions are expected.
	Extension Way
	Any       Retry
	// Invalid, Unknown and Nothing are what an unexpected key, an unknown
	// extension and silence lead to.
	Invalid, Unknown, Nothing Retry
}

// Choice is a key of a menu, or several, and the way it takes.
type Choice struct {
	Digits voice.Digits
	Way    Way
}

// New reads a program. Exits to nodes that do not exist count as not wired.
func New(p *flow.Program) *Outline {
	o := &Outline{Program: p, nodes: make(map[flow.NodeID]*flow.Node, len(p.Nodes)), into: map[flow.NodeID]int{}, first: map[flow.NodeID]*flow.Node{}}
	for i := range p.Nodes {
		if n := &p.Nodes[i]; o.nodes[n.ID] == nil {
			o.nodes[n.ID] = n
		}
	}
	o.Lead = o.Way(p.Entry)
	for _, from := range []flow.NodeID{p.Entry, p.Expired} {
		o.walk(from)
	}
	if p.Expired != "" {
		o.Expired = o.Way(p.Expired)
	}
	for _, n := range o.reach {
		if isMenu(n) {
			o.Menus = append(o.Menus, o.menu(n))
		}
	}
	return o
}

// walk adds the nodes that can be reached from a node to those known so far.
func (o *Outline) walk(from flow.NodeID) {
	if from == "" || slices.ContainsFunc(o.reach, func(n *flow.Node) bool { return n.ID == from }) {
		return
	}
	known := map[flow.NodeID]bool{}
	for _, n := range o.reach {
		known[n.ID] = true
	}
	o.into[from]++
	o.first[from] = nil
	p := *o.Program
	p.Entry = from
	flow.Walk(&p, func(n *flow.Node) bool {
		n = o.nodes[n.ID]
		if known[n.ID] {
			return true
		}
		o.reach = append(o.reach, n)
		for _, e := range n.WiredExits() {
			o.come(n, e)
		}
		return true
	})
}

// come notes that an exit leads from a node to another.
func (o *Outline) come(from *flow.Node, e flow.Exit) {
	to := from.Exits[e]
	o.into[to]++
	if _, known := o.first[to]; known {
		return
	}
	o.first[to] = nil
	if e == flow.Next {
		o.first[to] = from
	}
}

// Node finds a node of the program; nil when there is none.
func (o *Outline) Node(id flow.NodeID) *flow.Node { return o.nodes[id] }

// Nodes lists the nodes that a caller can reach, nearest to the entry first.
func (o *Outline) Nodes() []*flow.Node { return slices.Clone(o.reach) }

// Joins reports whether several exits lead to a node.
func (o *Outline) Joins(id flow.NodeID) bool { return o.into[id] > 1 }

// Menu finds the menu at a node; nil when there is none.
func (o *Outline) Menu(id flow.NodeID) *Menu {
	i := slices.IndexFunc(o.Menus, func(m *Menu) bool { return m.Node.ID == id })
	if i < 0 {
		return nil
	}
	return o.Menus[i]
}

// exit gives the node that an exit leads to; "" where it is not wired.
func (o *Outline) exit(n *flow.Node, e flow.Exit) flow.NodeID {
	to := n.Exits[e]
	if o.nodes[to] == nil {
		return ""
	}
	return to
}

// isMenu tells a gather that is answered with keys from one that asks for digits
// to be kept.
func isMenu(n *flow.Node) bool {
	g, ok := n.Step.(flow.Gather)
	return ok && g.Into == ""
}

// menu reads the menu at a gather.
func (o *Outline) menu(n *flow.Node) *Menu {
	m := &Menu{Node: n, Gather: n.Step.(flow.Gather), Intro: o.intro(n)}
	for _, k := range m.Gather.Keys {
		m.Keys = append(m.Keys, Choice{k, o.Way(n.Exits[flow.Key(k)])})
	}
	m.Nothing = o.retry(n, flow.NoInput)
	if m.Gather.Extensions {
		m.Extension = o.Way(n.Exits[flow.Extension])
		m.Unknown = o.retry(n, flow.UnknownExt)
	}
	if len(m.Keys) > 0 || m.Gather.Extensions {
		m.Invalid = o.retry(n, flow.InvalidKey)
	} else {
		m.Any = o.retry(n, flow.GotDigits)
	}
	m.share()
	return m
}

// intro finds the plays that a key cuts just before a gather, on the first way
// to it. Others may come to the gather without them: those who try again.
func (o *Outline) intro(n *flow.Node) []*flow.Node {
	var list []*flow.Node
	for at := n; ; {
		before := o.first[at.ID]
		if before == nil {
			break
		}
		play, ok := before.Step.(flow.Play)
		if !ok || !play.BargeIn {
			break
		}
		list = append(list, before)
		at = before
	}
	slices.Reverse(list)
	return list
}
