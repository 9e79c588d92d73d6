package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

// acting sends a request as the server's front does: whoever sends it is noted.
func (f *fixture) acting(key, method, path, body string) reply {
	f.t.Helper()
	req := httptest.NewRequest(method, httpapi.Prefix+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req = req.WithContext(voice.Acting(req.Context(), voice.Actor{Kind: voice.ActorUnknown, Via: "api", Source: "192.0.2.9"}))
	return f.send(req, key)
}

func TestAudit(t *testing.T) {
	f := newFixture(t)
	r := f.acting(f.key, http.MethodPost, "/users", `{"first_name": "=HYPERLINK(\"http://evil\")", "last_name": "Berg"}`)
	if r.status != http.StatusCreated {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	id := r.body["id"].(string)
	for _, c := range []struct{ method, path, body string }{
		{"PATCH", "/users/" + id, `{"role": "admin"}`}, {"PATCH", "/users/" + id, `{"role": "admin"}`}, {"DELETE", "/users/" + id, ""},
	} {
		if r := f.acting(f.key, c.method, c.path, c.body); r.status > 299 {
			t.Fatalf("%s %s: %d %s", c.method, c.path, r.status, r.raw)
		}
	}
	list := f.ok(200, "GET", "/audit?kind=user", "").items()
	if len(list) != 3 || list[0]["action"] != "deleted" || list[1]["action"] != "changed" || list[2]["action"] != "created" {
		t.Fatalf("the log: %v", list)
	}
	who := list[1]["actor"].(map[string]any)
	if who["kind"] != "key" || who["name"] != "test" || who["source"] != "192.0.2.9" || who["via"] != "api" {
		t.Errorf("who: %v", who)
	}
	if c := list[1]["changes"].([]any)[0].(map[string]any); c["field"] != "role" || c["from"] != "regular" || c["to"] != "admin" {
		t.Errorf("what: %v", list[1]["changes"])
	}

	key := f.acting(f.key, "POST", "/keys", `{"name": "k", "scopes": ["calls:read"]}`)
	if key.status != 201 {
		t.Fatalf("%d %s", key.status, key.raw)
	}
	if all := f.ok(200, "GET", "/audit", ""); strings.Contains(string(all.raw), key.body["secret"].(string)) {
		t.Errorf("the log shows a key: %s", all.raw)
	}
	first := f.ok(200, "GET", "/audit?limit=2", "")
	rest := f.ok(200, "GET", "/audit?limit=100&cursor="+first.body["next"].(string), "")
	if len(first.items()) != 2 || len(rest.items()) != 2 {
		t.Errorf("parts of %d and %d entries", len(first.items()), len(rest.items()))
	}
	if got := f.ok(200, "GET", "/audit?search=BERG", "").items(); len(got) != 3 {
		t.Errorf("search found %d", len(got))
	}
	f.fails(422, "query.cursor", "GET", "/audit?cursor=x", "")

	csv := f.acting(f.key, "GET", "/audit.csv?kind=user", "")
	if !strings.Contains(string(csv.raw), `,"'=HYPERLINK`) || strings.Contains(string(csv.raw), ",=") || !strings.HasPrefix(csv.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("CSV: %v\n%s", csv.header, csv.raw)
	}
	if got := f.ok(200, "GET", "/audit?action=exported", "").items(); len(got) != 1 || got[0]["kind"] != "audit" {
		t.Errorf("the export is noted as %v", got)
	}
	if got := f.as(f.foreign, "GET", "/audit", "").items(); len(got) != 0 {
		t.Errorf("another account sees %v", got)
	}
	f.refused(f.as(f.newKey(f.tenant, httpapi.ConfigRead, httpapi.ConfigWrite), "GET", "/audit", ""), 403, "audit:read", "without the scope")
}
