// Package flowdiff tells the difference between two programs in words that their
// author knows: "Main menu: key 2 now goes to sales; time-out for the first key
// 5 s → 8 s".
//
// It compares what two documents do, not how they are written: the order of steps,
// comments and quotes make no difference. Steps are the same when they have the
// same id, or, where one is missing, when one step alone does the same under
// another id. The package looks nothing up, and starts no goroutine.
package flowdiff

import (
	"fmt"
	"slices"
	"strings"

	"tandem/internal/flow"
)

// What became of a step.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Change is the difference of one step, or of the flow as a whole.
type Change struct {
	What    string      `json:"what"`              // Added, Removed or Changed
	Node    flow.NodeID `json:"node,omitempty"`    // in the newer program; of a removed one in the older; "" = the flow
	Pointer string      `json:"pointer,omitempty"` // its place in that one's document
	Name    string      `json:"name,omitempty"`    // of the step, as its author knows it
	Parts   []string    `json:"parts"`             // in words, each one difference
}

// String gives "Main menu: key 2 now goes to sales; time-out … 5 s → 8 s".
func (c Change) String() string {
	words := strings.Join(c.Parts, "; ")
	if c.Name == "" {
		return words
	}
	return c.Name + ": " + words
}

// Words gives one line for each change; "no difference" when there is none.
func Words(changes []Change) string {
	if len(changes) == 0 {
		return "no difference\n"
	}
	var b strings.Builder
	for _, c := range changes {
		b.WriteString(c.String() + "\n")
	}
	return b.String()
}

// Diff compares two programs; the order is that of the newer one, then what was
// removed.
func Diff(older, newer *flow.Program) []Change {
	d := &differ{older: index(older), newer: index(newer), renamed: map[flow.NodeID]flow.NodeID{}, before: map[flow.NodeID]flow.NodeID{}}
	d.match(older, newer)
	var changes []Change
	if parts := d.program(older, newer); len(parts) > 0 {
		changes = append(changes, Change{What: Changed, Parts: parts})
	}
	for i := range newer.Nodes {
		n := &newer.Nodes[i]
		was := d.older[d.before[n.ID]]
		if was == nil {
			changes = append(changes, Change{Added, n.ID, n.Origin, name(n), []string{"new: " + flow.Words(n.Step)}})
			continue
		}
		if parts := d.node(was, n); len(parts) > 0 {
			changes = append(changes, Change{Changed, n.ID, n.Origin, name(n), parts})
		}
	}
	for i := range older.Nodes {
		n := &older.Nodes[i]
		if _, there := d.renamed[n.ID]; !there {
			changes = append(changes, Change{Removed, n.ID, n.Origin, name(n), []string{"removed: " + flow.Words(n.Step)}})
		}
	}
	return changes
}

type differ struct {
	older, newer map[flow.NodeID]*flow.Node
	renamed      map[flow.NodeID]flow.NodeID // ids of the older program in the newer
	before       map[flow.NodeID]flow.NodeID // and the other way
}

func index(p *flow.Program) map[flow.NodeID]*flow.Node {
	m := make(map[flow.NodeID]*flow.Node, len(p.Nodes))
	for i := range p.Nodes {
		m[p.Nodes[i].ID] = &p.Nodes[i]
	}
	return m
}

// match finds which steps are the same.
func (d *differ) match(older, newer *flow.Program) {
	for id := range d.older {
		if d.newer[id] != nil {
			d.renamed[id], d.before[id] = id, id
		}
	}
	alike := map[string][2][]flow.NodeID{} // by what the step does: ids in the older, ids in the newer
	gather := func(p *flow.Program, which int, known map[flow.NodeID]flow.NodeID) {
		for i := range p.Nodes {
			n := &p.Nodes[i]
			if _, ok := known[n.ID]; !ok && n.Step != nil {
				key := fmt.Sprintf("%#v\x00%s", n.Step, n.Label)
				pair := alike[key]
				pair[which] = append(pair[which], n.ID)
				alike[key] = pair
			}
		}
	}
	gather(older, 0, d.renamed)
	gather(newer, 1, d.before)
	for _, pair := range alike {
		if len(pair[0]) == 1 && len(pair[1]) == 1 {
			d.renamed[pair[0][0]], d.before[pair[1][0]] = pair[1][0], pair[0][0]
		}
	}
}

// name names a step to its author: by its title; by its id where that is the
// author's own; else by what it does.
func name(n *flow.Node) string {
	switch {
	case n.Label != "":
		return n.Label
	case n.Origin == "" || n.Origin == "/steps/"+string(n.ID):
		return string(n.ID)
	}
	return n.Origin + " (" + flow.Words(n.Step) + ")"
}

// target names where an exit leads.
func target(n *flow.Node) string {
	switch {
	case n == nil:
		return "the end of the call"
	case n.Label != "":
		return n.Label
	case n.Origin == "" || n.Origin == "/steps/"+string(n.ID):
		return string(n.ID)
	}
	return flow.Words(n.Step)
}

// program compares what stands above the steps.
func (d *differ) program(older, newer *flow.Program) []string {
	var parts []string
	if older.Name != newer.Name {
		parts = append(parts, "the flow is called "+quoted(newer.Name)+", no longer "+quoted(older.Name))
	}
	if d.moved(older.Entry, newer.Entry) {
		parts = append(parts, "calls begin at "+target(d.newer[newer.Entry])+", no longer at "+target(d.older[older.Entry]))
	}
	if older.Lifetime != newer.Lifetime {
		parts = append(parts, "lifetime "+span(older.Lifetime)+" → "+span(newer.Lifetime))
	}
	if d.moved(older.Expired, newer.Expired) {
		parts = append(parts, "when the lifetime is over it goes on at "+target(d.newer[newer.Expired])+", no longer at "+target(d.older[older.Expired]))
	}
	return append(parts, pairs("", older.Meta, newer.Meta)...)
}

// moved reports whether an exit leads elsewhere than before.
func (d *differ) moved(from, to flow.NodeID) bool {
	if d.older[from] == nil || d.newer[to] == nil {
		return (d.older[from] == nil) != (d.newer[to] == nil)
	}
	return d.renamed[from] != to
}

// node compares a step with what it was.
func (d *differ) node(was, n *flow.Node) []string {
	var parts []string
	if was.ID != n.ID && name(was) != name(n) && n.Label == "" && n.Origin == "/steps/"+string(n.ID) {
		parts = append(parts, "was called "+string(was.ID))
	}
	if was.Label != n.Label {
		parts = append(parts, "titled "+quoted(n.Label)+", no longer "+quoted(was.Label))
	}
	exits := d.exits(was, n)
	parts = append(parts, exits...)
	if n.Step == nil || was.Step == nil || n.Step.Kind() != was.Step.Kind() {
		parts = append(parts, "does something else: "+flow.Words(n.Step)+", no longer: "+flow.Words(was.Step))
		return parts
	}
	for _, part := range fields(was.Step, n.Step) {
		key, isKey := strings.CutSuffix(part, " is now expected")
		if !isKey {
			key, isKey = strings.CutSuffix(part, " is no longer expected")
		}
		if told := slices.ContainsFunc(exits, func(e string) bool { return strings.HasPrefix(e, key+" ") }); !isKey || !told {
			parts = append(parts, part)
		}
	}
	return parts
}

// exits compares where a step leads.
func (d *differ) exits(was, n *flow.Node) []string {
	var parts []string
	done := map[flow.Exit]bool{}
	for _, e := range append(n.WiredExits(), was.WiredExits()...) {
		if done[e] {
			continue
		}
		done[e] = true
		from, to := was.Exits[e], n.Exits[e]
		if !d.moved(from, to) {
			continue
		}
		switch {
		case d.older[from] == nil:
			parts = append(parts, words(e)+" now goes to "+target(d.newer[to]))
		case d.newer[to] == nil:
			parts = append(parts, words(e)+" no longer goes to "+target(d.older[from])+"; "+lost(e))
		default:
			parts = append(parts, words(e)+" now goes to "+target(d.newer[to])+", no longer to "+target(d.older[from]))
		}
	}
	return parts
}

// lost says what becomes of an exit that leads nowhere.
func lost(e flow.Exit) string {
	if strings.HasPrefix(string(e), string(flow.Key(""))) {
		return "it is not expected"
	}
	return "it ends the call"
}

// words names an exit.
func words(e flow.Exit) string {
	switch e {
	case flow.Next:
		return "what follows"
	case flow.InvalidKey:
		return "an invalid key"
	case flow.NoInput:
		return "no key in time"
	case flow.GotDigits:
		return "the digits"
	case flow.Extension:
		return "an extension"
	case flow.UnknownExt:
		return "an unknown extension"
	}
	return string(e)
}
