package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/internal/voice"
	"tandem/internal/web"
)

type fake struct {
	setup    string // the one-time token; "" = used up
	password string
	broken   bool
	slow     bool // too many attempts
}

var _ web.Accounts = (*fake)(nil)

func (f *fake) Login(_ context.Context, name, password, _ string) (voice.User, error) {
	if f.slow {
		return voice.User{}, voice.Errorf("fake", voice.Limit, "too many")
	}
	if name != "anna@example.com" || password != f.password || password == "" {
		return voice.User{}, voice.Errorf("fake", voice.Permission, "no")
	}
	return voice.User{Tenant: "100000001", ID: "1", Email: name}, nil
}

func (f *fake) SetUp(_ context.Context, token, password string) (voice.User, error) {
	if len(password) < 10 {
		return voice.User{}, voice.InvalidField("fake", "password", "the password has fewer than 10 characters")
	}
	if f.setup == "" || token != f.setup {
		return voice.User{}, voice.Errorf("fake", voice.Permission, "no")
	}
	f.setup, f.password = "", password
	return voice.User{Tenant: "100000001", ID: "1", Email: "anna@example.com"}, nil
}

func (f *fake) CDR(_ context.Context, t voice.TenantID, id voice.CallID) (voice.CDR, error) {
	if t != "100000001" || id != "c1" {
		return voice.CDR{}, voice.Errorf("fake", voice.NotExist, "no such call")
	}
	return cdr(), nil
}

func (f *fake) CDRs(_ context.Context, q voice.CDRFilter) ([]voice.CDR, error) {
	if q.Tenant != "100000001" {
		return nil, errors.New("asked for another tenant's calls")
	}
	return []voice.CDR{cdr()}, nil
}

func (f *fake) Events(context.Context, voice.CallID) ([]voice.Event, error) {
	return []voice.Event{{Seq: 1, At: cdr().Start.Add(1234 * time.Millisecond), Kind: voice.EventDigit, Leg: "a",
		Text: "pressed <1>", Origin: voice.Origin{Pointer: "/menu/digit_1"}}}, nil
}

func (f *fake) Status(context.Context, voice.TenantID) (web.Report, error) {
	return web.Report{Account: "Sample", SIPAddress: "sip:100@192.0.2.7", Facts: []web.Fact{{Name: "+4685000000", Text: "Main menu"}}}, nil
}

func (f *fake) Health(context.Context) error {
	if f.broken {
		return errors.New("the database is gone")
	}
	return nil
}

func cdr() voice.CDR {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return voice.CDR{Call: "c1", Tenant: "100000001", Direction: voice.Inbound, From: "<script>alert(1)</script>", To: "+4685000000",
		Start: start, End: start.Add(4 * time.Second), Cause: voice.CauseNormal, Words: "the caller hung up"}
}

type browser struct {
	t    *testing.T
	c    *http.Client
	base string
}

func start(t *testing.T, f *fake) browser {
	srv := httptest.NewServer(web.New(web.Config{Accounts: f, Calls: f, Status: f, Health: f}))
	t.Cleanup(srv.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := srv.Client()
	c.Jar = jar
	return browser{t, c, srv.URL}
}

func (b browser) do(method, path string, form url.Values, head map[string]string) (*http.Response, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range head {
		req.Header.Set(k, v)
	}
	res, err := b.c.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res, string(body)
}

func (b browser) want(method, path string, form url.Values, status int, holds string) string {
	b.t.Helper()
	res, body := b.do(method, path, form, nil)
	if res.StatusCode != status || !strings.Contains(body, holds) {
		b.t.Fatalf("%s %s: %d, want %d with %q in:\n%s", method, path, res.StatusCode, status, holds, body)
	}
	return body
}

func TestFirstStart(t *testing.T) {
	f := &fake{setup: "one-time"}
	b := start(t, f)
	b.want("GET", "/", nil, 200, "Log in") // sent on to the login page
	b.want("GET", "/setup?token=one-time", nil, 200, `value="one-time"`)
	b.want("POST", "/setup", url.Values{"token": {"wrong"}, "password": {"correct horse"}, "again": {"correct horse"}}, 403, "This link was used")
	b.want("POST", "/setup", url.Values{"token": {"one-time"}, "password": {"correct horse"}, "again": {"correct"}}, 422, "not the same")
	b.want("POST", "/setup", url.Values{"token": {"one-time"}, "password": {"short"}, "again": {"short"}}, 422, "fewer than 10")
	b.want("POST", "/setup", url.Values{"token": {"one-time"}, "password": {"correct horse"}, "again": {"correct horse"}}, 200, "sip:100@192.0.2.7")
	b.want("POST", "/setup", url.Values{"token": {"one-time"}, "password": {"another one"}, "again": {"another one"}}, 403, "This link was used")

	b.want("POST", "/logout", url.Values{}, 200, "Log in")
	b.want("GET", "/calls/c1", nil, 200, "Log in")
	b.want("POST", "/login", url.Values{"name": {"anna@example.com"}, "password": {"wrong"}}, 403, "do not fit")
	b.want("POST", "/login", url.Values{"name": {"anna@example.com"}, "password": {"correct horse"}}, 200, "Recent calls")
}

func TestPages(t *testing.T) {
	b := start(t, &fake{password: "correct horse"})
	body := b.want("POST", "/login", url.Values{"name": {"anna@example.com"}, "password": {"correct horse"}}, 200, "the caller hung up")
	if strings.Contains(body, "<script>") {
		t.Error("the caller's name came through as markup")
	}
	b.want("GET", "/calls/c1", nil, 200, "pressed &lt;1&gt;")
	b.want("GET", "/calls/c1", nil, 200, "1.234") // the plus sign is escaped
	b.want("GET", "/calls/c1", nil, 200, "at /menu/digit_1")
	b.want("GET", "/calls/c2", nil, 404, "no such thing")
	b.want("GET", "/nowhere", nil, 404, "no page")
	b.want("GET", "/static/style.css", nil, 200, "color-scheme")
}

func TestHeadersAndCookie(t *testing.T) {
	f := &fake{password: "correct horse"}
	b := start(t, f)
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, _ := b.do("POST", "/login", url.Values{"name": {"anna@example.com"}, "password": {"correct horse"}}, nil)
	cookie := res.Header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q has no %s", cookie, part)
		}
	}
	csp := res.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("content security policy: %s", csp)
	}
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("cache control: %q", got)
	}
	res, _ = b.do("POST", "/login", url.Values{}, map[string]string{"Origin": "https://evil.example"})
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a form from another site: %d, want 403", res.StatusCode)
	}
	res, _ = b.do("POST", "/login", url.Values{"name": {strings.Repeat("x", 1<<20)}}, nil)
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("a form of 1 MB: %d, want 400", res.StatusCode)
	}
	tls := httptest.NewTLSServer(web.New(web.Config{Accounts: f, Calls: f, Status: f, Health: f}))
	defer tls.Close()
	c := tls.Client()
	c.CheckRedirect = b.c.CheckRedirect
	res, err := c.PostForm(tls.URL+"/login", url.Values{"name": {"anna@example.com"}, "password": {"correct horse"}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if cookie := res.Header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-") || !strings.Contains(cookie, "Secure") {
		t.Errorf("the cookie over TLS: %q", cookie)
	}
}

func TestGuessingIsSlowed(t *testing.T) {
	b := start(t, &fake{password: "correct horse", slow: true})
	b.want("POST", "/login", url.Values{"name": {"anna@example.com"}, "password": {"correct horse"}}, 429, "Too many attempts")
}

func TestHealth(t *testing.T) {
	f := &fake{}
	b := start(t, f)
	b.want("GET", "/healthz", nil, 200, "ok")
	f.broken = true
	body := b.want("GET", "/healthz", nil, 503, "failed")
	if strings.Contains(body, "database") {
		t.Error("the health page tells strangers what is broken")
	}
}
