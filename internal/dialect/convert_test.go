package dialect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// formats lists the forms, each with the name of its sample in test/samples/convert.
func formats() []dialect.Format {
	return []dialect.Format{sonetel.NewFormat(), smartfloivr.NewFormat(), telphinivr.NewFormat(), native.NewYAMLFormat()}
}

func sample(t *testing.T, f dialect.Format) []byte {
	t.Helper()
	files, err := filepath.Glob("../../test/samples/convert/" + string(f.Kind()) + ".*")
	if err != nil || len(files) != 1 {
		t.Fatalf("samples of %s: %v %v", f.Kind(), files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// failer is what rapid's and the package testing's T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// convert turns a document into another form, and holds the result to compile
// without a fault.
func convert(t failer, from, to dialect.Format, data []byte) dialect.Conversion {
	t.Helper()
	c, err := dialect.Convert(context.Background(), from, to, data, dialect.OpenResolver{})
	if err != nil {
		t.Fatalf("%s to %s: %v\n%s", from.Kind(), to.Kind(), err, data)
	}
	if d, bad := c.Diagnostics.FirstError(); bad {
		t.Fatalf("%s does not compile: %s\n%s", from.Kind(), d, data)
	}
	for _, l := range c.Losses {
		if l.Where == "" || l.What == "" || l.Why == "" || l.Instead == "" {
			t.Fatalf("%s to %s: a loss without its words: %+v", from.Kind(), to.Kind(), l)
		}
	}
	return c
}

// TestConversions turns the sample of each form into every other, and back. The
// documents and the losses are golden files.
func TestConversions(t *testing.T) {
	for _, from := range formats() {
		for _, to := range formats() {
			if from.Kind() == to.Kind() {
				continue
			}
			name := string(from.Kind()) + "_to_" + string(to.Kind())
			t.Run(name, func(t *testing.T) {
				data := sample(t, from)
				there := convert(t, from, to, data)
				back := convert(t, to, from, there.Document)
				again, _, err := from.CompileFile(t.Context(), back.Document, dialect.OpenResolver{})
				if err != nil {
					t.Fatal(err)
				}
				for _, fault := range unreported(there.Program, again, append(slices.Clone(there.Losses), back.Losses...)) {
					t.Error(fault)
				}
				golden(t, filepath.Join("testdata", "convert", name+".txt"),
					string(there.Document)+report(there.Losses)+"\nBack:\n\n"+string(back.Document)+report(back.Losses))
			})
		}
	}
}

// TestMain has the property tests draw the same documents in each run;
// -rapid.seed draws others.
func TestMain(m *testing.M) {
	os.Exit(dialecttest.Run(m))
}

// TestConversionToItself writes the sample of each form as it was, without a loss.
func TestConversionToItself(t *testing.T) {
	for _, f := range formats() {
		t.Run(string(f.Kind()), func(t *testing.T) {
			data := sample(t, f)
			once := convert(t, f, f, data)
			twice := convert(t, f, f, once.Document)
			if len(once.Losses)+len(twice.Losses) > 0 {
				t.Errorf("losses: %+v", append(once.Losses, twice.Losses...))
			}
			if diff := cmp.Diff(string(once.Document), string(twice.Document)); diff != "" {
				t.Errorf("(-once +twice):\n%s", diff)
			}
			if f.Kind() == "native" {
				return // a file in YAML; its package compares those
			}
			if diff := cmp.Diff(leaves(t, data), leaves(t, once.Document)); diff != "" {
				t.Errorf("(-sample +written):\n%s", diff)
			}
		})
	}
}

// TestConversionsLoseOnlyWhatIsReported turns generated documents into another
// form and back.
func TestConversionsLoseOnlyWhatIsReported(t *testing.T) {
	for _, from := range formats() {
		draw := documents()[from.Kind()]
		if draw == nil {
			continue
		}
		for _, to := range formats() {
			if from.Kind() == to.Kind() {
				continue
			}
			t.Run(string(from.Kind())+" to "+string(to.Kind()), func(t *testing.T) {
				rapid.Check(t, func(rt *rapid.T) {
					data, err := json.Marshal(draw(rt))
					if err != nil {
						rt.Fatal(err)
					}
					there := convert(rt, from, to, data)
					back := convert(rt, to, from, there.Document)
					again, ds, err := from.CompileFile(t.Context(), back.Document, dialect.OpenResolver{})
					if d, bad := ds.FirstError(); err != nil || bad {
						rt.Fatalf("%v %v\n%s", err, d, back.Document)
					}
					faults := unreported(there.Program, again, append(slices.Clone(there.Losses), back.Losses...))
					if len(faults) > 0 {
						rt.Fatalf("%s\n%s%s%s%s%s", strings.Join(faults, "\n"), data, there.Document, report(there.Losses), back.Document, report(back.Losses))
					}
				})
			})
		}
	}
}

// TestAnyProgramIsWritten writes flows of any shape in every form: what comes out
// compiles, and what is not in it is reported.
func TestAnyProgramIsWritten(t *testing.T) {
	for _, to := range formats() {
		t.Run(string(to.Kind()), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				p := program(rt)
				doc, losses, err := to.ExpressFile(t.Context(), p, dialect.OpenResolver{})
				if err != nil {
					rt.Fatalf("%v\n%s", err, &p)
				}
				again, ds, err := to.CompileFile(t.Context(), doc, dialect.OpenResolver{})
				if d, bad := ds.FirstError(); err != nil || bad {
					rt.Fatalf("%v %v\n%s", err, d, doc)
				}
				p.Expired = "" // it is one loss with the lifetime
				faults := missing("anywhere", everything(&p), everything(&again), losses)
				// A part may stand in the document though the way to it is lost.
				faults = slices.DeleteFunc(faults, func(f string) bool {
					words, _, _ := strings.Cut(f, " (from ")
					return strings.Contains(string(doc), words[strings.LastIndexByte(words, ' ')+1:])
				})
				if len(faults) > 0 {
					rt.Fatalf("%s\n%s%s%s", strings.Join(faults, "\n"), &p, doc, report(losses))
				}
			})
		})
	}
}

// thing is what a caller comes to: a sound, somebody who is called, an app, …
type thing struct {
	words, where string
	named        string // other words that a loss may have for it
}

// unreported compares where the exits of the menus lead, and what comes before
// them: it says what stands in one program, not in the other, and in no loss.
func unreported(p, again flow.Program, losses []dialect.Loss) []string {
	var faults []string
	found := places(&again)
	for place, things := range maps.Clone(found) {
		if place != "" { // what came before a menu may come in it, or after it without a key
			found[""] = append(found[""], things...)
		}
	}
	// Where the asking itself is reported as lost, what its keys led to need only
	// stand somewhere.
	unasked := slices.ContainsFunc(losses, func(l dialect.Loss) bool { return strings.HasPrefix(l.What, "ask for ") })
	for place, things := range places(&p) {
		others := found[place]
		if unasked {
			others = slices.Concat(slices.Collect(maps.Values(found))...)
		}
		faults = append(faults, missing(place, things, others, losses)...)
	}
	slices.Sort(faults)
	return faults
}

// missing says which things are neither among others nor in a loss.
func missing(place string, things, others []thing, losses []dialect.Loss) []string {
	var faults []string
	for _, x := range things {
		kept := slices.ContainsFunc(others, func(y thing) bool { return x.words == y.words })
		told := slices.ContainsFunc(losses, func(l dialect.Loss) bool {
			return l.Where == x.where || strings.Contains(l.What, x.words) || x.named != "" && strings.Contains(l.What, x.named)
		})
		if !kept && !told {
			faults = append(faults, fmt.Sprintf("%s: %s (from %s) is gone without a word", place, x.words, x.where))
		}
	}
	return faults
}

// everything lists all things that a caller can come to.
func everything(p *flow.Program) []thing { return behind(p, p.Entry, nil) }

// places lists the things behind each exit of the first menu that a caller comes
// to, and those before it, which are behind "". All wrong entries are one place.
func places(p *flow.Program) map[string][]thing {
	m := map[string][]thing{}
	var menu *flow.Node
	straight := *p
	straight.Expired = "" // whose loss is named as one
	flow.Walk(&straight, func(n *flow.Node) bool {
		if g, ok := n.Step.(flow.Gather); ok && menu == nil && g.Into == "" {
			menu = n
		}
		return menu == nil
	})
	m[""] = behind(p, p.Entry, menu)
	if menu == nil {
		return m
	}
	for _, e := range menu.WiredExits() {
		place := e
		if e == flow.UnknownExt || e == flow.GotDigits {
			place = flow.InvalidKey
		}
		m[string(place)] = append(m[string(place)], behind(p, menu.Exits[e], menu)...)
	}
	return m
}

// behind lists the things from a node on, up to a menu.
func behind(p *flow.Program, from flow.NodeID, menu *flow.Node) []thing {
	var list []thing
	seen := map[flow.NodeID]bool{"": true}
	queue := []flow.NodeID{from}
	for ; len(queue) > 0; queue = queue[1:] {
		n, ok := p.Node(queue[0])
		if !ok || seen[n.ID] {
			continue
		}
		seen[n.ID] = true
		if n == menu && from != p.Entry {
			continue // back at the menu, whose prompts are no news
		}
		for _, words := range things(n.Step) {
			x := thing{words: words, where: outline.Where(n)}
			if _, deliver := n.Step.(flow.Deliver); deliver {
				x.named = flow.Words(n.Step)
			}
			list = append(list, x)
		}
		if n == menu {
			continue
		}
		for _, e := range n.WiredExits() {
			queue = append(queue, n.Exits[e])
		}
	}
	return list
}

// things lists what a step leads a caller to.
func things(s flow.Step) []string {
	var list []string
	prompts := func(ps []voice.Prompt) {
		for _, p := range ps {
			if p.Kind == voice.PromptSound && p.Standard == "" || p.Kind == voice.PromptSpeech {
				list = append(list, p.String())
			}
		}
	}
	switch s := s.(type) {
	case flow.Play:
		prompts(s.Prompts)
	case flow.Gather:
		prompts(s.Prompts)
	case flow.Dial:
		if s.ToVar == "" {
			list = append(list, s.To.String())
		}
		for _, to := range s.Also {
			list = append(list, to.String())
		}
	case flow.Goto:
		list = append(list, "app "+string(s.App))
	case flow.Deliver:
		list = append(list, "a message to "+string(s.Mailbox.User)+s.Mailbox.Email)
	}
	return list
}

func report(losses []dialect.Loss) string {
	var b strings.Builder
	for _, l := range losses {
		fmt.Fprintf(&b, "\n%s: %s\n\t%s; instead: %s\n", l.Where, l.What, l.Why, l.Instead)
	}
	if b.Len() == 0 {
		return "\nNothing is lost.\n"
	}
	return b.String()
}

func leaves(t failer, data []byte) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return v
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
