package telphinivr

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// declare makes the contexts: those that a program of Compile names, and one for
// each other menu. An editor may have led the keys of a context elsewhere, or have
// copied a step with its names: the first of each name has it, while the context
// still leads there.
func (w *writer) declare() {
	waits := map[string]*flow.Node{}
	for _, n := range w.ol.Nodes() {
		if _, ok := n.Step.(flow.Gather); ok && waits[n.Meta[metaContext]] == nil {
			waits[n.Meta[metaContext]] = n
		}
	}
	starts := map[string]bool{}
	for _, n := range w.ol.Nodes() {
		name, opt := n.Meta[metaContext], n.Meta[metaOption]
		id, err := strconv.ParseInt(name, 10, 64)
		if err != nil || id < 1 {
			continue
		}
		_, waiting := n.Step.(flow.Gather)
		switch {
		case waiting && waits[name] != n, opt == Start && starts[name], !waiting && !leads(waits[name], opt, n.ID):
			continue
		}
		starts[name] = starts[name] || opt == Start
		key := "context." + name
		c := w.context(id, w.p.Meta[key+".name"])
		for name, p := range map[string]**string{"description": &c.Description, "extra_params": &c.ExtraParams} {
			if v, ok := w.p.Meta[key+"."+name]; ok {
				*p = &v
			}
		}
		switch step := n.Step.(type) {
		case flow.Gather:
			w.waits[n.ID] = id
			w.own(c, n, step)
		case flow.Count:
			w.spots[n.ID] = spot{id, opt}
			w.todo = append(w.todo, pending{spot: spot{id, opt}, from: n.Exits[flow.Again], exact: true})
		case flow.Hangup:
			w.spots[n.ID] = spot{id, opt}
			w.told.Tell(n.ID)
			w.todo = append(w.todo, pending{spot: spot{id, opt}, empty: true})
		}
	}
	for _, m := range w.ol.Menus {
		if _, have := w.waits[m.Node.ID]; !have && !w.rating(m.Node) {
			w.menu(m)
		}
	}
}

// leads reports whether the waiting of a context leads to a node by an option. A
// context that never waits has no other way.
func leads(wait *flow.Node, opt string, to flow.NodeID) bool {
	if wait == nil || opt == Start {
		return true
	}
	switch opt {
	case Timeout:
		return wait.Exits[flow.NoInput] == to
	case Invalid:
		return wrongExit(wait) == to
	}
	return wait.Exits[flow.Key(voice.Digits(opt))] == to
}

// wrongExit gives where wrong digits lead.
func wrongExit(n *flow.Node) flow.NodeID {
	g, _ := n.Step.(flow.Gather)
	if len(g.Keys) == 0 && !g.Extensions {
		return n.Exits[flow.GotDigits]
	}
	return n.Exits[flow.InvalidKey]
}

// own reads the waiting of a context that Compile made, and what an editor has made
// of it.
func (w *writer) own(c *Context, n *flow.Node, g flow.Gather) {
	w.told.Tell(n.ID)
	w.settle(c, g, true)
	c.AllowAnyDial = g.Extensions
	w.limits(n, g, c)
	if lead := w.prompts(n, g.Prompts, g.BargeIn, true); len(lead) > 0 {
		w.prompted(n.ID, lead)
	}
	for _, k := range g.Keys {
		w.ownKey(c, n, string(k), n.Exits[flow.Key(k)])
	}
	w.ownKey(c, n, Timeout, n.Exits[flow.NoInput])
	w.ownKey(c, n, Invalid, wrongExit(n))
	if g.Extensions {
		w.told.Tell(n.Exits[flow.Extension])
		if to := failedExit(w.ol.Node(n.Exits[flow.Extension])); !w.mailbox(to) {
			w.told.Tell(to)
		}
	}
}

// ownKey adds the option of a key, of no key or of a wrong one.
func (w *writer) ownKey(c *Context, n *flow.Node, opt string, at flow.NodeID) {
	to := w.ol.Node(at)
	switch {
	case to != nil && to.Meta[metaContext] == strconv.FormatInt(c.ID, 10) && to.Meta[metaOption] == opt:
		c.option(opt) // its rules are written from there
		return
	case Fixed(opt):
	case c.AllowAnyDial && w.dialled(opt, to):
		return
	case strings.Trim(opt, "0123456789*#") != "" || int64(len(opt)) > c.DigitLen:
		w.lose(n, "key "+opt, "digits are 0-9, * and #", "it counts as wrong")
		return
	}
	c.option(opt)
	w.todo = append(w.todo, pending{spot: spot{c.ID, opt}, from: at, empty: to == nil})
}

// dialled reports whether a key is an internal number of the account, which any
// context with allow_any_dial takes: it leads to that menu, or counts as wrong.
func (w *writer) dialled(number string, to *flow.Node) bool {
	if to == nil {
		return false
	}
	if g, ok := to.Step.(flow.Goto); ok && w.numbers[g.App] == number {
		w.told.Tell(to.ID)
		return true
	}
	return to.Meta[metaOption] == Invalid
}

// settle takes the times of a context from a gather, and the length of input from
// that of a menu.
func (w *writer) settle(c *Context, g flow.Gather, menu bool) {
	first, between := durationOr(g.FirstDigit, voice.DefaultFirstDigit), durationOr(g.InterDigit, voice.DefaultInterDigit)
	c.Timeout, c.InterDigitTimeout = min(first.Milliseconds(), maxMillis), min(between.Milliseconds(), maxMillis)
	if menu {
		c.DigitLen = int64(g.MaxDigits)
		for _, k := range g.Keys {
			c.DigitLen = max(c.DigitLen, int64(len(k)))
		}
		c.DigitLen = min(max(c.DigitLen, 1), maxDigitLen)
	}
	w.settled[c.ID] = true
}

func durationOr(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

// menu makes a context of a menu of another document.
func (w *writer) menu(m *outline.Menu) {
	id := w.nextContext()
	name := m.Node.Label
	if strings.TrimSpace(name) == "" || len(name) > maxName {
		name = "Menu " + strconv.FormatInt(id, 10)
	}
	c := w.context(id, name)
	w.told.Tell(m.Node.ID)
	w.by[id] = append(w.by[id], m.Node.ID)
	w.spots[m.Node.ID], w.waits[m.Node.ID] = spot{id, Start}, id
	g := m.Gather
	if g.MaxDigits == 0 && g.Extensions {
		g.MaxDigits = 3
	}
	w.settle(c, g, true)
	w.limits(m.Node, g, c)
	w.todo = append(w.todo, pending{spot: spot{id, Start}, from: m.Node.ID, begin: w.prompts(m.Node, g.Prompts, g.BargeIn, true)})
	ways := map[string]flow.NodeID{Timeout: m.Node.Exits[flow.NoInput], Invalid: m.Node.Exits[flow.InvalidKey]}
	if len(m.Keys) == 0 && !g.Extensions {
		ways[Invalid] = m.Node.Exits[flow.GotDigits]
	}
	for _, opt := range []string{Timeout, Invalid} {
		w.todo = append(w.todo, pending{spot: spot{id, opt}, from: ways[opt], empty: w.ol.Node(ways[opt]) == nil})
	}
	for _, k := range m.Keys {
		if strings.Trim(string(k.Digits), "0123456789*#") != "" || int64(len(k.Digits)) > c.DigitLen {
			w.lose(m.Node, "key "+string(k.Digits), "digits are 0-9, * and #", "it counts as wrong")
			continue
		}
		c.option(string(k.Digits))
		to := m.Node.Exits[flow.Key(k.Digits)]
		w.todo = append(w.todo, pending{spot: spot{id, string(k.Digits)}, from: to, empty: w.ol.Node(to) == nil})
	}
	if g.Extensions {
		w.anyDial(c, m)
	}
}

// limits reports what the waiting of a context can't say of a gather.
func (w *writer) limits(n *flow.Node, g flow.Gather, c *Context) {
	if !g.Whole && c.DigitLen > 1 {
		w.lose(n, "input that is complete is taken at once", "a context waits for more digits up to digit_len",
			fmt.Sprintf("it is taken after %d ms", c.InterDigitTimeout))
	}
	if g.Overall > 0 {
		w.lose(n, "the time of "+g.Overall.String()+" for the whole input", whyNoRule, nothing)
	}
	if len(g.In) > 0 {
		w.lose(n, "other prompts for other languages", whyNoRule, "those without a language")
	}
}

// anyDial lets callers of a menu dial extensions.
func (w *writer) anyDial(c *Context, m *outline.Menu) {
	c.AllowAnyDial = true
	if w.ol.Node(m.Node.Exits[flow.UnknownExt]) != nil && m.Node.Exits[flow.UnknownExt] != m.Node.Exits[flow.InvalidKey] {
		w.lose(m.Node, "an unknown extension leads elsewhere than a wrong key", "a context has one option for both", "the option invalid")
	}
	for _, a := range m.Extension.Actions {
		d, ok := a.Node.Step.(flow.Dial)
		if !ok || d.ToVar != flow.VarExtension {
			w.lose(a.Node, "before a dialled extension: "+flow.Words(a.Node.Step), "dialled extensions are called at once", nothing)
			continue
		}
		w.told.Tell(a.Node.ID)
		to := failedExit(a.Node)
		if h, ok := w.stepOf(to).(flow.Hangup); ok && h.Cause == voice.CauseUnavailable {
			w.told.Tell(to)
		} else if !w.mailbox(to) && to != "" {
			w.lose(a.Node, "what follows an extension that did not answer", "the call ends then, or goes to the voicemail", nothing)
		}
	}
}
