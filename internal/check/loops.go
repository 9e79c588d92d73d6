package check

import (
	"slices"

	"tandem/internal/flow"
)

// loops finds circles that nothing slows down, and circles that a caller can only
// leave by hanging up.
func (c *checker) loops() {
	g := c.g
	timeless := func(i int) bool { return g.reach[i] && timeless(g.nodes[i].Step) }
	parts, _ := c.unbounded(timeless, nil)
	for _, part := range parts {
		first := g.nodes[slices.Min(part)]
		const mend = "put a wait, a prompt or a gather into the circle, or count the rounds"
		if c.leaves(part, nil) {
			c.at(first, flow.Warning, CodeBusyLoop, mend, "the flow may go round through %s without ever waiting, until the limit of %d steps ends the call", c.names(part), flow.MaxSteps)
			continue
		}
		c.at(first, flow.Error, CodeBusyLoop, mend, "the flow goes round through %s without an exit and without ever waiting; the limit of %d steps ends every call that gets here", c.names(part), flow.MaxSteps)
	}
	if g.p.Lifetime > 0 {
		return // it ends the other circles
	}
	all := func(int) bool { return true }
	parts, of := g.circles(all, nil)
	left := make([]bool, len(parts)) // some exit leads out of the part
	for p, part := range parts {
		left[p] = c.leaves(part, nil)
		slow := slices.ContainsFunc(part, func(i int) bool { return !timeless(i) })
		if !slow || left[p] {
			continue // told above, or no trap
		}
		c.at(g.nodes[slices.Min(part)], flow.Warning, CodeNoWayOut, "give a key or a count an exit that leads on, or a hang-up", "who comes here goes round through %s and can leave only by hanging up", c.names(part))
	}
	c.quiet(of, left)
}

// quiet finds menus that a caller who does nothing never leaves. of gives the circle of
// each node, and left the circles that some exit leads out of.
func (c *checker) quiet(of []int, left []bool) {
	g := c.g
	skip := func(i int, e edge) bool {
		switch g.nodes[i].Step.(type) {
		case flow.Gather, flow.Listen:
			return e.exit != flow.NoInput
		}
		return person(g.nodes[i].Step) || e.exit == flow.Recorded
	}
	asks := func(i int) bool {
		switch g.nodes[i].Step.(type) {
		case flow.Gather, flow.Listen:
			return true
		}
		return false
	}
	circles, _ := c.unbounded(func(int) bool { return true }, skip)
	for _, part := range circles {
		i := slices.IndexFunc(part, asks)
		ends := func(i int) bool { return g.ends[i] && !asks(i) }
		if i < 0 || slices.ContainsFunc(part, ends) || c.leavesBut(part, skip) {
			continue
		}
		if p := of[part[i]]; p >= 0 && !left[p] {
			continue // told already: nobody gets out
		}
		n := g.nodes[part[i]]
		c.at(n, flow.Warning, CodeSilenceForEver, "count the tries and hang up, or go to a person, at the limit; or give the flow a lifetime",
			"a caller who presses nothing hears %s again and again, and the line stays busy until the call's time limit", c.name(n))
	}
}

// unbounded is circles without those that a count ends.
func (c *checker) unbounded(in func(int) bool, skip func(int, edge) bool) ([][]int, []int) {
	g := c.g
	_, of := g.circles(in, skip)
	resets := map[int]map[string]bool{}
	for i, n := range g.nodes {
		if r, ok := n.Step.(flow.Reset); ok && of[i] >= 0 {
			if resets[of[i]] == nil {
				resets[of[i]] = map[string]bool{}
			}
			resets[of[i]][r.Name] = true
		}
	}
	return g.circles(in, func(i int, e edge) bool {
		if skip != nil && skip(i, e) {
			return true
		}
		count, ok := g.nodes[i].Step.(flow.Count)
		if !ok || e.exit != flow.Again || of[i] < 0 || resets[of[i]][count.Name] {
			return false
		}
		return true // at the limit Over is taken for good
	})
}

// leaves reports whether some exit leads out of a part or ends the call.
func (c *checker) leaves(part []int, skip func(int, edge) bool) bool {
	if slices.ContainsFunc(part, func(i int) bool { return c.g.ends[i] }) {
		return true
	}
	return c.leavesBut(part, skip)
}

func (c *checker) leavesBut(part []int, skip func(int, edge) bool) bool {
	in := c.g.among(part)
	for _, i := range part {
		for _, e := range c.g.out[i] {
			c.g.visits++
			if !in(e.to) && (skip == nil || !skip(i, e)) {
				return true
			}
		}
	}
	return false
}

func (c *checker) names(part []int) string {
	part = slices.Sorted(slices.Values(part))
	words := make([]string, len(part))
	for j, i := range part[:min(len(part), fewWords)] {
		words[j] = c.name(c.g.nodes[i])
	}
	return some(words)
}

// timeless reports whether a step is over at once.
func timeless(s flow.Step) bool {
	switch s := s.(type) {
	case flow.Answer, flow.Set, flow.If, flow.Hours, flow.Count, flow.Reset, flow.SetCaller, flow.Save, flow.Notice, flow.Tape, flow.SMS, flow.Request:
		return true
	case flow.Play:
		return len(s.Prompts) == 0 && len(s.In) == 0
	case flow.Wait:
		return s.For == 0
	}
	return false
}

// person reports whether a step rings somebody.
func person(s flow.Step) bool {
	switch s := s.(type) {
	case flow.Dial:
		return ringsSomebody(s.To.Kind)
	case flow.Transfer:
		return ringsSomebody(s.To.Kind)
	case flow.Queue, flow.Conference:
		return true
	}
	return false
}
