package outline

import (
	"slices"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Way is what is done from a node on, one action after the other, until the call
// ends, comes to a menu, or the way branches.
type Way struct {
	From    flow.NodeID // "" = the exit is not wired, which ends the call normally
	Actions []Action
	End     End
	// At is the node of the end: the hang-up, the menu, the last action, or the
	// node that was passed before. nil for Stops.
	At *flow.Node
}

// Action is a node on a way.
type Action struct {
	Node *flow.Node
	// Branches are the ways beside the one that goes on, in the order of the
	// step's exits; exits that lead to one place are one branch. A cut prompt that
	// comes to the menu that the way comes to is none.
	Branches []Branch
}

// Branch is where some exits of an action lead. Outline.Way follows it.
type Branch struct {
	Exits []flow.Exit
	To    flow.NodeID
}

// End says how a way ends.
type End string

// The ends.
const (
	Stops    End = "stops"    // nothing is wired: the call ends normally
	HangsUp  End = "hangs up" // by a Hangup, which is not among the actions
	ToMenu   End = "menu"     // a menu answers; it is not among the actions
	Returns  End = "returns"  // to what began the subflow; not among the actions
	Branches End = "branches" // the last action decides: a dial, an if, a count, …
	Repeats  End = "repeats"  // the way comes to a node that it has passed
)

// Way follows the program from a node.
func (o *Outline) Way(from flow.NodeID) Way {
	w := Way{From: from, End: Stops}
	if o.nodes[from] == nil {
		w.From = ""
		return w
	}
	seen := map[flow.NodeID]bool{}
	for at := from; at != ""; {
		n := o.nodes[at]
		switch n.Step.(type) {
		case flow.Hangup:
			w.End, w.At = HangsUp, n
		case flow.Return:
			w.End, w.At = Returns, n
		}
		if isMenu(n) {
			w.End, w.At = ToMenu, n
		}
		if seen[at] {
			w.End, w.At = Repeats, n
		}
		if w.At != nil {
			break
		}
		seen[at] = true
		main, straight := o.main(n)
		w.Actions = append(w.Actions, Action{Node: n, Branches: o.branches(n, main)})
		if !straight {
			w.End, w.At = Branches, n
			break
		}
		at = o.exit(n, main)
	}
	w.dropCuts()
	return w
}

// branches groups the exits of a node, but for one, by where they lead.
func (o *Outline) branches(n *flow.Node, main flow.Exit) []Branch {
	var list []Branch
	for _, e := range n.WiredExits() {
		to := o.exit(n, e)
		if e == main || to == "" || o.Guard(n) {
			continue
		}
		i := slices.IndexFunc(list, func(b Branch) bool { return b.To == to })
		if i < 0 {
			list = append(list, Branch{To: to})
			i = len(list) - 1
		}
		list[i].Exits = append(list[i].Exits, e)
	}
	return list
}

// dropCuts forgets the cuts that lead where the way comes by itself.
func (w *Way) dropCuts() {
	if w.End != ToMenu {
		return
	}
	for i := range w.Actions {
		a := &w.Actions[i]
		a.Branches = slices.DeleteFunc(a.Branches, func(b Branch) bool {
			return slices.Equal(b.Exits, []flow.Exit{flow.Cut}) && b.To == w.At.ID
		})
	}
}

// Main gives the exit by which a step goes on when all is well, and false for
// steps that decide: each of their exits is a branch.
func Main(s flow.Step) (flow.Exit, bool) {
	switch s := s.(type) {
	case flow.Record:
		return flow.Recorded, true
	case flow.Gather:
		return flow.GotDigits, len(s.Keys) == 0 && !s.Extensions
	case nil:
		return "", false
	}
	if slices.Contains(s.Exits(), flow.Next) {
		return flow.Next, true
	}
	return "", false
}

// main is Main, but that a guard lets the way go on.
func (o *Outline) main(n *flow.Node) (flow.Exit, bool) {
	if o.Guard(n) {
		return flow.Again, true
	}
	return Main(n.Step)
}

// GuardLimit is the least limit of a count that is there to stop a flow that
// turns in circles, and not to give a caller so many tries.
const GuardLimit = 100

// Guard reports whether a node is a count that documents do not tell: one with
// a limit of GuardLimit at least, which ends the call. Ways go through it.
func (o *Outline) Guard(n *flow.Node) bool {
	c, ok := n.Step.(flow.Count)
	return ok && c.Limit >= GuardLimit && o.guardEnd(n)
}

// guardEnd reports whether a count ends the call at its limit, at once.
func (o *Outline) guardEnd(n *flow.Node) bool {
	over := o.nodes[o.exit(n, flow.Over)]
	if over == nil {
		return true
	}
	_, hangup := over.Step.(flow.Hangup)
	return hangup
}

// Branch finds where an exit of an action leads; "" where it is not wired or goes on.
func (a Action) Branch(e flow.Exit) flow.NodeID {
	for _, b := range a.Branches {
		if slices.Contains(b.Exits, e) {
			return b.To
		}
	}
	return ""
}

// Otherwise gives the one place where a dial, queue or goto leads when nobody
// was reached, "" when that ends the call. It is false when that depends on the
// reason, and for other steps.
func (a Action) Otherwise() (flow.NodeID, bool) {
	var exits []flow.Exit
	switch a.Node.Step.(type) {
	case flow.Dial:
		exits = []flow.Exit{flow.Busy, flow.NoAnswer, flow.Failed}
	case flow.Queue:
		exits = []flow.Exit{flow.NoAnswer, flow.QueueFull, flow.Failed}
	case flow.Goto, flow.Subflow, flow.Fetch, flow.Request:
		exits = []flow.Exit{flow.Failed}
	default:
		return "", false
	}
	to := a.Branch(exits[0])
	for _, e := range exits[1:] {
		if a.Branch(e) != to {
			return "", false
		}
	}
	return to, true
}

// Nodes lists the nodes of a way, with that of a hang-up or return.
func (w Way) Nodes() []flow.NodeID {
	var ids []flow.NodeID
	for _, a := range w.Actions {
		ids = append(ids, a.Node.ID)
	}
	if w.End == HangsUp || w.End == Returns {
		ids = append(ids, w.At.ID)
	}
	return ids
}

// IsEnd reports whether the way does nothing but end the call.
func (w Way) IsEnd() bool {
	return len(w.Actions) == 0 && (w.End == Stops || w.End == HangsUp || w.End == Returns)
}

// Back reports whether the way plays prompts, or nothing, and comes to a menu.
func (w Way) Back() bool {
	if w.End != ToMenu {
		return false
	}
	_, rest := w.Spoken()
	return len(rest.Actions) == 0
}

// Spoken parts the prompts at the beginning of a way from what follows them.
// Answering the call, guards and setting a counter to nought say nothing and go
// with the prompts; prompts that depend on the language do not.
func (w Way) Spoken() ([]voice.Prompt, Way) {
	var prompts []voice.Prompt
	rest := w
	for len(rest.Actions) > 0 {
		a := rest.Actions[0]
		if len(a.Branches) > 0 {
			return prompts, rest
		}
		switch s := a.Node.Step.(type) {
		case flow.Play:
			if len(s.In) > 0 {
				return prompts, rest
			}
			prompts = append(prompts, s.Prompts...)
		case flow.Answer, flow.Reset:
		case flow.Count:
			if !rest.guarded() {
				return prompts, rest
			}
		default:
			return prompts, rest
		}
		rest = rest.after(1)
	}
	return prompts, rest
}

// guarded reports whether a way begins with a guard that lets it go on: a count
// that is no branch.
func (w Way) guarded() bool {
	_, ok := w.Actions[0].Node.Step.(flow.Count)
	return ok && (w.End != Branches || w.At != w.Actions[0].Node)
}

// After gives what follows the first n actions.
func (w Way) After(n int) Way { return w.after(min(n, len(w.Actions))) }

func (w Way) after(n int) Way {
	w.Actions = w.Actions[n:]
	switch {
	case len(w.Actions) > 0:
		w.From = w.Actions[0].Node.ID
	case w.At != nil:
		w.From = w.At.ID
	default:
		w.From = ""
	}
	return w
}

// Voicemail is a message that is taken and delivered.
type Voicemail struct {
	Greeting []voice.Prompt // before the beep
	Record   flow.Record
	Mailbox  voice.Mailbox
	// Goodbye is what follows a message; None what follows when there is none,
	// Lost what follows when it could not be kept.
	Goodbye    Way
	None, Lost flow.NodeID
	Nodes      []flow.NodeID // but for those of Goodbye, None and Lost
}

// Voicemail reads a way that takes a message: prompts, then a recording, then
// its delivery. It is false for any other.
func (w Way) Voicemail() (Voicemail, bool) {
	var v Voicemail
	prompts, rest := w.Spoken()
	if len(rest.Actions) < 2 {
		return v, false
	}
	record, ok := rest.Actions[0].Node.Step.(flow.Record)
	deliver, too := rest.Actions[1].Node.Step.(flow.Deliver)
	if !ok || !too {
		return v, false
	}
	v = Voicemail{Greeting: prompts, Record: record, Mailbox: deliver.Mailbox, Goodbye: rest.after(2),
		None: rest.Actions[0].Branch(flow.NotRecorded), Lost: rest.Actions[0].Branch(flow.Failed)}
	for _, a := range w.Actions[:len(w.Actions)-len(rest.Actions)+2] {
		v.Nodes = append(v.Nodes, a.Node.ID)
	}
	return v, true
}
