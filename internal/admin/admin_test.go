package admin_test

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/admin"
	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

func newAdmin(t *testing.T) *admin.Admin {
	t.Helper()
	st, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db"), Secrets: secret.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	hasher, now, box := auth.NewHasher(), clock.Real(), secret.New()
	return &admin.Admin{
		Store: st, Passwords: admin.NewCredentials(st, hasher, auth.NewAuthenticator(st, hasher, now)), Links: auth.NewLinks(st, now), Keys: auth.NewBearers(st, now), Seal: box.Seal, Unseal: box.Open, Codes: auth.NewAttempts(now), Realm: "tandem", Domain: "ivr.example", URL: "http://ivr.example:8080",
		Bootstrap: func(ctx context.Context, tn voice.Tenant, owner voice.User) error {
			return st.CreateApp(ctx, voice.App{ID: "VA" + voice.AppID(tn.ID), Tenant: tn.ID, Kind: "sonetel", Type: "ivr", Name: "Main menu",
				Document: []byte(`{}`), Created: tn.Created, Updated: tn.Created}, nil)
		},
	}
}

func account(t *testing.T, a *admin.Admin, name string) voice.TenantID {
	t.Helper()
	tn, _, err := a.CreateAccount(t.Context(), admin.AccountSpec{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return tn.ID
}

// wantField checks that err is Invalid and names the flag.
func wantField(t *testing.T, err error, field, words string) {
	t.Helper()
	e, ok := errors.AsType[*voice.Error](err)
	if !ok || e.Kind != voice.Invalid || e.Field != field || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want an error at %q with %q", err, field, words)
	}
}

func TestAccounts(t *testing.T) {
	a := newAdmin(t)
	tn, owner, err := a.CreateAccount(t.Context(), admin.AccountSpec{Name: " Acme ", Email: "anna@acme.example", Timezone: "Europe/Stockholm", Country: "se"})
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[1-9][0-9]{8}$`).MatchString(string(tn.ID)) || tn.Name != "Acme" || tn.Country != "SE" {
		t.Errorf("tenant: %+v", tn)
	}
	if owner.Role != voice.RoleAdmin || owner.Email != "anna@acme.example" || owner.Tenant != tn.ID {
		t.Errorf("owner: %+v", owner)
	}
	other := account(t, a, "Other")
	list, err := a.Accounts(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("accounts: %v, %v", list, err)
	}
	for _, acc := range list {
		if acc.Tenant.ID == other && acc.Owner.Email != "owner@"+string(other)+".invalid" {
			t.Errorf("owner without address: %+v", acc.Owner)
		}
	}
	for _, tt := range []struct {
		spec         admin.AccountSpec
		field, words string
	}{
		{admin.AccountSpec{Name: " "}, "name", "empty"},
		{admin.AccountSpec{Name: strings.Repeat("å", 101)}, "name", "101 characters"},
		{admin.AccountSpec{Name: "a\x00"}, "name", "control character"},
		{admin.AccountSpec{Name: "a", Email: "nobody"}, "email", "not an e-mail address"},
		{admin.AccountSpec{Name: "a", Email: "Anna@acme.example"}, "email", "already"},
		{admin.AccountSpec{Name: "a", Timezone: "Mars/Base"}, "timezone", "no time zone"},
		{admin.AccountSpec{Name: "a", Country: "Sweden"}, "country", "two letters"},
		{admin.AccountSpec{Name: "a", Currency: "€"}, "currency", "three letters"},
	} {
		_, _, err := a.CreateAccount(t.Context(), tt.spec)
		wantField(t, err, tt.field, tt.words)
	}
	if list, _ := a.Accounts(t.Context()); len(list) != 2 {
		t.Errorf("%d accounts after refusals, want 2", len(list))
	}
}

func TestNumbers(t *testing.T) {
	a := newAdmin(t)
	id, other := account(t, a, "Acme"), account(t, a, "Other")
	app := voice.Destination{Kind: voice.ToApp, ID: "VA" + string(id)}
	n, err := a.AddNumber(t.Context(), id, "+46 8 500 00 00", app)
	if err != nil || n.E164 != "+4685000000" {
		t.Fatalf("%+v, %v", n, err)
	}
	_, err = a.AddNumber(t.Context(), other, "+4685000000", voice.Destination{})
	wantField(t, err, "number", "belongs to an account already")
	_, err = a.AddNumber(t.Context(), id, "hello", app)
	wantField(t, err, "number", "not part of a telephone number")
	_, err = a.AddNumber(t.Context(), other, "+4685000001", app)
	wantField(t, err, "app", "has no app")
	_, err = a.RouteNumber(t.Context(), other, "+4685000000", voice.Destination{})
	wantField(t, err, "number", "has no number")
	n, err = a.RouteNumber(t.Context(), id, "+4685000000", voice.Destination{Kind: voice.ToNumber, ID: "0046 70 111 22 33"})
	if err != nil || n.Dest.ID != "+46701112233" {
		t.Errorf("%+v, %v", n, err)
	}
	wantField(t, a.RemoveNumber(t.Context(), other, "+4685000000"), "number", "has no number")
	if err := a.RemoveNumber(t.Context(), id, "+4685000000"); err != nil {
		t.Error(err)
	}
	if list, err := a.Numbers(t.Context(), id); err != nil || len(list) != 0 {
		t.Errorf("numbers left: %v, %v", list, err)
	}
}

func TestExtensions(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	p, err := a.AddExtension(t.Context(), id, admin.ExtensionSpec{Number: "101", Name: "Anna Berg"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := a.Store.ExtensionByUsername(t.Context(), p.Username)
	if err != nil {
		t.Fatal(err)
	}
	md5Hex, shaHex := admin.HA1(p.Username, p.Realm, p.Password)
	if e.HA1MD5 != md5Hex || e.HA1SHA256 != shaHex || p.Domain != "ivr.example" || p.Realm != "tandem" {
		t.Errorf("phone %+v, stored %+v", p, e)
	}
	u, err := a.Store.User(t.Context(), id, p.User)
	if err != nil || u.FirstName != "Anna" || u.LastName != "Berg" || u.Extension != "101" {
		t.Errorf("user %+v, %v", u, err)
	}
	_, err = a.AddExtension(t.Context(), id, admin.ExtensionSpec{Number: "101"})
	wantField(t, err, "number", "already")
	for _, bad := range []string{"", "1", "1234567", "1a", "１０１"} {
		_, err = a.AddExtension(t.Context(), id, admin.ExtensionSpec{Number: bad})
		wantField(t, err, "number", "2 to 6 digits")
	}
	_, err = a.AddExtension(t.Context(), id, admin.ExtensionSpec{Number: "102", User: p.User})
	wantField(t, err, "user", "extension 101 already")
	_, err = a.AddExtension(t.Context(), id, admin.ExtensionSpec{Number: "102", User: "9"})
	wantField(t, err, "user", "no user 9")

	users, err := a.Store.Users(t.Context(), id)
	if err != nil || len(users) != 2 {
		t.Errorf("refusals left users behind: %v, %v", users, err)
	}
	if err := a.RemoveExtension(t.Context(), id, "101"); err != nil {
		t.Fatal(err)
	}
	if u, err := a.Store.User(t.Context(), id, p.User); err != nil || u.Extension != "" {
		t.Errorf("user after removal: %+v, %v", u, err)
	}
	wantField(t, a.RemoveExtension(t.Context(), id, "101"), "number", "no extension")
	// The same user may have it again.
	if _, err := a.AddExtension(t.Context(), id, admin.ExtensionSpec{Number: "101", User: p.User}); err != nil {
		t.Error(err)
	}
}

// RFC 7616 §3.9.1 gives no HA1; these are of "Mufasa:http-auth@example.org:Circle of Life".
func TestHA1(t *testing.T) {
	m, s := admin.HA1("Mufasa", "http-auth@example.org", "Circle of Life")
	if m != "3d78807defe7de2157e2b0b6573a855f" || s != "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232" {
		t.Errorf("%s %s", m, s)
	}
}

func TestTrunks(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	k, err := a.AddTrunk(t.Context(), voice.Trunk{Tenant: id, Name: "carrier", Host: "sip.example:5070", Username: "u", Password: "p",
		Register: true, Prefixes: []string{"+46"}, CallerID: "+46 8 500 00 00"})
	if err != nil || k.CallerID != "+4685000000" || k.ID == "" {
		t.Fatalf("%+v, %v", k, err)
	}
	base := voice.Trunk{Tenant: id, Name: "b", Host: "sip.example"}
	for _, tt := range []struct {
		name         string
		change       func(*voice.Trunk)
		field, words string
	}{
		{"taken", func(k *voice.Trunk) { k.Name = "carrier" }, "name", "already"},
		{"no name", func(k *voice.Trunk) { k.Name = "" }, "name", "empty"},
		{"no host", func(k *voice.Trunk) { k.Host = "" }, "host", "not HOST"},
		{"scheme", func(k *voice.Trunk) { k.Host = "sip:a.example" }, "host", "port"},
		{"port", func(k *voice.Trunk) { k.Host = "a.example:0" }, "host", "1 to 65535"},
		{"localhost", func(k *voice.Trunk) { k.Host = "localhost" }, "host", "this machine"},
		{"loopback", func(k *voice.Trunk) { k.Host = "127.9.9.9:5060" }, "host", "this machine"},
		{"mapped loopback", func(k *voice.Trunk) { k.Host = "[::ffff:127.0.0.1]:5060" }, "host", "this machine"},
		{"any address", func(k *voice.Trunk) { k.Host = "0.0.0.0" }, "host", "this machine"},
		{"transport", func(k *voice.Trunk) { k.Transport = "sctp" }, "transport", "neither"},
		{"register alone", func(k *voice.Trunk) { k.Register = true }, "register", "a username"},
		{"user alone", func(k *voice.Trunk) { k.Username = "u" }, "password", "missing"},
		{"password alone", func(k *voice.Trunk) { k.Password = "u" }, "username", "missing"},
		{"prefix", func(k *voice.Trunk) { k.Prefixes = []string{"46"} }, "prefix", "no prefix"},
		{"caller id", func(k *voice.Trunk) { k.CallerID = "anna" }, "caller-id", "not part of"},
		{"account", func(k *voice.Trunk) { k.Tenant = "1" }, "account", "no account 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := base
			tt.change(&k)
			_, err := a.AddTrunk(t.Context(), k)
			wantField(t, err, tt.field, tt.words)
		})
	}
	a.AllowLoopback = true
	if _, err := a.AddTrunk(t.Context(), voice.Trunk{Tenant: id, Name: "test", Host: "127.0.0.1:5062"}); err != nil {
		t.Error(err)
	}
	if err := a.RemoveTrunk(t.Context(), id, "carrier"); err != nil {
		t.Error(err)
	}
	wantField(t, a.RemoveTrunk(t.Context(), id, "carrier"), "name", "no trunk")
}

func TestOwnerLink(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	link, err := a.SetupLink(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(link, "http://ivr.example:8080/setup?token=")
	if !ok {
		t.Fatalf("link: %s", link)
	}
	_, err = a.SetUp(t.Context(), token, "short")
	wantField(t, err, "password", "10 are the least")
	owner, err := a.SetUp(t.Context(), token, "correct horse")
	if err != nil || owner.Tenant != id {
		t.Fatalf("%+v, %v", owner, err)
	}
	for _, bad := range []string{token, "", "x", strings.Repeat("x", 1000)} {
		if _, err := a.SetUp(t.Context(), bad, "another horse"); !voice.IsKind(err, voice.Permission) {
			t.Errorf("token %.10q: %v, want Permission", bad, err)
		}
	}
	u, err := a.Login(t.Context(), owner.Email, "correct horse", "192.0.2.1:1")
	if err != nil || u.ID != owner.ID {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := a.Login(t.Context(), owner.Email, "another horse", "192.0.2.1:1"); !voice.IsKind(err, voice.Permission) {
		t.Errorf("wrong password: %v", err)
	}
}

func TestPasswords(t *testing.T) {
	a := newAdmin(t)
	one, two := account(t, a, "One"), account(t, a, "Two")
	u, err := a.AddExtension(t.Context(), one, admin.ExtensionSpec{Number: "101", Email: "anna@one.example"})
	if err != nil {
		t.Fatal(err)
	}
	anna, err := a.Store.User(t.Context(), one, u.User)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name, secret string, want voice.Kind) {
		t.Helper()
		if _, err := a.Passwords.Password(t.Context(), "sonetel", name, secret, "192.0.2.1:1"); voice.KindOf(err) != want {
			t.Errorf("%s with %s: %v, want %q", name, secret, err, want)
		}
	}
	set := func(u voice.User, secret string, want voice.Kind) {
		t.Helper()
		if err := a.Passwords.SetPassword(t.Context(), "sonetel", u, secret); voice.KindOf(err) != want {
			t.Errorf("set %s: %v, want %q", u.Email, err, want)
		}
	}
	set(anna, "first", "")
	check("anna@one.example", "first", "")
	set(anna, "second", "")
	check("anna@one.example", "first", voice.Permission)
	check("anna@one.example", "second", "")
	set(voice.User{Tenant: two, ID: "7", Email: "anna@one.example"}, "third", voice.Exists)
	anna.Email = "anna.berg@one.example"
	set(anna, "fourth", "")
	check("anna.berg@one.example", "fourth", "")
	check("anna@one.example", "second", voice.Permission)
	set(voice.User{Tenant: one, ID: anna.ID}, "fifth", voice.Invalid)
}

func TestAnnounced(t *testing.T) {
	a := newAdmin(t)
	if _, err := admin.Announced(t.Context(), a.Store); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("before: %v", err)
	}
	want := admin.Server{HTTP: "127.0.0.1:8080", SIP: "127.0.0.1:5060", Host: "ivr.example", URL: "http://ivr.example:8080", PID: 7}
	if err := admin.Announce(t.Context(), a.Store, want); err != nil {
		t.Fatal(err)
	}
	got, err := admin.Announced(t.Context(), a.Store)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := admin.Announce(t.Context(), a.Store, admin.Server{}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Announced(t.Context(), a.Store); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("after: %v", err)
	}
}
