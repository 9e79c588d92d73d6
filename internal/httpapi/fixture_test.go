package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/flow"
	"tandem/internal/hooks"
	"tandem/internal/httpapi"
	"tandem/internal/passkey"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// fixture is the API on a real database with two accounts.
type fixture struct {
	t       *testing.T
	store   *sqlstore.Store
	bearers *auth.Bearers
	admin   *admin.Admin
	api     *httpapi.API
	config  httpapi.Config
	library *dialect.Library
	audio   *fakeAudio
	calls   *fakeCalls
	hub     *httpapi.Hub
	tenant  voice.TenantID
	owner   voice.UserID
	other   voice.TenantID
	key     string // of tenant, with every scope but operator
	foreign string // of other, likewise
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db"), Secrets: secret.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	now := clock.Real()
	f := &fixture{t: t, store: store, bearers: auth.NewBearers(store, now), audio: &fakeAudio{}, calls: &fakeCalls{}, hub: httpapi.NewHub()}
	t.Cleanup(f.hub.Close)
	hasher, box := auth.NewHasher(), secret.New()
	f.admin = &admin.Admin{
		Store: store, Passwords: admin.NewCredentials(store, hasher, auth.NewAuthenticator(store, hasher, now)), Keys: f.bearers, Seal: box.Seal, Unseal: box.Open, Codes: auth.NewAttempts(now), Links: auth.NewLinks(store, now),
		Realm: "tandem", Domain: "sip.example", URL: "http://127.0.0.1:8080",
		Bootstrap: func(ctx context.Context, t voice.Tenant, owner voice.User) error {
			return sonetel.Bootstrap(ctx, t, owner.ID, store, store, time.Now())
		},
	}
	resolver := func(t voice.TenantID) dialect.Resolver {
		return dialect.StoreResolver{Tenant: t, UserStore: store, AppStore: store, SoundStore: store, ExtensionStore: store, ResourceStore: store}
	}
	vendor, err := sonetel.New(sonetel.Config{
		Tenants: store, Users: store, Extensions: store, Apps: store, Sounds: store, Numbers: store, Recordings: store,
		Calls: store, Credentials: store, Audio: f.audio, SIPDomain: "sip.example", LinkKey: bytes.Repeat([]byte("k"), 32),
	})
	if err != nil {
		t.Fatal(err)
	}
	dialects := []dialect.Dialect{vendor, native.New()}
	f.library = dialect.NewLibrary(store, resolver, time.Now, dialects...)
	f.config = httpapi.Config{
		Tenants: store, Users: store, Credentials: store, Numbers: store, Extensions: store, Bindings: store, Trunks: store,
		Apps: store, Sounds: store, Resources: store, Recordings: store, Captures: store, Messages: store, Calls: store, Stats: store, Deliveries: store, Audit: store, AuditChain: store, Sessions: store, Kick: func() {},
		Hooks: hooks.New(hooks.Config{Resources: store, Outbox: store, Box: secret.New(), Check: func(string) error { return nil }, Kick: func() {}, Now: time.Now}),
		Keys:  keys{f, auth.NewKeyChecker(f.bearers, now)}, Admin: f.admin, Factors: f.admin, Invites: f.admin, FactorStore: store, Passwords: f.admin, PasskeyStore: store, TrunkAdmin: f.admin, TrunkStates: trunkStates{}, Audio: f.audio,
		Programs: f.library, Resolver: resolver, Dialects: append(dialects, newAsks()), Version: "test",
		Control: f.calls, Live: f.calls, Commands: f.calls, Capturing: f.calls, Holds: f.calls, Transfers: f.calls, Rooms: fakeRooms{f}, Events: f.hub, Media: liveMedia{}, Blobs: f.audio,
		Formats: []dialect.Format{native.NewFormat(), sonetel.NewFormat()},
		Makers: map[voice.AppKind]httpapi.Maker{sonetel.Kind: func(ctx context.Context, t voice.TenantID, doc json.RawMessage) (voice.App, error) {
			return sonetel.Create(ctx, t, store, store, doc, time.Now())
		}},
	}
	if f.config.Passkeys, err = passkey.New(passkey.Config{Party: "pbx.example", Origins: []string{"https://pbx.example"}, Store: store, Tries: auth.NewAttempts(now)}); err != nil {
		t.Fatal(err)
	}
	f.restart()
	f.tenant, f.owner = f.account("One")
	f.other, _ = f.account("Two")
	f.key = f.newKey(f.tenant, everything()...)
	f.foreign = f.newKey(f.other, everything()...)
	return f
}

// restart makes the API anew on the same store.
func (f *fixture) restart() {
	f.t.Helper()
	var err error
	if f.api, err = httpapi.New(f.config); err != nil {
		f.t.Fatal(err)
	}
}

// everything lists what a key of an account can do.
func everything() []httpapi.Scope {
	all := httpapi.Scopes()
	return all[:len(all)-1] // without operator
}

func (f *fixture) account(name string) (voice.TenantID, voice.UserID) {
	f.t.Helper()
	t, owner, err := f.admin.CreateAccount(f.t.Context(), admin.AccountSpec{Name: name})
	if err != nil {
		f.t.Fatal(err)
	}
	return t.ID, owner.ID
}

func (f *fixture) newKey(t voice.TenantID, scopes ...httpapi.Scope) string {
	f.t.Helper()
	var texts []string
	for _, s := range scopes {
		texts = append(texts, string(s))
	}
	key, err := f.bearers.Issue(f.t.Context(), admin.NativeAPI, voice.Token{Tenant: t, Name: "test", Scopes: texts}, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	return key
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// problem is what an error says: its detail and each field at fault with the words.
func (r reply) problem() string {
	words := fmt.Sprint(r.body["detail"])
	list, _ := r.body["errors"].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		words += fmt.Sprintf("; %v: %v", m["location"], m["message"])
	}
	return words
}

func (f *fixture) send(req *http.Request, key string) reply {
	f.t.Helper()
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	rec := httptest.NewRecorder()
	f.api.ServeHTTP(rec, req)
	r := reply{status: rec.Code, header: rec.Header(), raw: rec.Body.Bytes()}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(r.raw, &r.body); err != nil {
			f.t.Fatalf("%s %s: answer is not JSON: %s", req.Method, req.URL, r.raw)
		}
	}
	return r
}

// as sends a request with a key; body is JSON text, or "" for none. Headers are
// name and value in turn.
func (f *fixture) as(key, method, path, body string, headers ...string) reply {
	f.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, httpapi.Prefix+path, r)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return f.send(req, key)
}

// ok sends a request of the account that must have a status.
func (f *fixture) ok(status int, method, path, body string, headers ...string) reply {
	f.t.Helper()
	r := f.as(f.key, method, path, body, headers...)
	if r.status != status {
		f.t.Fatalf("%s %s %s: %d instead of %d: %s", method, path, body, r.status, status, r.raw)
	}
	return r
}

// fails sends a request of the account that must fail with words in its problem.
func (f *fixture) fails(status int, words, method, path, body string, headers ...string) reply {
	f.t.Helper()
	r := f.as(f.key, method, path, body, headers...)
	f.refused(r, status, words, method+" "+path+" "+body)
	return r
}

func (f *fixture) refused(r reply, status int, words, what string) {
	f.t.Helper()
	if r.status != status || !strings.Contains(r.problem(), words) {
		f.t.Errorf("%s\n got %d %s\nwant %d %s", what, r.status, r.raw, status, words)
	}
	if kind := r.header.Get("Content-Type"); kind != "application/problem+json" {
		f.t.Errorf("%s: the error is %q", what, kind)
	}
}

// items gives a list's entries.
func (r reply) items() []map[string]any {
	list, _ := r.body["items"].([]any)
	items := make([]map[string]any, len(list))
	for i, v := range list {
		items[i], _ = v.(map[string]any)
	}
	return items
}

// upload sends a form with a file and a name.
func (f *fixture) upload(key, method, path, fileName string, data []byte, name string) reply {
	f.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if name != "" {
		_ = w.WriteField("name", name)
	}
	part, err := w.CreateFormFile("file", fileName)
	if err != nil {
		f.t.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = w.Close()
	req := httptest.NewRequest(method, httpapi.Prefix+path, &b)
	req.Header.Set("Content-Type", w.FormDataContentType())
	return f.send(req, key)
}

// keys keeps the keys as the daemon does.
type keys struct {
	f       *fixture
	checker *auth.KeyChecker
}

func (k keys) Check(ctx context.Context, key, source string) (voice.AccessToken, error) {
	return k.checker.Check(ctx, admin.NativeAPI, key, source)
}

func (k keys) Make(ctx context.Context, a voice.AccessToken) (string, voice.AccessToken, error) {
	key, err := k.f.bearers.Issue(ctx, admin.NativeAPI, voice.Token{Tenant: a.Tenant, User: a.User, Name: a.Name, Scopes: a.Scopes}, 0)
	if err != nil {
		return "", voice.AccessToken{}, err
	}
	made, err := k.f.bearers.Verify(ctx, admin.NativeAPI, key)
	return key, made, err
}

func (k keys) List(ctx context.Context, t voice.TenantID) ([]voice.AccessToken, error) {
	return k.f.store.AccessTokens(ctx, t, admin.NativeAPI)
}

func (k keys) Remove(ctx context.Context, t voice.TenantID, hash string) error {
	return k.f.store.DeleteAccessToken(ctx, t, hash)
}

type trunkStates struct{}

func (trunkStates) TrunkState(context.Context, voice.TrunkID) (bool, string) {
	return true, "registered for 3600 s"
}

func (trunkStates) AskTrunk(_ context.Context, k voice.Trunk) (httpapi.TrunkAnswer, error) {
	return httpapi.TrunkAnswer{Reached: true, Words: "udp " + k.Host + " answers: 200 OK.", Status: 200, Milliseconds: 7, From: "udp " + k.Host, Places: []string{"udp " + k.Host}}, nil
}

// fakeAudio keeps audio in memory: whatever begins with RIFF is a WAV file.
type fakeAudio struct{ blobs map[string][]byte }

func (a *fakeAudio) put(data []byte) dialect.Clip {
	if a.blobs == nil {
		a.blobs = map[string][]byte{}
	}
	key := fmt.Sprintf("blob%d", len(a.blobs)+1)
	a.blobs[key] = data
	return dialect.Clip{Blob: key, Size: int64(len(data)), Duration: 1600 * time.Millisecond}
}

func (a *fakeAudio) Ingest(ctx context.Context, t voice.TenantID, r io.Reader) (dialect.Clip, error) {
	return a.IngestFile(ctx, t, r)
}

func (a *fakeAudio) IngestFile(_ context.Context, _ voice.TenantID, r io.Reader) (dialect.Clip, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return dialect.Clip{}, fmt.Errorf("ingest: %w", err)
	}
	if !bytes.HasPrefix(data, []byte("RIFF")) {
		return dialect.Clip{}, voice.Errorf("ingest", voice.Invalid, "it is not a WAV file: no RIFF header")
	}
	return a.put(data), nil
}

func (a *fakeAudio) Speak(_ context.Context, _ voice.TenantID, u dialect.Utterance) (dialect.Clip, error) {
	if u.Voice == "nobody" {
		return dialect.Clip{}, voice.Errorf("speak", voice.Invalid, "there is no voice nobody")
	}
	return a.put([]byte("RIFF speech " + u.Text)), nil
}

func (a *fakeAudio) Voices(context.Context) ([]dialect.SpeechVoice, error) {
	return []dialect.SpeechVoice{{ID: "en-US-1", Name: "English 1", Language: "en-US", Gender: "female"}}, nil
}

// Delete removes audio for the API.
func (a *fakeAudio) Delete(_ context.Context, key string) error {
	delete(a.blobs, key)
	return nil
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func (a *fakeAudio) Open(_ context.Context, blob string) (io.ReadSeekCloser, error) {
	data, ok := a.blobs[blob]
	if !ok {
		return nil, voice.Errorf("open", voice.NotExist, "no blob %s", blob)
	}
	return memoryFile{bytes.NewReader(data)}, nil
}

func (a *fakeAudio) OpenStandard(context.Context, string, string) (io.ReadSeekCloser, error) {
	return nil, voice.Errorf("open", voice.NotExist, "no phrase")
}

// fakeCalls remembers what was ordered.
type fakeCalls struct {
	mu     sync.Mutex // held for commands
	orders []dialect.CallBack
	live   map[voice.TenantID][]voice.LiveCall
	done   []string
	given  []flow.Command
	err    error // of the next order
}

func (c *fakeCalls) Originate(_ context.Context, o dialect.CallBack) (voice.CallID, error) {
	if err := c.err; err != nil {
		c.err = nil
		return "", err
	}
	c.orders = append(c.orders, o)
	return voice.CallID(fmt.Sprintf("call%d", len(c.orders))), nil
}

func (c *fakeCalls) Live(_ context.Context, t voice.TenantID) ([]voice.LiveCall, error) {
	return c.live[t], nil
}

// LiveCall implements dialect.LiveCalls.
func (c *fakeCalls) LiveCall(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.LiveCall, error) {
	return dialecttest.LiveCall(ctx, c, t, id)
}

func (c *fakeCalls) note(format string, args ...any) error {
	err := c.err
	c.err = nil
	if err == nil {
		c.done = append(c.done, fmt.Sprintf(format, args...))
	}
	return err
}

func (c *fakeCalls) Hangup(_ context.Context, t voice.TenantID, id voice.CallID, words string) error {
	return c.note("hang up %s of %s: %s", id, t, words)
}

func (c *fakeCalls) Redirect(_ context.Context, _ voice.TenantID, id voice.CallID, to voice.Destination) error {
	return c.note("redirect %s to %s", id, to)
}

func (c *fakeCalls) RedirectToStep(_ context.Context, _ voice.TenantID, id voice.CallID, app voice.AppID, step flow.NodeID) error {
	if step == "nowhere" {
		return voice.Errorf("fake", voice.Invalid, "there is no step %q", step)
	}
	return c.note("redirect %s to step %s of %s", id, step, app)
}

func (c *fakeCalls) Transfer(_ context.Context, _ voice.TenantID, id voice.CallID, to voice.Destination, how flow.TransferHow) error {
	return c.note("transfer %s to %s %q", id, to, how)
}

func (c *fakeCalls) Join(_ context.Context, _ voice.TenantID, id, with voice.CallID) error {
	if id == with {
		return voice.InvalidField("test", "join", "joined with itself")
	}
	return c.note("join %s with %s", id, with)
}

func (c *fakeCalls) Supervise(_ context.Context, _ voice.TenantID, id voice.CallID, mode voice.SuperviseMode, by voice.Destination) error {
	return c.note("%s %s by %s", mode, id, by)
}

func (c *fakeCalls) Command(_ context.Context, t voice.TenantID, id voice.CallID, cmd flow.Command) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.given = append(c.given, cmd)
	return c.note("command %s of %s: %s", id, t, cmd.Program.Entry)
}

func (c *fakeCalls) PlayOver(_ context.Context, _ voice.TenantID, id voice.CallID, s voice.OverSpec) error {
	return c.note("over %s %q %v %v: %v", id, s.Leg, s.Mix, s.Loop, s.Prompts)
}

func (c *fakeCalls) StopOver(_ context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID) error {
	return c.note("stop over %s of %s %q", id, t, leg)
}

func (c *fakeCalls) SendKeys(_ context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID, keys string) error {
	return c.note("keys %s of %s %q: %s", id, t, leg, keys)
}

func (c *fakeCalls) HoldTalk(_ context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID, music []voice.Prompt) error {
	return c.note("hold %s of %s %q: %d %v", id, t, leg, len(music), len(music) > 0 && music[0].Kind == voice.PromptSound)
}

func (c *fakeCalls) ResumeTalk(_ context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID) error {
	return c.note("unhold %s of %s %q", id, t, leg)
}

func (c *fakeCalls) StartTape(_ context.Context, t voice.TenantID, id voice.CallID, s voice.TapeSpec) (voice.RecordingID, error) {
	return "R1", c.note("tape %s of %s %v %v", id, t, s.Mixed, s.MaxLength)
}

func (c *fakeCalls) OrderTape(_ context.Context, t voice.TenantID, id voice.CallID, o voice.TapeOrder) error {
	return c.note("tape %s of %s: %s", id, t, o)
}

func (c *fakeCalls) StartCapture(_ context.Context, t voice.TenantID, id voice.CallID) (voice.CaptureID, error) {
	return "CP1", c.note("capture %s of %s", id, t)
}

func (c *fakeCalls) StopCapture(_ context.Context, t voice.TenantID, id voice.CallID) error {
	return c.note("stop capture %s of %s", id, t)
}
