package outline

import (
	"fmt"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Text tells the program in words, one action a line, what depends on something
// indented below it. A place that is told already is named instead: "as at ID".
// Brackets hold a node's id and its place in the document that it came from.
func (o *Outline) Text() string {
	t := teller{o: o, told: map[flow.NodeID]bool{}}
	fmt.Fprintf(&t.b, "app %s %q\n", o.Program.App, o.Program.Name)
	t.way(o.Lead, 0)
	for _, m := range o.Menus {
		t.b.WriteByte('\n')
		t.menu(m)
	}
	if o.Program.Lifetime > 0 {
		fmt.Fprintf(&t.b, "\nafter %s in all\n", o.Program.Lifetime)
		t.way(o.Expired, 1)
	}
	t.guards()
	return t.b.String()
}

// guards tells where circles end, each place once.
func (t *teller) guards() {
	for _, n := range t.o.reach {
		over := t.o.nodes[n.Exits[flow.Over]]
		if !t.o.Guard(n) || over == nil || t.told[over.ID] {
			continue
		}
		t.told[over.ID] = true
		t.line(0, fmt.Sprintf("\nafter %d rounds", n.Step.(flow.Count).Limit), nil)
		t.line(1, words(over), over)
	}
}

type teller struct {
	o    *Outline
	b    strings.Builder
	told map[flow.NodeID]bool
}

func (t *teller) line(depth int, words string, n *flow.Node) {
	t.b.WriteString(strings.Repeat("  ", depth) + words)
	switch {
	case n == nil:
	case n.Origin != "":
		fmt.Fprintf(&t.b, "  [%s %s]", n.ID, n.Origin)
	default:
		fmt.Fprintf(&t.b, "  [%s]", n.ID)
	}
	t.b.WriteByte('\n')
}

// way tells a way and what branches off it.
func (t *teller) way(w Way, depth int) {
	for _, a := range w.Actions {
		if t.told[a.Node.ID] {
			t.line(depth, "as at "+string(a.Node.ID), nil)
			return
		}
		t.told[a.Node.ID] = true
		if t.o.Guard(a.Node) {
			continue
		}
		t.line(depth, words(a.Node), a.Node)
		for _, b := range a.Branches {
			t.line(depth+1, exitWords(b.Exits)+":", nil)
			t.way(t.o.Way(b.To), depth+2)
		}
	}
	switch w.End {
	case Stops:
		t.line(depth, "end", nil)
	case HangsUp, Returns:
		t.line(depth, words(w.At), w.At)
	case ToMenu:
		t.line(depth, "to menu "+string(w.At.ID), nil)
	case Repeats:
		t.line(depth, "again from "+string(w.At.ID), nil)
	case Branches:
	}
}

func (t *teller) menu(m *Menu) {
	t.line(0, "menu", m.Node)
	g := m.Gather
	if len(g.Prompts) > 0 {
		cut := "keys during it are dropped"
		if g.BargeIn {
			cut = "a key cuts it"
		}
		t.line(1, words(&flow.Node{Step: flow.Play{Prompts: g.Prompts}})+"; "+cut, nil)
	}
	t.line(1, clocks(g), nil)
	for _, c := range m.Keys {
		t.line(1, "key "+string(c.Digits)+":", nil)
		t.way(c.Way, 2)
	}
	if g.Extensions {
		t.line(1, "an extension:", nil)
		t.way(m.Extension, 2)
	}
	for _, r := range m.Retries() {
		t.retry(r)
	}
}

// clocks tells how a gather waits.
func clocks(g flow.Gather) string {
	first, inter := g.FirstDigit, g.InterDigit
	if first == 0 {
		first = voice.DefaultFirstDigit
	}
	if inter == 0 {
		inter = voice.DefaultInterDigit
	}
	w := fmt.Sprintf("waits %s for a key, %s for a further one", first, inter)
	if g.MaxDigits > 0 {
		w += fmt.Sprintf(", takes %d at most", g.MaxDigits)
	}
	if g.Finish != "" {
		w += ", ends with " + string(g.Finish)
	}
	return w
}

func (t *teller) retry(r Retry) {
	head := exitWords([]flow.Exit{r.Exit})
	if r.Limit == 0 {
		t.line(1, head+":", nil)
		t.way(r.Way, 2)
		return
	}
	head += fmt.Sprintf(", the first %d times", r.Limit-1)
	if len(r.Shared) > 0 {
		head += ", counted with " + exitWords(r.Shared)
	}
	t.line(1, head+":", nil)
	for _, a := range r.Way.Actions[:len(r.Way.Actions)-1] {
		t.told[a.Node.ID] = true
		if t.o.Guard(a.Node) {
			continue
		}
		t.line(2, words(a.Node), a.Node)
	}
	t.way(r.Again, 2)
	t.line(1, "then:", nil)
	t.way(r.Over, 2)
}

// Words tells a way in one line: "play …, call user 55, hang up". What its last
// action decides is not told.
func (w Way) Words() string {
	var list []string
	for _, a := range w.Actions {
		if _, count := a.Node.Step.(flow.Count); !count || w.End == Branches && w.At == a.Node {
			list = append(list, flow.Words(a.Node.Step))
		}
	}
	switch w.End {
	case ToMenu:
		list = append(list, "the menu at "+Where(w.At))
	case Stops:
		list = append(list, "the end of the call")
	case HangsUp, Returns:
		list = append(list, flow.Words(w.At.Step))
	case Repeats:
		list = append(list, "the same again")
	case Branches:
	}
	return strings.Join(list, ", ")
}

// words tells a step, and its title where it has one.
func words(n *flow.Node) string {
	w := flow.Words(n.Step)
	if n.Label != "" {
		w += " (" + n.Label + ")"
	}
	return w
}

// exitWords names exits: "busy, no answer".
func exitWords(exits []flow.Exit) string {
	names := make([]string, len(exits))
	for i, e := range exits {
		names[i] = string(e)
		if e == flow.InvalidKey {
			names[i] = "invalid key"
		}
	}
	return strings.Join(names, ", ")
}
