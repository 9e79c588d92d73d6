package admin_test

import (
	"strings"
	"testing"
	"time"

	"tandem/internal/voice"
)

// A link sets a password once, the newest alone works, and it opens the person's log-in.
func TestInvite(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	u := voice.User{ID: "u1", Tenant: id, FirstName: "Bert", Role: voice.RoleRegular, Created: time.Unix(1, 0)}
	if err := a.Store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	_, _, err := a.Invite(t.Context(), u)
	wantField(t, err, "email", "no e-mail address")
	u.Email = "bert@acme.example"
	if err := a.Store.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	token := func() string {
		link, expires, err := a.Invite(t.Context(), u)
		if err != nil || !expires.After(time.Now()) {
			t.Fatal(link, expires, err)
		}
		_, token, ok := strings.Cut(link, "http://ivr.example:8080/setup?token=")
		if !ok {
			t.Fatal(link)
		}
		return token
	}
	old, fresh := token(), token()
	const password = "correct horse"
	if _, err := a.SetUp(t.Context(), old, password); !voice.IsKind(err, voice.Permission) {
		t.Errorf("a link that was replaced: %v", err)
	}
	if _, err := a.SetUp(t.Context(), fresh, "short"); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("a short password: %v", err)
	}
	if got, err := a.SetUp(t.Context(), fresh, password); err != nil || got.ID != u.ID {
		t.Fatal(got, err)
	}
	if _, err := a.SetUp(t.Context(), fresh, password); !voice.IsKind(err, voice.Permission) {
		t.Errorf("used twice: %v", err)
	}
	if got, err := a.Login(t.Context(), u.Email, password, "192.0.2.7"); err != nil || got.ID != u.ID {
		t.Errorf("log-in: %v, %v", got, err)
	}
}
