package routee_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/routee"
	"tandem/internal/flow"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

const (
	account = "12"
	other   = "13"
	owner   = "300400"
	appID   = "5c5d5e28e4b0bae5f4accfec"
	secret  = "MGkNfqGud0"
)

// fixture is the dialect on a real database with two accounts.
type fixture struct {
	t       *testing.T
	store   *sqlstore.Store
	dialect *routee.Dialect
	handler http.Handler
	calls   *fakeCalls
	clock   *clock.Virtual
	token   string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	f := &fixture{t: t, store: store, calls: &fakeCalls{}, clock: clock.NewVirtual(time.Date(2026, 11, 21, 15, 10, 0, 0, time.UTC))}
	hasher := auth.NewHasher()
	f.dialect = routee.New(routee.Config{
		Apps: store, Numbers: store, Resources: store, Recordings: store, Calls: store, Outbox: store,
		Auth:    checker{auth.NewAuthenticator(store, hasher, f.clock)},
		Bearers: auth.NewBearers(store, f.clock), Audio: f.calls, Control: f.calls, Live: f.calls, Commands: f.calls,
		Pace: time.Nanosecond, Now: f.clock.Now,
	})
	t.Cleanup(f.dialect.Close)
	f.handler = f.dialect.Handler("/routee")
	hash, err := hasher.Hash(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	for id, name := range map[voice.TenantID]string{account: appID, other: "other"} {
		for _, err := range []error{
			store.CreateTenant(t.Context(), voice.Tenant{ID: id, Name: "Example", Country: "GR", Created: f.clock.Now()}),
			store.CreateUser(t.Context(), voice.User{ID: voice.UserID(owner + string(id)), Tenant: id, Email: string(id) + "@example.com", Role: voice.RoleAdmin, Created: f.clock.Now()}),
			store.CreateToken(t.Context(), voice.Token{ID: voice.TokenID("T" + name), Tenant: id, User: voice.UserID(owner + string(id)), Kind: string(routee.Kind), Name: name, Hash: hash, Scopes: []string{"type:trusted"}, Created: f.clock.Now()}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	f.token = f.login(appID)
	return f
}

func (f *fixture) login(name string) string {
	f.t.Helper()
	req := httptest.NewRequest("POST", "/routee/oauth/token", strings.NewReader("grant_type=client_credentials"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(name, secret)
	status, answer := f.do(req)
	token, _ := answer["access_token"].(string)
	if status != http.StatusOK || token == "" {
		f.t.Fatalf("token: %d %v", status, answer)
	}
	return token
}

func (f *fixture) do(req *http.Request) (int, map[string]any) {
	f.t.Helper()
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	var answer map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		f.t.Fatalf("%s %s: %d %s", req.Method, req.URL, rec.Code, rec.Body)
	}
	return rec.Code, answer
}

// call sends a JSON request with the account's token.
func (f *fixture) call(method, path, body string) (int, map[string]any) {
	f.t.Helper()
	req := httptest.NewRequest(method, "/routee"+path, strings.NewReader(body))
	req.Header.Set("authorization", "bearer "+f.token)
	return f.do(req)
}

func (f *fixture) ok(method, path, body string) map[string]any {
	f.t.Helper()
	status, answer := f.call(method, path, body)
	if status != http.StatusOK {
		f.t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

// refused sends a request that must fail with a code, whose first three figures are
// the status, and words.
func (f *fixture) refused(method, path, body, code, words string) {
	f.t.Helper()
	status, answer := f.call(method, path, body)
	message, _ := answer["developerMessage"].(string)
	if answer["code"] != code || !strings.HasPrefix(code, strconv.Itoa(status)) || !strings.Contains(message, words) {
		f.t.Errorf("%s %s %s: %d %v; want %s %q", method, path, body, status, answer, code, words)
	}
}

type checker struct{ a *auth.Authenticator }

func (c checker) Check(ctx context.Context, kind, name, secret, source string) (voice.Token, error) {
	return c.a.Check(ctx, kind, name, secret, source)
}

func (checker) SetPassword(context.Context, string, voice.User, string) error { return nil }

// fakeCalls takes down what is ordered of calls.
type fakeCalls struct {
	dialect.LiveCalls
	dialect.Commander

	mu     sync.Mutex
	began  []dialect.CallBack
	ids    []voice.CallID
	live   []voice.LiveCall
	orders []string
	last   flow.Command
	over   voice.OverSpec
	err    error
	full   int  // so many orders are refused because enough wait
	slow   int  // so often each call is seen to wait
	waits  int  // so often the newest is yet
	early  bool // it waited when the next was ordered
}

func (c *fakeCalls) Originate(_ context.Context, cb dialect.CallBack) (voice.CallID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return "", c.err
	}
	if c.full > 0 {
		c.full--
		return "", voice.Errorf("x", voice.Limit, "the line is full")
	}
	c.early = c.early || c.waits > 0
	c.waits = c.slow
	c.began = append(c.began, cb)
	c.ids = append(c.ids, voice.CallID(voice.NewID("")))
	return c.ids[len(c.ids)-1], nil
}

func (c *fakeCalls) Live(_ context.Context, t voice.TenantID) ([]voice.LiveCall, error) {
	if t != account {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waits > 0 {
		c.waits--
		return []voice.LiveCall{{Info: voice.CallInfo{ID: c.ids[len(c.ids)-1], Tenant: t}, State: voice.LiveWaiting}}, nil
	}
	return c.live, nil
}

// LiveCall implements dialect.LiveCalls.
func (c *fakeCalls) LiveCall(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.LiveCall, error) {
	return dialecttest.LiveCall(ctx, c, t, id)
}

func (c *fakeCalls) order(words string) error {
	if c.err == nil {
		c.orders = append(c.orders, words)
	}
	return c.err
}

func (c *fakeCalls) Hangup(_ context.Context, _ voice.TenantID, _ voice.CallID, words string) error {
	return c.order("hangup: " + words)
}

func (c *fakeCalls) Command(_ context.Context, _ voice.TenantID, _ voice.CallID, cmd flow.Command) error {
	c.last = cmd
	return c.order("command: " + cmd.Text)
}

func (c *fakeCalls) PlayOver(_ context.Context, _ voice.TenantID, _ voice.CallID, s voice.OverSpec) error {
	c.over = s
	return c.order("over: " + s.Prompts[0].String())
}

func (c *fakeCalls) StopOver(context.Context, voice.TenantID, voice.CallID, voice.LegID) error {
	return c.order("stop over")
}

func (c *fakeCalls) SendKeys(_ context.Context, _ voice.TenantID, _ voice.CallID, leg voice.LegID, keys string) error {
	return c.order("keys " + keys + " to leg " + string(leg))
}

func (c *fakeCalls) StartTape(context.Context, voice.TenantID, voice.CallID, voice.TapeSpec) (voice.RecordingID, error) {
	return "R1", c.order("tape")
}

func (c *fakeCalls) OrderTape(_ context.Context, _ voice.TenantID, _ voice.CallID, o voice.TapeOrder) error {
	return c.order("tape " + string(o))
}

type wav struct{ *bytes.Reader }

func (wav) Close() error { return nil }

func (c *fakeCalls) Open(context.Context, string) (io.ReadSeekCloser, error) {
	return wav{bytes.NewReader([]byte("RIFFsound"))}, nil
}
