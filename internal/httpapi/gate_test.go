package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tandem/internal/voice"
)

// maker makes every prompt but those that say "broken".
type maker struct{ made []string }

func (m *maker) Prepare(_ context.Context, _ voice.TenantID, prompts ...voice.Prompt) error {
	for _, p := range prompts {
		m.made = append(m.made, p.Text)
		if strings.Contains(p.Text, "broken") {
			return errors.New("the engine does not speak it")
		}
	}
	return nil
}

func say(text string) string {
	return `{"flow":1,"start":"a","steps":{"a":{"play":[{"say":"` + text + `"}]}}}`
}

// A draft is published when its check finds no errors and its prompts are made, or
// when somebody says why not; the history keeps that.
func TestPublishGate(t *testing.T) {
	f := newFixture(t)
	m := &maker{}
	f.config.Prompts = m
	f.restart()
	f.fails(422, "document#/steps/a", "POST", "/apps", `{"kind":"native","name":"x","document":`+trap+`}`)
	id := f.nativeApp("Menu", say("Hello"))
	path := "/apps/" + id
	if fmt.Sprint(m.made) != "[Bye Hello]" {
		t.Errorf("made %v", m.made)
	}
	f.ok(200, "PUT", path+"/draft", `{"document":`+trap+`}`)
	r := f.fails(422, "document#/steps/a", "POST", path+"/publish", "")
	if !strings.Contains(string(r.raw), "empty-queue") || !strings.Contains(string(r.raw), "override") {
		t.Errorf("refused: %s", r.raw)
	}
	f.fails(422, "not published", "POST", path+"/publish", `{"override":"  "}`)
	f.ok(200, "POST", path+"/publish", `{"note":"now","override":"the desk is staffed tomorrow"}`)
	r = f.ok(200, "GET", path+"/revisions/2", "")
	override, _ := r.body["override"].(map[string]any)
	if override["reason"] != "the desk is staffed tomorrow" || r.body["by"] != "key test" || r.body["note"] != "now" ||
		!strings.Contains(fmt.Sprint(override["problems"]), "empty-queue") {
		t.Errorf("the history: %s", r.raw)
	}

	f.ok(200, "PUT", path+"/draft", `{"document":`+say("broken")+`}`)
	r = f.fails(422, "can't be made: the engine does not speak it", "POST", path+"/publish", "")
	if !strings.Contains(string(r.raw), "prompt-not-made") {
		t.Errorf("refused: %s", r.raw)
	}
	f.ok(200, "PUT", path+"/draft", `{"document":`+say("fine")+`}`)
	f.ok(200, "POST", path+"/publish", `{"override":"not needed"}`)
	if r := f.ok(200, "GET", path+"/revisions/3", ""); r.body["override"] != nil {
		t.Errorf("nothing was overridden: %s", r.raw)
	}
	// What can't run is not published whatever anybody says; what ran before is, at once.
	f.ok(200, "PUT", path+"/draft", `{"document":`+bad+`}`)
	f.fails(422, "document#/start", "POST", path+"/publish", `{"override":"please"}`)
	f.ok(200, "POST", path+"/revisions/2/publish", "")
	// A new app may be made with an override too.
	made := f.ok(201, "POST", "/apps", `{"kind":"native","name":"x","document":`+trap+`,"override":"a test"}`)
	if r := f.ok(200, "GET", "/apps/"+made.body["id"].(string)+"/revisions/1", ""); !strings.Contains(string(r.raw), `"reason":"a test"`) {
		t.Errorf("the history of a new app: %s", r.raw)
	}
}

func (f *fixture) runs(t *testing.T, id, from, to string) string {
	t.Helper()
	p, canary, err := f.library.ProgramFor(t.Context(), f.tenant, voice.AppID(id), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(canary, " ", p.String())
}

// A canary is what some callers get; it is promoted, or ended at once.
func TestCanaryOfAnApp(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Menu", say("old"))
	path := "/apps/" + id
	got := func(to string) (n int) {
		for i := range 200 {
			if s := f.runs(t, id, fmt.Sprintf("+4670%07d", i), to); strings.HasPrefix(s, "true") != strings.Contains(s, "new") {
				t.Fatal(s)
			} else if strings.HasPrefix(s, "true") {
				n++
			}
		}
		return n
	}
	f.fails(404, "no draft", "PUT", path+"/canary", `{"percent":10}`)
	f.fails(404, "no canary", "GET", path+"/canary", "")
	f.fails(404, "no canary", "POST", path+"/canary/promote", "")
	f.ok(200, "PUT", path+"/draft", `{"document":`+trap+`}`)
	f.fails(422, "not published", "PUT", path+"/canary", `{"percent":10}`)
	f.ok(200, "PUT", path+"/draft", `{"document":`+say("new")+`,"note":"try it"}`)
	f.fails(422, "percent", "PUT", path+"/canary", `{"percent":100}`)
	f.fails(422, "body.number", "PUT", path+"/canary", `{"percent":10,"number":"+4699999999"}`)
	r := f.ok(200, "PUT", path+"/canary", `{"percent":20}`)
	if r.body["percent"] != 20.0 || r.body["by"] != "key test" || r.body["note"] != "try it" || r.header.Get("ETag") != `"2"` {
		t.Errorf("begun: %s %v", r.raw, r.header)
	}
	f.fails(404, "no draft", "GET", path+"/draft", "")
	if n := got("+4685000000"); n < 20 || n > 60 {
		t.Errorf("20 %% of 200 callers are %d", n)
	}
	few := map[string]bool{}
	for i := range 200 {
		from := fmt.Sprintf("+4670%07d", i)
		few[from] = strings.HasPrefix(f.runs(t, id, from, ""), "true")
	}
	f.ok(200, "PUT", path+"/canary", `{"percent":60}`)
	for from, took := range few {
		if took && !strings.HasPrefix(f.runs(t, id, from, ""), "true") {
			t.Errorf("%s loses the canary", from)
		}
	}
	if r := f.ok(200, "GET", path, ""); !strings.Contains(string(r.raw), `"canary":{"percent":60}`) || strings.Contains(string(r.raw), "new") {
		t.Errorf("the app: %s", r.raw)
	}
	if got := f.as(f.foreign, "GET", path+"/canary", ""); got.status != 404 {
		t.Errorf("another account reads it: %d", got.status)
	}
	f.ok(200, "DELETE", path+"/canary", "")
	if n := got(""); n != 0 {
		t.Errorf("%d callers get an ended canary", n)
	}
	if r := f.ok(200, "GET", path+"/draft", ""); !strings.Contains(string(r.raw), "new") {
		t.Errorf("the draft again: %s", r.raw)
	}
	f.ok(200, "PUT", path+"/canary", `{"percent":50}`)
	r = f.ok(200, "POST", path+"/canary/promote", "")
	if !strings.Contains(string(r.raw), "new") || r.body["canary"] != nil {
		t.Errorf("promoted: %s", r.raw)
	}
	if s := f.runs(t, id, "", ""); !strings.HasPrefix(s, "false") || !strings.Contains(s, "new") {
		t.Errorf("what calls run: %s", s)
	}
	// Back at once; the history tells all of it.
	f.ok(200, "POST", path+"/revisions/1/publish", "")
	if s := f.runs(t, id, "+46700000001", ""); !strings.Contains(s, "old") {
		t.Errorf("rolled back: %s", s)
	}
	var notes []string
	for _, rev := range f.ok(200, "GET", path+"/revisions", "").items() {
		notes = append(notes, fmt.Sprint(rev["note"]))
		if same := rev["same"] == true; same != (rev["note"] != "was the canary") {
			t.Errorf("%v: same as what calls run: %v", rev["note"], same)
		}
	}
	want := "back to revision 1|was the canary|canary for 50 % of the callers|the canary was ended|canary for 60 % of the callers|canary for 20 % of the callers|first"
	if strings.Join(notes, "|") != want {
		t.Errorf("history: %s", strings.Join(notes, "|"))
	}
}

// The tests that are kept with an app decide whether its draft is published.
func TestTestsOfAnApp(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Menu", say("Hello"))
	path := "/apps/" + id
	text := func(s string) string { return `{"text":` + quote(s) + `}` }
	const greets = "test \"it greets\"\n  caller +46700000001 dials +4685000000\n  hears \"Hello\"\n"
	f.fails(404, "no tests", "GET", path+"/tests", "")
	f.fails(422, "body.text:1:1", "PUT", path+"/tests", text("it greets"))
	f.ok(200, "PUT", path+"/tests", text(greets))
	if r := f.ok(200, "GET", path+"/tests", ""); r.body["text"] != greets || r.body["tests"] != 1.0 || r.body["by"] != "key test" {
		t.Errorf("read back: %s", r.raw)
	}
	if r := f.ok(200, "POST", path+"/tests/run", ""); r.body["of"] != "published" || r.body["passed"] != 1.0 || r.body["failed"] != 0.0 {
		t.Errorf("run on what is published: %s", r.raw)
	}
	r0 := f.ok(200, "POST", path+"/tests/run", text("test \"it shouts\"\n  caller +46700000001 dials +4685000000\n  hears \"HEY\"\n"))
	if r0.body["failed"] != 1.0 || !strings.Contains(string(r0.raw), `"failed_line":3`) || !strings.Contains(string(r0.raw), `"coverage":{"steps":{"seen":1,"all":1}`) {
		t.Errorf("tests that are not kept: %s", r0.raw)
	}
	f.fails(422, "body.text:1:1", "POST", path+"/tests/run", text("it shouts"))
	f.ok(200, "PUT", path+"/draft", `{"document":`+say("Go away")+`}`)
	if r := f.ok(200, "POST", path+"/tests/run", ""); r.body["of"] != "draft" || r.body["failed"] != 1.0 || !strings.Contains(string(r.raw), "Go away") {
		t.Errorf("run on the draft: %s", r.raw)
	}
	r := f.fails(422, "it greets", "POST", path+"/publish", "")
	if !strings.Contains(string(r.raw), "test-failed") {
		t.Errorf("refused: %s", r.raw)
	}
	f.ok(200, "POST", path+"/publish", `{"override":"manners are off today"}`)
	if r := f.ok(200, "GET", path+"/revisions/2", ""); !strings.Contains(string(r.raw), "test-failed") {
		t.Errorf("history: %s", r.raw)
	}
	if got := f.as(f.foreign, "GET", path+"/tests", ""); got.status != 404 {
		t.Errorf("another account reads them: %d", got.status)
	}
	f.ok(200, "PUT", path+"/tests", text(""))
	f.fails(404, "no tests", "GET", path+"/tests", "")
}

// What no test reaches is told, and tests of it are written, which pass. Nothing is
// stored.
func TestMissingTests(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Menu", say("Hello"))
	path := "/apps/" + id
	text := func(s string) string { return `{"text":` + quote(s) + `}` }
	f.ok(200, "PUT", path+"/draft", `{"document":{"format":"yaml","text":"flow: 1\nstart: ask\nsteps:\n  ask: {gather: {prompts: [{say: Choose}], first_digit: 5s}, keys: {1: one}, no_input: bye}\n  one: {play: [{say: One}]}\n  bye: {play: [{say: Bye}]}\n"}}`)
	f.fails(404, "no tests", "POST", path+"/tests/run", "")
	const rings = "test \"rings\"\n  caller +46700000001 dials +4685000000\n  hears \"Choose\"\n"
	if r := f.ok(200, "POST", path+"/tests/run", text(rings)); !strings.Contains(string(r.raw), `{"node":"ask","exit":"key 1","to":"one","text":"is never left by key 1"}`) {
		t.Errorf("what is missing: %s", r.raw)
	}
	r := f.ok(200, "POST", path+"/tests/missing", text(rings))
	written, _ := r.body["text"].(string)
	if n, _ := r.body["written"].(float64); n < 2 || !strings.HasPrefix(written, rings) || !strings.Contains(written, "presses 1") {
		t.Errorf("written: %s", r.raw)
	}
	r = f.ok(200, "POST", path+"/tests/missing", "")
	written, _ = r.body["text"].(string)
	if r = f.ok(200, "POST", path+"/tests/run", text(written)); r.body["failed"] != 0.0 || !strings.Contains(string(r.raw), `"missing":[]`) {
		t.Errorf("those that were written: %s", r.raw)
	}
	f.fails(404, "no tests", "GET", path+"/tests", "")
}
