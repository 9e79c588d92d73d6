package telphinivr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
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

// declare makes the contexts: those that a program of Compile names, and one for
// each other menu.
func (w *writer) declare() {
	for _, n := range w.ol.Nodes() {
		id, err := strconv.ParseInt(n.Meta[metaContext], 10, 64)
		if err != nil {
			continue
		}
		key := "context." + n.Meta[metaContext]
		c := w.context(id, w.p.Meta[key+".name"])
		for name, p := range map[string]**string{"description": &c.Description, "extra_params": &c.ExtraParams} {
			if v, ok := w.p.Meta[key+"."+name]; ok {
				*p = &v
			}
		}
		opt := n.Meta[metaOption]
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

// own reads the waiting of a context that Compile made.
func (w *writer) own(c *Context, n *flow.Node, g flow.Gather) {
	w.told.Tell(n.ID)
	w.settle(c, g, true)
	c.AllowAnyDial = g.Extensions
	for _, k := range g.Keys {
		to := w.ol.Node(n.Exits[flow.Key(k)])
		switch {
		case to != nil && to.Meta[metaOption] == string(k):
			c.option(string(k))
		case to != nil:
			if _, direct := to.Step.(flow.Goto); direct {
				w.told.Tell(to.ID) // an internal number of the account
			}
		}
	}
	if g.Extensions {
		w.told.Tell(n.Exits[flow.Extension])
		if to := failedExit(w.ol.Node(n.Exits[flow.Extension])); !w.mailbox(to) {
			w.told.Tell(to)
		}
	}
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
	if !g.Whole && c.DigitLen > 1 {
		w.lose(m.Node, "input that is complete is taken at once", "a context waits for more digits up to digit_len",
			fmt.Sprintf("it is taken after %d ms", c.InterDigitTimeout))
	}
	if g.Overall > 0 {
		w.lose(m.Node, "the time of "+g.Overall.String()+" for the whole input", whyNoRule, nothing)
	}
	if len(g.In) > 0 {
		w.lose(m.Node, "other prompts for other languages", whyNoRule, "those without a language")
	}
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
