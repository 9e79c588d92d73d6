package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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
	rec := voice.Recording{ID: "RE1", Tenant: f.tenant, State: voice.RecordingFinished, Blob: f.audio.put([]byte("RIFF x")).Blob, Created: time.Now()}
	if err := f.store.CreateRecording(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if r := f.acting(f.key, "GET", "/recordings/RE1/audio", ""); r.status != 200 || string(r.raw) != "RIFF x" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if got := f.ok(200, "GET", "/audit?action=listened+to", "").items(); len(got) != 1 || got[0]["kind"] != "recording" || got[0]["object"] != "RE1" {
		t.Errorf("that it was listened to is noted as %v", got)
	}
	if got := f.as(f.foreign, "GET", "/audit", "").items(); len(got) != 0 {
		t.Errorf("another account sees %v", got)
	}
	f.refused(f.as(f.newKey(f.tenant, httpapi.ConfigRead, httpapi.ConfigWrite), "GET", "/audit", ""), 403, "audit:read", "without the scope")
}

func TestAuditChain(t *testing.T) {
	f := newFixture(t)
	for _, n := range []string{"a", "b", "c"} {
		if r := f.acting(f.key, "POST", "/users", `{"first_name": "`+n+`"}`); r.status != 201 {
			t.Fatalf("%d %s", r.status, r.raw)
		}
	}
	r := f.ok(200, "GET", "/audit/chain", "").body
	list := f.ok(200, "GET", "/audit", "").items()
	head, _ := r["head"].(string)
	if r["unbroken"] != true || r["entries"] != float64(len(list)) || head == "" || head != list[0]["hash"] || list[0]["number"] != float64(len(list)) {
		t.Errorf("the report: %v, the last entry: %v", r, list[0])
	}
	if r := f.ok(200, "GET", "/audit/chain?head="+strings.ToUpper(head), "").body; r["unbroken"] != true {
		t.Errorf("with the head that was noted: %v", r)
	}
	if r := f.ok(200, "GET", "/audit/chain?head="+strings.Repeat("0", 64), "").body; r["unbroken"] != false || r["fault"].(map[string]any)["kind"] != "rewritten" {
		t.Errorf("with a head that never was: %v", r)
	}
	f.fails(422, "query.head", "GET", "/audit/chain?head=x", "")
	f.refused(f.as(f.newKey(f.tenant, httpapi.ConfigRead), "GET", "/audit/chain", ""), 403, "audit:read", "without the scope")
	for _, path := range []string{"/server/audit", "/server/audit/chain"} {
		f.refused(f.as(f.key, "GET", path, ""), 403, "operator", "an account asks for "+path)
	}
	operator := f.newKey("", httpapi.Operator)
	if r := f.as(operator, "GET", "/server/audit/chain", ""); r.status != 200 || r.body["words"] != "unbroken, 0 entries" {
		t.Errorf("the server's: %d %s", r.status, r.raw)
	}
	if err := f.store.AppendAudit(t.Context(), voice.AuditEntry{Action: "refused", Kind: "log-in", Actor: voice.Actor{Kind: voice.ActorUnknown, Via: "page", Source: "192.0.2.1"}}); err != nil {
		t.Fatal(err)
	}
	if got := f.as(operator, "GET", "/server/audit?action=refused", ""); len(got.items()) != 1 || got.items()[0]["actor"].(map[string]any)["source"] != "192.0.2.1" {
		t.Errorf("the server's log: %s", got.raw)
	}
	if got := f.ok(200, "GET", "/audit?action=refused", "").items(); len(got) != 0 {
		t.Errorf("an account sees the server's: %v", got)
	}
}
