package suite

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// timeOuts are the exits that are taken because time has passed.
var timeOuts = []flow.Exit{flow.NoInput, flow.NoAnswer, flow.MaxDuration}

// expired stands for the end of a program's lifetime among exits.
const expired flow.Exit = "end of the time set for the app"

// way is an exit of a node; exit "" = that it was entered.
type way struct {
	program *flow.Program
	node    flow.NodeID
	exit    flow.Exit
}

// Coverage is which steps and exits tests have reached.
type Coverage struct {
	seen map[way]int
}

// Add counts what a test has reached.
func (c *Coverage) Add(r *Result) {
	if c.seen == nil {
		c.seen = map[way]int{}
	}
	for _, t := range r.traces {
		for i, v := range t.Visits {
			p := t.Programs[i]
			c.seen[way{p, v.Node, ""}]++
			if v.Exit != "" {
				c.seen[way{p, v.Node, v.Exit}]++
			}
			if p.Lifetime > 0 && i+1 < len(t.Visits) && v.Exit == "" && t.Programs[i+1] == p && t.Visits[i+1].Node == p.Expired {
				c.seen[way{p, "", expired}]++
			}
		}
	}
}

// Gap is what no test has reached.
type Gap struct {
	App    voice.AppID `json:"app,omitempty"`
	Node   flow.NodeID `json:"node,omitempty"`
	Exit   flow.Exit   `json:"exit,omitempty"`   // "" = the step was never entered
	Origin string      `json:"origin,omitempty"` // JSON Pointer into the document
	Text   string      `json:"text"`
	// TimeOut says that the exit is one that is taken because time has passed.
	TimeOut bool `json:"time_out,omitempty"`
}

// Tally counts what can be reached, and what was.
type Tally struct {
	Seen int `json:"seen"`
	All  int `json:"all"`
}

// String gives "12 of 14 (86 %)".
func (t Tally) String() string {
	if t.All == 0 {
		return "none"
	}
	return fmt.Sprintf("%d of %d (%d %%)", t.Seen, t.All, 100*t.Seen/t.All)
}

// Covered is how much of a program tests have reached. What no way leads to does not
// count.
type Covered struct {
	App      voice.AppID `json:"app,omitempty"`
	Name     string      `json:"name"`
	Steps    Tally       `json:"steps"`
	Exits    Tally       `json:"exits"`     // that lead somewhere, time-outs too
	TimeOuts Tally       `json:"time_outs"` // of the exits
	Missing  []Gap       `json:"missing"`
}

// Of says how much of p has been reached.
func (c *Coverage) Of(p *flow.Program) Covered {
	out := Covered{App: p.App, Name: p.Name, Missing: []Gap{}}
	flow.Walk(unguarded(p), func(n *flow.Node) bool {
		out.Steps.All++
		gap := Gap{App: p.App, Node: n.ID, Origin: n.Origin}
		if c.seen[way{p, n.ID, ""}] > 0 {
			out.Steps.Seen++
		} else {
			gap.Text = "is never entered: " + flow.Words(n.Step)
			out.Missing = append(out.Missing, gap)
		}
		for _, e := range n.WiredExits() {
			gap.Exit, gap.TimeOut = e, slices.Contains(timeOuts, e)
			gap.Text = "is never left by " + string(e)
			out.exit(c.seen[way{p, n.ID, e}] > 0, gap)
		}
		return true
	})
	if p.Expired != "" {
		out.exit(c.seen[way{p, "", expired}] > 0, Gap{App: p.App, Exit: expired, TimeOut: true, Text: "never reaches the " + string(expired)})
	}
	return out
}

// guard is from where on the limit of a Count is a guard against endless rounds that
// the flow's author has not written.
const guard = 100

// unguarded gives a program without the exits of guards and those that can't be taken.
func unguarded(p *flow.Program) *flow.Program {
	q := *p
	q.Nodes = slices.Clone(p.Nodes)
	for i := range q.Nodes {
		n := &q.Nodes[i]
		if e := untaken(n.Step); e != "" {
			n.Exits = maps.Clone(n.Exits)
			delete(n.Exits, e)
		}
	}
	return &q
}

// untaken gives an exit that a step does not take as it is; "" = there is none.
func untaken(s flow.Step) flow.Exit {
	switch s := s.(type) {
	case flow.Count:
		if s.Limit >= guard {
			return flow.Over
		}
	case flow.Play:
		if !s.BargeIn {
			return flow.Cut
		}
	case flow.Queue:
		if s.MaxLength == 0 {
			return flow.QueueFull
		}
	}
	return ""
}

// exit counts an exit.
func (c *Covered) exit(seen bool, gap Gap) {
	c.Exits.All++
	if gap.TimeOut {
		c.TimeOuts.All++
	}
	if !seen {
		c.Missing = append(c.Missing, gap)
		return
	}
	c.Exits.Seen++
	if gap.TimeOut {
		c.TimeOuts.Seen++
	}
}

// Programs lists the programs of a set-up: the main one first.
func (s Setup) Programs() []*flow.Program {
	var list []*flow.Program
	if s.Main != nil {
		list = append(list, s.Main)
	}
	for _, id := range slices.Sorted(maps.Keys(s.Apps)) {
		if p := s.Apps[id]; p != s.Main {
			list = append(list, p)
		}
	}
	return list
}

// Seen keeps the programs that applications have answered and ordered in the tests of a
// file: two that say the same are one.
type Seen struct {
	byText map[string]*flow.Program
	list   []*flow.Program
}

// maxSeen bounds the programs that are kept.
const maxSeen = 1_000

// List gives them in the order in which they came.
func (s *Seen) List() []*flow.Program {
	if s == nil {
		return nil
	}
	return s.list
}

// same gives the first program that says the same as p.
func (s *Seen) same(p *flow.Program) *flow.Program {
	if s == nil || p == nil || len(s.list) >= maxSeen {
		return p
	}
	text, err := json.Marshal(p)
	if err != nil {
		return p
	}
	if s.byText == nil {
		s.byText = map[string]*flow.Program{}
	}
	if old := s.byText[string(text)]; old != nil {
		return old
	}
	s.byText[string(text)] = p
	s.list = append(s.list, p)
	return p
}

// WriteCover tells people how much of programs was reached.
func WriteCover(w io.Writer, file string, list []Covered) {
	for _, c := range list {
		name := c.Name
		if name == "" {
			name = string(c.App)
		}
		fmt.Fprintln(w, clean(fmt.Sprintf("%s  %s: steps %s, exits %s, time-outs %s", file, name, c.Steps, c.Exits, c.TimeOuts)))
		for _, g := range c.Missing {
			text := strings.TrimSpace(string(g.Node) + " " + g.Text)
			if g.Origin != "" {
				text += "  [" + g.Origin + "]"
			}
			fmt.Fprintln(w, clean("      "+text))
		}
	}
}
