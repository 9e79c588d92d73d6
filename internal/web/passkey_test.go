package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/passkey"
	"tandem/internal/passkey/passkeytest"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
	"tandem/internal/web"
)

// withPasskeys gives the fake real passkeys, on a database that has Anna.
func withPasskeys(t *testing.T, f *fake) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db"), Secrets: secret.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.CreateTenant(t.Context(), voice.Tenant{ID: anna.Tenant, Name: "Acme"}); err != nil {
		t.Fatal(err)
	}
	if err := store.CreateUser(t.Context(), anna); err != nil {
		t.Fatal(err)
	}
	f.store = store
	if f.passkeys, err = passkey.New(passkey.Config{Party: "pbx.example", Origins: []string{"https://pbx.example"}, Store: store, Tries: auth.NewAttempts(clock.Real())}); err != nil {
		t.Fatal(err)
	}
}

// ask begins a ceremony and gives its token and what the browser is asked.
func (b browser) ask(path, token string) (ceremony string, options json.RawMessage) {
	b.t.Helper()
	res, body := b.do("POST", path, fmt.Sprintf(`{"token": %q}`, token), nil)
	var asked struct {
		Token   string
		Options json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &asked); err != nil || res.StatusCode != 200 || asked.Token == "" {
		b.t.Fatalf("%s: %d %s (%v)", path, res.StatusCode, body, err)
	}
	return asked.Token, asked.Options
}

func (b browser) answer(token, ceremony, name string, credential json.RawMessage, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprintf(`{"token": %q, "ceremony": %q, "name": %q, "credential": %s}`, token, ceremony, name, credential)
}

// Who must have a second factor may set up a passkey; then it is asked for after the
// password, and logs in without one.
func TestPasskeyLogin(t *testing.T) {
	f := &fake{password: "correct horse", required: true}
	withPasskeys(t, f)
	b := start(t, f)
	device := &passkeytest.Authenticator{Origin: "https://pbx.example", Verified: true, Counts: true}
	token := b.halfway("enrol")
	ceremony, options := b.ask("/session/passkey/new/begin", token)
	created, err := device.Create(options)
	b.want("POST", "/session/passkey/new", b.answer("nonsense", ceremony, "laptop", created, err), 403, "waited too long")
	b.want("GET", "/who", "", 401, "permission")
	b.want("POST", "/session/passkey/new", b.answer(token, ceremony, "laptop", created, err), 204, "")
	b.want("GET", "/who", "", 200, anna.Email)
	b.want("DELETE", "/session", "", 204, "")

	// As the second factor.
	token = b.halfway("passkey")
	b.want("POST", "/session/passkey/new/begin", `{"token": "`+token+`"}`, 403, "There is a second factor already")
	b.want("POST", "/session/passkey/new", b.answer(token, ceremony, "mine", created, err), 403, "There is a second factor already")
	b.want("POST", "/session/code", `{"token": "`+token+`", "code": "123456"}`, 403, "body.code")
	b.want("POST", "/session/passkey/begin", `{"token": "nonsense"}`, 403, "waited too long")
	ceremony, options = b.ask("/session/passkey/begin", token)
	signed, err := device.Get(options)
	answer := b.answer(token, ceremony, "", signed, err)
	b.want("POST", "/session/passkey", strings.Replace(answer, token, "", 1), 409, "too long ago") // it is no log-in alone
	b.want("POST", "/session/passkey", answer, 204, "")
	b.want("GET", "/who", "", 200, anna.Email)
	b.want("POST", "/session/passkey", answer, 403, "waited too long")
	b.want("DELETE", "/session", "", 204, "")

	// Without the password.
	ceremony, options = b.ask("/session/passkey/begin", "")
	signed, err = device.Get(options)
	b.want("POST", "/session/passkey", b.answer("", ceremony, "", signed, err), 204, "")
	b.want("GET", "/who", "", 200, anna.Email)
	b.want("DELETE", "/session", "", 204, "")
	if want := []string{"logged in", "logged out", "logged in", "logged out", "logged in", "logged out"}; !slices.Equal(f.notes, want) {
		t.Errorf("noted %q, want %q", f.notes, want)
	}
	b.want("POST", "/session/passkey", b.answer("", ceremony, "", signed, err), 409, "has answered before")
	b.want("GET", "/who", "", 401, "permission")
}

func TestPasskeyLoginRefusals(t *testing.T) {
	f := &fake{password: "correct horse", required: true}
	withPasskeys(t, f)
	b := start(t, f)
	device := &passkeytest.Authenticator{Origin: "https://pbx.example", Verified: true, Counts: true}
	token := b.halfway("enrol")
	ceremony, options := b.ask("/session/passkey/new/begin", token)
	created, err := device.Create(options)
	b.want("POST", "/session/passkey/new", b.answer(token, ceremony, "", created, err), 422, "needs a name")
	ceremony, options = b.ask("/session/passkey/new/begin", token)
	created, err = device.Create(options)
	b.want("POST", "/session/passkey/new", b.answer(token, ceremony, "laptop", created, err), 204, "")
	b.want("DELETE", "/session", "", 204, "")
	attempt := func(status int, words string) {
		t.Helper()
		ceremony, options := b.ask("/session/passkey/begin", "")
		signed, err := device.Get(options)
		b.want("POST", "/session/passkey", b.answer("", ceremony, "", signed, err), status, words)
		b.want("GET", "/who", "", 401, "permission")
	}
	device.Keys[len(device.Keys)-1].Count = 40
	device.Verified = false
	attempt(403, "body.credential")
	device.Verified = true
	device.Origin = "https://evil.example"
	attempt(403, "The passkey is refused")
	device.Origin = "https://pbx.example"
	foreign := device.Keys[0] // of the registration that was refused for its name
	device.Keys[0], device.Keys[1] = device.Keys[1], foreign
	attempt(403, "does not know the passkey")
	b.want("POST", "/session/passkey", `{"ceremony": "x", "credential": {}}`, 409, "too long ago")
	b.want("POST", "/session/passkey", `{"ceremony": "x"}`, 409, "too long ago")
	b.want("POST", "/session/passkey", `{"credential": "`+strings.Repeat("x", 20_000)+`"}`, 400, "not the JSON")
	ceremony, _ = b.ask("/session/passkey/begin", "")
	b.want("POST", "/session/passkey", `{"ceremony": "`+ceremony+`", "credential": {}}`, 422, "can't be read")
	if res, _ := b.do("POST", "/session/passkey/begin", `{}`, map[string]string{"Origin": "https://evil.example"}); res.StatusCode != http.StatusForbidden {
		t.Errorf("from a page of another site: %d, want 403", res.StatusCode)
	}
	// The page's own origin, which is not where passkeys work.
	b.want("GET", "/who", "", 401, "permission")
	res, body := b.do("POST", "/session/passkey/begin", `{}`, map[string]string{"Origin": b.base, "Sec-Fetch-Site": "same-origin"})
	if res.StatusCode != http.StatusConflict || !strings.Contains(body, "Passkeys work at https://pbx.example, not at "+b.base) {
		t.Errorf("at %s: %d %s", b.base, res.StatusCode, body)
	}
	f.gone = true
	attempt(403, "does not know the passkey")
}

var _ web.Passkeys = (*passkey.Keeper)(nil)
