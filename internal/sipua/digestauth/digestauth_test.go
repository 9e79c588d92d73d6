package digestauth_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua/digestauth"
)

var here = netip.MustParseAddr("192.0.2.1")

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func answer(t *testing.T, s *digestauth.Server, from netip.Addr, algorithm string) digestauth.Credentials {
	t.Helper()
	for _, ch := range s.Challenges(from, false) {
		if !strings.Contains(ch, algorithm) {
			continue
		}
		h, _, err := digestauth.Answer([]string{ch}, "INVITE", "sip:x@y", "alice", "pw")
		if err != nil {
			t.Fatal(err)
		}
		c, err := digestauth.Parse(h)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Fatalf("no challenge with %s", algorithm)
	return digestauth.Credentials{}
}

func TestVerify(t *testing.T) {
	secret := digestauth.Secret("alice", "home", "pw")
	for _, alg := range []string{digestauth.SHA256, digestauth.MD5} {
		clk := &clock{time.Unix(1_800_000_000, 0)}
		s := digestauth.NewServer("home", clk.now)
		check := func(name string, want digestauth.Result, c digestauth.Credentials, method string, from netip.Addr, h digestauth.HA1) {
			t.Helper()
			if got := s.Verify(c, method, from, h); got != want {
				t.Errorf("%s, %s: got %d, want %d", alg, name, got, want)
			}
		}
		c := answer(t, s, here, alg)
		check("right", digestauth.OK, c, "INVITE", here, secret)
		check("again", digestauth.Stale, c, "INVITE", here, secret)
		check("other method", digestauth.Refused, answer(t, s, here, alg), "REGISTER", here, secret)
		check("other source", digestauth.Stale, answer(t, s, here, alg), "INVITE", netip.MustParseAddr("192.0.2.2"), secret)
		check("wrong password", digestauth.Refused, answer(t, s, here, alg), "INVITE", here, digestauth.Secret("alice", "home", "x"))
		check("unknown user", digestauth.Refused, answer(t, s, here, alg), "INVITE", here, digestauth.HA1{})
		c = answer(t, s, here, alg)
		clk.t = clk.t.Add(digestauth.NonceLife + time.Second)
		check("old nonce", digestauth.Stale, c, "INVITE", here, secret)
		forged := answer(t, digestauth.NewServer("home", clk.now), here, alg)
		check("nonce of another server", digestauth.Stale, forged, "INVITE", here, secret)
	}
}

func TestAnswerTakesStrongest(t *testing.T) {
	h, realm, err := digestauth.Answer([]string{
		`Digest realm="r", nonce="1", algorithm=MD5`, `Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth"`,
		`Digest realm="r", nonce="3", algorithm=SHA-999`, `Basic realm="r"`, `Digest realm="r", nonce="4", qop="auth-int", algorithm=SHA-256`,
	}, "INVITE", "sip:x", "u", "p")
	if err != nil || realm != "r" || !strings.Contains(h, `nonce="2"`) {
		t.Errorf("%q, %q, %v", h, realm, err)
	}
	if _, _, err := digestauth.Answer([]string{"Basic x", "Digest", "Digest =", ""}, "INVITE", "sip:x", "u", "p"); err == nil {
		t.Error("nonsense was answered")
	}
}

func TestGuard(t *testing.T) {
	clk := &clock{time.Unix(1_800_000_000, 0)}
	g := digestauth.NewGuard(0, 0, clk.now)
	trusted := netip.MustParseAddr("198.51.100.1")
	g.Succeeded("alice", trusted)
	for range 10 {
		if g.Blocked("alice", here) {
			t.Fatal("blocked too early")
		}
		g.Failed("alice", here)
	}
	if !g.Blocked("alice", here) || !g.Blocked("alice", netip.MustParseAddr("192.0.2.77")) {
		t.Error("the account is not protected")
	}
	if g.Blocked("alice", trusted) {
		t.Error("the known address is locked out")
	}
	if g.Blocked("bob", here) {
		t.Error("the source is blocked after 10")
	}
	for range 10 {
		g.Failed("bob", here)
	}
	if !g.Blocked("carol", here) {
		t.Error("the source is not blocked after 20")
	}
	clk.t = clk.t.Add(time.Minute)
	if g.Blocked("alice", netip.MustParseAddr("192.0.2.77")) {
		t.Error("the account is still blocked after a minute")
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add(`Digest username="a", realm="home", nonce="n", uri="sip:x", response="00", algorithm=MD5, cnonce="c", nc=00000001, qop=auth`)
	f.Add(`Digest realm="r\"x", nonce="2", algorithm=SHA-256, qop="auth,auth-int", stale=true`)
	f.Add(`digest ,,,=="`)
	s := digestauth.NewServer("home", nil)
	f.Fuzz(func(t *testing.T, h string) {
		if c, err := digestauth.Parse(h); err == nil {
			if s.Verify(c, "INVITE", here, digestauth.Secret("a", "home", "unguessable")) == digestauth.OK {
				t.Error("accepted")
			}
		}
		out, _, err := digestauth.Answer([]string{h}, "INVITE", "sip:x", "u", "p")
		if err == nil && strings.ContainsAny(out, "\r\n") {
			t.Errorf("our answer holds a line end: %q", out)
		}
	})
}
