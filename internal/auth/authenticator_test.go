package auth_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/voice"
)

// cheap is a hash of "right" that costs next to nothing.
func cheap(t *testing.T) string {
	t.Helper()
	hash, err := auth.NewHasher().Hash(t.Context(), "right")
	ok(t, err)
	return hash
}

func newAuthenticator(t *testing.T) (*auth.Authenticator, *clock.Virtual, func(name string) voice.Token) {
	t.Helper()
	s, c := openStore(t), clock.NewVirtual(start)
	hash := cheap(t)
	n := 0
	add := func(name string) voice.Token {
		n++
		k := voice.Token{ID: voice.TokenID(fmt.Sprint("k", n)), Tenant: "1", Kind: "sonetel", Name: name, Hash: hash, Created: start}
		ok(t, s.CreateToken(t.Context(), k))
		return k
	}
	return auth.NewAuthenticator(s, auth.NewHasher(), c), c, add
}

func TestCheck(t *testing.T) {
	a, c, add := newAuthenticator(t)
	ctx := t.Context()
	k := add("anna@example.com")
	got, err := a.Check(ctx, "sonetel", "Anna@Example.com", "right", "192.0.2.1:4000")
	if err != nil || got.ID != k.ID || got.Tenant != "1" || !got.Used.Equal(start) {
		t.Errorf("right secret gave %+v, %v", got, err)
	}
	c.Advance(30 * time.Second)
	if got, err := a.Check(ctx, "sonetel", "anna@example.com", "right", "192.0.2.1"); err != nil || !got.Used.Equal(start) {
		t.Errorf("use was noted again after 30 s: %v, %v", got.Used, err)
	}
	var words []string
	for what, try := range map[string][3]string{
		"wrong secret": {"sonetel", "anna@example.com", "wrong"}, "unknown name": {"sonetel", "bert@example.com", "right"},
		"another kind": {"hoiio", "anna@example.com", "right"}, "no secret": {"sonetel", "anna@example.com", ""},
	} {
		_, err := a.Check(ctx, try[0], try[1], try[2], "192.0.2.2:1")
		want(t, what, err, voice.Permission)
		words = append(words, err.Error())
	}
	for _, w := range words {
		if w != words[0] {
			t.Errorf("the words tell the cases apart: %q and %q", w, words[0])
		}
	}
}

func TestCheckExpired(t *testing.T) {
	s, c := openStore(t), clock.NewVirtual(start)
	a := auth.NewAuthenticator(s, auth.NewHasher(), c)
	ok(t, s.CreateToken(t.Context(), voice.Token{ID: "k", Tenant: "1", Kind: "x", Name: "n", Hash: cheap(t), Expires: start.Add(time.Minute)}))
	_, err := a.Check(t.Context(), "x", "n", "right", "192.0.2.1")
	want(t, "before", err, "")
	c.Advance(time.Minute)
	_, err = a.Check(t.Context(), "x", "n", "right", "192.0.2.1")
	want(t, "after", err, voice.Permission)
}

func TestGuessingAtAName(t *testing.T) {
	a, c, add := newAuthenticator(t)
	ctx := t.Context()
	add("anna")
	add("new")
	check := func(name, secret, source string) voice.Kind {
		_, err := a.Check(ctx, "sonetel", name, secret, source)
		return voice.KindOf(err)
	}
	if k := check("anna", "right", "192.0.2.1:9"); k != "" {
		t.Fatal(k)
	}
	for i := range auth.FailuresPerName {
		if k := check("anna", "wrong", fmt.Sprintf("198.51.100.%d:1", i)); k != voice.Permission {
			t.Fatalf("guess %d gave %q", i, k)
		}
	}
	if k := check("anna", "wrong", "198.51.100.99:1"); k != voice.Limit {
		t.Errorf("one guess more gave %q", k)
	}
	if k := check("anna", "right", "198.51.100.99:1"); k != voice.Limit {
		t.Errorf("even the right secret from a strange address gave %q", k)
	}
	for range auth.FailuresKnown + 2 {
		if k := check("anna", "right", "192.0.2.1:7"); k != "" {
			t.Fatalf("the true user at the known address got %q", k)
		}
	}
	if k := check("new", "right", "198.51.100.99:1"); k != "" {
		t.Errorf("another name got %q", k)
	}
	c.Advance(time.Minute / auth.FailuresPerName)
	if k := check("anna", "right", "198.51.100.99:1"); k != "" {
		t.Errorf("after a while got %q", k)
	}
}

func TestGuessingFromASource(t *testing.T) {
	a, c, add := newAuthenticator(t)
	ctx := t.Context()
	add("anna")
	check := func(name, secret, source string) voice.Kind {
		_, err := a.Check(ctx, "sonetel", name, secret, source)
		return voice.KindOf(err)
	}
	if k := check("anna", "right", "[2001:db8:1:2::1]:5"); k != "" {
		t.Fatal(k)
	}
	for i := range auth.FailuresPerSource { // one /64 is one source
		if k := check(fmt.Sprint("nobody", i), "x", fmt.Sprintf("[2001:db8:1:2::%x]:5", i+10)); k != voice.Permission {
			t.Fatalf("guess %d gave %q", i, k)
		}
	}
	if k := check("another", "x", "2001:db8:1:2:ffff::1"); k != voice.Limit {
		t.Errorf("one guess more gave %q", k)
	}
	if k := check("anna", "right", "[2001:db8:1:2::77]:6"); k != "" {
		t.Errorf("the true user behind the same address got %q", k)
	}
	for i := range auth.FailuresKnown {
		if k := check("anna", "wrong", "2001:db8:1:2::1"); k != voice.Permission {
			t.Fatalf("own mistake %d gave %q", i, k)
		}
	}
	if k := check("anna", "wrong", "2001:db8:1:2::1"); k != voice.Limit {
		t.Errorf("own mistakes have no end: %q", k)
	}
	if k := check("another", "x", "2001:db8:1:3::1"); k != voice.Permission {
		t.Errorf("another network got %q", k)
	}
	c.Advance(time.Minute)
	if k := check("anna", "right", "2001:db8:1:2::1"); k != "" {
		t.Errorf("after a minute got %q", k)
	}
}

func TestTriesThatWereNotLookedAtDoNotCount(t *testing.T) {
	a, _, add := newAuthenticator(t)
	add("anna")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * auth.FailuresPerSource {
		_, err := a.Check(over, "sonetel", "anna", "right", "192.0.2.1")
		want(t, "caller gone", err, voice.Unavailable)
	}
	_, err := a.Check(t.Context(), "sonetel", "anna", "right", "192.0.2.1")
	want(t, "afterwards", err, "")
}
