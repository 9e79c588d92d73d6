package auth_test

import (
	"regexp"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

var (
	_ auth.BearerStore = (*sqlstore.Store)(nil)
	_ dialect.Bearers  = (*auth.Bearers)(nil)
)

func TestBearers(t *testing.T) {
	s, c := openStore(t), clock.NewVirtual(start)
	b := auth.NewBearers(s, c)
	ctx := t.Context()
	k := voice.Token{ID: "k1", Tenant: "1", User: "11", Kind: "telphin", Name: "app", Hash: "h", Scopes: []string{"all"}, Created: start}
	ok(t, s.CreateToken(ctx, k))
	token, err := b.Issue(ctx, "telphin", k, time.Hour)
	ok(t, err)
	if !regexp.MustCompile(`^[A-Za-z0-9]{32}$`).MatchString(token) {
		t.Errorf("the token is %q", token)
	}
	second, err := b.Issue(ctx, "telphin", k, time.Hour)
	ok(t, err)
	if second == token {
		t.Error("two tokens are the same")
	}
	got, err := b.Verify(ctx, "telphin", token)
	ok(t, err)
	if got.Tenant != "1" || got.User != "11" || got.Token != "k1" || got.Name != "app" || len(got.Scopes) != 1 ||
		!got.Expires.Equal(start.Add(time.Hour)) || !got.Used.Equal(start) || got.Hash == token {
		t.Errorf("the token stands for %+v", got)
	}
	stored, err := s.AccessTokens(ctx, "1", "telphin")
	ok(t, err)
	for _, a := range stored {
		if a.Hash == token || a.Hash == second {
			t.Error("the token itself is stored")
		}
	}
	for what, text := range map[string]string{
		"nothing": "", "short": "abc", "long": token + "a", "unknown": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", "signs": "ABCDEFGHIJKLMNOPQRSTUVWXYZ'; --f", "its hash": got.Hash,
	} {
		_, err := b.Verify(ctx, "telphin", text)
		want(t, what, err, voice.Permission)
	}
	_, err = b.Verify(ctx, "api", token)
	want(t, "another kind", err, voice.Permission)

	c.Advance(time.Hour - 1)
	_, err = b.Verify(ctx, "telphin", token)
	ok(t, err)
	c.Advance(1)
	_, err = b.Verify(ctx, "telphin", token)
	want(t, "expired", err, voice.Permission)

	third, err := b.Issue(ctx, "telphin", k, time.Hour)
	ok(t, err)
	ok(t, s.DeleteToken(ctx, "1", "k1"))
	_, err = b.Verify(ctx, "telphin", third)
	want(t, "credential gone", err, voice.Permission)
	_, err = b.Issue(ctx, "telphin", k, time.Hour)
	want(t, "for a credential that is gone", err, voice.NotExist)
}

func TestBearersForEver(t *testing.T) {
	s, c := openStore(t), clock.NewVirtual(start)
	b := auth.NewBearers(s, c)
	ctx := t.Context()
	key, err := b.Issue(ctx, "api", voice.Token{Tenant: "1", User: "11", Name: "script", Scopes: []string{"calls.read"}}, 0)
	ok(t, err)
	limited, err := b.Issue(ctx, "api", voice.Token{Tenant: "1", Name: "guest", Expires: start.Add(time.Minute)}, time.Hour)
	ok(t, err)
	c.Advance(2 * time.Minute)
	_, err = b.Verify(ctx, "api", limited)
	want(t, "longer than its credential", err, voice.Permission)
	c.Advance(10 * 365 * 24 * time.Hour)
	_, err = b.Issue(ctx, "api", voice.Token{Tenant: "1", Name: "other"}, 0) // which removes what has expired
	ok(t, err)
	a, err := b.Verify(ctx, "api", key)
	if err != nil || !a.Expires.IsZero() || a.Name != "script" || !a.Used.Equal(c.Now()) {
		t.Errorf("a key without an end is %+v, %v", a, err)
	}
	left, err := s.AccessTokens(ctx, "1", "api")
	ok(t, err)
	if len(left) != 2 {
		t.Errorf("%d keys are kept, want 2: %+v", len(left), left)
	}
	ok(t, s.DeleteAccessToken(ctx, "1", a.Hash))
	_, err = b.Verify(ctx, "api", key)
	want(t, "deleted", err, voice.Permission)
}
