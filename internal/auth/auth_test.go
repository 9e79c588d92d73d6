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

func TestRefresh(t *testing.T) {
	s, c := openStore(t), clock.NewVirtual(start)
	ctx := t.Context()
	signer, err := auth.OpenSigner(ctx, s, secret.New(), c)
	ok(t, err)
	r := auth.NewRefresher(signer, s, c)
	const iss, aud, life = "tandem", "api.sonetel.com", time.Hour
	credential := voice.Token{ID: "k1", Tenant: "1", User: "11", Kind: "sonetel", Name: "a@b.c", Hash: "h"}
	ok(t, s.CreateToken(ctx, credential))
	issue := func() string {
		t.Helper()
		token, err := r.Issue(ctx, credential, auth.Claims{Issuer: iss, Audience: aud, Extra: map[string]any{"acc_id": "1"}}, life)
		ok(t, err)
		return token
	}
	turn := func(token string) (string, error) {
		next, claims, err := r.Turn(ctx, token, iss, aud, life)
		if err == nil && (claims.Text("acc_id") != "1" || claims.Credential() != "k1") {
			t.Errorf("claims are %+v", claims)
		}
		return next, err
	}

	t.Run("each once", func(t *testing.T) {
		token := issue()
		for range 3 {
			c.Advance(50 * time.Minute) // the life begins anew
			next, err := turn(token)
			ok(t, err)
			token = next
		}
		c.Advance(life)
		_, err := turn(token)
		want(t, "expired", err, voice.Permission)
	})
	t.Run("a stolen one ends the family", func(t *testing.T) {
		first := issue()
		other := issue()
		second, err := turn(first)
		ok(t, err)
		_, err = turn(first)
		want(t, "second use", err, voice.Permission)
		_, err = turn(second)
		want(t, "the thief's or the owner's", err, voice.Permission)
		_, err = turn(other)
		want(t, "another sign-in", err, "")
	})
	t.Run("revoked", func(t *testing.T) {
		token := issue()
		ok(t, r.Revoke(ctx, token, iss, aud))
		_, err := turn(token)
		want(t, "after sign-out", err, voice.Permission)
	})
	t.Run("not a refresh token", func(t *testing.T) {
		access, err := signer.Sign(auth.Claims{Issuer: iss, Audience: aud, Kind: auth.AccessToken, Expires: c.Now().Add(life)})
		ok(t, err)
		_, err = turn(access)
		want(t, "access token", err, voice.Permission)
		_, _, err = r.Turn(ctx, issue(), iss, "another", life)
		want(t, "another audience", err, voice.Permission)
	})
	t.Run("a new password ends all", func(t *testing.T) {
		token := issue()
		credential.Used = start
		ok(t, s.UpdateToken(ctx, credential)) // the same secret: nothing ends
		token, err := turn(token)
		ok(t, err)
		credential.Hash = "new"
		ok(t, s.UpdateToken(ctx, credential))
		_, err = turn(token)
		want(t, "after the change", err, voice.Permission)
		token = issue()
		ok(t, s.DeleteToken(ctx, "1", "k1"))
		_, err = turn(token)
		want(t, "after the credential is gone", err, voice.Permission)
	})
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
