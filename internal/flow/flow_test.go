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
	music := []voice.Prompt{{Kind: voice.PromptMusic}}
	steps := []flow.Step{
		flow.Answer{},
		flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: "a \"quoted\" <text>", Voice: "en", Duration: time.Second}}, BargeIn: true,
			In: map[string][]voice.Prompt{"sv": {{Kind: voice.PromptSay, Text: "${n}", Format: voice.SayDate, Template: true}}, "de-AT": {{Kind: voice.PromptMusic}}}},
		flow.Gather{Keys: []voice.Digits{"1", "#"}, Extensions: true, Whole: true, Into: "n", MaxDigits: 4, Finish: "*", FirstDigit: 2500 * time.Millisecond, InterDigit: time.Second, Overall: time.Minute},
		flow.Dial{To: voice.Destination{Kind: voice.ToUser, ID: "5"}, ToVar: "x", RingTime: time.Second, MaxDuration: time.Hour, CallerID: "+468",
			Also: []voice.Destination{{Kind: voice.ToNumber, ID: "+469"}}, Strategy: voice.Rotating, Music: music, Announce: music, SendDigits: "1WW2w#"},
		flow.Goto{App: "B"},
		flow.Count{Name: "n", Limit: 3},
		flow.Reset{Name: "n"},
		flow.Record{Purpose: voice.ForPrompt, User: "5", Beep: true, Finish: "#", MaxLength: time.Minute, Silence: time.Second, MinLength: time.Second},
		flow.Deliver{Mailbox: voice.Mailbox{App: "A", Name: "m", User: "5", Email: "a@example.com"}},
		flow.SaveSound{Sound: "s"},
		flow.PlayRecording{},
		flow.Wait{For: 1500 * time.Millisecond},
		flow.Hangup{Cause: voice.CauseBusy, Words: "no"},
		flow.Set{Name: "n", Value: "a ${digits} $${"},
		flow.If{Left: "${n}", Op: flow.OneOf, Right: "1,2"},
		flow.Hours{Schedule: voice.Schedule{Timezone: "Europe/Stockholm", Open: []voice.OpenTime{{Days: []string{"mon", "tue"}, From: "09:00", To: "17:00"}},
			Holidays: []voice.Day{{Date: "12-24", To: "12-26", Name: "Christmas"}}}},
		flow.SetCaller{Number: "+468", Name: "${n}"},
		flow.Save{Topic: "rating", Fields: map[string]flow.Template{"b": "${n}", "a": "x"}},
		flow.Request{Method: "POST", URL: "https://a.example/${n}", Headers: map[string]flow.Template{"X-Key": "${n}"}, Body: "{}", Type: "application/json",
			Timeout: time.Second, Extract: []flow.Extraction{{Pointer: "/a/0", Variable: "n", Optional: true}}, Music: music},
		flow.Fetch{Dialect: "telphin", Method: "GET", URL: "https://a.example/", Timeout: time.Second, Fallback: "https://b.example/", Comfort: []voice.Prompt{{Kind: voice.PromptMusic}}, Ways: []flow.Exit{"1", "2"}},
		flow.Subflow{App: "B"},
		flow.SMS{To: "${call.from}", Text: "hello"},
		flow.Listen{Prompts: music, In: map[string][]voice.Prompt{"sv": music}, Language: "sv", Phrases: []flow.Phrase{{Words: "yes|sure", Exit: "yes"}}, Timeout: time.Second, MaxLength: time.Second, MaxDigits: 1},
		flow.Queue{ID: "q", Name: "Sales", Members: []voice.Destination{{Kind: voice.ToExtension, ID: "101"}}, Strategy: voice.Random, Music: music, RingTime: time.Second,
			MaxWait: time.Minute, MaxLength: 3, Position: true, AnnounceEvery: time.Second, Language: "sv", ExitKey: "*"},
		flow.Await{Name: "ready", Ring: true, Idle: time.Minute, Music: music},
		flow.Collect{Dialect: "routee", URL: "https://app.example/", MaxDigits: 4, OnHash: true},
		flow.Tape{Order: flow.TapeStart},
		flow.DetectMachine{},
		flow.Notice{Dialect: "hoiio", Fields: map[string]flow.Template{"digits": "${digits}"}, Ready: "ready"},
		flow.Conference{Room: "sales-${digits}", Muted: true, Tones: true, Music: music, MaxMembers: 5, MaxDuration: time.Minute, Record: true, Leave: "#", EndWith: true},
		flow.Transfer{To: voice.Destination{Kind: voice.ToUser, ID: "5"}, ToVar: "x", How: flow.TransferByDial, RingTime: time.Second, CallerID: "+468", MaxDuration: time.Hour, Record: true},
		flow.Return{Exit: "1"},
	}
	p := flow.Program{App: "A", Name: "all/of~it", Entry: "answer", Nodes: []flow.Node{}, Lifetime: time.Minute, Expired: "set", Meta: map[string]string{"about": "x"}}
	for _, s := range steps {
		n := flow.Node{ID: flow.NodeID(s.Kind()), Origin: "/" + s.Kind(), Step: s, Label: "the " + s.Kind(), Meta: map[string]string{"kind": s.Kind()}}
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
		{"unknown field of a schedule", `{"nodes": [{"step": {"kind": "hours", "schedule": {"open": [{"day": "mon"}]}}}]}`, flow.CodeUnknown, "/nodes/0/step/schedule/open/0/day"},
		{"number for a text of a map", `{"nodes": [{"step": {"kind": "save", "fields": {"a/b": 5}}}]}`, flow.CodeType, "/nodes/0/step/fields/a~1b"},
		{"prompt of a language", `{"nodes": [{"step": {"kind": "play", "in": {"sv": [{"text": 1}]}}}]}`, flow.CodeType, "/nodes/0/step/in/sv/0/text"},
		{"object for a way", `{"nodes": [{"step": {"kind": "fetch", "ways": [{}]}}]}`, flow.CodeType, "/nodes/0/step/ways/0"},
		{"lifetime as number", `{"lifetime": 60}`, flow.CodeType, "/lifetime"},
		{"number in meta", `{"meta": {"id": 5}}`, flow.CodeType, "/meta/id"},
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
		{"secret keys", flow.CodeValue, "compare the digits in an if", []flow.Node{{ID: "a", Step: flow.Gather{Secret: true, Keys: []voice.Digits{"1"}}}}},
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

func TestValidateProgram(t *testing.T) {
	nodes := []flow.Node{{ID: "a", Step: flow.Answer{}}, {ID: "b", Step: flow.Answer{}}}
	for _, tt := range []struct {
		name, code string
		p          flow.Program
	}{
		{"expired is reached", "", flow.Program{Entry: "a", Lifetime: time.Minute, Expired: "b", Nodes: nodes}},
		{"expired is no node", flow.CodeDangling, flow.Program{Entry: "a", Lifetime: time.Minute, Expired: "c", Nodes: nodes[:1]}},
		{"too long a life", flow.CodeValue, flow.Program{Entry: "a", Lifetime: 25 * time.Hour, Nodes: nodes[:1]}},
		{"expired is nothing", "", flow.Program{Entry: "a", Lifetime: time.Minute, Nodes: nodes[:1]}},
	} {
		ds := flow.Validate(&tt.p)
		if tt.code == "" && len(ds) > 0 || tt.code != "" && (len(ds) != 1 || ds[0].Code != tt.code) {
			t.Errorf("%s: %v; want %q", tt.name, ds, tt.code)
		}
	}
}

func TestValidateValues(t *testing.T) {
	prompt := func(p voice.Prompt) flow.Step { return flow.Play{Prompts: []voice.Prompt{p}} }
	request := func(f func(*flow.Request)) flow.Step {
		r := flow.Request{URL: "https://a.example"}
		f(&r)
		return r
	}
	to := voice.Destination{Kind: voice.ToUser, ID: "1"}
	phrases := []flow.Phrase{{Words: "yes", Exit: "yes"}}
	for _, tt := range []struct {
		text string
		step flow.Step
	}{
		{`no variable that can be set`, flow.Set{Name: "a b"}},
		{`name "call.from"`, flow.Set{Name: flow.VarCallFrom}},
		{`fault in its value`, flow.Set{Name: "a", Value: "${b"}},
		{`fault in its left`, flow.If{Left: "${a b}", Op: flow.Equal}},
		{`operator "like"`, flow.If{Op: "like"}},
		{`schedule at /open/0/from`, flow.Hours{Schedule: voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon"}, From: "9", To: "10:00"}}}}},
		{`neither number nor name`, flow.SetCaller{}},
		{`no topic`, flow.Save{}},
		{`must not hold a slash`, flow.Save{Topic: "smartflo/department"}},
		{`field without a name`, flow.Save{Topic: "t", Fields: map[string]flow.Template{"": "x"}}},
		{`no url`, request(func(r *flow.Request) { r.URL = "" })},
		{`must begin with http`, request(func(r *flow.Request) { r.URL = "file:///etc" })},
		{`method "get"`, request(func(r *flow.Request) { r.Method = "get" })},
		{`timeout 31s`, request(func(r *flow.Request) { r.Timeout = 31 * time.Second })},
		{`no name of a header`, request(func(r *flow.Request) { r.Headers = map[string]flow.Template{"a b": "x"} })},
		{`can't be set`, request(func(r *flow.Request) { r.Headers = map[string]flow.Template{"host": "x"} })},
		{`begins with /`, request(func(r *flow.Request) { r.Extract = []flow.Extraction{{Pointer: "a", Variable: "a"}} })},
		{`no variable`, request(func(r *flow.Request) { r.Extract = []flow.Extraction{{Pointer: "/a", Variable: flow.VarHeard}} })},
		{`at most 50`, request(func(r *flow.Request) {
			for range 51 {
				r.Extract = append(r.Extract, flow.Extraction{Variable: "a"})
			}
		})},
		{`names no dialect`, flow.Fetch{URL: "http://a.example"}},
		{`way without`, flow.Fetch{Dialect: "telphin", URL: "http://a.example", Ways: []flow.Exit{""}}},
		{`way "1" twice`, flow.Fetch{Dialect: "telphin", URL: "http://a.example", Ways: []flow.Exit{"1", "1"}}},
		{`has url "b.example"`, flow.Fetch{Dialect: "telphin", URL: "http://a.example", Fallback: "b.example"}},
		{`ways, which an answer that replaces`, flow.Fetch{Dialect: "telphin", URL: "http://a.example", Replace: true, Ways: []flow.Exit{"1"}}},
		{`way "next" twice`, flow.Fetch{Dialect: "telphin", URL: "http://a.example", Ways: []flow.Exit{flow.Next}}},
		{`names no app`, flow.Subflow{}},
		{`no text`, flow.SMS{}},
		{`fault in its to`, flow.SMS{To: "${}", Text: "x"}},
		{`neither phrases`, flow.Listen{}},
		{`no words`, flow.Listen{Phrases: []flow.Phrase{{Words: " |", Exit: "yes"}}}},
		{`no exit`, flow.Listen{Phrases: []flow.Phrase{{Words: "yes"}}}},
		{`max_digits -1`, flow.Listen{Phrases: phrases, MaxDigits: -1}},
		{`has no id`, flow.Queue{}},
		{`one key`, flow.Queue{ID: "q", ExitKey: "12"}},
		{`destination 1 of members`, flow.Queue{ID: "q", Members: []voice.Destination{{}}}},
		{`strategy "hunt"`, flow.Queue{ID: "q", Strategy: "hunt"}},
		{`max_length -1`, flow.Queue{ID: "q", MaxLength: -1}},
		{`send_digits`, flow.Dial{To: to, SendDigits: "p"}},
		{`in also`, flow.Dial{To: to, Also: make([]voice.Destination, 20)}},
		{`no name of a variable`, flow.Dial{To: to, ToVar: "a b"}},
		{`digits into "call.id"`, flow.Gather{Into: flow.VarCallID}},
		{`language "s v"`, flow.Play{In: map[string][]voice.Prompt{"s v": nil}}},
		{`unknown format "words"`, prompt(voice.Prompt{Kind: voice.PromptSay, Text: "5", Format: "words"})},
		{`say prompt without text`, prompt(voice.Prompt{Kind: voice.PromptSay, Format: voice.SayDate})},
		{`fault in its text of a prompt`, prompt(voice.Prompt{Kind: voice.PromptSpeech, Text: "${", Template: true})},
		{`fault in its sound of a prompt`, prompt(voice.Prompt{Kind: voice.PromptSound, Sound: "${", Template: true})},
	} {
		ds := flow.Validate(&flow.Program{Entry: "a", Nodes: []flow.Node{{ID: "a", Step: tt.step}}})
		found := false
		for _, d := range ds {
			found = found || d.Severity == flow.Error && strings.Contains(d.Text, tt.text)
		}
		if !found {
			t.Errorf("%+v: %v; want %q", tt.step, ds, tt.text)
		}
	}
	for _, s := range []flow.Step{
		prompt(voice.Prompt{Kind: voice.PromptSpeech, Text: "${ as it is"}), // no template
		flow.Listen{MaxDigits: 3},
		flow.Queue{ID: "q"},
		flow.Set{Name: flow.VarLanguage, Value: "sv"},
	} {
		if ds := flow.Validate(&flow.Program{Entry: "a", Nodes: []flow.Node{{ID: "a", Step: s}}}); len(ds) > 0 {
			t.Errorf("%+v: %v", s, ds)
		}
	}
}

func TestTemplate(t *testing.T) {
	vars := map[string]string{"a": "1", "b.c-d_e": "${a}", "": "x"}
	for _, tt := range []struct {
		template flow.Template
		want     string
		faulty   bool
	}{
		{"", "", false},
		{"plain $a {b}", "plain $a {b}", false},
		{"${a}", "1", false},
		{"x${a}y${b.c-d_e}z${gone}", "x1y${a}z", false},
		{"$${a}", "${a}", false},
		{"$$${a}", "$${a}", false},
		{"${a", "${a", true},
		{"${}", "${}", true},
		{"${a b}${a}", "${a b}1", true},
		{flow.Literal("${a} $${a} $"), "${a} $${a} $", false},
	} {
		if got := tt.template.Expand(func(n string) string { return vars[n] }); got != tt.want {
			t.Errorf("%q: %q; want %q", tt.template, got, tt.want)
		}
		if err := tt.template.Check(); (err != nil) != tt.faulty {
			t.Errorf("%q: %v", tt.template, err)
		}
	}
}

func TestWalkAndPrint(t *testing.T) {
	p := full()
	p.Entry = "answer"
	var ids []string
	flow.Walk(&p, func(n *flow.Node) bool {
		ids = append(ids, string(n.ID))
		return n.ID != "dial"
	})
	if got := strings.Join(ids, " "); got != "answer play gather dial" {
		t.Errorf("walked %s", got)
	}
	text := p.String()
	for _, part := range []string{"dial: call user of x, number +469 rotating for 1s  \"the dial\"  [/dial]\n\tcompleted → goto", "hangup: hang up: no",
		"after 1m0s → set", "if: is \"${n}\" one of \"1,2\"", "hours: ask for the hours: mon tue 09:00-17:00", "gather: ask for key 1 # or an extension"} {
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
