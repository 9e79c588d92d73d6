package sipua_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/icholy/digest"

	"tandem/internal/sipua"
)

// proof answers a challenge for alice with a password.
func proof(t *testing.T, challenge, method, uri, password string) string {
	t.Helper()
	c, err := digest.ParseChallenge(challenge)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(c, digest.Options{Method: method, URI: uri, Username: "alice", Password: password, Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	return cred.String()
}

// prove sends a REGISTER with credentials and gives the answer.
func (p *rawPeer) prove(uri, id string, cseq int, headers ...string) message {
	p.t.Helper()
	p.request("REGISTER", uri, id, "f", "<sip:alice@home>", cseq, "", headers...)
	return p.until("SIP/2.0 ", "REGISTER")
}

func home() sipua.Config {
	st := newStore("home", "alice", "bob")
	return sipua.Config{Realm: "home", Extensions: st, Bindings: st, Limits: sipua.Limits{AuthSource: 1 << 20, AuthAccount: 1 << 20}}
}

// B-16: credentials that nobody asked for; B-17: broken ones.
func TestHostileCredentials(t *testing.T) {
	a := besieged(t, home())
	p := newPeer(t, a)
	m := p.prove("sip:home", "b16", 1, `Authorization: Digest username="alice", realm="away", nonce="x", uri="sip:home", response="00", cnonce="c", nc=00000001, qop=auth, algorithm=MD5`)
	if !strings.HasPrefix(m.start, "SIP/2.0 401") {
		t.Errorf("B-16: an unknown realm got %q", m.start)
	}
	good := proof(t, m.all("WWW-Authenticate")[0], "REGISTER", "sip:home", "wrong")
	r := rand.New(rand.NewPCG(17, 1))
	for i := range soak(1000, 10000) {
		b := []byte(good)
		for range 1 + r.IntN(4) {
			switch at := r.IntN(len(b)); r.IntN(4) {
			case 0:
				b[at] = byte(' ' + r.IntN(95))
			case 1:
				b = append(b[:at], b[min(len(b), at+1+r.IntN(8)):]...)
			case 2:
				b = append(b, b[at:]...)
			default:
				b = append(b[:at], append([]byte{`",=\ `[r.IntN(5)]}, b[at:]...)...)
			}
			if len(b) == 0 {
				b = []byte("D")
			}
		}
		m := p.prove("sip:home", fmt.Sprint("b17", i), 1, "Authorization: "+string(b))
		if !strings.HasPrefix(m.start, "SIP/2.0 400") && !strings.HasPrefix(m.start, "SIP/2.0 401") {
			t.Fatalf("B-17: %q got %q", b, m.start)
		}
	}
}

// B-26: who proves to be alice calls as somebody else.
func TestHostileFrom(t *testing.T) {
	cfg := home()
	claims := make(chan string, 4)
	cfg.Handler = func(inc *sipua.Incoming) {
		user, _ := inc.From()
		claims <- user
		_ = inc.Reject(486, "Busy Here")
	}
	a := start(t, cfg)
	p := newPeer(t, a)
	invite := func(id, from string, cseq int, headers ...string) message {
		body := string(sdp(5000))
		text := asks("INVITE").to("sip:101@home").set("From", from).set("CSeq", fmt.Sprint(cseq, " INVITE")).set("Call-ID", id).
			set("Via", "SIP/2.0/UDP "+p.addr()+";branch=z9hG4bK"+id+fmt.Sprint(cseq)+";rport").add(headers...).with("application/sdp", body)
		p.send(string(text))
		for {
			m := p.until("SIP/2.0 ", "INVITE")
			if m.header("Call-ID") == id && !strings.HasPrefix(m.start, "SIP/2.0 1") && m.header("CSeq") == fmt.Sprint(cseq, " INVITE") {
				return m
			}
		}
	}
	for from, want := range map[string]string{"<sip:alice@home>;tag=1": "486", "<sip:101@home>;tag=1": "486", "<sip:bob@home>;tag=1": "403", "<sip:102@home>;tag=1": "403"} {
		id := "b26" + strings.Trim(from[5:8], "@") // its own dialog
		m := invite(id, from, 1)
		if !strings.HasPrefix(m.start, "SIP/2.0 401") {
			t.Fatalf("B-26: %s without credentials got %q", from, m.start)
		}
		m = invite(id, from, 2, "Authorization: "+proof(t, m.all("WWW-Authenticate")[0], "INVITE", "sip:101@home", "secret-alice"), "P-Asserted-Identity: <sip:bob@home>")
		if !strings.HasPrefix(m.start, "SIP/2.0 "+want) {
			t.Errorf("B-26: %s with alice's password got %q, want %s", from, m.start, want)
		}
	}
	close(claims)
	for user := range claims {
		if user != "alice" && user != "101" {
			t.Errorf("B-26: the caller is taken for %q", user)
		}
	}
}

// I-14 and D-07: the strongest algorithm is offered first, a proof serves one
// method, one address and one request, and what is stale is said to be.
func TestHostileProofs(t *testing.T) {
	a := besieged(t, home())
	p := newPeer(t, a)
	challenges := func() []string { return p.prove("sip:home", "i14", 1).all("WWW-Authenticate") }
	if c := challenges(); len(c) != 2 || !strings.Contains(c[0], "SHA-256") || !strings.Contains(c[1], "MD5") {
		t.Errorf("I-14: the challenges are %q", c)
	}
	sound := proof(t, challenges()[0], "REGISTER", "sip:home", "secret-alice")
	if m := p.prove("sip:home", "used", 1, "Authorization: "+sound); !strings.HasPrefix(m.start, "SIP/2.0 200") {
		t.Fatalf("alice got %q", m.start)
	}
	other := newPeer(t, a)
	for what, c := range map[string]struct {
		p          *rawPeer
		uri, value string
		want       string
	}{
		"used twice":         {p, "sip:home", sound, "401 stale"},
		"from another":       {other, "sip:home", sound, "401 stale"},
		"of another method":  {p, "sip:home", proof(t, challenges()[0], "INVITE", "sip:home", "secret-alice"), "401"},
		"for another URI":    {p, "sip:home", proof(t, challenges()[0], "REGISTER", "sip:away", "secret-alice"), "400"},
		"without qop":        {p, "sip:home", strings.Replace(proof(t, challenges()[0], "REGISTER", "sip:home", "secret-alice"), "qop=auth", "x=y", 1), "400"},
		"with auth-int":      {p, "sip:home", strings.Replace(proof(t, challenges()[0], "REGISTER", "sip:home", "secret-alice"), "qop=auth", "qop=auth-int", 1), "400"},
		"with a count of 0":  {p, "sip:home", strings.Replace(proof(t, challenges()[0], "REGISTER", "sip:home", "secret-alice"), "nc=00000001", "nc=00000000", 1), "400"},
		"with another count": {p, "sip:home", strings.Replace(proof(t, challenges()[0], "REGISTER", "sip:home", "secret-alice"), "nc=00000001", "nc=00000002", 1), "401"},
		"with a nonce of their own": {p, "sip:home", proof(t, `Digest realm="home", nonce="AAAA", algorithm=SHA-256, qop="auth"`, "REGISTER", "sip:home", "secret-alice"),
			"401 stale"},
	} {
		m := c.p.prove(c.uri, "i14"+strings.ReplaceAll(what, " ", ""), 1, "Authorization: "+c.value)
		got := strings.Fields(m.start)[1]
		if strings.Contains(m.header("WWW-Authenticate"), "stale=true") {
			got += " stale"
		}
		if got != c.want {
			t.Errorf("I-14: a proof %s got %q, want %q", what, got, c.want)
		}
	}
}

// D-07 and I-12: challenges cost nothing that stays, for accounts that exist and
// for those that do not alike.
func TestHostileChallenges(t *testing.T) {
	a := besieged(t, home())
	p := newPeer(t, a)
	said := map[string]int{}
	for i := range soak(2000, 1000000) {
		name := []string{"alice", "nobody"}[i%2]
		p.request("REGISTER", "sip:home", fmt.Sprint("d07", i), "f", "<sip:"+name+"@home>", 1, "")
		m := p.until("SIP/2.0 ", "REGISTER")
		nonce := m.header("WWW-Authenticate")
		for _, part := range strings.Split(nonce, ", ") {
			if !strings.HasPrefix(part, "nonce=") {
				continue
			}
			nonce = strings.Replace(nonce, part, "nonce", 1)
		}
		said[name+" "+m.start+" "+nonce]++
	}
	if len(said) != 2 {
		t.Errorf("I-12: the answers differ: %v", said)
	}
	if s, c, _ := a.Alive(); s+c != 0 {
		t.Errorf("D-07: %d and %d transactions are kept", s, c)
	}
}
