package check_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/check"
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// mutations is how many faults are put into the samples, and caughtAtLeast how many
// of a hundred of them the checker or the written tests must notice.
const (
	mutations     = 200
	caughtAtLeast = 95
)

// sampled is a sample flow with what is known of it: the tests that are written for
// it, and what its check finds.
type sampled struct {
	name    string
	kind    voice.AppKind
	program []byte // as JSON, of which each mutant is made anew
	tests   *suite.File
	found   map[string]bool
}

func (s *sampled) decode(t *testing.T) *flow.Program {
	t.Helper()
	p, ds := flow.Decode(s.program)
	if d, bad := ds.FirstError(); bad {
		t.Fatal(s.name, d)
	}
	return &p
}

func (s *sampled) findings(p *flow.Program) map[string]bool {
	found := map[string]bool{}
	for _, d := range flow.Validate(p) {
		found[d.String()] = true
	}
	for _, f := range check.Check(check.Input{Program: p, Kind: s.kind, Now: now}).Findings {
		found[f.Code+f.Pointer+f.Text] = true
	}
	return found
}

// caught says what notices a mutant: the checker, a test, or "".
func (s *sampled) caught(ctx context.Context, p *flow.Program) string {
	for f := range s.findings(p) {
		if !s.found[f] {
			return "checker"
		}
	}
	setup := suite.Setup{Main: p}
	for _, t := range s.tests.Tests {
		if !setup.Run(ctx, s.tests, t).Passed {
			return "tests"
		}
	}
	return ""
}

func samples(t *testing.T) []*sampled {
	t.Helper()
	var list []*sampled
	for _, x := range []struct {
		path string
		f    dialect.Format
	}{
		{"native/office.yaml", native.NewFormat()}, {"convert/native.yaml", native.NewFormat()}, {"convert/sonetel.json", sonetel.NewFormat()},
		{"convert/smartflo.json", smartfloivr.NewFormat()}, {"convert/telphin.json", telphinivr.NewFormat()},
	} {
		data, err := os.ReadFile("../../test/samples/" + x.path)
		if err != nil {
			t.Fatal(err)
		}
		p, ds, err := x.f.CompileFile(t.Context(), data, dialect.OpenResolver{})
		if d, bad := ds.FirstError(); err != nil || bad {
			t.Fatal(x.path, err, d)
		}
		p.App = "sample"
		s := &sampled{name: x.path, kind: x.f.Kind()}
		if s.program, err = json.Marshal(p); err != nil {
			t.Fatal(err)
		}
		const head = "clock 2026-11-26 10:30 Europe/Stockholm\n"
		empty, faults := suite.Parse(x.path, []byte(head+"test begins\n  hangs up\n"))
		if len(faults) > 0 {
			t.Fatal(faults[0])
		}
		w := suite.Setup{Main: &p}.WriteMissing(t.Context(), empty, &suite.Coverage{})
		if s.tests, faults = suite.Parse(x.path, []byte(head+strings.Join(w.Tests, "\n"))); len(faults) > 0 {
			t.Fatal(x.path, faults[0])
		}
		s.found = s.findings(&p)
		if by := s.caught(t.Context(), s.decode(t)); by != "" {
			t.Fatalf("%s: the sample itself is caught by the %s", x.path, by)
		}
		t.Logf("%s: %d tests are written, %d exits stay unreached", x.path, len(s.tests.Tests), len(w.Left))
		list = append(list, s)
	}
	return list
}

// mutator puts a fault into a program at random and tells it; "" = there is no place
// for one.
type mutator func(r *rand.Rand, p *flow.Program) string

// anyOf picks one of the nodes with a place for a fault, which change gives as
// functions that do it.
func anyOf(r *rand.Rand, p *flow.Program, change func(n *flow.Node) []func() string) string {
	var all []func() string
	for i := range p.Nodes {
		all = append(all, change(&p.Nodes[i])...)
	}
	if len(all) == 0 {
		return ""
	}
	return all[r.IntN(len(all))]()
}

func dropKey(r *rand.Rand, p *flow.Program) string {
	return anyOf(r, p, func(n *flow.Node) (all []func() string) {
		g, _ := n.Step.(flow.Gather)
		for i, k := range g.Keys {
			all = append(all, func() string {
				g.Keys = slices.Delete(slices.Clone(g.Keys), i, i+1)
				n.Step = g
				delete(n.Exits, flow.Key(k))
				return fmt.Sprintf("%s: key %s dropped", n.ID, k)
			})
		}
		return all
	})
}

// unseen reports whether an exit is none that a caller could take, or stands in no
// document: a queue without a bound is never full, and a vendor's compiler bounds
// circles by counts of its own.
func unseen(n *flow.Node, e flow.Exit) bool {
	switch s := n.Step.(type) {
	case flow.Queue:
		return e == flow.QueueFull && s.MaxLength == 0
	case flow.Count:
		return e == flow.Over && s.Limit >= outline.GuardLimit
	}
	return false
}

func changeDestination(r *rand.Rand, p *flow.Program) string {
	return anyOf(r, p, func(n *flow.Node) (all []func() string) {
		for _, e := range n.WiredExits() {
			if unseen(n, e) {
				continue
			}
			all = append(all, func() string {
				to := p.Nodes[r.IntN(len(p.Nodes))].ID
				if to == n.Exits[e] {
					return ""
				}
				was := n.Exits[e]
				n.Exits[e] = to
				return fmt.Sprintf("%s: %s leads to %s, not %s", n.ID, e, to, was)
			})
		}
		if d, ok := n.Step.(flow.Dial); ok && d.ToVar == "" {
			all = append(all, func() string {
				d.To.ID += "7"
				n.Step = d
				return fmt.Sprintf("%s: calls %s", n.ID, d.To)
			})
		}
		return all
	})
}

func alterTimeout(r *rand.Rand, p *flow.Program) string {
	other := func(d time.Duration) time.Duration {
		return []time.Duration{d / 2, d * 2, d + 3*time.Second}[r.IntN(3)]
	}
	return anyOf(r, p, func(n *flow.Node) (all []func() string) {
		alter := func(what string, d time.Duration, set func(time.Duration)) {
			if d > 0 {
				all = append(all, func() string {
					to := other(d)
					set(to)
					return fmt.Sprintf("%s: %s %v, not %v", n.ID, what, to, d)
				})
			}
		}
		switch s := n.Step.(type) {
		case flow.Gather:
			alter("first_digit", s.FirstDigit, func(d time.Duration) { s.FirstDigit = d; n.Step = s })
			if s.MaxDigits != 1 { // there is no further key to wait for
				alter("inter_digit", s.InterDigit, func(d time.Duration) { s.InterDigit = d; n.Step = s })
			}
		case flow.Dial:
			alter("ring_time", s.RingTime, func(d time.Duration) { s.RingTime = d; n.Step = s })
		case flow.Queue:
			alter("max_wait", s.MaxWait, func(d time.Duration) { s.MaxWait = d; n.Step = s })
		case flow.Record:
			alter("max_length", s.MaxLength, func(d time.Duration) { s.MaxLength = d; n.Step = s })
			alter("silence", s.Silence, func(d time.Duration) { s.Silence = d; n.Step = s })
		case flow.Wait:
			alter("for", s.For, func(d time.Duration) { s.For = d; n.Step = s })
		}
		return all
	})
}

func removePrompt(r *rand.Rand, p *flow.Program) string {
	return anyOf(r, p, func(n *flow.Node) (all []func() string) {
		without := func(list []voice.Prompt, set func([]voice.Prompt)) {
			for i, pr := range list {
				all = append(all, func() string {
					set(slices.Delete(slices.Clone(list), i, i+1))
					return fmt.Sprintf("%s: prompt %s removed", n.ID, pr)
				})
			}
		}
		switch s := n.Step.(type) {
		case flow.Play:
			without(s.Prompts, func(l []voice.Prompt) { s.Prompts = l; n.Step = s })
			languages(s.In, without)
		case flow.Gather:
			without(s.Prompts, func(l []voice.Prompt) { s.Prompts = l; n.Step = s })
			languages(s.In, without)
		}
		return all
	})
}

// languages goes through the prompts in other languages, in order.
func languages(in map[string][]voice.Prompt, without func([]voice.Prompt, func([]voice.Prompt))) {
	for _, tag := range slices.Sorted(maps.Keys(in)) {
		without(in[tag], func(l []voice.Prompt) { in[tag] = l })
	}
}

// Faults that are put into the samples at random, from a fixed seed, are noticed by
// the checker or by the tests that are written for the flow without the fault.
func TestMutations(t *testing.T) {
	flows := samples(t)
	r := rand.New(rand.NewPCG(7, 2026))
	kinds := []mutator{dropKey, changeDestination, alterTimeout, removePrompt}
	by := map[string]int{}
	var survivors []string
	made := map[string]bool{}
	for n := 0; n < mutations; {
		s, mutate := flows[r.IntN(len(flows))], kinds[r.IntN(len(kinds))]
		p := s.decode(t)
		words := mutate(r, p)
		if words == "" || made[s.name+words] {
			continue
		}
		made[s.name+words] = true
		n++
		what := s.caught(t.Context(), p)
		by[what]++
		if what == "" {
			survivors = append(survivors, s.name+": "+words)
		}
	}
	t.Logf("of %d faults the checker finds %d at once, written tests %d more", mutations, by["checker"], by["tests"])
	for _, s := range survivors {
		t.Log("not noticed: ", s)
	}
	if caught := mutations - len(survivors); caught*100 < mutations*caughtAtLeast {
		t.Errorf("%d of %d are noticed, less than %d %%", caught, mutations, caughtAtLeast)
	}
}
