package check

import (
	"cmp"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// distances measures how long and over how many keys a caller goes to a person,
// and to a first choice, on ways that go round in no circle.
func (c *checker) distances() {
	g := c.g
	n := len(g.nodes)
	wait, keys, waitChoice := make([]time.Duration, n), make([]int, n), make([]time.Duration, n)
	for i := range n {
		wait[i], keys[i], waitChoice[i] = -1, -1, -1
	}
	for _, i := range g.entry() {
		wait[i], keys[i], waitChoice[i] = 0, 0, 0
	}
	chooses := false
	for _, i := range g.ahead() {
		node := g.nodes[i]
		if wait[i] < 0 || node.Step == nil {
			continue
		}
		heard, asks := c.length(g.heard[i].prompts), choice(node.Step)
		if asks && waitChoice[i] >= 0 {
			chooses = true
			c.facts.ToChoice = max(c.facts.ToChoice, waitChoice[i]+heard)
		}
		if person(node.Step) {
			if wait[i] >= c.facts.ToPerson {
				c.facts.ToPerson, c.facts.Person = wait[i], node.ID
			}
			if keys[i] >= c.facts.MostKeys {
				c.facts.MostKeys, c.facts.KeysPerson = keys[i], node.ID
			}
			continue // whoever is behind a call that was not taken has waited for that
		}
		for _, e := range g.out[i] {
			g.visits++
			if e.back {
				continue
			}
			took := heard + silence(node.Step, e.exit)
			wait[e.to] = max(wait[e.to], wait[i]+took)
			keys[e.to] = max(keys[e.to], keys[i]+presses(node.Step, e.exit))
			if !asks && waitChoice[i] >= 0 {
				waitChoice[e.to] = max(waitChoice[e.to], waitChoice[i]+took)
			}
		}
	}
	if !chooses {
		c.facts.ToChoice = 0
	}
	c.patience()
}

// patience tells of what is too long.
func (c *checker) patience() {
	if c.facts.ToChoice > MostBeforeChoice {
		c.put(Finding{Code: CodeLongBeforeChoice, Severity: flow.Warning, Text: "a caller listens for " + span(c.facts.ToChoice) + " until the first choice; many hang up after " + span(MostBeforeChoice),
			Mend: "shorten what is played before it, or ask earlier"})
	}
	if at, ok := c.g.index[c.facts.Person]; ok && c.facts.ToPerson > MostToPerson {
		c.at(c.g.nodes[at], flow.Warning, CodeFarPerson, "shorten the prompts or the menus on the way", "a caller may listen and wait for %s until %s rings somebody", span(c.facts.ToPerson), c.name(c.g.nodes[at]))
	}
	if at, ok := c.g.index[c.facts.KeysPerson]; ok && c.facts.MostKeys > MostKeys {
		c.at(c.g.nodes[at], flow.Warning, CodeManyKeys, "take menus out of the way to it", "a caller may have to press %d keys until %s rings somebody", c.facts.MostKeys, c.name(c.g.nodes[at]))
	}
}

// ahead gives the reachable nodes so that all but the exits that lead back come
// from earlier ones, and notes which lead back.
func (g *graph) ahead() []int {
	const fresh, open, done = 0, 1, 2
	state := make([]byte, len(g.nodes))
	var order []int
	for _, from := range g.entry() {
		way := []visit{{from, 0}}
		state[from] = open
		for len(way) > 0 {
			at := &way[len(way)-1]
			if at.next == len(g.out[at.node]) {
				state[at.node] = done
				order = append(order, at.node)
				way = way[:len(way)-1]
				continue
			}
			e := &g.out[at.node][at.next]
			to := e.to
			at.next++
			g.visits++
			switch state[to] {
			case fresh:
				state[to] = open
				way = append(way, visit{to, 0})
			case open:
				e.back = true
			}
		}
	}
	for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// choice reports whether a step lets the caller choose.
func choice(s flow.Step) bool {
	switch s.(type) {
	case flow.Gather, flow.Listen:
		return true
	}
	return false
}

// silence is how long a caller waits in a step that is left by an exit, besides
// what is heard there.
func silence(s flow.Step, e flow.Exit) time.Duration {
	switch s := s.(type) {
	case flow.Gather:
		if e == flow.NoInput {
			return cmp.Or(s.FirstDigit, voice.DefaultFirstDigit)
		}
	case flow.Listen:
		return cmp.Or(s.Timeout, voice.DefaultFirstDigit)
	case flow.Wait:
		return s.For
	}
	return 0
}

// presses is how many keys an exit takes.
func presses(s flow.Step, e flow.Exit) int {
	g, ok := s.(flow.Gather)
	if !ok {
		return 0
	}
	const extension = 3 // keys of a usual one
	switch e {
	case flow.NoInput:
		return 0
	case flow.Extension, flow.UnknownExt:
		return extension
	case flow.GotDigits:
		if g.MaxDigits > 0 {
			return g.MaxDigits
		}
		return extension
	case flow.InvalidKey:
		return 1
	}
	return len(string(e)) - len(flow.Key(""))
}
