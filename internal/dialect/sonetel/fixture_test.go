package sonetel_test

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
	"tandem/internal/dialect/sonetel"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// fixture is the dialect on a real database with one account and its owner.
type fixture struct {
	t       *testing.T
	store   *sqlstore.Store
	dialect *sonetel.Dialect
	handler http.Handler
	audio   *fakeAudio
	control *fakeControl
	clock   *clock.Virtual
	tenant  voice.Tenant
	owner   voice.User
	token   string
}

const (
	account  = "100200"
	ownerID  = "300400"
	email    = "anna@example.com"
	password = "correct horse & battery+staple"
)

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	f := &fixture{t: t, store: store, audio: &fakeAudio{}, control: &fakeControl{}, clock: clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	signer, err := auth.OpenSigner(t.Context(), store, secret.New(), f.clock)
	if err != nil {
		t.Fatal(err)
	}
	hasher := auth.NewHasher()
	f.dialect, err = sonetel.New(sonetel.Config{
		Tenants: store, Users: store, Extensions: store, Apps: store, Sounds: store, Numbers: store, Recordings: store,
		Calls: store, Credentials: store,
		Auth:   authenticator{auth.NewAuthenticator(store, hasher, f.clock), hasher, store, f.clock},
		Tokens: tokens{signer, auth.NewRefresher(signer, store, f.clock), f.clock},
		Audio:  f.audio, Control: f.control, SIPDomain: "sip.example", SIPRealm: "tandem", LinkKey: bytes.Repeat([]byte("k"), 32),
		Now: f.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.handler = f.dialect.Handler("/sonetel")
	f.tenant, f.owner, f.token = f.account(account, ownerID, email)
	return f
}

// account makes an account with its default apps, an owner, and a token of the owner's.
func (f *fixture) account(id voice.TenantID, user voice.UserID, mail string) (voice.Tenant, voice.User, string) {
	f.t.Helper()
	ctx, now := f.t.Context(), f.clock.Now()
	tenant := voice.Tenant{ID: id, Name: "Example Ltd", Language: "en", Timezone: "Europe/Stockholm", Country: "SE", Currency: "EUR", Created: now}
	owner := voice.User{ID: user, Tenant: id, FirstName: "Anna", LastName: "Berg", Email: mail, Role: voice.RoleAdmin, ShowID: "auto", Created: now}
	hash, err := auth.NewHasher().Hash(ctx, password)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, err := range []error{
		f.store.CreateTenant(ctx, tenant), f.store.CreateUser(ctx, owner),
		f.store.CreateToken(ctx, voice.Token{ID: voice.TokenID(voice.NewID("T")), Tenant: id, User: user, Kind: string(sonetel.Kind), Name: mail, Hash: hash, Created: now}),
		sonetel.Bootstrap(ctx, tenant, user, f.store, f.store, now),
	} {
		if err != nil {
			f.t.Fatal(err)
		}
	}
	form := "grant_type=password&refresh=yes&username=" + mail + "&password=" + strings.NewReplacer("&", "%26", "+", "%2B", " ", "+").Replace(password)
	req := httptest.NewRequest("POST", "/sonetel/SonetelAuth/beta/oauth/token", strings.NewReader(form))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("sonetel-api", "sonetel-api")
	status, body := f.send(req)
	access, _ := body["access_token"].(string)
	if status != http.StatusOK || access == "" {
		f.t.Fatalf("token: %d %v", status, body)
	}
	return tenant, owner, access
}

// send sends a request and decodes the answer.
func (f *fixture) send(req *http.Request) (int, map[string]any) {
	f.t.Helper()
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	var body map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		f.t.Fatalf("%s %s: answer is not JSON: %s", req.Method, req.URL, rec.Body)
	}
	return rec.Code, body
}

// call sends a JSON request with the owner's token.
func (f *fixture) call(method, path, body string) (int, map[string]any) {
	f.t.Helper()
	req := httptest.NewRequest(method, "/sonetel"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+f.token)
	req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	return f.send(req)
}

// ok sends a request that must succeed and gives its response.
func (f *fixture) ok(method, path, body string) any {
	f.t.Helper()
	status, answer := f.call(method, path, body)
	if status != http.StatusOK || answer["status"] != "success" {
		f.t.Fatalf("%s %s %s: %d %v", method, path, body, status, answer)
	}
	return answer["response"]
}

// okMap is ok for a response that is an object.
func (f *fixture) okMap(method, path, body string) map[string]any {
	f.t.Helper()
	m, ok := f.ok(method, path, body).(map[string]any)
	if !ok {
		f.t.Fatalf("%s %s: the response is no object", method, path)
	}
	return m
}

// fails sends a request that must fail with a code and words in its detail.
func (f *fixture) fails(method, path, body string, status int, code, words string) {
	f.t.Helper()
	got, answer := f.call(method, path, body)
	response, _ := answer["response"].(map[string]any)
	detail, _ := response["detail"].(string)
	if got != status || answer["status"] != "failed" || response["code"] != code || !strings.Contains(detail, words) {
		f.t.Errorf("%s %s %s\n got %d %v\nwant %d failed %s %q", method, path, body, got, answer, status, code, words)
	}
}

// authenticator adapts package auth.
type authenticator struct {
	*auth.Authenticator
	hasher *auth.Hasher
	store  voice.TokenStore
	clock  clock.Clock
}

func (a authenticator) SetPassword(ctx context.Context, kind string, u voice.User, secret string) error {
	hash, err := a.hasher.Hash(ctx, secret)
	if err != nil {
		return err
	}
	t, err := a.store.TokenByName(ctx, kind, u.Email)
	if voice.IsKind(err, voice.NotExist) {
		return a.store.CreateToken(ctx, voice.Token{ID: voice.TokenID(voice.NewID("T")), Tenant: u.Tenant, User: u.ID, Kind: kind, Name: u.Email, Hash: hash, Created: a.clock.Now()})
	}
	if err != nil {
		return err
	}
	t.Hash = hash
	return a.store.UpdateToken(ctx, t)
}

// tokens adapts package auth.
type tokens struct {
	signer    *auth.Signer
	refresher *auth.Refresher
	clock     clock.Clock
}

func (k tokens) IssueAccess(_ context.Context, c dialect.Claims, life time.Duration) (string, error) {
	return k.signer.Sign(auth.Claims{Issuer: c.Issuer, Audience: c.Audience, Kind: auth.AccessToken, Expires: k.clock.Now().Add(life), Extra: c.Extra})
}

func (k tokens) VerifyAccess(_ context.Context, token, issuer, audience string) (dialect.Claims, error) {
	c, err := k.signer.Verify(token, issuer, audience, auth.AccessToken)
	return dialect.Claims{Issuer: issuer, Audience: audience, Extra: c.Extra}, err
}

func (k tokens) IssueRefresh(ctx context.Context, credential voice.Token, c dialect.Claims, life time.Duration) (string, error) {
	return k.refresher.Issue(ctx, credential, auth.Claims{Issuer: c.Issuer, Audience: c.Audience, Extra: c.Extra}, life)
}

func (k tokens) TurnRefresh(ctx context.Context, token, issuer, audience string, life time.Duration) (string, dialect.Claims, error) {
	next, c, err := k.refresher.Turn(ctx, token, issuer, audience, life)
	return next, dialect.Claims{Issuer: issuer, Audience: audience, Extra: c.Extra}, err
}

// fakeAudio keeps audio in memory: whatever begins with RIFF is a WAV file of one second.
type fakeAudio struct {
	blobs    map[string][]byte
	speakErr error
}

func (a *fakeAudio) put(data []byte) dialect.Clip {
	if a.blobs == nil {
		a.blobs = map[string][]byte{}
	}
	key := fmt.Sprintf("blob%d", len(a.blobs)+1)
	a.blobs[key] = data
	return dialect.Clip{Blob: key, Size: int64(len(data)), Duration: 1600 * time.Millisecond}
}

func (a *fakeAudio) Ingest(_ context.Context, _ voice.TenantID, r io.Reader) (dialect.Clip, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return dialect.Clip{}, fmt.Errorf("ingest: %w", err)
	}
	if !bytes.HasPrefix(data, []byte("RIFF")) {
		return dialect.Clip{}, voice.Errorf("ingest", voice.Invalid, "it is not a WAV file: no RIFF header")
	}
	return a.put(data), nil
}

func (a *fakeAudio) IngestFile(ctx context.Context, t voice.TenantID, r io.Reader) (dialect.Clip, error) {
	return a.Ingest(ctx, t, r)
}

func (a *fakeAudio) Speak(_ context.Context, _ voice.TenantID, u dialect.Utterance) (dialect.Clip, error) {
	if a.speakErr != nil {
		return dialect.Clip{}, a.speakErr
	}
	return a.put([]byte("RIFF speech " + u.Text)), nil
}

func (a *fakeAudio) Voices(context.Context) ([]dialect.SpeechVoice, error) {
	return []dialect.SpeechVoice{{ID: "en-US-1", Name: "English 1", Language: "en-US", Gender: "female"}}, nil
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

func (a *fakeAudio) OpenStandard(_ context.Context, phrase, code string) (io.ReadSeekCloser, error) {
	return memoryFile{bytes.NewReader([]byte("RIFF standard " + phrase + " " + code))}, nil
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
