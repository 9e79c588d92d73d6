package outline

import (
	"slices"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Retry is what a menu does about a caller who pressed nothing, or nothing that
// it knows: say something, count, play the menu again, and after so many times
// go another way. Fields are read in this order: Before, the count, then Again
// or Over.
type Retry struct {
	Exit flow.Exit
	// Way is the whole of it, unread; it ends at the count where there is one.
	Way Way
	// Before is played each time, before the count.
	Before []voice.Prompt
	// Limit is how many times in all lead on to Over: the Limit-th does. 0 = it is
	// not counted.
	Limit   int
	Counter string
	// Shared are the exits of the same menu that are counted under the same name.
	Shared []flow.Exit
	// Again is the way back to a menu, below the limit or, when nothing is
	// counted, each time. Its prompts without Before: Again.Spoken.
	Again Way
	// Loops says that Again does come back to a menu with nothing but prompts.
	Loops bool
	// Over is what is done at the limit; when nothing is counted and the way does
	// not loop, at once.
	Over  Way
	Nodes []flow.NodeID // Before, the count, and Again
}

// Retries is how often a caller may try again before Over: Limit − 1, and −1 for ever.
func (r Retry) Retries() int {
	switch {
	case r.Limit > 0:
		return r.Limit - 1
	case r.Loops:
		return -1
	}
	return 0
}

// retry reads what an exit of a gather leads to.
func (o *Outline) retry(n *flow.Node, e flow.Exit) Retry {
	way := o.Way(n.Exits[e])
	r := Retry{Exit: e, Way: way}
	if way.Back() {
		r.Before, r.Again = way.Spoken()
		r.Loops, r.Nodes = true, way.Nodes()
		return r
	}
	prompts, rest := way.Spoken()
	if len(rest.Actions) != 1 {
		r.Over = way
		return r
	}
	count, ok := rest.Actions[0].Node.Step.(flow.Count)
	if !ok {
		r.Over = way
		return r
	}
	r.Before, r.Counter, r.Limit = prompts, count.Name, count.Limit
	r.Again = o.Way(rest.Actions[0].Branch(flow.Again))
	r.Over = o.Way(rest.Actions[0].Branch(flow.Over))
	r.Loops = r.Again.Back()
	r.Nodes = way.Nodes()
	if r.Loops {
		r.Nodes = append(r.Nodes, r.Again.Nodes()...)
	}
	return r
}

// share notes which exits of a menu are counted together.
func (m *Menu) share() {
	all := []*Retry{&m.Nothing, &m.Invalid, &m.Unknown, &m.Any}
	for _, r := range all {
		for _, other := range all {
			if r != other && r.Counter != "" && r.Counter == other.Counter {
				r.Shared = append(r.Shared, other.Exit)
			}
		}
	}
}

// Retries lists the retries of a menu that can happen.
func (m *Menu) Retries() []Retry {
	list := []Retry{m.Invalid, m.Unknown, m.Any, m.Nothing}
	return slices.DeleteFunc(list, func(r Retry) bool { return r.Exit == "" })
}
