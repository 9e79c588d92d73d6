package flowdiff_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/flow"
	"tandem/internal/flowdiff"
	"tandem/internal/voice"
)

func compile(t *testing.T, f dialect.Format, text string) *flow.Program {
	t.Helper()
	p, ds, err := f.CompileFile(t.Context(), []byte(text), dialect.OpenResolver{})
	if d, bad := ds.FirstError(); bad || err != nil {
		t.Fatalf("%v %v\n%s", err, d, text)
	}
	return &p
}

// Each change of the office is told in the words of its author.
func TestWords(t *testing.T) {
	office, err := os.ReadFile("../../test/samples/native/office.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ what, old, new, want string }{
		{"nothing", "", "", "no difference\n"},
		{"a comment", "# Callers from Sweden hear Swedish.", "", "no difference\n"},
		{"a key", "      2: support\n", "      2: sales\n", "Main menu: key 2 now goes to sales, no longer to support\n"},
		{"a key that is new", "      2: support\n", "      2: support\n      3: bye\n", "Main menu: key 3 now goes to bye\n"},
		{"a key that is gone", "      \"#\": bye\n", "", "Main menu: key # no longer goes to bye; it is not expected\n"},
		{"a time-out and a key", "      first_digit: 5s\n", "      first_digit: 8s\n", "Main menu: time-out for the first key 5 s → 8 s\n"},
		{"a prompt", "Welcome to the office.", "Hello.", "greet: plays speech \"Hello.\" instead of speech \"Welcome to the office.\"\n"},
		{"a translation", "Välkommen till kontoret.", "Hej.", "greet: in sv plays speech \"Hej.\" instead of speech \"Välkommen till kontoret.\"\n"},
		{"a number", `number: "+46850000077"`, `number: "+46850000078"`, "sales: destination number +46850000077 → number +46850000078\n"},
		{"ring time", "ring_time: 25s", "ring_time: 70s", "sales: ring time 25 s → 1 min 10 s\n"},
		{"hours", `days: [fri], from: "08:30", to: "15:00"`, `days: [fri], from: "08:30", to: "16:00"`, "hours: now open fri 08:30–16:00; no longer open fri 08:30–15:00\n"},
		{"a holiday", "        - 2027-06-25\n", "", "hours: no longer closed for a holiday on 2027-06-25\n"},
		{"a member", "{extension: 102}]", "{extension: 103}]", "support: members: extension 103 is new; members: extension 102 is gone\n"},
		{"barge-in", "      barge_in: true\n    then: menu", "      barge_in: false\n    then: menu", "greet: a key no longer cuts the prompt\n"},
		{"lifetime", "lifetime: 15m", "lifetime: 10m", "lifetime 15 min → 10 min\n"},
		{"a limit", "limit: 3", "limit: 2", "again: limit 3 → 2\n"},
		{"an address", "office@example.com", "desk@example.com", "deliver: mailbox office@example.com → desk@example.com\n"},
		{"a title", "label: Main menu", "label: Menu", "Menu: titled \"Menu\", no longer \"Main menu\"\n"},
		{"a name", "name: Office", "name: Bureau", "the flow is called \"Bureau\", no longer \"Office\"\n"},
		{"an exit", "    busy: voicemail\n    no_answer: voicemail\n    failed: menu\n", "    busy: voicemail\n    no_answer: voicemail\n", "extension: failed no longer goes to Main menu; it ends the call\n"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			changed := strings.Replace(string(office), tt.old, tt.new, 1)
			if changed == string(office) && tt.old != "" {
				t.Fatalf("the office has no %q", tt.old)
			}
			if tt.old == "" {
				changed = string(office)
			}
			got := flowdiff.Words(flowdiff.Diff(compile(t, native.NewFormat(), string(office)), compile(t, native.NewFormat(), changed)))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A step under another name is the same step.
func TestRenamed(t *testing.T) {
	const text = "flow: 1\nstart: hi\nsteps:\n  hi: {play: [{say: Hello}], then: end}\n  end: {hang_up: {words: over}}\n"
	x, y := compile(t, native.NewFormat(), text), compile(t, native.NewFormat(), strings.ReplaceAll(text, "end", "bye"))
	if got := flowdiff.Words(flowdiff.Diff(x, y)); got != "bye: was called end\n" {
		t.Errorf("got %q", got)
	}
}

// A vendor's document has its own places.
func TestVendor(t *testing.T) {
	data, err := os.ReadFile("../../test/samples/convert/smartflo.json")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(strings.Replace(string(data), "extension|530001", "extension|530002", 1), `"timeout": 12`, `"timeout": 8`, 1)
	changes := flowdiff.Diff(compile(t, smartfloivr.NewFormat(), string(data)), compile(t, smartfloivr.NewFormat(), changed))
	got := flowdiff.Words(changes)
	if !strings.Contains(got, "time-out for the first key 12 s → 8 s") || !strings.Contains(got, "530001 → ") || changes[0].Pointer == "" {
		t.Errorf("%s%+v", got, changes)
	}
}

// Every field of every step is told when it alone changes.
func TestEveryField(t *testing.T) {
	for _, step := range flow.StepTypes() {
		for i := range reflect.TypeOf(step).NumField() {
			v := reflect.New(reflect.TypeOf(step)).Elem()
			fill(v.Field(i))
			p := func(s flow.Step) *flow.Program {
				return &flow.Program{Entry: "a", Nodes: []flow.Node{{ID: "a", Step: s}}}
			}
			changes := flowdiff.Diff(p(step), p(v.Interface().(flow.Step)))
			if len(changes) != 1 || strings.TrimSpace(strings.Join(changes[0].Parts, "")) == "" {
				t.Errorf("%s.%s: %+v", step.Kind(), v.Type().Field(i).Name, changes)
			}
			back := flowdiff.Diff(p(v.Interface().(flow.Step)), p(step))
			if len(back) != 1 {
				t.Errorf("%s.%s back: %+v", step.Kind(), v.Type().Field(i).Name, back)
			}
		}
	}
}

// fill gives a field a value that is not its zero.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Duration:
		v.SetInt(int64(3 * time.Second))
		return
	case voice.Schedule:
		v.Set(reflect.ValueOf(voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon"}, From: "08:00", To: "09:00"}}}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		fill(v.Field(0))
	case reflect.Slice:
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e)
		v.Set(reflect.Append(v, e))
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("x"), e)
	}
}
