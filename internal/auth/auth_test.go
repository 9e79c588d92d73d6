package auth_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// The contracts that the program's store keeps.
var (
	_ auth.RefreshStore = (*sqlstore.Store)(nil)
	_ auth.LinkStore    = (*sqlstore.Store)(nil)
)

func openStore(t *testing.T) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func want(t *testing.T, what string, err error, kind voice.Kind) {
	t.Helper()
	if got := voice.KindOf(err); got != kind {
		t.Errorf("%s: kind %q (%v), want %q", what, got, err, kind)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLinks(t *testing.T) {
	s, c := openStore(t), clock.NewVirtual(start)
	links := auth.NewLinks(s, c)
	ctx := t.Context()
	secret, err := links.Create(ctx, auth.SetUp, "", "", time.Hour)
	ok(t, err)
	forUser, err := links.Create(ctx, "password", "1", "11", time.Hour)
	ok(t, err)
	late, err := links.Create(ctx, auth.SetUp, "", "", time.Hour)
	ok(t, err)
	_, _, err = links.Take(ctx, "password", secret)
	want(t, "another purpose", err, voice.Permission)
	_, _, err = links.Take(ctx, auth.SetUp, "guess")
	want(t, "a guess", err, voice.Permission)
	_, _, err = links.Take(ctx, auth.SetUp, secret)
	want(t, "the right one", err, "")
	_, _, err = links.Take(ctx, auth.SetUp, secret)
	want(t, "again", err, voice.Permission)
	if tenant, user, err := links.Take(ctx, "password", forUser); err != nil || tenant != "1" || user != "11" {
		t.Errorf("gave %q, %q, %v", tenant, user, err)
	}
	c.Advance(time.Hour)
	_, _, err = links.Take(ctx, auth.SetUp, late)
	want(t, "too late", err, voice.Permission)
}

const (
	issuer   = "tandem"
	audience = "api.sonetel.com"
	life     = time.Hour
)

// signedIn is a credential and what turns its refresh tokens.
type signedIn struct {
	store      *sqlstore.Store
	clock      *clock.Virtual
	signer     *auth.Signer
	refresher  *auth.Refresher
	credential voice.Token
}

func signIn(t *testing.T) *signedIn {
	t.Helper()
	x := &signedIn{
		store: openStore(t), clock: clock.NewVirtual(start),
		credential: voice.Token{ID: "k1", Tenant: "1", User: "11", Kind: "sonetel", Name: "a@b.c", Hash: "h"},
	}
	signer, err := auth.OpenSigner(t.Context(), x.store, secret.New(), x.clock)
	ok(t, err)
	x.signer, x.refresher = signer, auth.NewRefresher(signer, x.store, x.clock)
	ok(t, x.store.CreateToken(t.Context(), x.credential))
	return x
}

func (x *signedIn) issue(t *testing.T) string {
	t.Helper()
	claims := auth.Claims{Issuer: issuer, Audience: audience, Extra: map[string]any{"acc_id": "1"}}
	token, err := x.refresher.Issue(t.Context(), x.credential, claims, life)
	ok(t, err)
	return token
}

func (x *signedIn) turn(t *testing.T, token string) (string, error) {
	t.Helper()
	next, claims, err := x.refresher.Turn(t.Context(), token, issuer, audience, life)
	if err == nil && (claims.Text("acc_id") != "1" || claims.Credential() != "k1") {
		t.Errorf("claims are %+v", claims)
	}
	return next, err
}

func TestRefresh(t *testing.T) {
	x := signIn(t)
	t.Run("each once", func(t *testing.T) {
		token := x.issue(t)
		for range 3 {
			x.clock.Advance(50 * time.Minute) // the life begins anew
			next, err := x.turn(t, token)
			ok(t, err)
			token = next
		}
		x.clock.Advance(life)
		_, err := x.turn(t, token)
		want(t, "expired", err, voice.Permission)
	})
	t.Run("a stolen one ends the family", func(t *testing.T) {
		first, other := x.issue(t), x.issue(t)
		second, err := x.turn(t, first)
		ok(t, err)
		_, err = x.turn(t, first)
		want(t, "second use", err, voice.Permission)
		_, err = x.turn(t, second)
		want(t, "the thief's or the owner's", err, voice.Permission)
		_, err = x.turn(t, other)
		want(t, "another sign-in", err, "")
	})
	t.Run("not a refresh token", func(t *testing.T) {
		access, err := x.signer.Sign(auth.Claims{Issuer: issuer, Audience: audience, Kind: auth.AccessToken, Expires: x.clock.Now().Add(life)})
		ok(t, err)
		_, err = x.turn(t, access)
		want(t, "access token", err, voice.Permission)
		_, _, err = x.refresher.Turn(t.Context(), x.issue(t), issuer, "another", life)
		want(t, "another audience", err, voice.Permission)
	})
}

func TestRefreshEnds(t *testing.T) {
	x := signIn(t)
	ctx := t.Context()
	token := x.issue(t)
	ok(t, x.refresher.Revoke(ctx, token, issuer, audience))
	_, err := x.turn(t, token)
	want(t, "after sign-out", err, voice.Permission)

	token = x.issue(t)
	x.credential.Used = start
	ok(t, x.store.UpdateToken(ctx, x.credential)) // the same secret: nothing ends
	token, err = x.turn(t, token)
	ok(t, err)
	x.credential.Hash = "new"
	ok(t, x.store.UpdateToken(ctx, x.credential))
	_, err = x.turn(t, token)
	want(t, "after a new password", err, voice.Permission)

	token = x.issue(t)
	ok(t, x.store.DeleteToken(ctx, "1", "k1"))
	_, err = x.turn(t, token)
	want(t, "after the credential is gone", err, voice.Permission)
}

func TestHash(t *testing.T) {
	h := auth.NewHasher()
	ctx := t.Context()
	encoded, err := h.Hash(ctx, "pässword&+")
	ok(t, err)
	if again, err := h.Hash(ctx, "pässword&+"); err != nil || again == encoded {
		t.Errorf("hashing twice gave the same: %v", err)
	}
	for given, right := range map[string]bool{"pässword&+": true, "pässword&": false, "": false, "Pässword&+": false} {
		if got, err := h.Verify(ctx, encoded, given); err != nil || got != right {
			t.Errorf("verify %q gave %v, %v", given, got, err)
		}
	}
	for _, length := range []int{0, auth.MaxSecret + 1} {
		_, err := h.Hash(ctx, string(make([]byte, length)))
		want(t, "length", err, voice.Invalid)
	}
	long := make([]byte, auth.MaxSecret+1)
	encoded, err = h.Hash(ctx, string(long[1:]))
	ok(t, err)
	if got, err := h.Verify(ctx, encoded, string(long)); err != nil || got {
		t.Errorf("a longer secret with the right beginning gave %v, %v", got, err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	busy := auth.NewHasher()
	for range 50 { // with a free slot either answer is right, never a hang
		if _, err := busy.Verify(over, encoded, "x"); err != nil {
			want(t, "caller gone", err, voice.Unavailable)
			break
		}
	}
	for _, bad := range []string{
		"", "plain", "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=16$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=19456,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=19456,t=2,p=1$$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
	} {
		_, err := h.Verify(ctx, bad, "x")
		want(t, bad, err, voice.Invalid)
	}
}
