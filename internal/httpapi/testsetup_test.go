package httpapi_test

import (
	"context"
	"testing"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// asks is a dialect whose applications answer with a text that is said.
type asks struct{ dialect.Dialect }

func newAsks() asks { return asks{native.New()} }

func (asks) Kind() voice.AppKind { return "asks" }

func (asks) Ask(_ context.Context, q flow.Question) (voice.HTTPRequest, error) {
	return voice.HTTPRequest{Method: "POST", URL: q.URL + "?account=" + string(q.Call.Tenant)}, nil
}

func (asks) Reply(_ context.Context, _ flow.Question, a voice.HTTPAnswer, _ dialect.Resolver) (*flow.Program, error) {
	say := flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: string(a.Body)}}}
	return &flow.Program{Name: "answer", Entry: "say", Nodes: []flow.Node{{ID: "say", Step: say}}}, nil
}

// The tests of an app whose flow asks an application have the answers in them, which
// are understood as the account's; the application itself is not asked.
func TestTestsOfAnAppThatAsks(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Asks", `{"format":"yaml","text":"flow: 1\nstart: ask\nsteps:\n  ask: {fetch: {dialect: asks, url: \"https://app.example/next\"}, failed: bye}\n  bye: {play: [{say: Goodbye}]}\n"}`)
	path := "/apps/" + id
	tests := func(answer, hears string) string {
		return `{"text":` + quote("web https://app.example/next?account="+string(f.tenant)+" "+answer+"\ntest \"asks\"\n  caller +46700000001 dials +4685000000\n  hears \""+hears+"\"\n") + `}`
	}
	for _, tt := range [][2]string{{"answers 200 Welcome", "Welcome"}, {"fails", "Goodbye"}} {
		if r := f.ok(200, "POST", path+"/tests/run", tests(tt[0], tt[1])); r.body["passed"] != 1.0 {
			t.Errorf("%s: %s", tt[0], r.raw)
		}
	}
	f.ok(200, "PUT", path+"/tests", tests("answers 200 Welcome", "Good morning"))
	f.ok(200, "PUT", path+"/draft", `{"document":{"format":"yaml","text":"flow: 1\nstart: ask\nsteps:\n  ask: {fetch: {dialect: asks, url: \"https://app.example/next\"}, failed: bye}\n  bye: {play: [{say: Good night}]}\n"}}`)
	f.fails(422, "asks", "POST", path+"/publish", "")
	f.ok(200, "PUT", path+"/tests", tests("answers 200 Welcome", "Welcome"))
	f.ok(200, "POST", path+"/publish", "")
}
