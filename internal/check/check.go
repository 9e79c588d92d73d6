package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/internal/flow"
)

// Check reads a program and tells what is wrong with it.
func Check(in Input) Report {
	c := &checker{in: in, seen: map[place]bool{}}
	for _, d := range in.Diagnostics {
		c.put(Finding{Code: d.Code, Severity: d.Severity, Pointer: d.Pointer, Text: d.Text})
	}
	if in.Program != nil && len(in.Program.Nodes) > 0 && len(in.Program.Nodes) <= flow.MaxNodes {
		c.g = newGraph(in.Program)
		c.run()
	}
	slices.SortStableFunc(c.found, func(x, y Finding) int { return cmp.Compare(rank(x.Severity), rank(y.Severity)) })
	if c.found == nil {
		c.found = []Finding{}
	}
	return Report{Findings: c.found, Facts: c.facts}
}

func rank(s flow.Severity) int {
	return slices.Index([]flow.Severity{flow.Error, flow.Warning, Note}, s)
}

type place struct{ code, pointer, text string }

// checker is one check.
type checker struct {
	in    Input
	g     *graph
	facts Facts
	found []Finding
	seen  map[place]bool
	// present is the node that run looks at, one by one.
	present int
}

// run makes every pass; each looks at all nodes once, or a few times.
func (c *checker) run() {
	c.reachable()
	c.loops()
	c.languages()
	c.recordings()
	c.secrets()
	c.distances()
	c.variables()
	keys := c.extensionKeys()
	for i, n := range c.g.nodes {
		if !c.g.reach[i] || n.Step == nil {
			continue
		}
		c.g.visits++
		c.present = i
		c.exits(n)
		c.keys(n, keys)
		c.clocks(n)
		c.prompts(i, n)
		c.places(n)
		c.outside(n)
		if h, ok := n.Step.(flow.Hours); ok {
			c.hours(n, h)
		}
	}
}

// put adds a finding, once for each code, place and text.
func (c *checker) put(f Finding) {
	p := place{f.Code, f.Pointer, f.Text}
	if f.Code == flow.CodeUnreachable {
		p.text = "" // the compilers' validator says it in other words
	}
	if c.seen[p] || len(c.found) > MaxFindings {
		return
	}
	c.seen[p] = true
	if len(c.found) == MaxFindings {
		f = Finding{Code: f.Code, Severity: f.Severity, Pointer: f.Pointer, Text: "there are more findings than are told; mend these first"}
	}
	c.found = append(c.found, f)
}

// at adds a finding about a node.
func (c *checker) at(n *flow.Node, s flow.Severity, code, mend, format string, args ...any) {
	if len(c.found) > MaxFindings {
		return
	}
	c.put(Finding{Code: code, Severity: s, Pointer: n.Origin, Node: n.ID, Text: fmt.Sprintf(format, args...), Mend: mend})
}

// name names a node to its author: by its title, else its id; ids that a vendor's
// compiler has drawn say nothing, so that the place stands for them.
func (c *checker) name(n *flow.Node) string {
	switch {
	case n.Label != "":
		return n.Label
	case c.native() || n.Origin == "":
		return string(n.ID)
	}
	return n.Origin
}

// native reports whether the document is in our own language, or a program alone.
func (c *checker) native() bool { return c.in.Kind == "" || c.in.Kind == nativeKind }

// span writes a time for people: "2 s", "1 min 30 s".
func span(d time.Duration) string {
	if d < time.Second && d > 0 {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	d = d.Round(100 * time.Millisecond)
	minutes := int(d / time.Minute)
	rest := strings.TrimSuffix(fmt.Sprintf("%.1f", (d%time.Minute).Seconds()), ".0") + " s"
	switch {
	case minutes == 0:
		return rest
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d min %s", minutes, rest)
}

const fewWords = 5

// some lists words, and how many more there are than a few.
func some(words []string) string {
	if len(words) > fewWords {
		return strings.Join(words[:fewWords], ", ") + fmt.Sprintf(" and %d more", len(words)-fewWords)
	}
	return strings.Join(words, ", ")
}

func (c *checker) reachable() {
	c.facts.Steps = len(c.g.nodes)
	for i, n := range c.g.nodes {
		if c.g.reach[i] {
			continue
		}
		c.facts.Unreachable++
		c.at(n, flow.Warning, flow.CodeUnreachable, "lead a key or another exit to it, or remove it", "no way leads to %s, so no caller ever gets there", c.name(n))
	}
}
