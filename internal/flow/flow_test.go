package flow_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// full is a program with every step, its fields filled.
func full() flow.Program {
	steps := []flow.Step{
		flow.Answer{},
		flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: "a \"quoted\" <text>", Voice: "en", Duration: time.Second}}, BargeIn: true},
		flow.Gather{Keys: []voice.Digits{"1", "#"}, Extensions: true, MaxDigits: 4, Finish: "*", FirstDigit: 2500 * time.Millisecond, InterDigit: time.Second, Overall: time.Minute},
		flow.Dial{To: voice.Destination{Kind: voice.ToUser, ID: "5"}, ToVar: "x", RingTime: time.Second, MaxDuration: time.Hour, CallerID: "+468"},
		flow.Goto{App: "B"},
		flow.Count{Name: "n", Limit: 3},
		flow.Reset{Name: "n"},
		flow.Record{Purpose: voice.ForPrompt, User: "5", Beep: true, Finish: "#", MaxLength: time.Minute, Silence: time.Second, MinLength: time.Second},
		flow.Deliver{Mailbox: voice.Mailbox{App: "A", Name: "m", User: "5", Email: "a@example.com"}},
		flow.SaveSound{Sound: "s"},
		flow.PlayRecording{},
		flow.Wait{For: 1500 * time.Millisecond},
		flow.Hangup{Cause: voice.CauseBusy, Words: "no"},
	}
	p := flow.Program{App: "A", Name: "all/of~it", Entry: "answer", Nodes: []flow.Node{}}
	for _, s := range steps {
		n := flow.Node{ID: flow.NodeID(s.Kind()), Origin: "/" + s.Kind(), Step: s}
		if len(p.Nodes) > 0 {
			last := &p.Nodes[len(p.Nodes)-1]
			for _, e := range last.Step.Exits() {
				if last.Exits == nil {
					last.Exits = map[flow.Exit]flow.NodeID{}
				}
				last.Exits[e] = n.ID
			}
		}
		p.Nodes = append(p.Nodes, n)
	}
	return p
}

func TestJSONBothWays(t *testing.T) {
	want := full()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, ds := flow.Decode(data)
	if len(ds) > 0 {
		t.Error(ds)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var again flow.Program
	if err := json.Unmarshal(data, &again); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(want, again); d != "" {
		t.Error(d)
	}
	if ds := flow.Validate(&want); len(ds) > 0 {
		t.Error(ds)
	}
	for _, part := range []string{`{"kind":"wait","for":"1.5s"}`, `"step":{"kind":"answer"}`, `"first_digit":"2.5s"`, `"mailbox":{"app":"A","name":"m","user":"5","email":"a@example.com"}`} {
		if !strings.Contains(string(data), part) {
			t.Errorf("%s is not in %s", part, data)
		}
	}
	if len(want.Nodes) != len(flow.StepTypes()) {
		t.Errorf("%d step types, %d shown", len(flow.StepTypes()), len(want.Nodes))
	}
}

func TestMarshalNeedsStep(t *testing.T) {
	if data, err := json.Marshal(flow.Program{Nodes: []flow.Node{{ID: "a"}}}); err == nil {
		t.Errorf("a node without a step gives %s", data)
	}
}

func TestDecodeNamesThePlace(t *testing.T) {
	tests := []struct{ name, json, code, pointer string }{
		{"not JSON", `{`, flow.CodeSyntax, ""},
		{"more than one", `{} {}`, flow.CodeSyntax, ""},
		{"not an object", `[]`, flow.CodeType, ""},
		{"null", `null`, flow.CodeType, ""},
		{"unknown field", `{"apps": "A"}`, flow.CodeUnknown, "/apps"},
		{"capitals", `{"App": "A"}`, flow.CodeUnknown, "/App"},
		{"escaped name", `{"a/b~c": 1}`, flow.CodeUnknown, "/a~1b~0c"},
		{"twice", `{"app": "A", "app": "B"}`, flow.CodeDuplicate, "/app"},
		{"number for text", `{"app": 5}`, flow.CodeType, "/app"},
		{"null for text", `{"app": null}`, flow.CodeType, "/app"},
		{"object for list", `{"nodes": {}}`, flow.CodeType, "/nodes"},
		{"text for node", `{"nodes": ["a"]}`, flow.CodeType, "/nodes/0"},
		{"text for step", `{"nodes": [{"step": "a"}]}`, flow.CodeType, "/nodes/0/step"},
		{"unknown step", `{"nodes": [{"id": "a", "step": {"kind": "sing"}}]}`, flow.CodeStepKind, "/nodes/0/step/kind"},
		{"no kind", `{"nodes": [{"id": "a", "step": {}}]}`, flow.CodeStepKind, "/nodes/0/step/kind"},
		{"kind of wrong type", `{"nodes": [{"step": {"kind": 1}}]}`, flow.CodeType, "/nodes/0/step/kind"},
		{"unknown field of a step", `{"nodes": [{"step": {"kind": "answer", "loud": true}}]}`, flow.CodeUnknown, "/nodes/0/step/loud"},
		{"duration as number", `{"nodes": [{"step": {"kind": "wait", "for": 5}}]}`, flow.CodeType, "/nodes/0/step/for"},
		{"text for truth", `{"nodes": [{"step": {"kind": "play", "barge_in": "yes"}}]}`, flow.CodeType, "/nodes/0/step/barge_in"},
		{"fraction", `{"nodes": [{"step": {"kind": "count", "limit": 1.5}}]}`, flow.CodeType, "/nodes/0/step/limit"},
		{"unknown field of a prompt", `{"nodes": [{"step": {"kind": "play", "prompts": [{}, {"say": "x"}]}}]}`, flow.CodeUnknown, "/nodes/0/step/prompts/1/say"},
		{"exit to a number", `{"nodes": [{"exits": {"next": 1}}]}`, flow.CodeType, "/nodes/0/exits/next"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, ds := flow.Decode([]byte(tt.json))
			if len(ds) != 1 || ds[0].Code != tt.code || ds[0].Pointer != tt.pointer || ds[0].Severity != flow.Error {
				t.Errorf("diagnostics %v; want %s at %q", ds, tt.code, tt.pointer)
			}
			var p flow.Program
			if json.Unmarshal([]byte(tt.json), &p) == nil {
				t.Error("unmarshalled without an error")
			}
		})
	}
}

func TestValidate(t *testing.T) {
	type exits = map[flow.Exit]flow.NodeID
	tests := []struct {
		name, code, text string
		nodes            []flow.Node
	}{
		{"no entry", flow.CodeEntry, `"a"`, nil},
		{"dangling", flow.CodeDangling, `"b"`, []flow.Node{{ID: "a", Step: flow.Answer{}, Exits: exits{flow.Next: "b"}}}},
		{"exit", flow.CodeExit, `"busy"`, []flow.Node{{ID: "a", Step: flow.Answer{}, Exits: exits{flow.Busy: "a"}}}},
		{"key without exit", flow.CodeExit, `"key 2"`, []flow.Node{{ID: "a", Step: flow.Gather{Keys: []voice.Digits{"1"}}, Exits: exits{flow.Key("2"): "a"}}}},
		{"no step", flow.CodeNoStep, `"a"`, []flow.Node{{ID: "a"}}},
		{"twice", flow.CodeDuplicate, `"a"`, []flow.Node{{ID: "a", Step: flow.Answer{}}, {ID: "a", Step: flow.Answer{}}}},
		{"unreachable", flow.CodeUnreachable, `"b"`, []flow.Node{{ID: "a", Step: flow.Answer{}}, {ID: "b", Step: flow.Answer{}}}},
		{"no id", flow.CodeValue, "no id", []flow.Node{{ID: "a", Step: flow.Answer{}, Exits: exits{flow.Next: ""}}, {Step: flow.Answer{}}}},
		{"limit", flow.CodeValue, "limit 0", []flow.Node{{ID: "a", Step: flow.Count{Name: "n"}}}},
		{"app", flow.CodeValue, "no app", []flow.Node{{ID: "a", Step: flow.Goto{}}}},
		{"destination", flow.CodeValue, "no destination id", []flow.Node{{ID: "a", Step: flow.Dial{To: voice.Destination{Kind: voice.ToUser}}}}},
		{"ring time", flow.CodeValue, "ring_time", []flow.Node{{ID: "a", Step: flow.Dial{To: voice.Destination{Kind: voice.ToUser, ID: "1"}, RingTime: time.Hour}}}},
		{"negative wait", flow.CodeValue, "for -1s", []flow.Node{{ID: "a", Step: flow.Wait{For: -time.Second}}}},
		{"prompt", flow.CodeValue, "unknown kind", []flow.Node{{ID: "a", Step: flow.Play{Prompts: []voice.Prompt{{}}}}}},
		{"speech", flow.CodeValue, "at most", []flow.Node{{ID: "a", Step: flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: strings.Repeat("a", 9000)}}}}}},
		{"keys", flow.CodeValue, "telephone keys", []flow.Node{{ID: "a", Step: flow.Gather{Keys: []voice.Digits{"x"}}}}},
		{"key twice", flow.CodeValue, "twice", []flow.Node{{ID: "a", Step: flow.Gather{Keys: []voice.Digits{"1", "1"}}}}},
		{"too many", flow.CodeTooMany, "at most", make([]flow.Node, flow.MaxNodes+1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ds := flow.Validate(&flow.Program{Entry: "a", Nodes: tt.nodes})
			if len(ds) != 1 || ds[0].Code != tt.code || !strings.Contains(ds[0].Text, tt.text) {
				t.Errorf("diagnostics %v; want %s with %q", ds, tt.code, tt.text)
			}
		})
	}
}

func TestWalkAndPrint(t *testing.T) {
	p := full()
	var ids []string
	flow.Walk(&p, func(n *flow.Node) bool {
		ids = append(ids, string(n.ID))
		return n.ID != "dial"
	})
	if got := strings.Join(ids, " "); got != "answer play gather dial" {
		t.Errorf("walked %s", got)
	}
	text := p.String()
	for _, part := range []string{"dial: call user of x for 1s  [/dial]\n\tcompleted → goto", "hangup: hang up: no", "gather: ask for key 1 # or an extension"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	for _, s := range flow.StepTypes() {
		if flow.Words(s) == "" {
			t.Errorf("step %s has no words", s.Kind())
		}
	}
	long := flow.Words(flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: strings.Repeat("å", 500)}}})
	if len(long) > 130 || !strings.HasSuffix(long, "…") {
		t.Errorf("long words: %s", long)
	}
}

func FuzzDecode(f *testing.F) {
	data, err := json.Marshal(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"nodes": [{"step": {"kind": "play", "prompts": [{"say": null}]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ds := flow.Decode(data)
		if _, bad := ds.FirstError(); bad {
			return
		}
		flow.Validate(&p)
		_ = p.String()
		out, err := json.Marshal(p)
		if err != nil {
			return // a node without a step
		}
		q, ds := flow.Decode(out)
		if len(ds) > 0 {
			t.Fatal(ds)
		}
		again, err := json.Marshal(q)
		if err != nil || string(again) != string(out) {
			t.Fatalf("%s\n%s\n%v", out, again, err)
		}
	})
}
