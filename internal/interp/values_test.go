package interp_test

import (
	"strings"
	"testing"

	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/voice"
)

// ends gives how a program of one step is left, as the words of its exit.
func ends(t *testing.T, s flow.Step, host string) string {
	t.Helper()
	h := &interptest.MemoryHost{}
	if err := h.Read(host); err != nil {
		t.Fatal(err)
	}
	p := &flow.Program{App: "A", Entry: "n", Nodes: []flow.Node{{ID: "n", Step: s}}}
	o := interptest.Run(t, p, h, func(*interptest.Caller) {})
	return string(o.Trace.Visits[0].Exit)
}

func TestComparisons(t *testing.T) {
	for _, tt := range []struct {
		left  flow.Template
		op    flow.Operator
		right flow.Template
		yes   bool
	}{
		{"a", flow.Equal, "a", true},
		{"a", flow.Equal, "A", false},
		{"5", flow.Equal, "5.0", false}, // as texts
		{"a", flow.NotEqual, "b", true},
		{"a", flow.NotEqual, "a", false},
		{"9", flow.Less, "10", true},
		{"-1.5", flow.Less, "-1.4", true},
		{"10", flow.Less, "9", false},
		{"10", flow.Greater, "9.99", true},
		{"0.30000000000000000001", flow.Greater, "0.3", true},
		{" 7 ", flow.Greater, "6", true},
		{"x", flow.Less, "10", false},
		{"", flow.Less, "10", false},
		{"1e9", flow.Greater, "10", false}, // no plain decimal number
		{"0x10", flow.Greater, "1", false},
		{"1/2", flow.Less, "1", false},
		{flow.Template(strings.Repeat("9", 65)), flow.Greater, "1", false},
		{"+4670", flow.BeginsWith, "+46", true},
		{"4670", flow.BeginsWith, "+46", false},
		{"4670", flow.EndsWith, "70", true},
		{"4670", flow.EndsWith, "46", false},
		{"4670", flow.Contains, "67", true},
		{"4670", flow.Contains, "76", false},
		{"b", flow.OneOf, "a, b,c", true},
		{"d", flow.OneOf, "a,b,c", false},
		{"", flow.OneOf, "a,b", false},
		{"a", flow.IsSet, "", true},
		{"${nothing}", flow.IsSet, "x", false},
		{"a", "like", "a", false},
	} {
		want := "no"
		if tt.yes {
			want = "yes"
		}
		if got := ends(t, flow.If{Left: tt.left, Op: tt.op, Right: tt.right}, ""); got != want {
			t.Errorf("%q %s %q: %s", tt.left, tt.op, tt.right, got)
		}
	}
}

// What is taken out of an answer, seen by the variable that it is put into.
func TestExtraction(t *testing.T) {
	const body = `{"a": {"b": [10, {"c": "x"}]}, "": 1, "m~n": true, "p/q": 12345678901234567890.10, "z": null, "l": [1, "2"]}`
	for _, tt := range []struct{ pointer, want string }{
		{"/a/b/0", "10"},
		{"/a/b/1/c", "x"},
		{"/", "1"},
		{"/m~0n", "true"},
		{"/p~1q", "12345678901234567890.10"},
		{"/z", ""},
		{"/l", `[1,"2"]`},
		{"/a/b/2", "none"},
		{"/a/b/-", "none"},
		{"/a/b/01", "none"},
		{"/a/b/x", "none"},
		{"/a/c", "none"},
		{"/z/y", "none"},
	} {
		h := &interptest.MemoryHost{}
		if err := h.Read("web https://a.example: 200 " + body); err != nil {
			t.Fatal(err)
		}
		next := map[flow.Exit]flow.NodeID{flow.Next: "keep", flow.Failed: "none"}
		p := &flow.Program{App: "A", Entry: "get", Nodes: []flow.Node{
			{ID: "get", Step: flow.Request{URL: "https://a.example", Extract: []flow.Extraction{{Pointer: tt.pointer, Variable: "v"}}}, Exits: next},
			{ID: "keep", Step: flow.Save{Topic: "v", Fields: map[string]flow.Template{"is": "${v}"}}},
			{ID: "none", Step: flow.Save{Topic: "v", Fields: map[string]flow.Template{"is": "none"}}},
		}}
		interptest.Run(t, p, h, func(c *interptest.Caller) {})
		if got := h.Done[len(h.Done)-1]; got != "keep v is="+tt.want {
			t.Errorf("%s: %s; want %q", tt.pointer, got, tt.want)
		}
	}
	for _, body := range []string{"", "{", `{"v": 1} {}`, "<v>1</v>"} {
		got := ends(t, flow.Request{URL: "https://a.example", Extract: []flow.Extraction{{Pointer: "/v", Variable: "v"}}}, "web https://a.example: 200 "+body)
		if got != "failed" {
			t.Errorf("%q: %s", body, got)
		}
	}
}

// A variable that doubles with each round stays within its bound.
func TestVariablesAreBounded(t *testing.T) {
	p := &flow.Program{App: "A", Entry: "set", Nodes: []flow.Node{
		{ID: "set", Step: flow.Set{Name: "v", Value: "${v}å"}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "double"}},
		{ID: "double", Step: flow.Set{Name: "v", Value: "${v}${v}"}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "double"}},
	}}
	o := interptest.Run(t, p, &interptest.MemoryHost{}, func(c *interptest.Caller) {
		c.Errs("the value of v is too long and is cut")
		c.EndsBecause(voice.CauseFailed, "step limit")
	})
	for _, e := range o.Call.Events() {
		if len(e.Text) > 3*flow.MaxValue {
			t.Fatalf("an event of %d bytes", len(e.Text))
		}
	}
}

// What was said or keyed can't set what the call itself says.
func TestReadOnlyVariables(t *testing.T) {
	p := &flow.Program{App: "A", Entry: "set", Nodes: []flow.Node{
		{ID: "set", Step: flow.Set{Name: flow.VarCallFrom, Value: "+1"}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "keep"}},
		{ID: "keep", Step: flow.Save{Topic: "v", Fields: map[string]flow.Template{"is": "${call.from} ${call.extension} ${call.id} ${call.to} ${call.from_name}"}}},
	}}
	h := &interptest.MemoryHost{}
	interptest.Run(t, p, h, func(c *interptest.Caller) {
		c.Is("+46700000001", "Ada", "101")
		c.Errs("call.from is no variable that can be set")
	})
	if got := h.Done[0]; got != "keep v is=+46700000001 101 sim +46850000000 Ada" {
		t.Error(got)
	}
}
