package interptest

import (
	"fmt"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Coverage gathers which nodes and exits runs have taken.
type Coverage struct {
	seen map[interp.Visit]bool
}

// Add counts the visits of a run.
func (c *Coverage) Add(t interp.Trace) {
	if c.seen == nil {
		c.seen = map[interp.Visit]bool{}
	}
	for _, v := range t.Visits {
		c.seen[v] = true
		c.seen[interp.Visit{App: v.App, Node: v.Node}] = true
	}
}

// Missing lists the nodes that no run entered and the wired exits that none
// took, in the order of the program.
func (c *Coverage) Missing(p *flow.Program) []string {
	var missing []string
	seen := func(n flow.NodeID, e flow.Exit) bool {
		return c.seen[interp.Visit{App: voice.AppID(p.App), Node: n, Exit: e}]
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if !seen(n.ID, "") {
			missing = append(missing, fmt.Sprintf("app %s: node %s is never entered", p.App, n.ID))
			continue
		}
		for _, e := range n.WiredExits() {
			if !seen(n.ID, e) {
				missing = append(missing, fmt.Sprintf("app %s: node %s is never left by %s", p.App, n.ID, e))
			}
		}
	}
	return missing
}
