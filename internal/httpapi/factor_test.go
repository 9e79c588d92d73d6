package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

// loggedIn makes the API one that takes requests without a key for those of a person,
// as stored.
func (f *fixture) loggedIn(id *voice.UserID) {
	f.config.Session = func(r *http.Request) (voice.User, error) { return f.store.User(r.Context(), f.tenant, *id) }
	f.restart()
}

func TestSecondFactor(t *testing.T) {
	f := newFixture(t)
	now := time.Unix(1_800_000_000, 0)
	f.admin.Now = func() time.Time { return now }
	who := f.owner
	f.loggedIn(&who)
	must := func(r reply, status int) reply {
		t.Helper()
		if r.status != status {
			t.Fatalf("%d instead of %d: %s", r.status, status, r.raw)
		}
		return r
	}
	mine := func(method, path, body string) reply { t.Helper(); return f.as("", method, path, body) }

	f.fails(403, "log in at the page", "POST", "/me/second-factor", "")
	f.refused(mine("PATCH", "/account", `{"second_factor": "admins"}`), 422, "set up your own", "asked of others first")
	must(mine("PATCH", "/account", `{"second_factor": "off"}`), 200)
	secret := must(mine("POST", "/me/second-factor", ""), 201).body["secret"].(string)
	code := func(step int64) string { return `{"code": "` + auth.TOTP(secret, now.Unix()/30-1+step) + `"}` }
	f.refused(mine("POST", "/me/second-factor/confirm", `{"code": "12345"}`), 422, "body.code", "a wrong code")
	if codes := must(mine("POST", "/me/second-factor/confirm", code(0)), 200).body["codes"].([]any); len(codes) != 10 {
		t.Errorf("recovery codes: %v", codes)
	}
	f.refused(mine("POST", "/me/second-factor/confirm", code(1)), 409, "confirmed already", "confirmed twice")
	f.refused(mine("POST", "/me/second-factor", ""), 409, "taken", "begun over a confirmed one")
	me := must(mine("GET", "/me", ""), 200).body["second_factor"].(map[string]any)
	if me["enrolled"] != true || me["required"] != false || me["recovery_left"] != 10.0 {
		t.Errorf("me: %v", me)
	}
	if must(mine("PATCH", "/account", `{"second_factor": "admins"}`), 200).body["second_factor"] != "admins" {
		t.Error("the rule of the account is not kept")
	}
	f.refused(mine("DELETE", "/users/"+string(f.owner)+"/second-factor", ""), 409, "with a code", "one's own without a code")

	// Another administrator resets it; a person or key with less does not.
	other := must(mine("POST", "/users", `{"first_name": "Bert", "role": "admin"}`), 201).body["id"].(string)
	who = voice.UserID(other)
	few := f.newKey(f.tenant, httpapi.ConfigRead, httpapi.ConfigWrite)
	f.refused(f.as(few, "DELETE", "/users/"+string(f.owner)+"/second-factor", ""), 403, "may not", "a key with less")
	if list := must(mine("GET", "/users", ""), 200).items(); list[0]["second_factor"] != true || list[1]["second_factor"] != false {
		t.Errorf("users: %v", list)
	}
	f.refused(f.as(f.foreign, "DELETE", "/users/"+string(f.owner)+"/second-factor", ""), 404, "", "of another account")
	must(f.acting("", "DELETE", "/users/"+string(f.owner)+"/second-factor", ""), 204)
	f.refused(mine("DELETE", "/users/"+string(f.owner)+"/second-factor", ""), 404, "", "there is none any more")
	if log := f.ok(200, "GET", "/audit?kind=second+factor", "").items(); len(log) != 1 || log[0]["action"] != "deleted" || log[0]["object"] != string(f.owner) {
		t.Errorf("noted: %v", log)
	}
}
