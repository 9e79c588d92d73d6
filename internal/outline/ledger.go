package outline

import "tandem/internal/flow"

// Ledger remembers which nodes of a program a document has told, so that the
// others can be reported and nothing is dropped without a word.
type Ledger struct {
	o    *Outline
	told map[flow.NodeID]bool
}

// Ledger begins an empty one.
func (o *Outline) Ledger() *Ledger { return &Ledger{o: o, told: map[flow.NodeID]bool{}} }

// Tell notes nodes that the document tells, or whose loss has been reported.
func (l *Ledger) Tell(ids ...flow.NodeID) {
	for _, id := range ids {
		l.told[id] = true
	}
}

// Told reports whether a node has been noted.
func (l *Ledger) Told(id flow.NodeID) bool { return l.told[id] }

// Untold lists the nodes that a caller can reach and that nobody has noted,
// nearest to the entry first. Answering the call, guards and the hang-ups of
// guards are never among them.
func (l *Ledger) Untold() []*flow.Node {
	var list []*flow.Node
	ends := map[flow.NodeID]bool{}
	for _, n := range l.o.reach {
		if l.o.Guard(n) {
			ends[n.ID], ends[n.Exits[flow.Over]] = true, true
		}
	}
	for _, n := range l.o.reach {
		if _, answer := n.Step.(flow.Answer); !answer && !l.told[n.ID] && !ends[n.ID] {
			list = append(list, n)
		}
	}
	return list
}

// Where gives the place of a node for a loss: its origin, or its id where the
// program has none.
func Where(n *flow.Node) string {
	if n.Origin != "" {
		return n.Origin
	}
	return string(n.ID)
}
