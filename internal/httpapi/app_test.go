package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/voice"
)

// busy and bye are native documents.
const (
	busy = `{"flow":1,"start":"a","steps":{"a":{"hang_up":{"cause":"busy"}}}}`
	bye  = `{"flow":1,"start":"a","steps":{"a":{"hang_up":{}}}}`
	bad  = `{"flow":1,"start":"nowhere","steps":{"a":{"hang_up":{}}}}`
)

func quote(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

func (f *fixture) nativeApp(name, document string) (id string) {
	f.t.Helper()
	return f.ok(201, "POST", "/apps", `{"kind":"native","name":"`+name+`","document":`+document+`,"note":"first"}`).body["id"].(string)
}

func TestAppIsMadeAndPublished(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Menu", busy)
	path := "/apps/" + id
	read := f.ok(200, "GET", path, "")
	if read.header.Get("ETag") != `"1"` || read.body["version"] != 1.0 || read.body["kind"] != "native" {
		t.Errorf("app: %s %v", read.raw, read.header)
	}
	f.fails(422, "document#/start", "POST", "/apps", `{"kind":"native","name":"x","document":`+bad+`}`)
	f.fails(422, "body.kind", "POST", "/apps", `{"kind":"none","name":"x","document":{}}`)
	f.fails(422, "document", "POST", "/apps", `{"kind":"native","name":"x"}`)
	f.fails(404, "no draft", "GET", path+"/draft", "")
	f.fails(404, "no draft", "POST", path+"/publish", "")

	draft := f.ok(200, "PUT", path+"/draft", `{"document":`+bad+`,"note":"try"}`)
	if ds, _ := draft.body["diagnostics"].([]any); len(ds) == 0 || !strings.Contains(fmt.Sprint(ds[0]), "/start") {
		t.Errorf("diagnostics of a bad draft: %s", draft.raw)
	}
	f.fails(422, "document#/start", "POST", path+"/publish", "")
	if got := f.ok(200, "GET", path, ""); got.body["version"] != 1.0 || !strings.Contains(string(got.raw), "busy") {
		t.Errorf("a draft with errors was published: %s", got.raw)
	}
	draft = f.ok(200, "PUT", path+"/draft", `{"document":`+bye+`,"note":"politely"}`, "If-Match", draft.header.Get("ETag"))
	if ds, _ := draft.body["diagnostics"].([]any); ds == nil || len(ds) != 0 || draft.header.Get("ETag") != `"2"` {
		t.Errorf("a good draft: %s %v", draft.raw, draft.header)
	}
	f.fails(412, "at version 2", "PUT", path+"/draft", `{"document":`+bye+`}`, "If-Match", `"1"`)
	f.fails(412, "at version 1", "POST", path+"/publish", "", "If-Match", `"7"`)
	published := f.ok(200, "POST", path+"/publish", "", "If-Match", `"1"`)
	if published.header.Get("ETag") != `"2"` || strings.Contains(string(published.raw), "busy") {
		t.Errorf("published: %s", published.raw)
	}
	f.fails(404, "no draft", "GET", path+"/draft", "")
	if p := f.ok(200, "GET", path+"/program", ""); !strings.Contains(string(p.raw), `"hangup"`) {
		t.Errorf("program: %s", p.raw)
	}

	list := f.ok(200, "GET", path+"/revisions", "").items()
	if len(list) != 2 || list[0]["number"] != 2.0 || list[0]["note"] != "politely" || list[0]["by"] != "key test" || list[0]["current"] != true ||
		list[1]["note"] != "first" || list[1]["document"] != nil {
		t.Errorf("history: %v", list)
	}
	if got := f.ok(200, "GET", path+"/revisions/1", ""); !strings.Contains(string(got.raw), "busy") {
		t.Errorf("revision 1: %s", got.raw)
	}
	f.fails(404, "no revision 9", "GET", path+"/revisions/9", "")
	f.fails(409, "already", "POST", path+"/revisions/2/publish", "")
	back := f.ok(200, "POST", path+"/revisions/1/publish", `{"note":"oops"}`)
	if back.body["version"] != 3.0 || !strings.Contains(string(back.raw), "busy") {
		t.Errorf("rolled back: %s", back.raw)
	}
	if list = f.ok(200, "GET", path+"/revisions", "").items(); len(list) != 3 || list[0]["from"] != 1.0 || list[0]["note"] != "oops" {
		t.Errorf("history: %v", list)
	}
}

func TestDraftFirst(t *testing.T) {
	f := newFixture(t)
	made := f.ok(201, "POST", "/apps", `{"kind":"native","name":"Later","document":`+bad+`,"publish":false}`).body
	path := "/apps/" + made["id"].(string)
	if made["document"] != nil {
		t.Errorf("published at once: %v", made)
	}
	f.fails(409, "empty", "GET", path+"/program", "")
	f.ok(200, "PUT", path+"/draft", `{"document":`+bye+`}`)
	f.ok(200, "POST", path+"/publish", `{"note":"now"}`)
	if list := f.ok(200, "GET", path+"/revisions", "").items(); len(list) != 1 || list[0]["note"] != "now" {
		t.Errorf("history: %v", list)
	}
	f.ok(200, "PUT", path+"/draft", `{"document":`+busy+`}`)
	f.ok(204, "DELETE", path+"/draft", "")
	f.fails(404, "no draft", "DELETE", path+"/draft", "")
}

func TestAppDocumentAsYAML(t *testing.T) {
	f := newFixture(t)
	const text = "# ours, with a comment\nflow: 1\nstart: a   # here\nsteps:\n  a: {hang_up: {cause: busy}}\n"
	id := f.nativeApp("Menu", bye)
	path := "/apps/" + id
	if got := f.ok(200, "GET", path, "", "Accept", "application/yaml"); !strings.Contains(string(got.raw), "start: a") || got.header.Get("Content-Type") != "application/yaml" {
		t.Errorf("JSON as YAML: %s", got.raw)
	}
	saved := f.ok(200, "PUT", path+"/draft?note=by+hand", text, "Content-Type", "application/yaml; charset=utf-8")
	if saved.body["note"] != "by hand" {
		t.Errorf("draft: %s", saved.raw)
	}
	f.ok(200, "POST", path+"/publish", "")
	for _, p := range []string{path, path + "/revisions/2"} {
		if got := f.ok(200, "GET", p, "", "Accept", "application/yaml"); string(got.raw) != text {
			t.Errorf("%s: the text has changed: %s", p, got.raw)
		}
	}
	doc, _ := f.ok(200, "GET", path, "").body["document"].(map[string]any)
	if doc["format"] != "yaml" || doc["text"] != text {
		t.Errorf("YAML in JSON: %v", doc)
	}
	saved = f.ok(200, "PUT", path+"/draft", "a: [", "Content-Type", "application/yaml")
	if ds, _ := saved.body["diagnostics"].([]any); len(ds) != 1 {
		t.Errorf("broken YAML: %s", saved.raw)
	}
	f.fails(422, "document#", "POST", path+"/publish", "")
	f.fails(413, "more than", "PUT", path+"/draft", strings.Repeat("#", 1<<20), "Content-Type", "application/yaml")
	f.fails(415, "content type", "POST", "/numbers", "number: x", "Content-Type", "application/yaml")
}

func TestAppsOfVendors(t *testing.T) {
	f := newFixture(t)
	made := f.ok(201, "POST", "/apps", `{"kind":"sonetel","name":"IVR","document":{"app_type":"ivr","name":"Shop","voice":"en"}}`).body
	path := "/apps/" + made["id"].(string)
	if made["kind"] != "sonetel" || made["name"] != "Shop" || made["shortcode"] == nil {
		t.Errorf("app: %v", made)
	}
	f.fails(422, "body.document", "POST", "/apps", `{"kind":"sonetel","name":"x","document":{"app_type":"moon","name":"x"}}`)
	f.fails(422, "body.publish", "POST", "/apps", `{"kind":"sonetel","name":"x","document":{"app_type":"ivr","name":"x"},"publish":false}`)
	if list := f.ok(200, "GET", "/apps?kind=sonetel", "").items(); len(list) < 2 {
		t.Errorf("apps: %v", list)
	}
	if list := f.ok(200, "GET", "/apps?kind=native", "").items(); len(list) != 0 {
		t.Errorf("apps: %v", list)
	}
	// Its vendor's API writes it without a word to ours.
	app, err := f.store.App(t.Context(), f.tenant, voice.AppID(made["id"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	before := string(app.Document)
	app.Name, app.Updated = "Store", time.Now()
	if _, err := f.store.UpdateApp(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	if list := f.ok(200, "GET", path+"/revisions", "").items(); len(list) != 2 || list[0]["number"] != 2.0 || list[0]["by"] != nil {
		t.Errorf("history: %v", list)
	}
	f.ok(200, "PUT", path+"/draft", `{"document":`+before+`}`)
	f.ok(200, "POST", path+"/publish", "")
	if list := f.ok(200, "GET", path+"/revisions", "").items(); len(list) != 3 || list[1]["note"] != "written over another API" {
		t.Errorf("history: %v", list)
	}
	standing := f.ok(200, "GET", "/apps", "").items()[0]
	f.fails(409, "made with the account", "DELETE", "/apps/"+standing["id"].(string), "")
}

func TestAppsStayWithTheirAccount(t *testing.T) {
	f := newFixture(t)
	path := "/apps/" + f.nativeApp("Menu", busy)
	f.ok(200, "PUT", path+"/draft", `{"document":`+bye+`}`)
	doc := `{"document":` + bye + `}`
	for _, what := range [][3]string{{"GET", path}, {"PATCH", path, `{"name":"x"}`}, {"DELETE", path}, {"GET", path + "/draft"}, {"PUT", path + "/draft", doc},
		{"DELETE", path + "/draft"}, {"POST", path + "/publish"}, {"GET", path + "/program"}, {"GET", path + "/revisions"}, {"GET", path + "/revisions/1"},
		{"POST", path + "/revisions/1/publish"}} {
		f.refused(f.as(f.foreign, what[0], what[1], what[2]), 404, "app", strings.Join(what[:], " "))
	}
	f.ok(200, "PATCH", path, `{"name":"Main menu"}`, "If-Match", `"1"`)
	f.fails(412, "at version 2", "PATCH", path, `{"name":"x"}`, "If-Match", `"1"`)
	f.fails(412, "at version 2", "DELETE", path, "", "If-Match", `"1"`)
	f.ok(201, "POST", "/numbers", `{"number":"+4685550100","to":{"kind":"app","id":"`+strings.TrimPrefix(path, "/apps/")+`"}}`)
	f.fails(409, "+4685550100 goes there", "DELETE", path, "")
	f.ok(200, "PUT", "/numbers/+4685550100", `{}`)
	f.ok(204, "DELETE", path, "")
	f.fails(404, "app", "GET", path, "")
	left, err := f.store.Resources(t.Context(), f.tenant, voice.ResourceFilter{})
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	f := newFixture(t)
	path := "/apps/" + f.nativeApp("Menu", busy)
	for i := range 205 {
		f.ok(200, "PATCH", path, fmt.Sprintf(`{"name":"Menu %d"}`, i))
	}
	list := f.ok(200, "GET", path+"/revisions", "").items()
	if len(list) != 200 || list[0]["number"] != 206.0 || list[199]["number"] != 7.0 {
		t.Errorf("%d revisions from %v to %v", len(list), list[0], list[len(list)-1])
	}
}

func TestSoundInUse(t *testing.T) {
	f := newFixture(t)
	sound := f.upload(f.key, "POST", "/sounds", "hello.wav", []byte("RIFF"), "Hello").body["id"].(string)
	f.nativeApp("Menu", `{"flow":1,"start":"a","steps":{"a":{"play":{"prompts":[{"sound":`+quote(sound)+`}]}}}}`)
	usage := f.ok(200, "GET", "/sounds/"+sound+"/usage", "").items()
	if len(usage) != 1 || usage[0]["name"] != "Menu" {
		t.Errorf("usage: %v", usage)
	}
	f.fails(409, "used by Menu", "DELETE", "/sounds/"+sound, "")
}

func TestKindsOfTheirOwnAPIAreSent(t *testing.T) {
	f := newFixture(t)
	f.config.OwnAPI, f.config.Makers = []voice.AppKind{"sonetel"}, nil
	f.restart()
	f.fails(422, "body.kind: apps of kind sonetel are made over that vendor's API", "POST", "/apps", `{"kind":"sonetel","name":"x","document":{}}`)
}

// A draft that was saved while another was published stays.
func TestPublishingKeepsANewerDraft(t *testing.T) {
	f := newFixture(t)
	path := "/apps/" + f.nativeApp("Menu", busy)
	f.ok(200, "PUT", path+"/draft", `{"document":`+bye+`}`)
	f.config.Apps = meddler{f.store, func() { f.ok(200, "PUT", path+"/draft", `{"document":`+busy+`,"note":"newer"}`) }}
	f.restart()
	f.ok(200, "POST", path+"/publish", "")
	if d := f.ok(200, "GET", path+"/draft", "").body; d["note"] != "newer" {
		t.Errorf("draft: %v", d)
	}
}

// meddler does something when an app is about to be changed.
type meddler struct {
	voice.AppStore
	do func()
}

func (m meddler) UpdateApp(ctx context.Context, a voice.App) (int64, error) {
	m.do()
	return m.AppStore.UpdateApp(ctx, a)
}
