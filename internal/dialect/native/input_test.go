package native_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// steps gives a document with these steps, the first of which is a.
func steps(lines ...string) string {
	return "flow: 1\nstart: a\nsteps:\n  " + strings.Join(lines, "\n  ") + "\n"
}

func world(t *testing.T) *dialecttest.World {
	w := &dialecttest.World{}
	if err := w.Read(native.Kind, "user 5523\ngroup 70\nsound PR1 A 1 audio welcome\nsound PR2 A 2 audio twin\nsound PR3 A 3 audio twin\n"); err != nil {
		t.Fatal(err)
	}
	w.AppList = []voice.App{{ID: "A1", Name: "Main"}, {ID: "A2", Name: "Same"}, {ID: "A3", Name: "Same"}}
	w.ExtensionList = []voice.Extension{{Number: "101"}}
	return w
}

// Every fault has its code, its pointer, its line and column, and names the field.
func TestDiagnostics(t *testing.T) {
	for _, tt := range []struct {
		name, text, code, at string
		line, column         int
		words                string
	}{
		{"no version", "start: a\nsteps: {a: {answer: }}\n", native.CodeVersion, "", 1, 1, "flow: 1"},
		{"other version", "flow: 2\nstart: a\nsteps: {a: {answer: }}\n", native.CodeVersion, "/flow", 1, 1, "flow is 2"},
		{"a list", "- a\n", flow.CodeType, "", 1, 1, "must be a map"},
		{"unknown at top", "flow: 1\nstart: a\nstep: 1\nsteps: {a: {answer: }}\n", flow.CodeUnknown, "/step", 3, 1, "there is no step here"},
		{"steps without any", "flow: 1\nstart: a\nsteps: {}\n", native.CodeMissing, "/steps", 3, 1, "no step"},
		{"no steps", "flow: 1\nstart: a\n", native.CodeMissing, "", 1, 1, "steps is missing"},
		{"no start", "flow: 1\nsteps: {a: {answer: }}\n", native.CodeMissing, "", 1, 1, "start is missing"},
		{"start nowhere", "flow: 1\nstart: b\nsteps: {a: {answer: }}\n", flow.CodeEntry, "/start", 2, 1, `"b"`},
		{"expired nowhere", "flow: 1\nstart: a\nlifetime: 5s\nexpired: b\nsteps: {a: {answer: }}\n", flow.CodeDangling, "/expired", 4, 1, `"b"`},
		{"language", "flow: 1\nlanguage: \"?\"\nstart: a\nsteps: {a: {answer: }}\n", flow.CodeValue, "/language", 2, 1, "language tag"},
		{"two things", steps("a: {answer: , hang_up: }"), native.CodeStep, "/steps/a", 4, 3, "does one thing"},
		{"nothing to do", steps("a: {then: a}"), native.CodeStep, "/steps/a", 4, 3, "needs one of"},
		{"way to nowhere", steps("a:", "  gather: {}", "  keys:", "    1: b"), flow.CodeDangling, "/steps/a/keys/1", 7, 7, `step "b"`},
		{"way not taken", steps("a:", "  gather: {}", "  keys: {1: a}", "  digits: a"), flow.CodeExit, "/steps/a/digits", 7, 5, "digits"},
		{"unknown way", steps("a:", "  answer:", "  next: a"), flow.CodeUnknown, "/steps/a/next", 6, 5, "there is answer, then"},
		{"duration", steps("a:", "  gather:", "    first_digit: 5"), flow.CodeType, "/steps/a/gather/first_digit", 6, 7, "first_digit must be a duration"},
		{"number", steps("a: {count: {name: n, limit: many}}"), flow.CodeType, "/steps/a/count/limit", 4, 24, "whole number"},
		{"out of range", steps("a:", "  gather:", "    max_digits: 200"), flow.CodeValue, "/steps/a/gather/max_digits", 6, 7, "max_digits 200"},
		{"purpose", steps("a: {record: {purpose: fun}}"), flow.CodeValue, "/steps/a/record/purpose", 4, 16, "voicemail, call, prompt"},
		{"strategy", steps("a: {dial: {user: 5523, strategy: some}}"), flow.CodeValue, "/steps/a/dial/strategy", 4, 26, "in turn"},
		{"truth", steps(`a: {record: {purpose: call, beep: "yes"}}`), flow.CodeType, "/steps/a/record/beep", 4, 31, "true or false"},
		{"unknown field", steps("a: {wait: {for: 5s}}"), flow.CodeType, "/steps/a/wait", 4, 7, "wait must be a duration"},
		{"two prompts in one", steps("a:", "  play: [{say: a, tone: b}]"), flow.CodeType, "/steps/a/play/0", 5, 12, "not both"},
		{"no prompt", steps("a:", "  play: [{voice: b}]"), native.CodeMissing, "/steps/a/play/0", 5, 12, "needs one of"},
		{"unknown app", steps("a: {goto: Nowhere}"), native.CodeReference, "/steps/a/goto", 4, 7, `no app "Nowhere"`},
		{"two apps of a name", steps("a: {subflow: Same}"), native.CodeAmbiguous, "/steps/a/subflow", 4, 7, "A2, A3"},
		{"unknown sound", steps("a:", "  play: [{sound: PR9}]"), native.CodeReference, "/steps/a/play/0/sound", 5, 13, `no sound "PR9"`},
		{"two sounds of a name", steps("a:", "  play: [{sound: twin}]"), native.CodeAmbiguous, "/steps/a/play/0/sound", 5, 13, "PR2, PR3"},
		{"unknown user", steps("a: {dial: {user: 1}}"), native.CodeReference, "/steps/a/dial/user", 4, 14, `no user "1"`},
		{"unknown extension", steps("a: {dial: {to: {extension: 9}}}"), native.CodeReference, "/steps/a/dial/to/extension", 4, 19, `no extension "9"`},
		{"unknown group", steps("a: {queue: {id: q, members: [{group: 9}]}}"), native.CodeReference, "/steps/a/queue/members/0/group", 4, 33, `no group "9"`},
		{"no number", steps("a: {dial: {number: 12}}"), flow.CodeValue, "/steps/a/dial/number", 4, 14, "7 to 15"},
		{"two destinations", steps("a: {dial: {user: 5523, sip: a@b}}"), flow.CodeType, "/steps/a/dial/sip", 4, 26, "not both"},
		{"no destination", steps("a: {dial: {ring_time: 5s}}"), native.CodeMissing, "/steps/a/dial", 4, 7, "needs a destination"},
		{"hours", steps("a:", "  hours: {open: [{days: mon-fry, from: 09:00, to: 17:00}]}"), flow.CodeValue, "/steps/a/hours/open", 5, 13, "mon-fry"},
		{"no comparison", steps("a: {if: {value: x}}"), native.CodeMissing, "/steps/a/if", 4, 7, "comparison is missing"},
		{"template", steps("a: {set: {x: \"${\"}}"), flow.CodeTemplate, "/steps/a/set", 4, 7, "value"},
		{"unreachable", steps("a: {answer: }", "b: {answer: }"), flow.CodeUnreachable, "/steps/b", 5, 3, `step "b"`},
		{"JSON", "{\"flow\": 1, \"start\": \"a\",\n \"steps\": {\"a\": {\"wait\": true}}}", flow.CodeType, "/steps/a/wait", 2, 18, "wait must be"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(tt.text), world(t))
			if err != nil || len(ds) != 1 {
				t.Fatalf("%v, %v; want %s at %q alone", ds, err, tt.code, tt.at)
			}
			if d := ds[0]; d.Code != tt.code || d.Pointer != tt.at || !strings.Contains(d.Text, tt.words) {
				t.Errorf("%v; want %s at %q with %q", d, tt.code, tt.at, tt.words)
			}
			if line, column := native.Position([]byte(tt.text), ds[0].Pointer); line != tt.line || column != tt.column {
				t.Errorf("it stands at %d:%d; want %d:%d", line, column, tt.line, tt.column)
			}
		})
	}
}

// Names become ids, and what exists is no fault.
func TestReferencesByName(t *testing.T) {
	p, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(steps(
		"a: {play: [{sound: welcome}, {sound: PR2}, {sound: \"${x}\"}], then: b}",
		"b: {dial: {extension: 101, also: [{user: 5523}, {group: 70}]}, busy: c}",
		"c: {dial: {extension: \"${extension}\"}, busy: d}",
		"d: {goto: Main, failed: e}", "e: {goto: A3}")), world(t))
	if err != nil || len(ds) > 0 {
		t.Fatal(ds, err)
	}
	play := p.Nodes[0].Step.(flow.Play)
	if play.Prompts[0].Sound != "PR1" || play.Prompts[1].Sound != "PR2" || !play.Prompts[2].Template {
		t.Error(play)
	}
	if d := p.Nodes[2].Step.(flow.Dial); d.To.Kind != voice.ToExtension || d.ToVar != "extension" {
		t.Error(d)
	}
	if a, b := p.Nodes[3].Step.(flow.Goto).App, p.Nodes[4].Step.(flow.Goto).App; a != "A1" || b != "A3" {
		t.Error(a, b)
	}
}

func TestPromptsTakeTheLanguage(t *testing.T) {
	p, ds, err := native.NewFormat().CompileFile(t.Context(), []byte("flow: 1\nlanguage: en-GB\nlanguages: [en-GB, sv]\nstart: a\nsteps:\n  a:\n    play:\n"+
		"      prompts: [{say: Hello}, {number: \"5\", voice: de}, {date: 2026-11-25}]\n      in: {sv: [{say: Hej}], no: []}\n"), dialect.OpenResolver{})
	if err != nil || len(ds) != 1 || ds[0].Severity != flow.Warning || ds[0].Pointer != "/steps/a/play/in/no" {
		t.Fatal(ds, err)
	}
	s := p.Nodes[0].Step.(flow.Play)
	if s.Prompts[0].Voice != "en-GB" || s.Prompts[1].Voice != "de" || s.Prompts[2].Text != "2026-11-25" || s.In["sv"][0].Voice != "sv" {
		t.Errorf("%+v", s)
	}
}

// What is no document at all is refused with its place, in a bounded time.
func TestHostileTexts(t *testing.T) {
	bomb := "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
	for _, tt := range []struct{ name, text, words string }{
		{"too long", "# " + strings.Repeat("x", native.MaxDocument), "at most 1048576"},
		{"aliases", bomb, "line 1, column 4: anchors and aliases"},
		{"merge key", "a: {b: c}\n<<: *a\n", "anchor"},
		{"tag", "a: !!binary aGk=\n", "tags such as"},
		{"own tag", "a: !x 1\n", "tags such as"},
		{"deep", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "32 deep"},
		{"deep JSON", `{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}", "32 deep"},
		{"duplicate", "flow: 1\nflow: 1\n", "line 2, column 1: flow stands there twice; first in line 1"},
		{"duplicate in JSON", "{\"flow\": 1,\n \"flow\": 1}", "line 2, column 2: flow stands there twice"},
		{"key that is a list", "? [a]\n: b\n", "key must be a text"},
		{"two documents", "flow: 1\n---\nflow: 1\n", "second document"},
		{"nothing", " \n", "empty"},
		{"comment alone", "# nothing\n", "empty"},
		{"bad indentation", "flow: 1\n start: a\n", "line 2"},
		{"tab", "flow: 1\nsteps:\n\ta: b\n", "line 3"},
		{"JSON cut short", "{\"flow\": 1,", "ends too early"},
		{"JSON with more", "{\"flow\": 1} x", "follows the document"},
		{"JSON comma", "{\n \"flow\": 1,}", "line 2"},
		{"not UTF-8", "{\"a\xff\": 1}", "UTF-8"},
		{"not UTF-8 in YAML", "a: \xff\n", "UTF-8"},
		{"NUL", "a: \x00\n", "control characters"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			p, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(tt.text), dialect.OpenResolver{})
			if !voice.IsKind(err, voice.Invalid) || len(ds) != 1 || len(p.Nodes) > 0 || !strings.Contains(voice.Reason(err), tt.words) {
				t.Errorf("%v, %v; want %q", ds, err, tt.words)
			}
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// Comments, order and words stay where nothing changes.
func TestEditKeepsComments(t *testing.T) {
	const old = `# The office's menu.
flow: 1
name: Office # shown in lists
start: greet
steps:
  # Says hello.
  greet:
    then: menu
    play: [{say: "Hello"}] # short
  menu: # the choice
    gather:
      first_digit: 5000ms # they are slow
      prompts:
        # one for sales
        - {say: Press one}
        - {say: or two}
    keys:
      1: sales # Anna
      2: bye
  sales: {dial: {number: +4685000000}}
  bye: {hang_up: }
`
	p, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(old), dialect.OpenResolver{})
	if err != nil || len(ds) > 0 {
		t.Fatal(ds, err)
	}
	if text, err := native.EditText(t.Context(), []byte(old), p, dialect.OpenResolver{}); err != nil || string(text) != old {
		t.Errorf("no change changes the text: %v\n%s", err, text)
	}
	for i := range p.Nodes {
		switch s := p.Nodes[i].Step.(type) {
		case flow.Gather:
			s.Prompts[1].Text = "or three"
			s.Keys = append(s.Keys, "3")
			s.BargeIn = true
			p.Nodes[i].Step = s
			p.Nodes[i].Exits[flow.Key("3")] = "bye"
		case flow.Dial:
			s.RingTime = 20 * time.Second
			p.Nodes[i].Step = s
		}
	}
	text, err := native.EditText(t.Context(), []byte(old), p, dialect.OpenResolver{})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		"- {say: or two}", "- {say: or three}",
		"      2: bye\n", "      2: bye\n      \"3\": bye\n",
		"sales: {dial: {number: +4685000000}}", "sales: {dial: {number: +4685000000, ring_time: 20s}}",
	).Replace(old)
	want = strings.Replace(want, "        - {say: or three}\n", "        - {say: or three}\n      barge_in: true\n", 1)
	want = strings.Replace(want, "{hang_up: }", "{hang_up: null}", 1)
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// A name stays a name where its id did not change.
func TestEditKeepsNames(t *testing.T) {
	old := native.Document([]byte(steps("a: {goto: Main, failed: b}", "b: {goto: Main} # once more")))
	p, ds, err := native.New().Compile(t.Context(), voice.App{ID: "X", Document: old}, world(t))
	if err != nil || len(ds) > 0 {
		t.Fatal(ds, err)
	}
	p.Name, p.Nodes[0].Step = "named", flow.Goto{App: "A2"}
	doc, err := native.New().Edit(t.Context(), old, p, world(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := native.Text(doc)
	if want := "flow: 1\nname: named\nstart: a\nsteps:\n  a: {goto: A2, failed: b}\n  b: {goto: Main} # once more\n"; string(text) != want || err != nil {
		t.Errorf("%v\n%s\nwant\n%s", err, text, want)
	}
}

// However much is wrong, what is said of it is bounded.
func TestDiagnosticsAreBounded(t *testing.T) {
	_, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(steps("a: {answer: }")+manyKeys(5000)), dialect.OpenResolver{})
	if err != nil || len(ds) > 200 {
		t.Errorf("%d diagnostics, %v", len(ds), err)
	}
	if last := ds[len(ds)-1]; !strings.Contains(last.Text, "further") {
		t.Error(last)
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

func FuzzCompile(f *testing.F) {
	f.Add([]byte(steps("a: {gather: {prompts: [{say: x}]}, keys: {1: a}}")))
	f.Add([]byte(`{"flow": 1, "start": "a", "steps": {"a": {"listen": {}, "phrases": [{"words": "x", "then": "a"}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ds, err := native.NewFormat().CompileFile(t.Context(), data, dialect.OpenResolver{})
		if _, bad := ds.FirstError(); bad || err != nil {
			for _, d := range ds {
				native.Position(data, d.Pointer)
			}
			return
		}
		text, _, err := native.NewYAMLFormat().ExpressFile(t.Context(), p, dialect.OpenResolver{})
		if err != nil {
			t.Fatalf("%v of %q", err, data)
		}
		q, _ := back(t, native.NewYAMLFormat(), p)
		if d := diff(p, q); d != "" {
			t.Fatalf("%s\nof %q as\n%s", d, data, text)
		}
		edited, err := native.EditText(t.Context(), data, p, dialect.OpenResolver{})
		if err != nil || !bytes.Equal(edited, data) {
			t.Fatalf("an edit without a change gives %q of %q: %v", edited, data, err)
		}
	})
}
