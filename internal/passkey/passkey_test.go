package passkey_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/passkey"
	"tandem/internal/passkey/passkeytest"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

const (
	tenant = voice.TenantID("100000001")
	place  = "https://pbx.example"
)

// bench is a keeper on a real database with two people.
type bench struct {
	*testing.T
	k          *passkey.Keeper
	store      *sqlstore.Store
	now        time.Time
	anna, bert voice.User
	device     *passkeytest.Authenticator
	ctx        context.Context
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db"), Secrets: secret.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	b := &bench{T: t, store: store, now: time.Unix(1_800_000_000, 0), device: &passkeytest.Authenticator{Origin: place, Verified: true, Counts: true}}
	b.ctx = voice.Acting(t.Context(), voice.Actor{Kind: voice.ActorUnknown, Via: "page", Source: "192.0.2.7"})
	b.k = b.keeper("pbx.example", place)
	if err := store.CreateTenant(t.Context(), voice.Tenant{ID: tenant, Name: "Acme"}); err != nil {
		t.Fatal(err)
	}
	b.anna = voice.User{ID: "11", Tenant: tenant, FirstName: "Anna", Email: "anna@acme.example", Role: voice.RoleAdmin}
	b.bert = voice.User{ID: "12", Tenant: tenant, FirstName: "Bert", Role: voice.RoleRegular}
	for _, u := range []voice.User{b.anna, b.bert} {
		if err := store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *bench) keeper(party string, origins ...string) *passkey.Keeper {
	b.Helper()
	k, err := passkey.New(passkey.Config{Party: party, Origins: origins, Store: b.store, Tries: auth.NewAttempts(clock.Real()), Now: func() time.Time { return b.now }})
	if err != nil {
		b.Fatal(err)
	}
	return k
}

// must gives the ceremony that was begun.
func (b *bench) must(c voice.Ceremony, err error) voice.Ceremony {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func (b *bench) answer(raw json.RawMessage, err error) json.RawMessage {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// register registers a passkey of the device for u.
func (b *bench) register(u voice.User, name string) (voice.Passkey, error) {
	b.Helper()
	c := b.must(b.k.BeginPasskey(b.ctx, u, place))
	return b.k.AddPasskey(b.ctx, u, c.Token, name, b.answer(b.device.Create(c.Options)))
}

func (b *bench) logIn() (voice.User, error) {
	b.Helper()
	c := b.must(b.k.BeginLogin(b.ctx, place))
	return b.k.Login(b.ctx, c.Token, b.answer(b.device.Get(c.Options)))
}

func (b *bench) confirm(u voice.User) error {
	b.Helper()
	c := b.must(b.k.BeginFactor(b.ctx, u, place))
	return b.k.CheckPasskey(b.ctx, u, c.Token, b.answer(b.device.Get(c.Options)))
}

// refuses fails unless err is of the kind and its reason holds text.
func (b *bench) refuses(what string, err error, kind voice.Kind, text string) {
	b.Helper()
	if voice.KindOf(err) != kind || !strings.Contains(voice.Reason(err), text) {
		b.Errorf("%s: %s %v; want %s with %q", what, voice.KindOf(err), err, kind, text)
	}
}

func TestPasskey(t *testing.T) {
	b := newBench(t)
	made, err := b.register(b.anna, " Anna's\tlaptop ")
	if err != nil {
		t.Fatal(err)
	}
	if made.Name != "Anna's laptop" || made.Party != "pbx.example" || made.Synced || !slices.Equal(made.Transports, []string{"internal"}) || !made.Used.IsZero() {
		t.Errorf("made: %+v", made)
	}
	b.now = b.now.Add(time.Hour)
	if u, err := b.logIn(); err != nil || u.ID != b.anna.ID || u.Passkeys != 1 {
		t.Fatalf("logged in: %+v, %v", u, err)
	}
	if err := b.confirm(b.anna); err != nil {
		t.Fatalf("as a second factor: %v", err)
	}
	kept, err := b.store.Passkeys(t.Context(), tenant, b.anna.ID)
	if err != nil || len(kept) != 1 || kept[0].Count != 2 || !kept[0].Used.Equal(b.now) {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	log, err := b.store.Audit(t.Context(), voice.AuditFilter{Tenant: tenant, Kind: "passkey", Limit: 10})
	if err != nil || len(log) != 3 {
		t.Fatalf("noted: %+v, %v", log, err)
	}
	if log[0].Action != "used" || log[0].Name != "Anna's laptop" || log[0].Actor.Name != "Anna" || log[0].Actor.Source != "192.0.2.7" || log[2].Action != "created" {
		t.Errorf("noted: %+v", log)
	}
	for _, c := range log[2].Changes {
		if c.Field != "name" && c.Field != "party" && c.Field != "user_id" && c.Field != "synced" {
			t.Errorf("the log tells %s: %s", c.Field, c.To)
		}
	}
}

// A device that counts nothing, and passkeys of a password manager, do as well.
func TestPasskeyWithoutCounter(t *testing.T) {
	b := newBench(t)
	b.device.Counts, b.device.Synced = false, true
	if made, err := b.register(b.bert, "manager"); err != nil || !made.Synced {
		t.Fatalf("%+v, %v", made, err)
	}
	for range 2 {
		if u, err := b.logIn(); err != nil || u.ID != b.bert.ID {
			t.Fatalf("%+v, %v", u, err)
		}
	}
	b.device.Synced = false
	_, err := b.logIn()
	b.refuses("one that may be copied no more", err, voice.Permission, "Backup Eligible")
}

func TestRegistrationRefusals(t *testing.T) {
	b := newBench(t)
	begin := func() voice.Ceremony { return b.must(b.k.BeginPasskey(b.ctx, b.anna, place)) }
	add := func(u voice.User, token string, credential []byte) error {
		_, err := b.k.AddPasskey(b.ctx, u, token, "x", credential)
		return err
	}
	good := begin()
	answer := b.answer(b.device.Create(good.Options))
	b.refuses("another person's ceremony", add(b.bert, good.Token, answer), voice.Conflict, "too long ago")
	b.refuses("which serves no more", add(b.anna, good.Token, answer), voice.Conflict, "too long ago")
	b.refuses("the answer to another challenge", add(b.anna, begin().Token, answer), voice.Invalid, "")
	_, err := b.k.AddPasskey(b.ctx, b.anna, begin().Token, " \x00 ", answer)
	b.refuses("no name", err, voice.Invalid, "needs a name")
	b.refuses("no ceremony", add(b.anna, "", answer), voice.Conflict, "")
	b.refuses("no JSON", add(b.anna, begin().Token, []byte("{")), voice.Invalid, "can't be read")
	b.refuses("too long", add(b.anna, begin().Token, bytes.Repeat([]byte(" "), 20_000)), voice.Invalid, "more than 16384 bytes")
	login := b.must(b.k.BeginLogin(b.ctx, place))
	b.refuses("the ceremony of a log-in", add(b.anna, login.Token, answer), voice.Conflict, "")
	late := begin()
	answer = b.answer(b.device.Create(late.Options))
	b.now = b.now.Add(5 * time.Minute)
	b.refuses("after five minutes", add(b.anna, late.Token, answer), voice.Conflict, "too long ago")

	for what, wrong := range map[string]passkeytest.Authenticator{
		"another origin":           {Origin: "https://pbx.example.evil.example", Verified: true},
		"plain http":               {Origin: "http://pbx.example", Verified: true},
		"another relying party":    {Origin: place, Verified: true, Party: "evil.example"},
		"a user who isn't checked": {Origin: place},
	} {
		c := begin()
		b.refuses(what, add(b.anna, c.Token, b.answer(wrong.Create(c.Options))), voice.Invalid, "refused")
	}
	_, err = b.k.BeginPasskey(b.ctx, b.anna, "http://192.0.2.7:8080")
	b.refuses("a place where they don't work", err, voice.Conflict, "Passkeys work at https://pbx.example, not at http://192.0.2.7:8080.")
	if kept, err := b.store.Passkeys(t.Context(), tenant, b.anna.ID); err != nil || len(kept) != 0 {
		t.Errorf("kept: %+v, %v", kept, err)
	}
}

func TestPasskeyLimit(t *testing.T) {
	b := newBench(t)
	first := b.must(b.k.BeginPasskey(b.ctx, b.anna, place))
	for i := range voice.MaxPasskeys {
		b.device.Keys = nil // another device
		if _, err := b.register(b.anna, fmt.Sprint("device ", i)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.k.BeginPasskey(b.ctx, b.anna, place)
	b.refuses("one more", err, voice.Limit, "there are 20 passkeys")
	_, err = b.k.AddPasskey(b.ctx, b.anna, first.Token, "x", b.answer(b.device.Create(first.Options)))
	b.refuses("one more that was begun before", err, voice.Limit, "there are 20 passkeys")
	if c := b.must(b.k.BeginPasskey(b.ctx, b.bert, place)); !strings.Contains(string(c.Options), `"userVerification":"required"`) || !strings.Contains(string(c.Options), `"residentKey":"required"`) {
		t.Errorf("asked: %s", c.Options)
	}
	if err := b.store.DeletePasskey(t.Context(), tenant, b.anna.ID, b.first(b.anna)); err != nil {
		t.Fatal(err)
	}
	c := b.must(b.k.BeginPasskey(b.ctx, b.anna, place))
	if _, err := b.device.Create(c.Options); err == nil {
		t.Error("a device is asked to register again what it has")
	}
}

func (b *bench) first(u voice.User) voice.PasskeyID {
	b.Helper()
	kept, err := b.store.Passkeys(b.T.Context(), tenant, u.ID)
	if err != nil || len(kept) == 0 {
		b.Fatal(kept, err)
	}
	return kept[0].ID
}

func TestLoginRefusals(t *testing.T) {
	b := newBench(t)
	if _, err := b.register(b.anna, "laptop"); err != nil {
		t.Fatal(err)
	}
	key := b.device.Keys[0]
	log := func(device *passkeytest.Authenticator) error {
		t.Helper()
		b.ctx = voice.Acting(t.Context(), voice.Actor{Kind: voice.ActorUnknown, Via: "page", Source: "192.0.2.7"})
		b.k = b.keeper("pbx.example", place) // without what was counted of guesses
		c := b.must(b.k.BeginLogin(b.ctx, place))
		_, err := b.k.Login(b.ctx, c.Token, b.answer(device.Get(c.Options)))
		return err
	}
	with := func(change func(d *passkeytest.Authenticator)) *passkeytest.Authenticator {
		d := *b.device
		change(&d)
		return &d
	}
	b.refuses("another origin", log(with(func(d *passkeytest.Authenticator) { d.Origin = "https://evil.example" })), voice.Permission, "origin")
	b.refuses("another relying party", log(with(func(d *passkeytest.Authenticator) { d.Party = "evil.example" })), voice.Permission, "refused")
	b.refuses("a user who isn't verified", log(with(func(d *passkeytest.Authenticator) { d.Verified = false })), voice.Permission, "refused")
	foreign := &passkeytest.Authenticator{Origin: place, Verified: true}
	b.answer(foreign.Create(b.must(b.k.BeginPasskey(b.ctx, b.bert, place)).Options))
	b.refuses("a passkey of nobody", log(foreign), voice.Permission, "does not know the passkey")
	foreign.Keys[0].ID = key.ID
	b.refuses("another key under a known id", log(foreign), voice.Permission, "refused")
	foreign.Keys[0].Handle = key.Handle
	b.refuses("with the person's handle", log(foreign), voice.Permission, "refused")
	key.Handle = []byte("100000001/12")
	b.refuses("another person's handle", log(b.device), voice.Permission, "User handle")
	key.Handle = []byte("100000001/11")
	if err := log(b.device); err != nil {
		t.Fatal(err)
	}
	key.Count = 3 // five signatures were counted
	b.refuses("a counter that went back", log(b.device), voice.Permission, "counter went back from 5 to 4")
	key.Count = 4
	b.refuses("a counter that stood still", log(b.device), voice.Permission, "counter went back from 5 to 5")

	c := b.must(b.k.BeginLogin(b.ctx, place))
	answer := b.answer(b.device.Get(c.Options))
	if _, err := b.k.Login(b.ctx, c.Token, answer); err != nil {
		t.Fatal(err)
	}
	_, err := b.k.Login(b.ctx, c.Token, answer)
	b.refuses("the same answer again", err, voice.Conflict, "has answered before")
	other := b.must(b.k.BeginLogin(b.ctx, place))
	_, err = b.k.Login(b.ctx, other.Token, answer)
	b.refuses("the answer to another challenge", err, voice.Permission, "refused")
	_, err = b.k.Login(b.ctx, b.must(b.k.BeginLogin(b.ctx, place)).Token, []byte(`{"id": 1}`))
	b.refuses("no credential", err, voice.Invalid, "can't be read")
	late := b.must(b.k.BeginLogin(b.ctx, place))
	answer = b.answer(b.device.Get(late.Options))
	b.now = b.now.Add(5 * time.Minute)
	_, err = b.k.Login(b.ctx, late.Token, answer)
	b.refuses("after five minutes", err, voice.Conflict, "too long ago")
	_, err = b.k.BeginLogin(b.ctx, "http://localhost:8080")
	b.refuses("where passkeys don't work", err, voice.Conflict, "not at http://localhost:8080")

	log2, err := b.store.Audit(t.Context(), voice.AuditFilter{Tenant: tenant, Action: "log-in failed", Limit: 50})
	if err != nil || len(log2) != 9 {
		t.Fatalf("%d failures are noted (%v), want 9", len(log2), err)
	}
	if c := log2[1].Changes; log2[1].Kind != "passkey" || log2[1].Actor.Kind != voice.ActorUnknown || len(c) != 1 || !strings.Contains(c[0].To, "counter went back") {
		t.Errorf("noted: %+v", log2[1])
	}
	if err := b.store.DeletePasskeys(t.Context(), tenant, b.anna.ID); err != nil {
		t.Fatal(err)
	}
	b.refuses("one that was removed", log(b.device), voice.Permission, "it may have been removed")
}

func TestFactorRefusals(t *testing.T) {
	b := newBench(t)
	if _, err := b.register(b.anna, "laptop"); err != nil {
		t.Fatal(err)
	}
	_, err := b.k.BeginFactor(b.ctx, b.bert, place)
	b.refuses("a person without one", err, voice.NotExist, "None of your passkeys")
	annas := b.device
	b.device = &passkeytest.Authenticator{Origin: place, Verified: true}
	if _, err := b.register(b.bert, "phone"); err != nil {
		t.Fatal(err)
	}
	c := b.must(b.k.BeginFactor(b.ctx, b.anna, place))
	if _, err := b.device.Get(c.Options); err == nil {
		t.Error("another person's passkey is asked for")
	}
	var asked struct{ Challenge, RPID string }
	if err := json.Unmarshal(c.Options, &asked); err != nil {
		t.Fatal(err)
	}
	err = b.k.CheckPasskey(b.ctx, b.anna, c.Token, b.answer(b.device.Sign(b.device.Keys[0], asked.RPID, asked.Challenge)))
	b.refuses("another person's passkey", err, voice.Permission, "another person's")
	c = b.must(b.k.BeginFactor(b.ctx, b.anna, place))
	b.refuses("the ceremony of another", b.k.CheckPasskey(b.ctx, b.bert, c.Token, b.answer(annas.Get(c.Options))), voice.Conflict, "")
	login := b.must(b.k.BeginLogin(b.ctx, place))
	b.refuses("the ceremony of a log-in", b.k.CheckPasskey(b.ctx, b.anna, login.Token, b.answer(annas.Get(login.Options))), voice.Conflict, "")
	c = b.must(b.k.BeginFactor(b.ctx, b.anna, place))
	_, err = b.k.Login(b.ctx, c.Token, b.answer(annas.Get(c.Options)))
	b.refuses("a log-in by the ceremony of a second factor", err, voice.Conflict, "")

	b.k = b.keeper("new.example", "https://new.example")
	_, err = b.k.BeginFactor(b.ctx, b.anna, "https://new.example")
	b.refuses("passkeys of the name before", err, voice.NotExist, "made for new.example")
	c = b.must(b.k.BeginLogin(b.ctx, ""))
	annas.Origin = "https://new.example"
	_, err = b.k.Login(b.ctx, c.Token, b.answer(annas.Get(c.Options)))
	b.refuses("a log-in with them", err, voice.Permission, "refused")
}

// What is begun is bounded: of one address, and in all.
func TestCeremoniesAreBounded(t *testing.T) {
	b := newBench(t)
	if _, err := b.register(b.anna, "laptop"); err != nil {
		t.Fatal(err)
	}
	from := func(n int) context.Context {
		return voice.Acting(t.Context(), voice.Actor{Kind: voice.ActorUnknown, Via: "page", Source: fmt.Sprintf("198.51.%d.%d", n>>8, n&255)})
	}
	calm := b.must(b.k.BeginLogin(from(1), place))
	first := b.must(b.k.BeginLogin(from(0), place))
	b.now = b.now.Add(time.Second)
	for range 100 {
		b.must(b.k.BeginLogin(from(0), place))
	}
	_, err := b.k.Login(b.ctx, first.Token, b.answer(b.device.Get(first.Options)))
	b.refuses("the first of an address that has begun 101", err, voice.Conflict, "")
	if _, err := b.k.Login(b.ctx, calm.Token, b.answer(b.device.Get(calm.Options))); err != nil {
		t.Errorf("that of another address: %v", err)
	}
	own := b.must(b.k.BeginFactor(b.ctx, b.anna, place))
	calm = b.must(b.k.BeginLogin(from(1), place))
	b.now = b.now.Add(time.Second)
	for i := range 10_000 {
		b.must(b.k.BeginLogin(from(2+i), place))
	}
	_, err = b.k.Login(b.ctx, calm.Token, b.answer(b.device.Get(calm.Options)))
	b.refuses("one before 10,000 others", err, voice.Conflict, "")
	if err := b.k.CheckPasskey(b.ctx, b.anna, own.Token, b.answer(b.device.Get(own.Options))); err != nil {
		t.Errorf("that of a person with the password: %v", err)
	}
}

// Wrong answers are bounded, as guesses at passwords are.
func TestWrongAnswersAreBounded(t *testing.T) {
	b := newBench(t)
	if _, err := b.register(b.anna, "laptop"); err != nil {
		t.Fatal(err)
	}
	wrong := *b.device
	wrong.Origin = "https://evil.example"
	var err error
	for range auth.FailuresPerName + 1 {
		c := b.must(b.k.BeginLogin(b.ctx, place))
		_, err = b.k.Login(b.ctx, c.Token, b.answer(wrong.Get(c.Options)))
	}
	b.refuses("the last of many", err, voice.Limit, "too many")
}

// Whatever bit of an answer is another, the passkey is refused: all that counts is signed.
func TestMutatedAnswers(t *testing.T) {
	b := newBench(t)
	if _, err := b.register(b.anna, "laptop"); err != nil {
		t.Fatal(err)
	}
	b.device.Counts = false
	tried := 0
	for _, field := range []string{"clientDataJSON", "authenticatorData", "signature", "userHandle"} {
		for at := 0; ; at++ {
			b.k = b.keeper("pbx.example", place) // without what was counted of guesses
			c := b.must(b.k.BeginLogin(b.ctx, place))
			var answer map[string]any
			if err := json.Unmarshal(b.answer(b.device.Get(c.Options)), &answer); err != nil {
				t.Fatal(err)
			}
			response := answer["response"].(map[string]any)
			raw, err := base64.RawURLEncoding.DecodeString(response[field].(string))
			if err != nil {
				t.Fatal(err)
			}
			if at >= len(raw) {
				break
			}
			raw[at] ^= 1 << (at % 8)
			response[field] = base64.RawURLEncoding.EncodeToString(raw)
			mutant, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			if _, err := b.k.Login(b.ctx, c.Token, mutant); !voice.IsKind(err, voice.Permission) && !voice.IsKind(err, voice.Invalid) {
				t.Errorf("byte %d of %s: %v", at, field, err)
			}
		}
	}
	if tried < 200 {
		t.Errorf("%d mutants alone", tried)
	}
	if _, err := b.logIn(); err != nil {
		t.Errorf("the answer as it is: %v", err)
	}
}
