package native_test

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// plain compares programs but for where their nodes come from.
func plain(p flow.Program) flow.Program {
	p.Nodes = slices.Clone(p.Nodes)
	for i := range p.Nodes {
		p.Nodes[i].Origin = ""
	}
	p.App = ""
	return p
}

func diff(a, b flow.Program) string {
	return cmp.Diff(plain(a), plain(b), cmpopts.EquateEmpty())
}

// back writes p and reads it again, in one form of text.
func back(t interface {
	Helper()
	Fatalf(string, ...any)
}, f dialect.Format, p flow.Program) (flow.Program, []byte) {
	t.Helper()
	text, losses, err := f.ExpressFile(context.Background(), p, dialect.OpenResolver{})
	if err != nil || len(losses) > 0 {
		t.Fatalf("express: %v, losses %v", err, losses)
	}
	q, ds, err := f.CompileFile(context.Background(), text, dialect.OpenResolver{})
	if err != nil {
		t.Fatalf("compile: %v of\n%s", err, text)
	}
	for _, d := range ds {
		switch d.Code {
		case flow.CodeValue, flow.CodeTemplate, flow.CodeUnreachable:
		default:
			t.Fatalf("%v of\n%s", d, text)
		}
	}
	return q, text
}

// fill sets every field of v to something else than nothing, one kind of step
// or prompt after the other.
func fill(v reflect.Value, name string) {
	switch x := v.Addr().Interface().(type) {
	case *time.Duration:
		*x = 90 * time.Second
		return
	case *voice.Prompt:
		*x = voice.Prompt{Kind: voice.PromptSpeech, Text: "hello", Voice: "sv"}
		return
	case *voice.Destination:
		*x = voice.Destination{Kind: voice.ToUser, ID: "5"}
		return
	case *flow.Operator:
		*x = flow.Contains
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("1")
	case reflect.Int:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name)
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e, name)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("de").Convert(v.Type().Key()), e)
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; v.Type() != reflect.TypeFor[voice.Schedule]() || name != "Named" { // which stands alone
				fill(v.Field(i), name)
			}
		}
	}
}

// Every field of every step is written and read back: alone, and with all
// others. A new field or step that has no words fails here.
func TestEveryFieldOfEveryStep(t *testing.T) {
	for _, zero := range flow.StepTypes() {
		t.Run(zero.Kind(), func(t *testing.T) {
			full := reflect.New(reflect.TypeOf(zero)).Elem()
			fill(full, "")
			cases := []reflect.Value{full, reflect.ValueOf(zero)}
			for i := range full.NumField() {
				one := reflect.New(full.Type()).Elem()
				one.Field(i).Set(full.Field(i))
				if one.Field(i).IsZero() {
					t.Fatalf("field %s was not filled", full.Type().Field(i).Name)
				}
				cases = append(cases, one)
			}
			for _, c := range cases {
				s := c.Interface().(flow.Step)
				n := flow.Node{ID: "a", Step: s, Label: "L", Meta: map[string]string{"k": "v"}, Exits: map[flow.Exit]flow.NodeID{}}
				for _, e := range s.Exits() {
					n.Exits[e] = "a"
				}
				p := flow.Program{Name: "n", Entry: "a", Nodes: []flow.Node{n}}
				for _, f := range []dialect.Format{native.NewFormat(), native.NewYAMLFormat()} {
					q, text := back(t, f, p)
					if d := diff(p, q); d != "" {
						t.Errorf("%s\n%s", d, text)
					}
				}
			}
		})
	}
}

// Every field of the program itself, of a node and of a prompt.
func TestEveryFieldAround(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[flow.Program](), reflect.TypeFor[flow.Node](), reflect.TypeFor[voice.Prompt](),
		reflect.TypeFor[voice.Destination](), reflect.TypeFor[voice.Mailbox](), reflect.TypeFor[voice.Schedule](), reflect.TypeFor[voice.Day]()} {
		for i := range typ.NumField() {
			v := reflect.New(typ).Elem()
			f := v.Field(i)
			if f.Type() == reflect.TypeFor[flow.Step]() || f.Type() == reflect.TypeFor[[]flow.Node]() {
				continue
			}
			fill(f, typ.Field(i).Name)
			p := flow.Program{Name: "n", Entry: "a", Nodes: []flow.Node{{ID: "a", Step: flow.Answer{}}}}
			switch x := v.Interface().(type) {
			case flow.Program:
				x.Entry, x.Nodes = "a", p.Nodes
				p = x
			case flow.Node:
				x.ID, x.Step = "a", flow.Answer{}
				if x.Exits != nil {
					x.Exits = map[flow.Exit]flow.NodeID{flow.Next: "a"}
				}
				p.Nodes[0] = x
			case voice.Prompt:
				p.Nodes[0].Step = flow.Play{Prompts: []voice.Prompt{x}}
			case voice.Destination:
				p.Nodes[0].Step = flow.Queue{Members: []voice.Destination{x}}
			case voice.Mailbox:
				p.Nodes[0].Step = flow.Deliver{Mailbox: x}
			case voice.Schedule:
				p.Nodes[0].Step = flow.Hours{Schedule: x}
			case voice.Day:
				p.Nodes[0].Step = flow.Hours{Schedule: voice.Schedule{Holidays: []voice.Day{x}}}
			}
			text, _, err := native.NewYAMLFormat().ExpressFile(t.Context(), p, dialect.OpenResolver{})
			if err != nil {
				t.Fatal(err)
			}
			q, _, err := native.NewFormat().CompileFile(t.Context(), text, dialect.OpenResolver{})
			if d := diff(p, q); d != "" || err != nil {
				t.Errorf("%s.%s: %v\n%s\n%s", typ, typ.Field(i).Name, err, d, text)
			}
		}
	}
}

// drawn fills v with values drawn by t.
func drawn(t *rapid.T, v reflect.Value) {
	words := rapid.SampledFrom([]string{"a", "a b", "5", "007", "+4685000000", "yes", "null", "true", "~", "#", "*", "&x", "- x", "a: b", "é\n\tü ", " lead",
		"${a}", "$${", "${", "x ${call.from} y", "[1]", "{a}", "2026-12-24", "09:00", "1e3", "0x1F", "\"q\"", "'", "|", "\\", "a/b~c", "…\u2028z", "sv"})
	switch x := v.Addr().Interface().(type) {
	case *time.Duration:
		*x = time.Duration(rapid.Int64Range(0, 4*3600*1000).Draw(t, "ms")) * time.Millisecond
		return
	case *voice.PromptKind:
		*x = rapid.SampledFrom([]voice.PromptKind{"", "sound", "standard", "speech", "tone", "silence", "recording", "say", "music"}).Draw(t, "kind")
		return
	case *voice.SayFormat:
		*x = rapid.SampledFrom([]voice.SayFormat{"", "", "digits", "number", "ordinal", "date", "time", "currency"}).Draw(t, "format")
		return
	case *voice.DestinationKind:
		*x = rapid.SampledFrom([]voice.DestinationKind{"user", "extension", "sip", "app", "dialled"}).Draw(t, "to")
		return
	case *flow.Operator:
		*x = rapid.SampledFrom([]flow.Operator{"=", "!=", "<", ">", "begins with", "ends with", "contains", "one of", "is set"}).Draw(t, "op")
		return
	case *map[string][]voice.Prompt:
		m := map[string][]voice.Prompt{}
		for range rapid.IntRange(0, 2).Draw(t, "languages") {
			var list []voice.Prompt
			drawn(t, reflect.ValueOf(&list).Elem())
			m[rapid.SampledFrom([]string{"sv", "de-DE", "no", "en"}).Draw(t, "language")] = list
		}
		*x = m
		return
	}
	switch v.Kind() {
	case reflect.String:
		if rapid.Bool().Draw(t, "said") {
			v.SetString(words.Draw(t, "text"))
		}
	case reflect.Int:
		v.SetInt(int64(rapid.IntRange(0, 9).Draw(t, "number")))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "so"))
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "length")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			drawn(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(0, 2).Draw(t, "members") {
			e := reflect.New(v.Type().Elem()).Elem()
			drawn(t, e)
			v.SetMapIndex(reflect.ValueOf(words.Draw(t, "key")).Convert(v.Type().Key()), e)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			drawn(t, v.Field(i))
		}
	}
}

func unique[T comparable](list []T) []T {
	var out []T
	for _, x := range list {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

func drawStep(t *rapid.T) flow.Step {
	v := reflect.New(reflect.TypeOf(rapid.SampledFrom(flow.StepTypes()).Draw(t, "step"))).Elem()
	drawn(t, v)
	switch s := v.Interface().(type) {
	case flow.Gather:
		s.Keys = unique(s.Keys)
		return s
	case flow.Fetch:
		if s.Ways = unique(s.Ways); len(s.Ways) > 0 {
			s.Replace = false
		}
		return s
	case flow.Hours:
		if s.Schedule.Named != "" { // a document has no more of them
			s.Schedule = voice.Schedule{Named: s.Schedule.Named}
		}
		return s
	default:
		return v.Interface().(flow.Step)
	}
}

func drawProgram(t *rapid.T) flow.Program {
	ids := rapid.SliceOfNDistinct(rapid.SampledFrom([]flow.NodeID{"a", "b", "menu", "a/b~c", "1", "no", "yes", "null", "x y", "…", "#", "failed"}), 1, 6, func(id flow.NodeID) flow.NodeID { return id }).Draw(t, "ids")
	p := flow.Program{Name: "n", Entry: ids[0]}
	if rapid.Bool().Draw(t, "headed") {
		p.Lifetime, p.Expired = time.Minute, ids[len(ids)-1]
		p.Meta = map[string]string{"k": "v", "native.language": rapid.SampledFrom([]string{"sv", "en-GB", "no language"}).Draw(t, "language"), "native.languages": "sv,de-DE,no,en"}
	}
	for _, id := range ids {
		n := flow.Node{ID: id, Step: drawStep(t), Exits: map[flow.Exit]flow.NodeID{}}
		for _, e := range n.Step.Exits() {
			if rapid.Bool().Draw(t, "wired") {
				n.Exits[e] = rapid.SampledFrom(ids).Draw(t, "to")
			}
		}
		if rapid.Bool().Draw(t, "labelled") {
			n.Label, n.Meta = "a title", map[string]string{"id": "5"}
		}
		p.Nodes = append(p.Nodes, n)
	}
	return p
}

// Whatever a program is, its document says it: compiling it again gives the
// program, and writing that again the document.
func TestExpressAndCompile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProgram(t)
		for _, f := range []dialect.Format{native.NewFormat(), native.NewYAMLFormat()} {
			q, text := back(t, f, p)
			if d := diff(p, q); d != "" {
				t.Fatalf("%s\n%s", d, text)
			}
			if again, _, err := f.ExpressFile(context.Background(), q, dialect.OpenResolver{}); err != nil || string(again) != string(text) {
				t.Fatalf("%v: written once\n%s\nwritten again\n%s", err, text, again)
			}
		}
	})
}

// A change over an old text says exactly the new program.
func TestEditSaysTheProgram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := drawProgram(t), drawProgram(t)
		if rapid.Bool().Draw(t, "alike") {
			q = p
			q.Nodes = slices.Clone(p.Nodes)
			q.Nodes[0].Step = drawStep(t)
			q.Nodes[0].Exits = nil
		}
		f := rapid.SampledFrom([]dialect.Format{native.NewFormat(), native.NewYAMLFormat()}).Draw(t, "format")
		_, old := back(t, f, p)
		text, err := native.EditText(context.Background(), old, q, dialect.OpenResolver{})
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := f.CompileFile(context.Background(), text, dialect.OpenResolver{})
		if err != nil {
			t.Fatalf("%v of\n%s", err, text)
		}
		if d := diff(q, r); d != "" {
			t.Fatalf("%s\nold\n%s\nnew\n%s", d, old, text)
		}
	})
}

func TestExpressRefusesWhatDoesNotRun(t *testing.T) {
	for name, p := range map[string]flow.Program{
		"no entry":     {Entry: "a"},
		"no step":      {Entry: "a", Nodes: []flow.Node{{ID: "a"}}},
		"twice":        {Entry: "a", Nodes: []flow.Node{{ID: "a", Step: flow.Answer{}}, {ID: "a", Step: flow.Answer{}}}},
		"strange exit": {Entry: "a", Nodes: []flow.Node{{ID: "a", Step: flow.Answer{}, Exits: map[flow.Exit]flow.NodeID{flow.Busy: "a"}}}},
	} {
		if doc, _, err := native.New().Express(t.Context(), p, dialect.OpenResolver{}); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("%s: %s, %v", name, doc, err)
		}
	}
}

// What is stored is the author's text, and compiles to the app's program.
func TestStoredDocument(t *testing.T) {
	const text = "# mine\nflow: 1\nstart: a   # here\nsteps:\n  a: {hang_up: {cause: busy}}\n"
	doc := native.Document([]byte(text))
	got, err := native.Text(doc)
	if err != nil || string(got) != text || !json.Valid(doc) {
		t.Errorf("%s: %q, %v", doc, got, err)
	}
	p, ds, err := native.New().Compile(t.Context(), voice.App{ID: "A", Name: "mine", Kind: native.Kind, Document: doc}, dialect.OpenResolver{})
	want := flow.Program{App: "A", Name: "mine", Entry: "a", Nodes: []flow.Node{{ID: "a", Origin: "/steps/a", Step: flow.Hangup{Cause: voice.CauseBusy}}}}
	if d := cmp.Diff(want, p); d != "" || len(ds) > 0 || err != nil {
		t.Errorf("%v %v\n%s", ds, err, d)
	}
	asJSON, _, err := native.New().Express(t.Context(), p, dialect.OpenResolver{})
	if err != nil {
		t.Fatal(err)
	}
	if same, err := native.Text(asJSON); err != nil || string(same) != string(asJSON) || strings.Contains(string(asJSON), `"format"`) {
		t.Errorf("JSON is stored as %s: %v", asJSON, err)
	}
	for _, bad := range []string{"", `{"format":"yaml","text":"a: ["}`, `{"format":"yaml","text":""}`, `[`} {
		if _, _, err := native.New().Compile(t.Context(), voice.App{Document: json.RawMessage(bad)}, dialect.OpenResolver{}); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSchemaNamesEveryStep(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			OneOf []struct{ Required []string } `json:"oneOf"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(native.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, s := range schema.Defs["step"].OneOf {
		words[s.Required[0]] = true
	}
	if len(words) != len(flow.StepTypes()) {
		t.Errorf("%d steps in the schema, %d there are: %v", len(words), len(flow.StepTypes()), slices.Sorted(maps.Keys(words)))
	}
}
