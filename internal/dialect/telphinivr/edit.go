package telphinivr

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Edit writes a program as a change of the menu that it was compiled from. What the
// change does not concern stays as the vendor's client wrote it: the extension,
// the ids of contexts and rules, and what no call reaches. New contexts and rules
// get ids that were never given out. Errors: those of Express and Compile; kind
// Invalid for an extension that is no voice menu.
func Edit(ctx context.Context, app voice.App, p flow.Program, r dialect.Resolver, s Settings) (Document, []dialect.Loss, error) {
	old, err := Parse(app.Document)
	if err != nil {
		return Document{}, nil, err
	}
	if old.Extension.Type != TypeIVR {
		return Document{}, nil, voice.Errorf("telphinivr.Edit", voice.Invalid, "an extension of type %s has no steps; it is changed over the vendor's API", old.Extension.Type)
	}
	before, _, err := Compile(ctx, app, r, s)
	if err != nil {
		return Document{}, nil, err
	}
	// A menu without a way in runs nothing yet, so the program is all that there is to say of it.
	base := Document{IVR: NewIVR()}
	if before.Entry != "" {
		if base, _, err = Express(ctx, before, r); err != nil {
			return Document{}, nil, err
		}
	}
	next, losses, err := Express(ctx, p, r)
	if err != nil {
		return Document{}, losses, err
	}
	if same(base.IVR, next.IVR) && same(base.Contexts, next.Contexts) {
		return old, nil, nil
	}
	e := editing{old: &old, base: &base, next: &next}
	e.number()
	out := Document{Extension: old.Extension, IVR: e.ivr(), LastContext: old.LastContext, LastRule: old.LastRule}
	for i := range old.Contexts {
		c := &old.Contexts[i]
		was, reached := base.Context(c.ID)
		now, stays := next.Context(c.ID)
		switch {
		case stays:
			out.Contexts = append(out.Contexts, e.context(c, was, now))
		case !reached:
			out.Contexts = append(out.Contexts, *c)
		}
	}
	for _, c := range next.Contexts {
		if _, known := old.Context(c.ID); !known {
			for i := range c.Options {
				unnumbered(c.Options[i].Rules)
			}
			out.Contexts = append(out.Contexts, c)
		}
	}
	out.number()
	return out, losses, nil
}

// editing brings together the menu as it is kept, what is said of it by its program
// (base), and what is said of the changed program (next).
type editing struct{ old, base, next *Document }

// number gives contexts that are new in next ids above all that were given out.
func (e *editing) number() {
	ids := map[int64]int64{}
	last := e.old.LastContext
	for _, c := range e.old.Contexts {
		last = max(last, c.ID)
	}
	for _, c := range e.next.Contexts {
		last = max(last, c.ID)
	}
	for i := range e.next.Contexts {
		c := &e.next.Contexts[i]
		if _, known := e.old.Context(c.ID); known {
			if _, reached := e.base.Context(c.ID); reached {
				continue
			}
		} else if c.ID > e.old.LastContext {
			continue
		}
		last++
		ids[c.ID], c.ID = last, last
	}
	if to, moved := ids[value(e.next.IVR.EntryContext)]; moved {
		e.next.IVR.EntryContext = &to
	}
	for i := range e.next.Contexts {
		for j := range e.next.Contexts[i].Options {
			rules := e.next.Contexts[i].Options[j].Rules
			for k := range rules {
				if to, moved := ids[value(rules[k].Context)]; moved {
					rules[k].Context = &to
				}
			}
		}
	}
}

func value(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

// ivr gives the menu's own fields: those that the change does not concern as they
// are kept.
func (e *editing) ivr() *IVR {
	out := *e.next.IVR
	keep(&out.EntryContext, e.old.IVR.EntryContext, e.base.IVR.EntryContext)
	keep(&out.SleepTime, e.old.IVR.SleepTime, e.base.IVR.SleepTime)
	keep(&out.Lifetime, e.old.IVR.Lifetime, e.base.IVR.Lifetime)
	keep(&out.LifetimeExpAction, e.old.IVR.LifetimeExpAction, e.base.IVR.LifetimeExpAction)
	keep(&out.LifetimeExpTransferDst, e.old.IVR.LifetimeExpTransferDst, e.base.IVR.LifetimeExpTransferDst)
	keep(&out.VMEnabled, e.old.IVR.VMEnabled, e.base.IVR.VMEnabled)
	keep(&out.VMGreeting, e.old.IVR.VMGreeting, e.base.IVR.VMGreeting)
	keep(&out.VMAttachFile, e.old.IVR.VMAttachFile, e.base.IVR.VMAttachFile)
	keep(&out.VMMailto, e.old.IVR.VMMailto, e.base.IVR.VMMailto)
	return &out
}

// keep leaves the old value where the change does not concern it.
func keep[T any](next *T, old, base T) {
	if same(*next, base) {
		*next = old
	}
}

// same compares two parts of documents as they are stored.
func same(a, b any) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(x, y)
}

func (e *editing) context(old, was, now *Context) Context {
	out := *now
	out.Options = nil
	if was == nil {
		was = &Context{}
	}
	keep(&out.Name, old.Name, was.Name)
	keep(&out.Timeout, old.Timeout, was.Timeout)
	keep(&out.InterDigitTimeout, old.InterDigitTimeout, was.InterDigitTimeout)
	keep(&out.DigitLen, old.DigitLen, was.DigitLen)
	keep(&out.AllowAnyDial, old.AllowAnyDial, was.AllowAnyDial)
	keep(&out.Description, old.Description, was.Description)
	keep(&out.ExtraParams, old.ExtraParams, was.ExtraParams)
	for _, o := range old.Options {
		before, reached := was.Option(o.Digits)
		after, stays := now.Option(o.Digits)
		switch {
		case stays && reached && same(unnumbered(slices.Clone(before.Rules)), unnumbered(slices.Clone(after.Rules))):
			out.Options = append(out.Options, o)
		case stays:
			out.Options = append(out.Options, Option{Digits: o.Digits, Rules: renumbered(o.Rules, after.Rules)})
		case !reached:
			out.Options = append(out.Options, o)
		}
	}
	for _, o := range now.Options {
		if _, known := old.Option(o.Digits); !known {
			unnumbered(o.Rules)
			out.Options = append(out.Options, o)
		}
	}
	return out
}

// unnumbered takes the ids away from rules.
func unnumbered(rules []Rule) []Rule {
	for i := range rules {
		rules[i].ID = 0
	}
	return rules
}

// renumbered gives changed rules the ids of those that they come from: first of
// those that are the same, then in order of those with the same action.
func renumbered(old, next []Rule) []Rule {
	out := unnumbered(slices.Clone(next))
	left := slices.Clone(old)
	take := func(alike func(a, b Rule) bool) {
		for i := range out {
			if out[i].ID != 0 {
				continue
			}
			at := slices.IndexFunc(left, func(r Rule) bool {
				id := r.ID
				r.ID = 0
				return id != 0 && alike(r, out[i])
			})
			if at >= 0 {
				out[i].ID = left[at].ID
				left = slices.Delete(left, at, at+1)
			}
		}
	}
	take(func(a, b Rule) bool { return same(a, b) })
	take(func(a, b Rule) bool { return a.Action == b.Action })
	return out
}
