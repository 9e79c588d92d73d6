package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tandem/internal/passkey"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
	"tandem/internal/web"
)

type fake struct {
	setup    string // the one-time token; "" = used up
	password string
	broken   bool
	slow     bool // too many attempts
	gone     bool // the user was deleted
	required bool // the account wants a second factor
	factor   bool // there is one
	notes    []string

	passkeys *passkey.Keeper // nil = there are none
	store    *sqlstore.Store // of passkeys
	logins   memory
}

var (
	_ web.Accounts = (*fake)(nil)
	_ web.Users    = (*fake)(nil)
	_ web.Factors  = (*fake)(nil)
)

var anna = voice.User{Tenant: "100000001", ID: "1", Email: "anna@example.com", Role: voice.RoleAdmin}

func (f *fake) Login(_ context.Context, name, password, _ string) (voice.User, error) {
	if f.slow {
		return voice.User{}, voice.Errorf("fake", voice.Limit, "too many")
	}
	if name != anna.Email || password != f.password || password == "" {
		return voice.User{}, voice.Errorf("fake", voice.Permission, "no")
	}
	return anna, nil
}

func (f *fake) SetUp(_ context.Context, token, password string) (voice.User, error) {
	if len(password) < 10 {
		return voice.User{}, voice.InvalidField("fake", "password", "the password has fewer than 10 characters")
	}
	if f.setup == "" || token != f.setup {
		return voice.User{}, voice.Errorf("fake", voice.Permission, "no")
	}
	f.setup, f.password = "", password
	_, err := f.logins.EndSessions(context.Background(), anna.Tenant, anna.ID, "", "")
	return anna, err
}

func (f *fake) User(ctx context.Context, t voice.TenantID, id voice.UserID) (voice.User, error) {
	if f.gone {
		return voice.User{}, voice.Errorf("fake", voice.NotExist, "no such user")
	}
	u := anna
	u.SecondFactor = f.factor
	if f.store != nil {
		list, err := f.store.Passkeys(ctx, t, id)
		u.Passkeys = len(list)
		return u, err
	}
	return u, nil
}

func (f *fake) FactorNeeded(ctx context.Context, who voice.User) (string, error) {
	u, err := f.User(ctx, who.Tenant, who.ID)
	switch {
	case err != nil:
		return "", err
	case u.Passkeys > 0:
		return "passkey", nil
	case f.factor:
		return "code", nil
	case f.required:
		return "enrol", nil
	}
	return "", nil
}

func (f *fake) CheckFactor(_ context.Context, _ voice.User, code string) error {
	if f.slow {
		return voice.Errorf("fake", voice.Limit, "too many")
	}
	if !f.factor || code != "123456" {
		return voice.Errorf("fake", voice.Permission, "no")
	}
	return nil
}

func (f *fake) BeginFactor(context.Context, voice.User) (voice.Enrolment, error) {
	return voice.Enrolment{Secret: "SECRET", URI: "otpauth://totp/x"}, nil
}

func (f *fake) ConfirmFactor(ctx context.Context, u voice.User, code string) ([]string, error) {
	f.factor = code == "123456"
	return []string{"aaaa-bbbb"}, f.CheckFactor(ctx, u, code)
}

func (f *fake) Note(_ context.Context, _ voice.User, action string) error {
	f.notes = append(f.notes, action)
	return nil
}

func (f *fake) Health(context.Context) error {
	if f.broken {
		return errors.New("the database is gone")
	}
	return nil
}

type browser struct {
	t    *testing.T
	h    *web.Handler
	c    *http.Client
	base string
}

// start serves the handler, and beside it at /who who is logged in.
func start(t *testing.T, f *fake) browser {
	h := web.New(web.Config{Accounts: f, Users: f, Factors: f, Passkeys: f.passkeys, NewPasskeys: f.passkeys, Sessions: &f.logins, Health: f})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/who" {
			h.ServeHTTP(w, r)
			return
		}
		u, err := h.Session(r)
		if err != nil {
			http.Error(w, string(voice.KindOf(err)), http.StatusUnauthorized)
			return
		}
		io.WriteString(w, u.Email)
	}))
	t.Cleanup(srv.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := srv.Client()
	c.Jar = jar
	return browser{t, h, c, srv.URL}
}

func (b browser) do(method, path, body string, head map[string]string) (*http.Response, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range head {
		req.Header.Set(k, v)
	}
	res, err := b.c.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res, string(answer)
}

func (b browser) want(method, path, body string, status int, holds string) {
	b.t.Helper()
	res, answer := b.do(method, path, body, nil)
	if res.StatusCode != status || !strings.Contains(answer, holds) {
		b.t.Fatalf("%s %s: %d, want %d with %q in:\n%s", method, path, res.StatusCode, status, holds, answer)
	}
}

func TestFirstStart(t *testing.T) {
	b := start(t, &fake{setup: "one-time"})
	b.want("GET", "/who", "", 401, "permission")
	b.want("POST", "/session/setup", `{"token": "wrong", "password": "correct horse"}`, 403, "This link was used")
	b.want("POST", "/session/setup", `{"token": "one-time", "password": "short"}`, 422, "body.password")
	b.want("GET", "/who", "", 401, "permission")
	b.want("POST", "/session/setup", `{"token": "one-time", "password": "correct horse"}`, 204, "")
	b.want("GET", "/who", "", 200, anna.Email)
	b.want("POST", "/session/setup", `{"token": "one-time", "password": "another one"}`, 403, "This link was used")

	b.want("DELETE", "/session", "", 204, "")
	b.want("GET", "/who", "", 401, "permission")
	b.want("POST", "/session", `{"name": "anna@example.com", "password": "wrong"}`, 403, "do not fit")
	b.want("POST", "/session", `{"name": "anna@example.com", "password": "correct horse"}`, 204, "")
	b.want("GET", "/who", "", 200, anna.Email)
}

// A new password ends the log-ins of before.
func TestSetUpEndsLogins(t *testing.T) {
	f := &fake{password: "correct horse"}
	b := start(t, f)
	b.want("POST", "/session", `{"name": "anna@example.com", "password": "correct horse"}`, 204, "")
	old, _ := http.NewRequest("GET", b.base, nil)
	for _, c := range b.c.Jar.Cookies(old.URL) {
		old.AddCookie(c)
	}
	if _, err := b.h.Session(old); err != nil {
		t.Fatalf("before: %v", err)
	}
	f.setup = "again"
	b.want("POST", "/session/setup", `{"token": "again", "password": "correct horse 2"}`, 204, "")
	if _, err := b.h.Session(old); !voice.IsKind(err, voice.Permission) {
		t.Errorf("the log-in of before: %v, want permission", err)
	}
}

// Who was deleted is logged in no more.
func TestDeletedUser(t *testing.T) {
	f := &fake{password: "correct horse"}
	b := start(t, f)
	b.want("POST", "/session", `{"name": "anna@example.com", "password": "correct horse"}`, 204, "")
	f.gone = true
	b.want("GET", "/who", "", 401, "permission")
	f.gone = false
	b.want("GET", "/who", "", 401, "permission")
}

// The app, or the page that stands for it in a build without, answers every path
// but those of its files.
func TestApp(t *testing.T) {
	b := start(t, &fake{})
	for _, path := range []string{"/", "/calls/c1", "/setup?token=x", "/../etc/passwd", "/index.html"} {
		res, body := b.do("GET", path, "", nil)
		if res.StatusCode != 200 || !strings.Contains(body, "<title>Tandem</title>") || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d\n%s", path, res.StatusCode, body)
		}
	}
	b.want("GET", "/assets/none.js", "", 404, "no such file")
	if res, _ := b.do("POST", "/calls", "", nil); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d, want 405", res.StatusCode)
	}
}

func TestHeadersAndCookie(t *testing.T) {
	f := &fake{password: "correct horse"}
	b := start(t, f)
	login := `{"name": "anna@example.com", "password": "correct horse"}`
	res, _ := b.do("POST", "/session", login, nil)
	cookie := res.Header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q has no %s", cookie, part)
		}
	}
	csp := res.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script-src 'self' 'unsafe") || !strings.Contains(csp, "script-src 'self';") {
		t.Errorf("content security policy: %s", csp)
	}
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("cache control: %q", got)
	}
	if res, _ = b.do("POST", "/session", "{}", map[string]string{"Origin": "https://evil.example"}); res.StatusCode != http.StatusForbidden {
		t.Errorf("a log-in from another site: %d, want 403", res.StatusCode)
	}
	for _, body := range []string{`{"name": "` + strings.Repeat("x", 1<<20) + `"}`, "name=anna", `{"nam": "x"}`, ""} {
		if res, _ = b.do("POST", "/session", body, nil); res.StatusCode != http.StatusBadRequest {
			t.Errorf("a body that is no log-in: %d, want 400", res.StatusCode)
		}
	}
	tls := httptest.NewTLSServer(web.New(web.Config{Accounts: f, Users: f, Factors: f, Sessions: &f.logins, Health: f}))
	defer tls.Close()
	res, err := tls.Client().Post(tls.URL+"/session", "application/json", strings.NewReader(login))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if cookie = res.Header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-tandem=") || !strings.Contains(cookie, "Secure") {
		t.Errorf("the cookie over TLS: %q", cookie)
	}
}

func TestRefusals(t *testing.T) {
	f := &fake{slow: true, broken: true}
	b := start(t, f)
	res, body := b.do("POST", "/session", `{"name": "anna@example.com", "password": "x"}`, nil)
	var problem struct{ Detail string }
	if err := json.Unmarshal([]byte(body), &problem); err != nil || res.StatusCode != 429 || res.Header.Get("Retry-After") == "" || problem.Detail == "" {
		t.Errorf("too many attempts: %d %s (%v)", res.StatusCode, body, err)
	}
	b.want("GET", "/healthz", "", 503, "failed")
	f.broken = false
	b.want("GET", "/healthz", "", 200, "ok")
}

// A log-in outlives the server, its cookie is not stored, and it ends with the log-out.
func TestLoginLasts(t *testing.T) {
	f := &fake{password: "correct horse"}
	b := start(t, f)
	b.want("POST", "/session", `{"name": "anna@example.com", "password": "correct horse"}`, 204, "")
	ask, _ := http.NewRequest("GET", b.base, nil)
	for _, c := range b.c.Jar.Cookies(ask.URL) {
		ask.AddCookie(c)
		if s := f.logins.all[0]; s.Hash == c.Value || s.ID == c.Value || len(c.Value) < 40 {
			t.Errorf("stored: %+v, the cookie: %s", s, c.Value)
		}
	}
	if s := f.logins.all[0]; s.Source != "127.0.0.1" || !strings.Contains(s.Agent, "Go-http") || s.Expires.Sub(s.Created) <= 0 {
		t.Errorf("stored: %+v", s)
	}
	next := web.New(web.Config{Accounts: f, Users: f, Factors: f, Sessions: &f.logins, Health: f})
	if u, err := next.Session(ask); err != nil || u.ID != anna.ID {
		t.Errorf("after a restart: %v %v", u.ID, err)
	}
	if id, err := next.SessionID(ask); err != nil || id != f.logins.all[0].ID {
		t.Errorf("its id: %q %v", id, err)
	}
	b.want("DELETE", "/session", "", 204, "")
	if _, err := next.Session(ask); !voice.IsKind(err, voice.Permission) || len(f.logins.all) != 0 {
		t.Errorf("after the log-out: %v", err)
	}
	if !slices.Equal(f.notes, []string{"logged in", "logged out"}) {
		t.Errorf("noted: %v", f.notes)
	}
}
