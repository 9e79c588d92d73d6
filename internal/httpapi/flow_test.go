package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// flowOf is the answer of the endpoints of flows.
type flowOf struct {
	Kind        string
	Of          string
	Flow        json.RawMessage
	Saved       bool
	Losses      []struct{ What string }
	Diagnostics []struct{ Severity, Pointer string }
	Places      map[string]string
}

func TestFlowOfNativeApp(t *testing.T) {
	f := newFixture(t)
	app := f.make("native", "Desk", `{"format": "yaml", "text": "# The desk.\nflow: 1\nstart: hello\nsteps:\n  # Says hello.\n  hello: {play: [{say: Hello}], then: bye}\n  bye: {hang_up: }\n"}`)
	got := f.flow("GET", app, "", "")
	if got.Of != "published" || got.Kind != "native" || !strings.Contains(string(got.Flow), `"say":"Hello"`) {
		t.Fatalf("read: %+v %s", got, got.Flow)
	}

	changed := strings.Replace(string(got.Flow), `"Hello"`, `"Good day"`, 1)
	r := f.as(f.key, "PUT", "/apps/"+app+"/flow", `{"flow": `+changed+`}`)
	if r.status != 200 {
		t.Fatalf("save: %d %s", r.status, r.raw)
	}
	draft := f.as(f.key, "GET", "/apps/"+app+"/draft", "")
	for _, words := range []string{"# The desk.", "# Says hello.", "Good day"} {
		if !strings.Contains(string(draft.raw), words) {
			t.Errorf("the draft lost %q: %s", words, draft.raw)
		}
	}

	// Who has not read the draft overwrites nothing.
	if r := f.as(f.key, "PUT", "/apps/"+app+"/flow", `{"flow": `+changed+`}`); r.status != 412 {
		t.Errorf("a change of what was before the draft: %d %s", r.status, r.raw)
	}
	// Told first what the two differ in; that saves nothing.
	mine := strings.Replace(changed, `"Good day"`, `"Good night"`, 1)
	if r := f.as(f.key, "POST", "/apps/"+app+"/flow/difference", `{"flow": `+mine+`}`); r.status != 200 || !strings.Contains(string(r.raw), "Good day") || !strings.Contains(string(r.raw), "Good night") {
		t.Errorf("the difference of two people's flows: %d %s", r.status, r.raw)
	}
	if again := f.as(f.key, "GET", "/apps/"+app+"/draft", ""); string(again.raw) != string(draft.raw) {
		t.Errorf("the draft was changed by asking: %s", again.raw)
	}
	// A draft may have faults, at their places.
	broken := strings.Replace(changed, `"then":"bye"`, `"then":"nowhere"`, 1)
	if broken == changed {
		broken = strings.Replace(changed, `"then": "bye"`, `"then": "nowhere"`, 1)
	}
	bad := f.flow("PUT", app, broken, draft.header.Get("ETag"))
	if !bad.Saved || len(bad.Diagnostics) == 0 || bad.Diagnostics[0].Pointer != "/steps/hello/then" {
		t.Errorf("a draft with a fault: %+v", bad)
	}
}

func TestFlowOfVendorsApp(t *testing.T) {
	f := newFixture(t)
	app := f.make("sonetel", "Shop", `{"app_type": "ivr", "name": "Shop", "play_menu": "yes", "menu": {"digit_1": {"action": "disconnect"}}}`)
	got := f.flow("GET", app, "", "")
	if got.Kind != "sonetel" || !strings.Contains(string(got.Flow), `"hang_up"`) {
		t.Fatalf("read: %+v %s", got, got.Flow)
	}
	// As it is, nothing is lost.
	same := f.flow("PUT", app, string(got.Flow), "")
	if !same.Saved || len(same.Losses) != 0 {
		t.Errorf("unchanged: %+v", same)
	}
	// What the vendor can't say is named, and nothing is saved before that is accepted.
	tag := f.as(f.key, "GET", "/apps/"+app+"/draft", "").header.Get("ETag")
	foreign := `{"flow": 1, "start": "a", "steps": {"a": {"request": {"url": "https://crm.example.com/"}, "then": "b"}, "b": {"hang_up": null}}}`
	lossy := f.flow("PUT", app, foreign, tag)
	if lossy.Saved || len(lossy.Losses) == 0 {
		t.Errorf("a request in a Sonetel app: %+v", lossy)
	}
	if again := f.as(f.key, "GET", "/apps/"+app+"/draft", "").header.Get("ETag"); again != tag {
		t.Errorf("the draft is at %s, was at %s", again, tag)
	}
	r := f.as(f.key, "PUT", "/apps/"+app+"/flow", `{"flow": {"flow": 1, "start": "gone", "steps": {}}}`, "If-Match", tag)
	if r.status != 422 || !strings.Contains(string(r.raw), "body.flow#") {
		t.Errorf("a flow with errors: %d %s", r.status, r.raw)
	}
}

func (f *fixture) flow(method, app, flow, tag string) flowOf {
	f.t.Helper()
	body := ""
	if method == "PUT" {
		body = `{"flow": ` + flow + `}`
	}
	var head []string
	if tag != "" {
		head = []string{"If-Match", tag}
	}
	r := f.as(f.key, method, "/apps/"+app+"/flow", body, head...)
	var out flowOf
	if r.status != 200 || json.Unmarshal(r.raw, &out) != nil {
		f.t.Fatalf("%s flow: %d %s", method, r.status, r.raw)
	}
	return out
}

// make creates a published app and gives its id.
func (f *fixture) make(kind, name, document string) string {
	f.t.Helper()
	r := f.as(f.key, "POST", "/apps", `{"kind": "`+kind+`", "name": "`+name+`", "document": `+document+`}`)
	var made struct{ ID string }
	if r.status != 201 || json.Unmarshal(r.raw, &made) != nil {
		f.t.Fatalf("app: %d %s", r.status, r.raw)
	}
	return made.ID
}

// A first draft that somebody else saves in the same moment is not overwritten.
func TestFirstDraftsOfTwoAtOnce(t *testing.T) {
	f := newFixture(t)
	app := f.make("native", "Desk", `{"flow": 1, "start": "a", "steps": {"a": {"hang_up": null}}}`)
	const people = 8
	var wg sync.WaitGroup
	answers := make([]reply, people)
	for i := range people {
		wg.Go(func() {
			answers[i] = f.as(f.key, "PUT", "/apps/"+app+"/flow", fmt.Sprintf(`{"flow": {"flow": 1, "start": "a", "steps": {"a": {"label": "of %d", "hang_up": null}}}}`, i))
		})
	}
	wg.Wait()
	saved := -1
	for i, r := range answers {
		switch {
		case r.status == 200 && saved >= 0:
			t.Errorf("%d and %d have both saved the first draft", saved, i)
		case r.status == 200:
			saved = i
		case r.status != 412:
			t.Errorf("%d: %d %s", i, r.status, r.raw)
		}
	}
	draft := f.as(f.key, "GET", "/apps/"+app+"/draft", "")
	if saved < 0 || !strings.Contains(string(draft.raw), fmt.Sprintf(`of %d`, saved)) {
		t.Errorf("%d was told that it is saved; the draft is %s", saved, draft.raw)
	}
}

// What is found in a vendor's document is found at a step.
func TestPlacesOfVendorsSteps(t *testing.T) {
	f := newFixture(t)
	app := f.make("sonetel", "Shop", `{"app_type": "ivr", "name": "Shop", "play_menu": "yes", "menu": {"digit_1": {"action": "disconnect"}, "digit_2": {"action": "call", "to": "phnum", "id": "+46850000001"}}}`)
	got := f.flow("GET", app, "", "")
	if got.Places["digit_1"] != "/menu/digit_1" {
		t.Fatalf("places: %v", got.Places)
	}
	// The names of steps are the editor's; places follow the document that is saved.
	renamed := strings.ReplaceAll(string(got.Flow), `"digit_1"`, `"goodbye"`)
	saved := f.flow("PUT", app, renamed, "")
	if !saved.Saved || saved.Places["goodbye"] != "/menu/digit_1" {
		t.Errorf("after the change: %+v", saved)
	}
}
