package flow

import (
	"slices"
	"strconv"
)

// Codes of the diagnostics of Validate.
const (
	CodeEntry       = "entry-not-found" // the entry names no node
	CodeDangling    = "node-not-found"  // an exit leads to no node
	CodeExit        = "unknown-exit"    // the step can't take the exit
	CodeTooMany     = "too-many-nodes"
	CodeNoStep      = "no-step"
	CodeValue       = "bad-value"    // a field's value is out of its range
	CodeTemplate    = "bad-template" // a "${" that begins no variable
	CodeUnreachable = "unreachable"  // warning: no way leads to the node
)

// Validate checks what the types can't: that nodes and exits fit together and
// that values are within their bounds. A diagnostic points at the node's Origin,
// or at its place in the program where it has none.
func Validate(p *Program) Diagnostics {
	v := validator{p: p, index: p.index()}
	if len(p.Nodes) > MaxNodes {
		v.ds.Errorf(CodeTooMany, "/nodes", "the program has %d nodes; at most %d are allowed", len(p.Nodes), MaxNodes)
		return v.ds
	}
	if v.index[p.Entry] == nil {
		v.ds.Errorf(CodeEntry, "/entry", "the entry %q is no node of the program", p.Entry)
	}
	if p.Expired != "" && v.index[p.Expired] == nil {
		v.ds.Errorf(CodeDangling, "/expired", "expired %q is no node of the program", p.Expired)
	}
	if p.Lifetime < 0 || p.Lifetime > MaxLifetime {
		v.ds.Errorf(CodeValue, "/lifetime", "the program has lifetime %v; it must be 0 to %v", p.Lifetime, MaxLifetime)
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		v.at = n.Origin
		if v.at == "" {
			v.at = "/nodes/" + strconv.Itoa(i)
		}
		v.node(n)
	}
	v.reachable()
	return v.ds
}

type validator struct {
	p     *Program
	index map[NodeID]*Node
	at    string // where the present node stands
	ds    Diagnostics
}

func (v *validator) node(n *Node) {
	if n.ID == "" {
		v.ds.Errorf(CodeValue, v.at, "a node has no id")
	}
	if v.index[n.ID] != n {
		v.ds.Errorf(CodeDuplicate, v.at, "there are two nodes %q", n.ID)
	}
	if n.Step == nil {
		v.ds.Errorf(CodeNoStep, v.at, "node %q has no step", n.ID)
		return
	}
	can := n.Step.Exits()
	for _, e := range n.WiredExits() {
		if !slices.Contains(can, e) {
			v.ds.Errorf(CodeExit, v.at, "node %q has exit %q, which step %s does not take", n.ID, e, n.Step.Kind())
		}
		if v.index[n.Exits[e]] == nil {
			v.ds.Errorf(CodeDangling, v.at, "exit %q of node %q leads to node %q, which does not exist", e, n.ID, n.Exits[e])
		}
	}
	v.step(n)
}

// reachable warns of nodes that no way leads to.
func (v *validator) reachable() {
	seen := map[NodeID]bool{}
	Walk(v.p, func(n *Node) bool {
		seen[n.ID] = true
		return true
	})
	for i := range v.p.Nodes {
		if n := &v.p.Nodes[i]; !seen[n.ID] {
			at := n.Origin
			if at == "" {
				at = "/nodes/" + strconv.Itoa(i)
			}
			v.ds.Warnf(CodeUnreachable, at, "no way leads to node %q", n.ID)
		}
	}
}
