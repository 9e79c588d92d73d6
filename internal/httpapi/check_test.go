package httpapi_test

import (
	"strings"
	"testing"
)

// trap is a flow with an error (a queue of nobody) and a warning; order is one in
// which both are mended.
const (
	trap  = `{"format":"yaml","text":"flow: 1\nstart: a\nsteps:\n  a: {queue: {id: q, members: []}, failed: b}\n  b: {play: [{say: Bye}]}\n"}`
	order = `{"format":"yaml","text":"flow: 1\nstart: b\nsteps:\n  b: {play: [{say: Bye}]}\n"}`
)

func TestCheckOfAnApp(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Menu", order)
	path := "/apps/" + id
	r := f.ok(200, "GET", path+"/check", "")
	if r.body["of"] != "published" || r.body["ok"] != true || !strings.Contains(string(r.raw), `"findings":[]`) {
		t.Errorf("a good app: %s", r.raw)
	}
	f.fails(404, "no draft", "GET", path+"/check?of=draft", "")
	f.ok(200, "PUT", path+"/draft", `{"document":`+trap+`}`)
	r = f.ok(200, "GET", path+"/check", "")
	list, _ := r.body["findings"].([]any)
	if r.body["of"] != "draft" || r.body["ok"] != false || len(list) < 2 {
		t.Fatalf("a bad draft: %s", r.raw)
	}
	first := list[0].(map[string]any)
	if first["code"] != "empty-queue" || first["severity"] != "error" || first["pointer"] != "/steps/a" || first["line"] != 4.0 || first["mend"] == "" {
		t.Errorf("the worst comes first, with its place: %v", first)
	}
	if r := f.ok(200, "GET", path+"/check?of=published", ""); r.body["of"] != "published" || r.body["ok"] != true {
		t.Errorf("what calls run: %s", r.raw)
	}
	// What the account has counts: here, that it has no trunk.
	f.ok(200, "PUT", path+"/draft", `{"document":{"flow":1,"start":"a","steps":{"a":{"dial":{"number":"+46850000077"}}}}}`)
	if r := f.ok(200, "GET", path+"/check", ""); !strings.Contains(string(r.raw), "no trunk yet") || r.body["ok"] != true {
		t.Errorf("without a trunk: %s", r.raw)
	}
	if got := f.as(f.foreign, "GET", path+"/check", ""); got.status != 404 {
		t.Errorf("another account reads it: %d", got.status)
	}
	// A vendor's apps are checked in their own words.
	for _, app := range f.ok(200, "GET", "/apps?kind=sonetel", "").items() {
		if r := f.ok(200, "GET", "/apps/"+app["id"].(string)+"/check", ""); r.body["ok"] != true {
			t.Errorf("%v: %s", app["name"], r.raw)
		}
	}
}

func TestDiffOfAnApp(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Menu", busy)
	path := "/apps/" + id
	if r := f.ok(200, "GET", path+"/diff", ""); r.body["words"] != "no difference\n" || r.body["from"] != "1" || r.body["to"] != "1" {
		t.Errorf("without a draft: %s", r.raw)
	}
	f.fails(404, "no draft", "GET", path+"/diff?to=draft", "")
	f.ok(200, "PUT", path+"/draft", `{"document":`+bye+`}`)
	const words = "a: cause \"busy\" → nothing\n"
	if r := f.ok(200, "GET", path+"/diff", ""); r.body["words"] != words || r.body["to"] != "draft" {
		t.Errorf("published to draft: %s", r.raw)
	}
	f.ok(200, "POST", path+"/publish", "")
	if r := f.ok(200, "GET", path+"/diff?from=1&to=2", ""); r.body["words"] != words {
		t.Errorf("1 to 2: %s", r.raw)
	}
	f.fails(422, "query.from", "GET", path+"/diff?from=yesterday", "")
	f.fails(404, "no revision 9", "GET", path+"/diff?from=9", "")
	if got := f.as(f.foreign, "GET", path+"/diff", ""); got.status != 404 {
		t.Errorf("another account reads it: %d", got.status)
	}
}
