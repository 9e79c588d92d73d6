package httpapi_test

import (
	"strings"
	"testing"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

func TestInvitation(t *testing.T) {
	f := newFixture(t)
	id := f.ok(201, "POST", "/users", `{"first_name": "Bert"}`).body["id"].(string)
	f.fails(422, "no e-mail address", "POST", "/users/"+id+"/link", "")
	f.ok(200, "PATCH", "/users/"+id, `{"email": "bert@example.com"}`)
	link := f.acting(f.key, "POST", "/users/"+id+"/link", "")
	token, ok := strings.CutPrefix(link.body["url"].(string), "http://127.0.0.1:8080/setup?token=")
	if link.status != 201 || !ok || link.body["expires"] == "" {
		t.Fatalf("%d %s", link.status, link.raw)
	}
	if u, err := f.admin.SetUp(t.Context(), token, "correct horse"); err != nil || u.ID != voice.UserID(id) {
		t.Errorf("the link is of %v (%v)", u.ID, err)
	}
	if log := f.ok(200, "GET", "/audit?kind=link", ""); len(log.items()) == 0 || strings.Contains(string(log.raw), token) {
		t.Errorf("noted: %s", log.raw)
	}
	// Nobody gets by a link what he or she may not do.
	few := f.newKey(f.tenant, httpapi.ConfigRead, httpapi.ConfigWrite)
	f.refused(f.as(few, "POST", "/users/"+string(f.owner)+"/link", ""), 403, "may not", "an administrator's, by a key with less")
	f.refused(f.as(f.foreign, "POST", "/users/"+id+"/link", ""), 404, "", "of another account")
}
