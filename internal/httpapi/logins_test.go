package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"tandem/internal/voice"
)

// A person sees the own log-ins and ends them, and nobody else's.
func TestLogins(t *testing.T) {
	f := newFixture(t)
	f.fails(403, "log in at the page", "GET", "/me/logins", "")
	who := f.owner
	f.config.SessionID = func(*http.Request) (string, error) { return "lo1", nil }
	f.loggedIn(&who)
	bert := f.as("", "POST", "/users", `{"first_name": "Bert"}`).body["id"].(string)
	begin := func(id string, u voice.UserID) {
		now := time.Now()
		if err := f.store.CreateSession(t.Context(), voice.WebSession{ID: id, Hash: "h" + id, Tenant: f.tenant, User: u, Created: now, Seen: now, Expires: now.Add(time.Hour), Source: "192.0.2.7", Agent: "Mozilla/5.0 <b>"}, 20); err != nil {
			t.Fatal(err)
		}
	}
	left := func(what string, wanted ...string) {
		t.Helper()
		list := f.as("", "GET", "/me/logins", "").items()
		if len(list) != len(wanted) {
			t.Fatalf("%s: %v, want %v", what, list, wanted)
		}
		for i, l := range list {
			if l["id"] != wanted[i] || l["current"] != (wanted[i] == "lo1") || l["source"] != "192.0.2.7" || l["browser"] != "Mozilla/5.0 <b>" || l["hash"] != nil {
				t.Errorf("%s: %v, want %v", what, l, wanted[i])
			}
		}
	}
	begin("lo1", f.owner)
	begin("lo2", f.owner)
	begin("lo3", f.owner)
	begin("lo4", voice.UserID(bert))
	left("at first", "lo3", "lo2", "lo1")
	f.refused(f.as("", "DELETE", "/me/logins/lo4", ""), 404, "no log-in", "another's")
	if r := f.as("", "DELETE", "/me/logins/lo2", ""); r.status != 204 {
		t.Errorf("ended: %d %s", r.status, r.raw)
	}
	left("one ended", "lo3", "lo1")
	if r := f.acting("", "DELETE", "/me/logins", ""); r.status != 204 {
		t.Errorf("the others: %d %s", r.status, r.raw)
	}
	left("the others ended", "lo1")
	if got := f.as("", "GET", "/audit?action=ended+the+other+log-ins+of", "").items(); len(got) != 1 || got[0]["object"] != string(f.owner) {
		t.Errorf("noted: %v", got)
	}
	// A second factor that is reset ends the log-ins of whose it was.
	if err := f.store.BeginSecondFactor(t.Context(), voice.SecondFactor{Tenant: f.tenant, User: voice.UserID(bert), Sealed: "x", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if r := f.as("", "DELETE", "/users/"+bert+"/second-factor", ""); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	if list, err := f.store.Sessions(t.Context(), f.tenant, voice.UserID(bert), time.Now()); err != nil || len(list) != 0 {
		t.Errorf("after the reset: %v %v", list, err)
	}
	left("mine", "lo1")
}
