package telphinivr

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// Reasons of losses.
const (
	whyNoRule   = "a voice menu has no rule for it"
	whySounds   = "a voice menu plays sound files of the account, by number"
	whyOneSound = "one sound is played there"
	nothing     = "nothing"
)

// defaultNumber is the internal number of a menu whose program names none.
const defaultNumber = "100"

// Express writes a program as a voice menu in normal form, and says what that
// can't say: contexts and options in the order in which they are reached, rules
// numbered from 1. The menu of a program that Compile made does the same again.
// The error is for look-ups that broke, and kind Invalid for a program without an
// entry.
func Express(ctx context.Context, p flow.Program, r dialect.Resolver) (Document, []dialect.Loss, error) {
	if _, ok := p.Node(p.Entry); !ok {
		return Document{}, nil, voice.E("telphinivr.Express", voice.Invalid, errors.New("the program has no entry"))
	}
	ol := outline.New(&p)
	w := &writer{ctx: ctx, r: r, p: &p, ol: ol, told: ol.Ledger(), spots: map[flow.NodeID]spot{}, waits: map[flow.NodeID]int64{},
		settled: map[int64]bool{}, numbers: map[voice.AppID]string{}, before: map[flow.NodeID][]flow.NodeID{}, by: map[int64][]flow.NodeID{}}
	w.doc = Document{Extension: Extension{Name: defaultNumber, Type: TypeIVR, Status: Active}, IVR: NewIVR()}
	w.doc.IVR.Lifetime = int64(p.Lifetime / time.Second)
	if n, ok := ShortNumber(p.Meta["extension"]); ok {
		w.doc.Extension.Name = n
	}
	if p.Name != "" {
		w.doc.Extension.Label = &p.Name
	}
	if err := w.lookUp(); err != nil {
		return Document{}, nil, err
	}
	w.declare()
	w.entry()
	for len(w.todo) > 0 {
		next := w.todo[0]
		w.todo = w.todo[1:]
		w.write(next)
	}
	w.expired()
	w.unreached()
	for _, n := range w.told.Untold() {
		w.lose(n, flow.Words(n.Step), whyNoRule, nothing)
	}
	w.finish()
	return w.doc, w.losses, w.err
}

// spot is where an option stands.
type spot struct {
	ctx int64
	opt string
}

// pending is an option whose rules are still to be written, from a node on. begin
// are rules before those.
type pending struct {
	spot
	from  flow.NodeID
	begin []Rule
	empty bool // it has no rules, which hangs up
	exact bool // a rule that hangs up is not left out
}

// writer writes one program.
type writer struct {
	ctx     context.Context
	r       dialect.Resolver
	p       *flow.Program
	ol      *outline.Outline
	told    *outline.Ledger
	doc     Document
	losses  []dialect.Loss
	spots   map[flow.NodeID]spot  // nodes at which options begin
	waits   map[flow.NodeID]int64 // gathers that are the waiting of a context
	settled map[int64]bool        // contexts whose times are known
	todo    []pending
	before  map[flow.NodeID][]flow.NodeID
	sounds  []voice.Sound
	numbers map[voice.AppID]string
	lead    map[flow.NodeID][]Rule  // what is played at a menu, where its start begins before it
	by      map[int64][]flow.NodeID // what each context tells
	mailAt  flow.NodeID             // the voicemail that is the menu's
	mailed  bool                    // a transfer that reaches nobody leads to the voicemail
	err     error
}

func (w *writer) lose(n *flow.Node, what, why, instead string) {
	where := "/"
	if n != nil {
		where = outline.Where(n)
		w.told.Tell(n.ID)
	}
	w.losses = append(w.losses, dialect.Loss{Where: where, What: what, Why: why, Instead: instead})
}

func (w *writer) lookUp() error {
	var err error
	if w.sounds, err = w.r.Sounds(w.ctx, ""); err != nil {
		return err
	}
	apps, err := w.r.Apps(w.ctx)
	if err != nil {
		return err
	}
	for _, a := range apps {
		if d, err := Parse(a.Document); err == nil && a.Kind == Kind {
			w.numbers[a.ID] = d.Extension.Name
		}
	}
	if w.p.App != "" && w.p.Meta["extension"] != "" {
		w.numbers[w.p.App] = w.doc.Extension.Name
	}
	for _, n := range w.ol.Nodes() {
		for _, e := range n.WiredExits() {
			if to := n.Exits[e]; !slices.Contains(w.before[to], n.ID) {
				w.before[to] = append(w.before[to], n.ID)
			}
		}
		switch n.Step.(type) {
		case flow.Dial, flow.Goto:
			if _, ok := w.voicemail(failedExit(n)); ok {
				w.mailed = true
			}
		}
	}
	return nil
}

// stepOf gives the step of a node; nil when there is none.
func (w *writer) stepOf(id flow.NodeID) flow.Step {
	if n := w.ol.Node(id); n != nil {
		return n.Step
	}
	return nil
}

// failedExit gives where a call goes on that reached nobody.
func failedExit(n *flow.Node) flow.NodeID {
	for _, e := range []flow.Exit{flow.NoAnswer, flow.Failed, flow.Busy} {
		if to := n.Exits[e]; to != "" {
			return to
		}
	}
	return ""
}

// voicemail reads the taking of a message at a node.
func (w *writer) voicemail(id flow.NodeID) (outline.Voicemail, bool) {
	if id == "" || w.ol.Node(id) == nil {
		return outline.Voicemail{}, false
	}
	return w.ol.Way(id).Voicemail()
}

// context gives the context of an id, which is made when it is the first time.
func (w *writer) context(id int64, name string) *Context {
	if c, ok := w.doc.Context(id); ok {
		return c
	}
	c := NewContext(id)
	c.Name = name
	w.doc.Contexts = append(w.doc.Contexts, c)
	return &w.doc.Contexts[len(w.doc.Contexts)-1]
}

func (w *writer) nextContext() int64 {
	var last int64
	for _, c := range w.doc.Contexts {
		last = max(last, c.ID)
	}
	return last + 1
}

// option gives an option of a context, which is added when it is the first time.
func (c *Context) option(digits string) *Option {
	if o, ok := c.Option(digits); ok {
		return o
	}
	c.Options = append(c.Options, Option{Digits: digits})
	return &c.Options[len(c.Options)-1]
}

// entry finds where calls begin.
func (w *writer) entry() {
	at := w.p.Entry
	for seen := map[flow.NodeID]bool{}; !seen[at]; {
		seen[at] = true
		n := w.ol.Node(at)
		if n == nil {
			return // the call ends at once: no entry context
		}
		if _, spotted := w.spots[at]; spotted {
			break
		}
		next := n.Exits[flow.Next]
		if wait, ok := n.Step.(flow.Wait); ok && w.doc.IVR.SleepTime == 0 && wait.For.Milliseconds() <= maxMillis {
			w.doc.IVR.SleepTime = wait.For.Milliseconds()
			w.told.Tell(n.ID)
		} else if h, ok := n.Step.(flow.Hangup); ok && h.Cause == voice.CauseNormal {
			w.told.Tell(n.ID)
			return
		} else if _, ok := n.Step.(flow.Answer); !ok {
			break
		}
		at = next
	}
	s := w.spotOf(at)
	if s.opt != Start {
		id := w.nextContext()
		w.context(id, "Entry")
		w.todo = append(w.todo, pending{spot: spot{id, Start}, begin: []Rule{jump(s)}, from: at})
		s = spot{id, Start}
	}
	w.doc.IVR.EntryContext = &s.ctx
}

// spotOf gives the option that begins at a node; a context of its own is made for
// a node that is in none.
func (w *writer) spotOf(id flow.NodeID) spot {
	if s, ok := w.spots[id]; ok {
		return s
	}
	// A first way to a menu that nothing comes back to is the menu's own start.
	way := w.ol.Way(id)
	if m := way.At; way.End == outline.ToMenu && m != nil && len(w.before[m.ID]) == 1 {
		if c, waits := w.waits[m.ID]; waits {
			for i := range w.todo {
				if t := &w.todo[i]; t.spot == (spot{c, Start}) && t.from == m.ID {
					after := t.begin
					w.spots[id] = t.spot
					t.begin, t.from = nil, id
					w.prompted(m.ID, after)
					return t.spot
				}
			}
		}
	}
	s := spot{w.nextContext(), Start}
	w.context(s.ctx, "Part "+strconv.FormatInt(s.ctx, 10))
	w.spots[id] = s
	w.todo = append(w.todo, pending{spot: s, from: id})
	return s
}

// unreached drops contexts that nothing leads to, because what led there could not
// be said, and reports what they held.
func (w *writer) unreached() {
	seen := map[int64]bool{}
	var queue []int64
	if e := w.doc.IVR.EntryContext; e != nil {
		queue = append(queue, *e)
	}
	for ; len(queue) > 0; queue = queue[1:] {
		c, ok := w.doc.Context(queue[0])
		if !ok || seen[c.ID] {
			continue
		}
		seen[c.ID] = true
		for _, o := range c.Options {
			for _, r := range o.Rules {
				if r.Context != nil {
					queue = append(queue, *r.Context)
				}
				if r.Action == CallInteractive { // its answer may lead anywhere
					for _, other := range w.doc.Contexts {
						queue = append(queue, other.ID)
					}
				}
			}
		}
	}
	for _, c := range w.doc.Contexts {
		if !seen[c.ID] {
			for _, id := range w.by[c.ID] {
				w.lose(w.ol.Node(id), flow.Words(w.stepOf(id)), "nothing that a voice menu can say leads there", nothing)
			}
		}
	}
	w.doc.Contexts = slices.DeleteFunc(w.doc.Contexts, func(c Context) bool { return !seen[c.ID] })
}

// finish puts the document in its normal form.
func (w *writer) finish() {
	slices.SortStableFunc(w.doc.Contexts, func(a, b Context) int { return int(a.ID - b.ID) })
	w.doc.LastContext, w.doc.LastRule = 0, 0
	w.doc.number()
}
