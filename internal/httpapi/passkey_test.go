package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/httpapi"
	"tandem/internal/passkey/passkeytest"
	"tandem/internal/voice"
)

func TestPasskeys(t *testing.T) {
	f := newFixture(t)
	who := f.owner
	f.loggedIn(&who)
	owner, err := f.store.User(t.Context(), f.tenant, f.owner)
	if err != nil {
		t.Fatal(err)
	}
	owner.Email = "anna@one.example"
	if err := f.store.UpdateUser(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if err := f.admin.Passwords.SetPassword(t.Context(), "owner", owner, "correct horse"); err != nil {
		t.Fatal(err)
	}
	device := &passkeytest.Authenticator{Origin: "https://pbx.example", Verified: true, Counts: true}
	must := func(r reply, status int) reply {
		t.Helper()
		if r.status != status {
			t.Fatalf("%d instead of %d: %s", r.status, status, r.raw)
		}
		return r
	}
	mine := func(method, path, body string) reply { t.Helper(); return f.as("", method, path, body) }
	const right = `{"password": "correct horse"}`
	asked := func(d *passkeytest.Authenticator, name string) string {
		t.Helper()
		begun := must(mine("POST", "/me/passkeys/begin", right), 200)
		options, err := json.Marshal(begun.body["options"])
		if err != nil {
			t.Fatal(err)
		}
		answer, err := d.Create(options)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`{"token": %q, "name": %q, "credential": %s}`, begun.body["token"], name, answer)
	}

	f.fails(403, "log in at the page", "GET", "/me/passkeys", "")
	f.fails(403, "log in at the page", "POST", "/me/passkeys/begin", right)
	f.refused(mine("POST", "/me/passkeys/begin", `{"password": "wrong"}`), 422, "body.password", "a wrong password")
	f.refused(mine("POST", "/me/passkeys/begin", `{}`), 422, "password to be present", "no password")
	f.refused(mine("POST", "/me/passkeys", `{"token": "x", "name": "x", "credential": {}}`), 409, "too long ago", "what was not begun")
	f.refused(mine("PATCH", "/account", `{"second_factor": "all"}`), 422, "set up your own", "asked of others first")
	wrong := *device
	wrong.Verified = false
	f.refused(mine("POST", "/me/passkeys", asked(&wrong, "laptop")), 422, "body.credential", "a device that does not verify its user")
	f.refused(mine("POST", "/me/passkeys", asked(&wrong, " \t ")), 422, "body.name", "no name")
	body := asked(device, "Anna's laptop")
	made := must(mine("POST", "/me/passkeys", body), 201).body
	f.refused(mine("POST", "/me/passkeys", body), 409, "has answered before", "the same answer again")
	if made["name"] != "Anna's laptop" || made["party"] != "pbx.example" || made["used"] != nil {
		t.Errorf("made: %v", made)
	}
	id := made["id"].(string)
	list := must(mine("GET", "/me/passkeys", ""), 200)
	if len(list.items()) != 1 || list.body["most"] != 20.0 || list.body["origins"].([]any)[0] != "https://pbx.example" || strings.Contains(string(list.raw), "public_key") {
		t.Errorf("list: %s", list.raw)
	}
	if must(mine("PATCH", "/me/passkeys/"+id, `{"name": "Ring"}`), 200).body["name"] != "Ring" {
		t.Error("not renamed")
	}
	f.refused(mine("PATCH", "/me/passkeys/"+id, `{"name": " "}`), 422, "body.name", "an empty name")
	f.refused(mine("PATCH", "/me/passkeys/none", `{"name": "x"}`), 404, "", "of none")
	must(mine("PATCH", "/account", `{"second_factor": "all"}`), 200) // the passkey is one's own second factor
	f.refused(mine("DELETE", "/users/"+string(f.owner)+"/passkeys", ""), 409, "with the password", "one's own without the password")

	// Another's are out of reach, but for who may do all that the other may.
	other := must(mine("POST", "/users", `{"first_name": "Bert", "role": "admin"}`), 201).body["id"].(string)
	who = voice.UserID(other)
	if err := f.admin.Passwords.SetPassword(t.Context(), "owner", voice.User{ID: who, Tenant: f.tenant, Email: "bert@one.example"}, "correct horse"); err != nil {
		t.Fatal(err)
	}
	f.refused(mine("PATCH", "/me/passkeys/"+id, `{"name": "x"}`), 404, "", "another's renamed")
	f.refused(mine("POST", "/me/passkeys/"+id+"/remove", right), 404, "", "another's removed")
	few := f.newKey(f.tenant, httpapi.ConfigRead, httpapi.ConfigWrite)
	f.refused(f.as(few, "DELETE", "/users/"+string(f.owner)+"/passkeys", ""), 403, "may not", "a key with less")
	f.refused(f.as(f.foreign, "DELETE", "/users/"+string(f.owner)+"/passkeys", ""), 404, "", "of another account")
	if users := must(mine("GET", "/users", ""), 200).items(); users[0]["passkeys"] != 1.0 || users[1]["passkeys"] != 0.0 {
		t.Errorf("users: %v", users)
	}
	must(f.acting("", "DELETE", "/users/"+string(f.owner)+"/passkeys", ""), 204)
	f.refused(mine("DELETE", "/users/"+string(f.owner)+"/passkeys", ""), 404, "", "there is none any more")
	who = f.owner
	id = must(mine("POST", "/me/passkeys", asked(device, "again")), 201).body["id"].(string)
	f.refused(mine("POST", "/me/passkeys/"+id+"/remove", `{"password": "wrong"}`), 422, "body.password", "without the password")
	must(f.acting("", "POST", "/me/passkeys/"+id+"/remove", right), 204)
	if log := f.ok(200, "GET", "/audit?kind=passkey", "").items(); len(log) != 2 || log[0]["action"] != "deleted" || log[0]["name"] != "again" || log[1]["name"] != "Ring" {
		t.Errorf("noted: %v", log)
	}
	for i := range voice.MaxPasskeys {
		p := voice.Passkey{ID: voice.PasskeyID(fmt.Sprint("pk", i)), Tenant: f.tenant, User: f.owner, Name: "x", Credential: []byte{byte(i)}, Created: time.Now()}
		if err := f.store.AddPasskey(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	f.refused(mine("POST", "/me/passkeys/begin", right), 429, "there are 20 passkeys", "one more than the most")
}
