package check

import (
	"slices"

	"tandem/internal/flow"
)

// secrets finds card digits that everything writes down, and secret digits that are
// used where they are hidden.
func (c *checker) secrets() {
	hidden := map[string]bool{}
	for i, n := range c.g.nodes {
		if !c.g.reach[i] {
			continue
		}
		switch s := n.Step.(type) {
		case flow.Gather:
			if s.Secret {
				hidden[s.Into] = true
			} else if asksForCard(n) {
				c.at(n, flow.Warning, CodeCardOpen, "make the gather secret", "%s asks for the digits of a card: timeline, webhooks and tapes would hold them", c.name(n))
			}
		}
	}
	delete(hidden, "")
	if len(hidden) == 0 {
		return
	}
	for i, n := range c.g.nodes {
		if !c.g.reach[i] || n.Step == nil {
			continue
		}
		for _, v := range uses(n.Step) {
			c.g.visits++
			if hidden[v] && !mayReveal(n.Step, v) {
				c.at(n, flow.Error, CodeSecretUsed, "compare it in an if, or send it in the body or a header of a request",
					"%s uses ${%s}, which holds secret digits: here it is as many x", c.name(n), v)
			}
		}
	}
}

// mayReveal reports whether a step uses a variable only where secret digits are given.
func mayReveal(s flow.Step, name string) bool {
	switch s := s.(type) {
	case flow.If:
		return true
	case flow.Request:
		s.Body, s.Headers = "", nil
		return !slices.Contains(uses(s), name)
	}
	return false
}
