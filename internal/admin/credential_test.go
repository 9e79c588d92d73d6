package admin_test

import (
	"strings"
	"testing"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

// credential makes a credential and gives its fields by name.
func credential(t *testing.T, a *admin.Admin, c admin.CredentialSpec) map[string]string {
	t.Helper()
	fields, err := a.CreateCredential(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range fields {
		got[f.Name] = f.Value
	}
	return got
}

func TestLogins(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	for vendor, name := range map[string]string{"sonetel": "username", "smartflo": "email"} {
		former := credential(t, a, admin.CredentialSpec{Account: id, For: vendor})
		got := credential(t, a, admin.CredentialSpec{Account: id, For: vendor})
		if _, err := a.Passwords.Password(t.Context(), vendor, got[name], got["password"], ""); err != nil {
			t.Errorf("what was printed for %s does not log in: %v", vendor, err)
		}
		if _, err := a.Passwords.Password(t.Context(), vendor, got[name], former["password"], ""); err == nil {
			t.Errorf("the former password for %s still logs in", vendor)
		}
		if got["base_url"] != "http://ivr.example:8080/"+vendor+"/" || got["account_id"] != string(id) || got["user_id"] == "" {
			t.Errorf("fields: %v", got)
		}
	}
}

func TestApplications(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	for kind, c := range map[voice.ApplicationType]admin.CredentialSpec{
		voice.ApplicationTrusted:  {Name: "Büro: Kalender"},
		voice.ApplicationPassword: {Type: "password"},
		voice.ApplicationPublic:   {Type: "public", Redirects: []string{"https://crm.example/back?a=b", "myapp://done"}},
	} {
		c.Account, c.For = id, "telphin"
		got := credential(t, a, c)
		k, err := a.Passwords.Password(t.Context(), "telphin", got["app_id"], got["app_secret"], "")
		if err != nil {
			t.Fatalf("%s: what was printed is not accepted: %v", kind, err)
		}
		app := k.Application()
		if k.Tenant != id || k.User == "" || app.Type != kind || app.Title != c.Name || len(app.Redirects) != len(c.Redirects) {
			t.Errorf("%s: application %+v of %+v", kind, app, k)
		}
		if kind == voice.ApplicationPublic && (!app.Returns("myapp://done") || app.Returns("myapp://done/") || app.Returns("")) {
			t.Errorf("%s: where it returns: %q", kind, app.Redirects)
		}
		if got["type"] != string(kind) || got["token_url"] != "http://ivr.example:8080/telphin/oauth/token" ||
			got["base_url"] != "http://ivr.example:8080/telphin/api/ver1.0/" || strings.Join(app.Redirects, " ") != got["redirect_uri"] {
			t.Errorf("%s: fields: %v", kind, got)
		}
		_, err = a.Passwords.Password(t.Context(), admin.LoginKind("telphin"), got["username"], got["password"], "")
		if (err == nil) != (kind != voice.ApplicationTrusted) {
			t.Errorf("%s: the login %q: %v", kind, got["username"], err)
		}
	}
}

func TestKeys(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	got := credential(t, a, admin.CredentialSpec{Account: id, For: "api", Scopes: []string{"calls.read", "apps:*"}, Name: "script"})
	k, err := a.Keys.Verify(t.Context(), admin.NativeAPI, got["key"])
	if err != nil || k.Tenant != id || k.Name != "script" || len(k.Scopes) != 2 || !k.Expires.IsZero() {
		t.Errorf("the key stands for %+v, %v", k, err)
	}
	if got["scope"] != "calls.read apps:*" || got["base_url"] != "http://ivr.example:8080/api/v1/" {
		t.Errorf("fields: %v", got)
	}
}

func TestCredentialRefused(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	for _, tt := range []struct {
		c            admin.CredentialSpec
		field, words string
	}{
		{admin.CredentialSpec{Account: id, For: "hoiio", Name: "x"}, "name", "has its app_id as its name"},
		{admin.CredentialSpec{Account: id, For: "acme"}, "for", "is none of sonetel"},
		{admin.CredentialSpec{Account: "123", For: "sonetel"}, "account", "no account 123"},
		{admin.CredentialSpec{For: "sonetel"}, "account", "name the account"},
		{admin.CredentialSpec{Account: id, For: "sonetel", User: "7"}, "user", "no user 7"},
		{admin.CredentialSpec{Account: id, For: "sonetel", Name: "x"}, "name", "the user's e-mail"},
		{admin.CredentialSpec{Account: id, For: "telphin", Name: "a\nb"}, "name", "control character"},
		{admin.CredentialSpec{Account: id, For: "smartflo", Type: "trusted"}, "type", "no OAuth application"},
		{admin.CredentialSpec{Account: id, For: "sonetel", Scopes: []string{"x"}}, "scope", "has no scopes"},
		{admin.CredentialSpec{Account: id, For: "telphin", Access: "some"}, "access", "none of all, call"},
		{admin.CredentialSpec{Account: id, For: "smartflo", Access: "call"}, "access", "no level of access"},
		{admin.CredentialSpec{Account: id, For: "telphin", Type: "secret"}, "type", "none of trusted, password, public"},
		{admin.CredentialSpec{Account: id, For: "telphin", Type: "public"}, "redirect", "needs the addresses"},
		{admin.CredentialSpec{Account: id, For: "telphin", Redirects: []string{"https://a.example"}}, "redirect", "no other"},
		{admin.CredentialSpec{Account: id, For: "telphin", Type: "public", Redirects: []string{"/back"}}, "redirect", "no absolute address"},
		{admin.CredentialSpec{Account: id, For: "telphin", Type: "public", Redirects: []string{"https://a.example/#b"}}, "redirect", "no absolute address"},
		{admin.CredentialSpec{Account: id, For: "telphin", Type: "public", Redirects: []string{"javascript:alert(1)"}}, "redirect", "no absolute address"},
		{admin.CredentialSpec{Account: id, For: "api"}, "scope", "say what the key may do"},
		{admin.CredentialSpec{Account: id, For: "api", Scopes: []string{"a b"}}, "scope", "is no scope"},
	} {
		_, err := a.CreateCredential(t.Context(), tt.c)
		wantField(t, err, tt.field, tt.words)
	}
}
