package suite

import (
	"context"
	"maps"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// manner is how the caller of a written test behaves, and how closely the flow is
// held to what it does.
type manner struct {
	exact bool // each expectation has its time, whatever sounds before it
	waits bool // the caller presses no finish key, and begins an extension without going on
	talks bool // the caller speaks for as long as a recording may be
}

// manners are those of the callers that tests are written for.
func manners(exact bool) []manner {
	return []manner{{exact: exact}, {exact: exact, waits: true}, {exact: exact, talks: true}}
}

// mostPinned bounds what is expected behind the exit that a test is about.
const mostPinned = 12

// WritePinned writes tests that hold a flow to all that it does now: those that
// WriteMissing would write where there are none yet, with the time of each thing heard
// too. They are for noticing what a change was not meant to change, and too exact to
// be kept by hand. They pass.
func (s Setup) WritePinned(ctx context.Context, f *File) Written {
	return s.writeAll(ctx, f, &Coverage{}, true)
}

// writeAll writes tests for each manner of callers, who all find what c has seen at
// the beginning, and adds what they reach to c.
func (s Setup) writeAll(ctx context.Context, f *File, c *Coverage, exact bool) Written {
	var out Written
	names, told := map[string]bool{}, map[string]bool{}
	for _, t := range f.Tests {
		names[t.Name] = true
	}
	if c.seen == nil {
		c.seen = map[way]int{}
	}
	before := maps.Clone(c.seen)
	for i, m := range manners(exact) {
		own := c
		if i > 0 {
			own = &Coverage{seen: maps.Clone(before)}
		}
		g := &search{setup: s, file: f, cover: own, tries: map[way]int{}, names: names, manner: m}
		w := g.run(ctx)
		for _, test := range w.Tests {
			_, story, _ := strings.Cut(test, "\n")
			if !told[story] {
				told[story] = true
				out.Tests = append(out.Tests, test)
			}
		}
		if i == 0 {
			out.Left = w.Left
		}
	}
	return out
}

// exits lists the exits of a step that tests are written for: those that lead nowhere too.
func (g *search) exits(n *flow.Node) []flow.Exit {
	if n.Step == nil {
		return nil
	}
	return n.Step.Exits()
}

// hesitates gives the keys of a caller who waits: the beginning of an extension, for
// an invalid key.
func (o *author) hesitates(g flow.Gather, exit flow.Exit) (voice.Digits, bool) {
	if !o.manner.waits || exit != flow.InvalidKey || !g.Extensions || g.Whole {
		return "", false
	}
	return anExtension[:1], true
}

// enough reports whether a test has said what it is about.
func (o *author) enough() bool {
	if o.explores || o.long || o.seen <= len(o.ways) {
		return false
	}
	o.done++
	return o.done > mostPinned
}

// prepare adds to the world of a path what a manner needs of it.
func (m manner) prepare(p path, n *flow.Node) {
	if s, ok := n.Step.(flow.Gather); ok && s.Extensions && m.waits {
		p.world["extensions"] = "extensions " + string(anExtension)
	}
}

// soundless reports whether nothing sounded between a time and an event, so that what
// passed is time that the flow gives.
func soundless(events []voice.Event, i int, since time.Time) bool {
	for j := i - 1; j >= 0 && !events[j].At.Before(since); j-- {
		switch events[j].Kind {
		case voice.EventPromptStarted, voice.EventPromptFinished, voice.EventPromptCut:
			return false
		}
	}
	return true
}
