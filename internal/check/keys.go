package check

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// extensionKeys lists the extensions that the account's callers may key.
func (c *checker) extensionKeys() []string {
	if c.in.World == nil {
		return nil
	}
	var list []string
	for _, e := range c.in.World.Extensions {
		list = append(list, e.Number)
	}
	slices.Sort(list)
	return list
}

// beginning finds the first of sorted words that begins with key and is longer.
func beginning(sorted []string, key string) (string, bool) {
	i, exact := slices.BinarySearch(sorted, key)
	if exact {
		i++
	}
	for i < len(sorted) && sorted[i] == key {
		i++
	}
	if i < len(sorted) && strings.HasPrefix(sorted[i], key) {
		return sorted[i], true
	}
	return "", false
}

// keys finds inputs that are the beginning of others, and so must wait.
func (c *checker) keys(n *flow.Node, extensions []string) {
	g, ok := n.Step.(flow.Gather)
	if !ok || len(g.Keys) == 0 {
		return
	}
	if !g.Whole && (len(extensions) == 0 || !g.Extensions) && !slices.ContainsFunc(g.Keys, func(k voice.Digits) bool { return len(k) != len(g.Keys[0]) }) {
		c.g.visits += len(g.Keys)
		return // none can be the beginning of another
	}
	keys := make([]string, len(g.Keys))
	for i, k := range g.Keys {
		keys[i] = string(k)
	}
	slices.Sort(keys)
	wait := func() string { return span(cmp.Or(g.InterDigit, voice.DefaultInterDigit)) }
	until := ""
	if g.Finish != "" {
		until = ", or until " + string(g.Finish) + " is pressed"
	}
	if g.Whole {
		if g.MaxDigits > 1 {
			c.at(n, Note, CodeKeyWaits, "", "%s takes up to %d keys whatever they are: a shorter input waits %s for a further key%s", c.name(n), g.MaxDigits, wait(), until)
		}
		return
	}
	for _, k := range keys {
		c.g.visits++
		if longer, waits := beginning(keys, k); waits {
			c.at(n, flow.Warning, CodeKeyWaits, "give one of them another key", "%s: key %s waits %s for a further key%s, because %s begins with it", c.name(n), k, wait(), until, longer)
			continue
		}
		if longer, waits := beginning(extensions, k); waits && g.Extensions {
			c.at(n, flow.Warning, CodeKeyWaits, "let extensions begin with other keys than the menu's", "%s: key %s waits %s for a further key%s, because extension %s begins with it", c.name(n), k, wait(), until, longer)
		}
	}
}

// clocks finds time-outs that nobody can keep to.
func (c *checker) clocks(n *flow.Node) {
	switch s := n.Step.(type) {
	case flow.Gather:
		c.clock(n, "the first key", s.FirstDigit, LeastFirstDigit, MostFirstDigit)
		c.clock(n, "a further key", s.InterDigit, LeastInterDigit, MostInterDigit)
		if s.Overall > 0 && s.Overall < LeastFirstDigit {
			c.at(n, flow.Warning, CodeTimeout, "wait longer", "%s waits %s in all, which is too short for a person", c.name(n), span(s.Overall))
		}
		if s.MaxDigits > 0 {
			for _, k := range s.Keys {
				if len(k) > s.MaxDigits {
					c.at(n, flow.Error, CodeKeyTooLong, "allow more digits", "%s takes no more keys than %d, so %s can never be keyed", c.name(n), s.MaxDigits, k)
				}
			}
		}
		for _, k := range s.Keys {
			if s.Finish != "" && strings.ContainsAny(string(k), string(s.Finish)) {
				c.at(n, flow.Error, CodeKeyTooLong, "use another finish key", "%s: key %s ends the input, so %s can never be keyed", c.name(n), s.Finish, k)
			}
		}
	case flow.Listen:
		c.clock(n, "speech", s.Timeout, LeastFirstDigit, MostFirstDigit)
	case flow.Dial:
		c.rings(n, s.RingTime)
	case flow.Queue:
		c.rings(n, s.RingTime)
	case flow.Transfer:
		c.rings(n, s.RingTime)
	}
}

func (c *checker) clock(n *flow.Node, what string, d, least, most time.Duration) {
	switch {
	case d > 0 && d < least:
		c.at(n, flow.Warning, CodeTimeout, "wait "+span(least)+" at least", "%s waits %s for %s, which is too short for a person", c.name(n), span(d), what)
	case d > most:
		c.at(n, flow.Warning, CodeTimeout, "wait "+span(most)+" at most", "%s waits %s for %s in silence; callers take that for a broken line", c.name(n), span(d), what)
	}
}

func (c *checker) rings(n *flow.Node, d time.Duration) {
	if d > 0 && d < LeastRingTime {
		c.at(n, flow.Warning, CodeRingTime, "let it ring "+span(LeastRingTime)+" at least", "%s rings for %s, which nobody can answer in", c.name(n), span(d))
	}
}
