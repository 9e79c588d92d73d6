package smartflo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/smartflo"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

const (
	account  = "704110238"
	ownerID  = "5523019874"
	email    = "ops@example.com"
	password = "correct horse & battery+staple"
)

// fixture is the dialect on a real database with an account, its owner, two
// extensions, a number and four recordings.
type fixture struct {
	t       *testing.T
	store   *sqlstore.Store
	dialect *smartflo.Dialect
	handler http.Handler
	audio   *fakeAudio
	control *fakeControl
	live    *fakeLive
	clock   *clock.Virtual
	token   string
	sounds  []int64 // numbers of the recordings
}

func newFixture(t *testing.T, change ...func(*smartflo.Config)) *fixture {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	f := &fixture{t: t, store: store, audio: &fakeAudio{}, control: &fakeControl{}, live: &fakeLive{}, clock: clock.NewVirtual(time.Date(2026, 3, 2, 6, 30, 0, 0, time.UTC))}
	signer, err := auth.OpenSigner(t.Context(), store, secret.New(), f.clock)
	if err != nil {
		t.Fatal(err)
	}
	hasher := auth.NewHasher()
	cfg := smartflo.Config{
		Tenants: store, Users: store, Extensions: store, Apps: store, Sounds: store, Numbers: store, Resources: store, Recordings: store,
		Calls: store, Credentials: store, Auth: checker{auth.NewAuthenticator(store, hasher, f.clock)}, Tokens: tokens{signer: signer, clock: f.clock},
		Audio: f.audio, Control: f.control, Live: f.live, Bindings: store, Downloads: f.audio, LinkKey: bytes.Repeat([]byte("k"), 32), Now: f.clock.Now,
	}
	for _, c := range change {
		c(&cfg)
	}
	if f.dialect, err = smartflo.New(cfg); err != nil {
		t.Fatal(err)
	}
	f.handler = f.dialect.Handler("/smartflo")
	f.populate(account, ownerID, email, hasher)
	f.token = f.login(email)
	return f
}

func (f *fixture) populate(id voice.TenantID, user voice.UserID, mail string, hasher *auth.Hasher) {
	f.t.Helper()
	ctx, now := f.t.Context(), f.clock.Now()
	hash, err := hasher.Hash(ctx, password)
	if err != nil {
		f.t.Fatal(err)
	}
	errs := []error{
		f.store.CreateTenant(ctx, voice.Tenant{ID: id, Name: "Example", Language: "en", Timezone: "Asia/Kolkata", Country: "IN", Currency: "INR", Created: now}),
		f.store.CreateUser(ctx, voice.User{ID: user, Tenant: id, FirstName: "Asha", LastName: "Rao", Email: mail, Role: voice.RoleAdmin, Extension: "101",
			Phones: []voice.Phone{{ID: "p1", Number: "+919811111111", Receives: true, Primary: true}}, Created: now}),
		f.store.CreateToken(ctx, voice.Token{ID: voice.TokenID(voice.NewID("T")), Tenant: id, User: user, Kind: string(smartflo.Kind), Name: mail, Hash: hash, Created: now}),
	}
	if id == account {
		errs = append(errs,
			f.store.AddExtension(ctx, voice.Extension{Tenant: id, Number: "101", Username: "u101", User: user, Created: now}),
			f.store.AddExtension(ctx, voice.Extension{Tenant: id, Number: "530000", Username: "u530000", Created: now}),
			f.store.AddNumber(ctx, voice.Number{E164: "+911140000001", Tenant: id, Created: now}))
		for i := range 4 {
			s := voice.Sound{ID: voice.SoundID(fmt.Sprintf("S%d", i)), Tenant: id, Name: fmt.Sprintf("Sound %d", i), Source: voice.SoundUploaded, Blob: "b", Created: now, Updated: now}
			errs = append(errs, f.store.CreateSound(ctx, s))
			kept, err := f.store.Sound(ctx, id, s.ID)
			errs = append(errs, err)
			f.sounds = append(f.sounds, kept.Serial)
		}
	}
	for _, err := range errs {
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) login(mail string) string {
	f.t.Helper()
	body, err := json.Marshal(map[string]string{"email": mail, "password": password})
	if err != nil {
		f.t.Fatal(err)
	}
	status, answer := f.send("POST", "/v1/auth/login", string(body), "")
	token, _ := answer["access_token"].(string)
	if status != http.StatusOK || token == "" {
		f.t.Fatalf("login: %d %v", status, answer)
	}
	return token
}

// send sends a request and decodes the answer, an object or, below "list", a list.
func (f *fixture) send(method, path, body, authorization string) (int, map[string]any) {
	f.t.Helper()
	media := "application/json"
	if body != "" && body[0] != '{' && body[0] != '[' {
		media = "application/x-www-form-urlencoded"
	}
	return f.sendAs(method, path, media, body, authorization)
}

func (f *fixture) sendAs(method, path, media, body, authorization string) (int, map[string]any) {
	f.t.Helper()
	req := httptest.NewRequest(method, "/smartflo"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", media)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	var v any
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		f.t.Fatalf("%s %s: the answer is not JSON: %s", method, path, rec.Body)
	}
	if list, ok := v.([]any); ok {
		return rec.Code, map[string]any{"list": list}
	}
	return rec.Code, v.(map[string]any)
}

// ok sends a request that must succeed.
func (f *fixture) ok(method, path, body string) map[string]any {
	f.t.Helper()
	status, answer := f.send(method, path, body, "Bearer "+f.token)
	if status != http.StatusOK {
		f.t.Fatalf("%s %s %s: %d %v", method, path, body, status, answer)
	}
	return answer
}

// id sends a request that must make something, and gives its number.
func (f *fixture) id(method, path, body string) int64 {
	f.t.Helper()
	answer := f.ok(method, path, body)
	n, _ := answer["id"].(float64)
	if answer["success"] != true || n == 0 {
		f.t.Fatalf("%s %s: %v", method, path, answer)
	}
	return int64(n)
}

// fails sends a request that must fail with words in its message.
func (f *fixture) fails(method, path, body string, status int, words string) {
	f.t.Helper()
	got, answer := f.send(method, path, body, "Bearer "+f.token)
	message, _ := answer["message"].(string)
	if got != status || answer["success"] != false || !strings.Contains(message, words) {
		f.t.Errorf("%s %s %.200s\n got %d %v\nwant %d with %q", method, path, body, got, answer, status, words)
	}
}

// sample is the body of an IVR with all fields, its values of this account. Of
// change, values replace members and nil removes them.
func (f *fixture) sample(change map[string]any) string {
	f.t.Helper()
	rec := func(i int) string { return fmt.Sprintf("recording|%d", f.sounds[i]) }
	body := map[string]any{
		"name": "Election IVR", "description": "Election IVR Description", "recording": rec(0), "timeout": 30,
		"option": []string{"1"}, "destination": []string{"extension|05047530000"}, "incorrect_count": 2,
		"timeout_recording": rec(1), "invalid_recording": rec(1), "invalid_destination": "extension|050475300101",
		"timeout_retry_recording": rec(2), "timeout_destination": "hangup|1", "timeout_tries": 2, "recording_invalid": rec(3),
	}
	for name, v := range change {
		if v == nil {
			delete(body, name)
			continue
		}
		body[name] = v
	}
	raw, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(raw)
}

type checker struct{ *auth.Authenticator }

func (checker) SetPassword(context.Context, string, voice.User, string) error { return nil }

// tokens adapts package auth; there are no refresh tokens here.
type tokens struct {
	dialect.Tokens
	signer *auth.Signer
	clock  clock.Clock
}

func (k tokens) IssueAccess(_ context.Context, c dialect.Claims, life time.Duration) (string, error) {
	return k.signer.Sign(auth.Claims{Issuer: c.Issuer, Audience: c.Audience, Kind: auth.AccessToken, Expires: k.clock.Now().Add(life), Extra: c.Extra})
}

func (k tokens) VerifyAccess(_ context.Context, token, issuer, audience string) (dialect.Claims, error) {
	c, err := k.signer.Verify(token, issuer, audience, auth.AccessToken)
	return dialect.Claims{Issuer: issuer, Audience: audience, Extra: c.Extra}, err
}

// fakeAudio takes what begins with RIFF and remembers nothing else.
type fakeAudio struct {
	dialect.Audio
	said    []dialect.Utterance
	fetched []string
	web     map[string]string
}

func (a *fakeAudio) IngestFile(_ context.Context, _ voice.TenantID, r io.Reader) (dialect.Clip, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return dialect.Clip{}, err
	}
	if !bytes.HasPrefix(data, []byte("RIFF")) {
		return dialect.Clip{}, voice.Errorf("ingest", voice.Invalid, "it is not a WAV file")
	}
	return dialect.Clip{Blob: fmt.Sprintf("blob%d", len(data)), Size: int64(len(data)), Duration: 1600 * time.Millisecond}, nil
}

func (a *fakeAudio) Speak(_ context.Context, _ voice.TenantID, u dialect.Utterance) (dialect.Clip, error) {
	a.said = append(a.said, u)
	return dialect.Clip{Blob: "spoken", Size: 1, Duration: time.Second}, nil
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func (a *fakeAudio) Open(_ context.Context, blob string) (io.ReadSeekCloser, error) {
	return memoryFile{bytes.NewReader([]byte("RIFF " + blob))}, nil
}

func (a *fakeAudio) Download(_ context.Context, url string) (io.ReadCloser, error) {
	a.fetched = append(a.fetched, url)
	data, ok := a.web[url]
	if !ok {
		return nil, voice.Errorf("download", voice.Permission, "the address is not allowed")
	}
	return io.NopCloser(strings.NewReader(data)), nil
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

// fakeLive has the calls it is given and remembers what is done to them.
type fakeLive struct {
	calls []voice.LiveCall
	done  []string
	err   error
}

func (l *fakeLive) Live(_ context.Context, t voice.TenantID) ([]voice.LiveCall, error) {
	var list []voice.LiveCall
	for _, c := range l.calls {
		if c.Info.Tenant == t {
			list = append(list, c)
		}
	}
	return list, nil
}

// LiveCall implements dialect.LiveCalls.
func (l *fakeLive) LiveCall(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.LiveCall, error) {
	return dialecttest.LiveCall(ctx, l, t, id)
}

func (l *fakeLive) do(format string, args ...any) error {
	if l.err == nil {
		l.done = append(l.done, fmt.Sprintf(format, args...))
	}
	return l.err
}

func (l *fakeLive) Hangup(_ context.Context, _ voice.TenantID, id voice.CallID, _ string) error {
	return l.do("hang up %s", id)
}

func (l *fakeLive) Redirect(_ context.Context, _ voice.TenantID, id voice.CallID, to voice.Destination) error {
	return l.do("redirect %s to %s", id, to)
}

func (l *fakeLive) Supervise(_ context.Context, _ voice.TenantID, id voice.CallID, mode voice.SuperviseMode, by voice.Destination) error {
	return l.do("%s %s by %s", mode, id, by)
}

func (f *fixture) owner() voice.User {
	f.t.Helper()
	u, err := f.store.User(f.t.Context(), account, ownerID)
	if err != nil {
		f.t.Fatal(err)
	}
	return u
}
