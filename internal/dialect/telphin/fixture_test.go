package telphin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/dialect/telphin"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// fixture is the dialect on a real database with one account, its owner, one
// telephone and one external number.
type fixture struct {
	t       *testing.T
	store   *sqlstore.Store
	dialect *telphin.Dialect
	handler http.Handler
	audio   *fakeAudio
	control *fakeControl
	live    *fakeLive
	clock   *clock.Virtual
	token   string
}

const (
	account  = "12"
	ownerID  = "300400"
	email    = "anna@example.com"
	password = "correct horse & battery+staple"
	appID    = "6e9b6a1f2c"
	secret   = "fc3a9f0b7d"
)

func newFixture(t *testing.T, set ...func(*telphin.Config)) *fixture {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	f := &fixture{t: t, store: store, audio: &fakeAudio{}, control: &fakeControl{}, live: &fakeLive{},
		clock: clock.NewVirtual(time.Date(2020, 3, 20, 17, 11, 10, 0, time.UTC))}
	hasher := auth.NewHasher()
	cfg := telphin.Config{
		Tenants: store, Users: store, Extensions: store, Apps: store, Sounds: store, Numbers: store, Recordings: store,
		Calls: store, Resources: store, Credentials: store,
		Auth:    authenticator{auth.NewAuthenticator(store, hasher, f.clock)},
		Bearers: auth.NewBearers(store, f.clock), Audio: f.audio, Control: f.control, Live: f.live,
		SIPDomain: "sip.example", SIPRealm: "tandem", LinkKey: bytes.Repeat([]byte("k"), 32), Now: f.clock.Now,
	}
	for _, s := range set {
		s(&cfg)
	}
	f.dialect = telphin.New(cfg)
	f.handler = f.dialect.Handler("/telphin")
	f.account(hasher)
	f.token = f.login(url.Values{"grant_type": {"client_credentials"}, "client_id": {appID}, "client_secret": {secret}})
	return f
}

func (f *fixture) account(hasher *auth.Hasher) {
	f.t.Helper()
	ctx, now := f.t.Context(), f.clock.Now()
	must := func(err error) {
		f.t.Helper()
		if err != nil {
			f.t.Fatal(err)
		}
	}
	must(f.store.CreateTenant(ctx, voice.Tenant{ID: account, Name: "Example Ltd", Language: "en", Timezone: "Europe/Moscow", Country: "RU", Currency: "RUB", Created: now}))
	must(f.store.CreateUser(ctx, voice.User{ID: ownerID, Serial: 900, Tenant: account, FirstName: "Anna", Email: email, Role: voice.RoleAdmin, Extension: "101", Created: now}))
	must(f.store.AddExtension(ctx, voice.Extension{Tenant: account, Serial: 901, Number: "101", Username: "12-101", Realm: "tandem", HA1MD5: "x", HA1SHA256: "x", User: ownerID, Created: now}))
	must(f.store.AddNumber(ctx, voice.Number{E164: "+74950000001", Serial: 902, Tenant: account, Created: now}))
	for name, scopes := range map[string][]string{
		appID:      {"type:trusted", "access:all"},
		"callsapp": {"type:trusted", "access:call"},
		"passapp":  {"type:password", "access:all"},
		"webapp":   {"type:public", "access:all", "redirect:https://client.example/back?x=1"},
	} {
		hash, err := hasher.Hash(ctx, secret)
		must(err)
		must(f.store.CreateToken(ctx, voice.Token{ID: voice.TokenID("T" + name), Tenant: account, Kind: string(telphin.Kind), Name: name, Hash: hash, Scopes: scopes, Created: now}))
	}
	hash, err := hasher.Hash(ctx, password)
	must(err)
	must(f.store.CreateToken(ctx, voice.Token{ID: "Towner", Tenant: account, User: ownerID, Kind: telphin.LoginKind, Name: email, Hash: hash, Created: now}))
}

// login gets a token by a form.
func (f *fixture) login(form url.Values) string {
	f.t.Helper()
	req := httptest.NewRequest("POST", "/telphin/oauth/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := f.send(req)
	token, _ := body.(map[string]any)["access_token"].(string)
	if status != http.StatusOK || token == "" {
		f.t.Fatalf("token: %d %v", status, body)
	}
	return token
}

// send sends a request and decodes the answer; nil for an empty one.
func (f *fixture) send(req *http.Request) (int, any) {
	f.t.Helper()
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	if rec.Body.Len() == 0 {
		return rec.Code, nil
	}
	var body any
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		f.t.Fatalf("%s %s: answer is not JSON: %s", req.Method, req.URL, rec.Body)
	}
	return rec.Code, body
}

// call sends a JSON request with the account's token.
func (f *fixture) call(method, path, body string) (int, any) {
	f.t.Helper()
	req := httptest.NewRequest(method, "/telphin/api/ver1.0"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+f.token)
	req.Header.Set("Content-Type", "application/json")
	return f.send(req)
}

// ok sends a request that must succeed with the status of its method.
func (f *fixture) ok(method, path, body string) any {
	f.t.Helper()
	want := map[string]int{"POST": 201, "DELETE": 204}[method]
	if want == 0 {
		want = http.StatusOK
	}
	status, answer := f.call(method, path, body)
	if status != want {
		f.t.Fatalf("%s %s %s: %d %v", method, path, body, status, answer)
	}
	return answer
}

func (f *fixture) object(method, path, body string) map[string]any {
	f.t.Helper()
	m, ok := f.ok(method, path, body).(map[string]any)
	if !ok {
		f.t.Fatalf("%s %s: no object", method, path)
	}
	return m
}

// fails sends a request that must fail with words in its message.
func (f *fixture) fails(method, path, body string, status int, code, words string) {
	f.t.Helper()
	got, answer := f.call(method, path, body)
	m, _ := answer.(map[string]any)
	message, _ := m["message"].(string)
	if name, _ := m["status"].(string); got != status || name != code || !strings.Contains(message, words) {
		f.t.Errorf("%s %s %s\n got %d %v\nwant %d %q %q", method, path, cut(body), got, answer, status, code, words)
	}
}

func cut(s string) string { return s[:min(len(s), 200)] }

// menu makes a voice menu with an entry context and gives its path.
func (f *fixture) menu(number string) string {
	f.t.Helper()
	e := f.object("POST", "/client/@me/extension/", `{"name":"`+number+`","type":"ivr","status":"active"}`)
	path := fmt.Sprintf("/extension/%.0f/ivr", e["id"])
	f.ok("POST", path+"/context/", `{"name":"Main","digit_len":3}`)
	f.ok("PUT", path+"/", `{"entry_context":1}`)
	return path
}

// sound uploads a sound and gives its id.
func (f *fixture) sound(title, data string) (int, map[string]any) {
	f.t.Helper()
	body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\dir\\hello.wav\"\r\n\r\n" + data +
		"\r\n--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n" + title + "\r\n--b--\r\n"
	req := httptest.NewRequest("POST", "/telphin/api/ver1.0/client/@me/sound/", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+f.token)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	status, answer := f.send(req)
	m, _ := answer.(map[string]any)
	return status, m
}

type authenticator struct{ *auth.Authenticator }

func (authenticator) SetPassword(context.Context, string, voice.User, string) error { return nil }

// fakeAudio keeps audio in memory: whatever begins with RIFF is a sound.
type fakeAudio struct{ blobs map[string][]byte }

func (a *fakeAudio) Ingest(ctx context.Context, t voice.TenantID, r io.Reader) (dialect.Clip, error) {
	return a.IngestFile(ctx, t, r)
}

func (a *fakeAudio) IngestFile(_ context.Context, _ voice.TenantID, r io.Reader) (dialect.Clip, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return dialect.Clip{}, fmt.Errorf("ingest: %w", err)
	}
	if !bytes.HasPrefix(data, []byte("RIFF")) {
		return dialect.Clip{}, voice.Errorf("ingest", voice.Invalid, "it is neither WAV nor MP3")
	}
	if a.blobs == nil {
		a.blobs = map[string][]byte{}
	}
	key := fmt.Sprintf("blob%d", len(a.blobs)+1)
	a.blobs[key] = data
	return dialect.Clip{Blob: key, Size: int64(len(data)), Duration: time.Second}, nil
}

func (*fakeAudio) Speak(context.Context, voice.TenantID, dialect.Utterance) (dialect.Clip, error) {
	return dialect.Clip{}, voice.Errorf("speak", voice.Unavailable, "no engine")
}

func (*fakeAudio) Voices(context.Context) ([]dialect.SpeechVoice, error) { return nil, nil }

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func (a *fakeAudio) Open(_ context.Context, blob string) (io.ReadSeekCloser, error) {
	data, ok := a.blobs[blob]
	if !ok {
		return nil, voice.Errorf("open", voice.NotExist, "no blob %s", blob)
	}
	return memoryFile{bytes.NewReader(data)}, nil
}

func (*fakeAudio) OpenStandard(context.Context, string, string) (io.ReadSeekCloser, error) {
	return nil, voice.Errorf("open", voice.NotExist, "no phrase")
}

// fakeControl remembers the orders.
type fakeControl struct {
	orders []dialect.CallBack
	err    error
}

func (c *fakeControl) Originate(_ context.Context, o dialect.CallBack) (voice.CallID, error) {
	if c.err != nil {
		return "", c.err
	}
	c.orders = append(c.orders, o)
	return "call1", nil
}

type fakeLive struct {
	dialect.LiveCalls
	calls []voice.LiveCall
}

func (l *fakeLive) Live(context.Context, voice.TenantID) ([]voice.LiveCall, error) {
	return l.calls, nil
}
