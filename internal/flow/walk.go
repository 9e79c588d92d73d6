package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Walk visits every node that can be reached once, breadth first from the entry
// and then from Expired, until visit gives false. Exits lead on in the order of
// Step.Exits.
func Walk(p *Program, visit func(*Node) bool) {
	index := p.index()
	seen := map[NodeID]bool{p.Entry: true}
	queue := []NodeID{p.Entry}
	for {
		if len(queue) == 0 {
			if p.Expired == "" || seen[p.Expired] {
				return
			}
			seen[p.Expired] = true
			queue = append(queue, p.Expired)
		}
		n, ok := index[queue[0]]
		queue = queue[1:]
		if !ok {
			continue
		}
		if !visit(n) {
			return
		}
		for _, e := range n.WiredExits() {
			if to := n.Exits[e]; !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
}

// WiredExits lists the exits that lead somewhere: in the order of Step.Exits,
// then those that the step can't take, by name.
func (n *Node) WiredExits() []Exit {
	var exits []Exit
	if n.Step != nil {
		for _, e := range n.Step.Exits() {
			if _, ok := n.Exits[e]; ok && !slices.Contains(exits, e) {
				exits = append(exits, e)
			}
		}
	}
	known := len(exits)
	for e := range n.Exits {
		if !slices.Contains(exits[:known], e) {
			exits = append(exits, e)
		}
	}
	slices.Sort(exits[known:])
	return exits
}

// index finds nodes by id; of two with one id the first, as Program.Node does.
func (p *Program) index() map[NodeID]*Node {
	m := make(map[NodeID]*Node, len(p.Nodes))
	for i := range p.Nodes {
		if n := &p.Nodes[i]; m[n.ID] == nil {
			m[n.ID] = n
		}
	}
	return m
}

// String prints the program in words, one node a line, its exits below it.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "app %s %q, entry %s\n", p.App, p.Name, p.Entry)
	if p.Lifetime > 0 {
		fmt.Fprintf(&b, "after %v → %s\n", p.Lifetime, cmp.Or(string(p.Expired), "end of the call"))
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		fmt.Fprintf(&b, "%s: %s", n.ID, Words(n.Step))
		if n.Label != "" {
			fmt.Fprintf(&b, "  %q", n.Label)
		}
		if n.Origin != "" {
			fmt.Fprintf(&b, "  [%s]", n.Origin)
		}
		b.WriteByte('\n')
		for _, e := range n.WiredExits() {
			fmt.Fprintf(&b, "\t%s → %s\n", e, n.Exits[e])
		}
	}
	return b.String()
}
