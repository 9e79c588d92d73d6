package sipua_test

import (
	"net"
	"strings"
	"testing"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// TestAskTrunk asks trunks that answer in each of the ways that mean different things.
func TestAskTrunk(t *testing.T) {
	for _, c := range []struct {
		status  int
		reason  string
		user    string
		reached bool
		words   string
	}{
		{200, "OK", "", true, "answers: 200 OK."},
		{404, "Not Found", "", true, "no use for this question"},
		{501, "Not Implemented", "", true, "no use for this question"},
		{403, "Forbidden", "me", false, "refuses the user name, the password or this address (403 Forbidden)"},
		{401, "Unauthorized", "", false, "wants a user name and a password"},
		{503, "Service Unavailable", "", false, "out of order (503 Service Unavailable)"},
		{500, "Oops\"", "", false, "out of order (500 Oops)"},
	} {
		p := newPeer(t, nil)
		a := start(t, sipua.Config{})
		got := make(chan sipua.Asked, 1)
		go func() { got <- a.AskTrunk(t.Context(), trunkAt(p.addr(), c.user, "pw")) }()
		m := p.until("OPTIONS ", "OPTIONS")
		p.respond(m, c.status, c.reason, "t", "")
		r := receive(t, got, "an account of the question")
		if r.Reached != c.reached || r.Status != c.status || !strings.Contains(r.Words, c.words) || len(r.Places) != 1 || !strings.Contains(r.Place, p.addr()) {
			t.Errorf("%d %s: %+v", c.status, c.reason, r)
		}
	}
}

// TestAskTrunkCredentials asks a carrier that wants a password.
func TestAskTrunkCredentials(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		p := newPeer(t, nil)
		a := start(t, sipua.Config{})
		k := trunkAt(p.addr(), "alice", "secret-alice")
		if transport == "tcp" {
			carrier := start(t, sipua.Config{})
			k.Host, k.Transport = carrier.Addr().String(), "tcp"
			if r := a.AskTrunk(t.Context(), k); !r.Reached || r.Status != 200 || !strings.Contains(r.Place, "tcp") {
				t.Errorf("over TCP: %+v", r)
			}
			continue
		}
		got := make(chan sipua.Asked, 1)
		go func() { got <- a.AskTrunk(t.Context(), k) }()
		challenge := `WWW-Authenticate: Digest realm="carrier", nonce="n1", qop="auth", algorithm=MD5`
		p.respond(p.until("OPTIONS ", "OPTIONS"), 401, "Unauthorized", "t", "", challenge)
		m := p.until("OPTIONS ", "OPTIONS")
		if h := m.header("Authorization"); !strings.Contains(h, `username="alice"`) || strings.Contains(h, "secret-alice") {
			t.Errorf("credentials: %q", h)
		}
		p.respond(m, 200, "OK", "t", "")
		if r := receive(t, got, "an account of the question"); !r.Reached || r.Status != 200 {
			t.Errorf("with credentials: %+v", r)
		}
	}
}

// TestAskTrunkUnreachable asks where nobody is, and a name that leads nowhere.
func TestAskTrunkUnreachable(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := conn.LocalAddr().String()
	conn.Close()
	a := start(t, sipua.Config{})
	k := voice.Trunk{ID: "t", Tenant: "1", Name: "gone", Host: gone}
	if r := a.AskTrunk(t.Context(), k); r.Reached || r.Status != 0 || !strings.HasPrefix(r.Words, "It can't be reached: ") || !strings.Contains(r.Words, gone) {
		t.Errorf("a closed port: %+v", r)
	}
	k.Transport = "tcp"
	if r := a.AskTrunk(t.Context(), k); r.Reached || !strings.Contains(r.Words, "refused") {
		t.Errorf("a closed port over TCP: %+v", r)
	}
	k.Host = "no-such-host.invalid"
	if r := a.AskTrunk(t.Context(), k); r.Reached || !strings.HasPrefix(r.Words, "It was not asked: ") || !strings.Contains(r.Words, "no-such-host.invalid") {
		t.Errorf("a name that leads nowhere: %+v", r)
	}
}
