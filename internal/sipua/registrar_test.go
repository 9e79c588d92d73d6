package sipua_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/sipua/digestauth"
	"tandem/internal/voice"
)

// register sends REGISTER with digest and gives the final response.
func (p *rawPeer) register(user, password string, cseq int, change func(auth string) string, headers ...string) message {
	p.t.Helper()
	p.request("REGISTER", "sip:home", "reg"+user, "f", "<sip:"+user+"@home>", cseq, "", headers...)
	m := p.until("SIP/2.0 401", "REGISTER")
	auth, _, err := digestauth.Answer(m.all("WWW-Authenticate"), "REGISTER", "sip:home", user, password)
	if err != nil {
		p.t.Fatal(err)
	}
	if change != nil {
		auth = change(auth)
	}
	p.request("REGISTER", "sip:home", "reg"+user, "f", "<sip:"+user+"@home>", cseq+1, "", append(headers, "Authorization: "+auth)...)
	return p.until("SIP/2.0 ", "REGISTER")
}

func registrar(t *testing.T) (*sipua.Agent, *store) {
	t.Helper()
	st := newStore("home", "alice", "bob")
	return start(t, sipua.Config{Realm: "home", Extensions: st, Bindings: st, Handler: func(inc *sipua.Incoming) {
		p := inc.Peer()
		_ = inc.Reject(480, string(p.Kind)+" "+p.Extension.Number+p.Trunk.Name)
	}}), st
}

func TestRegister(t *testing.T) {
	a, st := registrar(t)
	p := newPeer(t, a)
	challenge := func() message {
		p.request("REGISTER", "sip:home", "x", "f", "<sip:alice@home>", 1, "")
		return p.until("SIP/2.0 401", "REGISTER")
	}
	if c := challenge().all("WWW-Authenticate"); len(c) != 2 || !strings.Contains(c[0], "SHA-256") || !strings.Contains(c[1], "MD5") {
		t.Errorf("challenges are %q", c)
	}
	ok := p.register("alice", "secret-alice", 1, nil, "Expires: 120")
	if !strings.HasPrefix(ok.start, "SIP/2.0 200") || !strings.Contains(ok.header("Contact"), "expires=1") {
		t.Fatalf("REGISTER got %s, Contact %q", ok.start, ok.header("Contact"))
	}
	got, _ := st.Bindings(t.Context(), "1", "101", time.Now())
	if len(got) != 1 || got[0].Source != p.addr() || got[0].Transport != "udp" {
		t.Fatalf("bindings are %+v", got)
	}
	for _, c := range []struct {
		name, user, password, want string
		change                     func(string) string
		headers                    []string
	}{
		{name: "wrong password", user: "alice", password: "x", want: "401"},
		{name: "unknown user", user: "nobody", password: "x", want: "401"},
		{name: "brief", user: "alice", password: "secret-alice", want: "423", headers: []string{"Expires: 5"}},
		{name: "star without expires", user: "alice", password: "secret-alice", want: "400", headers: []string{"Contact: *"}},
		{name: "other uri", user: "alice", password: "secret-alice", want: "400", change: func(s string) string { return strings.Replace(s, `uri="sip:home"`, `uri="sip:elsewhere"`, 1) }},
		{name: "auth-int", user: "alice", password: "secret-alice", want: "400", change: func(s string) string { return strings.Replace(s, "qop=auth", "qop=auth-int", 1) }},
		{name: "no qop", user: "alice", password: "secret-alice", want: "400", change: func(s string) string { return strings.Replace(s, "qop=auth, ", "", 1) }},
		{name: "unknown algorithm", user: "alice", password: "secret-alice", want: "400", change: func(s string) string { return strings.Replace(s, "SHA-256", "SHA-1", 1) }},
		{name: "other realm", user: "alice", password: "secret-alice", want: "401", change: func(s string) string { return strings.Replace(s, `realm="home"`, `realm="away"`, 1) }},
		{name: "fetch", user: "alice", password: "secret-alice", want: "200"},
	} {
		q := newPeer(t, a)
		m := q.register(c.user, c.password, 10, c.change, c.headers...)
		if !strings.HasPrefix(m.start, "SIP/2.0 "+c.want) {
			t.Errorf("%s: got %s, want %s", c.name, m.start, c.want)
		}
	}
	p.request("REGISTER", "sip:home", "regalice", "f", "<sip:alice@home>", 50, "")
	m := p.until("SIP/2.0 401", "REGISTER")
	auth, _, _ := digestauth.Answer(m.all("WWW-Authenticate"), "REGISTER", "sip:home", "alice", "secret-alice")
	for i, want := range []string{"200", "401"} { // the second is a replay
		p.request("REGISTER", "sip:home", "regalice", "f", "<sip:alice@home>", 51+i, "", "Authorization: "+auth)
		m := p.until("SIP/2.0 ", "REGISTER")
		if !strings.HasPrefix(m.start, "SIP/2.0 "+want) || (want == "401") != strings.Contains(m.header("WWW-Authenticate"), "stale=true") {
			t.Errorf("use %d of a nonce got %s, %q", i+1, m.start, m.header("WWW-Authenticate"))
		}
	}
}

func TestRegisterStarRemovesAll(t *testing.T) {
	a, st := registrar(t)
	p := newPeer(t, a)
	p.register("alice", "secret-alice", 1, nil)
	_ = st.PutBinding(t.Context(), voice.Binding{Tenant: "1", Extension: "101", Contact: "sip:other@192.0.2.1", Expires: time.Now().Add(time.Hour)})
	text := "REGISTER sip:home SIP/2.0\r\nVia: SIP/2.0/UDP " + p.addr() + ";branch=z9hG4bKstar%d;rport\r\nFrom: <sip:alice@home>;tag=s\r\n" +
		"To: <sip:alice@home>\r\nCall-ID: star\r\nCSeq: %d REGISTER\r\nContact: *\r\nExpires: 0\r\n%sContent-Length: 0\r\n\r\n"
	p.send(fmt.Sprintf(text, 1, 1, ""))
	m := p.until("SIP/2.0 401", "REGISTER")
	auth, _, _ := digestauth.Answer(m.all("WWW-Authenticate")[1:], "REGISTER", "sip:home", "alice", "secret-alice") // MD5
	p.send(fmt.Sprintf(text, 2, 2, "Authorization: "+auth+"\r\n"))
	p.until("SIP/2.0 200", "REGISTER")
	if got, _ := st.Bindings(t.Context(), "1", "", time.Now()); len(got) != 0 {
		t.Errorf("bindings are left: %+v", got)
	}
}

func TestGuessing(t *testing.T) {
	a, _ := registrar(t)
	known := newPeer(t, a)
	if m := known.register("bob", "secret-bob", 1, nil); !strings.HasPrefix(m.start, "SIP/2.0 200") {
		t.Fatal(m.start)
	}
	blocked := 0
	for i := range 15 {
		p := newPeer(t, a)
		if m := p.register("alice", fmt.Sprint("guess", i), 1, nil); strings.HasPrefix(m.start, "SIP/2.0 503") {
			blocked++
		}
	}
	if blocked < 4 || blocked > 6 {
		t.Errorf("%d of 15 guesses were refused unseen, not 5", blocked)
	}
	// The right password is refused from there too, or guessing would go on.
	if m := newPeer(t, a).register("alice", "secret-alice", 1, nil); !strings.HasPrefix(m.start, "SIP/2.0 503") {
		t.Errorf("the right password got %s", m.start)
	}
	// A known phone is not locked out by it.
	if m := newPeer(t, a).register("bob", "secret-bob", 1, nil); !strings.HasPrefix(m.start, "SIP/2.0 200") {
		t.Errorf("the known phone got %s", m.start)
	}
}

func TestWhoCalls(t *testing.T) {
	a, _ := registrar(t)
	trunk := newPeer(t, a)
	a.SetTrunks([]voice.Trunk{trunkAt(trunk.addr(), "", "")})
	call := func(p *rawPeer, from string, cseq int, headers ...string) message {
		text := fmt.Sprintf("INVITE sip:1@home SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKw%d%s;rport\r\nFrom: <%s>;tag=w\r\nTo: <sip:1@home>\r\n"+
			"Call-ID: who%s\r\nCSeq: %d INVITE\r\nContact: <sip:x@%s>\r\n", p.addr(), cseq, from[4:8], from, p.addr()+from[4:8], cseq, p.addr())
		for _, h := range headers {
			text += h + "\r\n"
		}
		p.send(text + "Content-Length: 0\r\n\r\n")
		for {
			if m := p.until("SIP/2.0 ", "INVITE"); !strings.HasPrefix(m.start, "SIP/2.0 100") {
				return m
			}
		}
	}
	stranger := newPeer(t, a)
	if m := call(stranger, "sip:carol@elsewhere", 1); !strings.Contains(m.start, "anonymous") {
		t.Errorf("stranger got %s", m.start)
	}
	if m := call(stranger, "sip:nobody@home", 1); !strings.HasPrefix(m.start, "SIP/2.0 401") {
		t.Errorf("an unknown name in our domain got %s", m.start)
	}
	if m := call(stranger, "sip:caller@127.0.0.1", 1); !strings.Contains(m.start, "anonymous") {
		t.Errorf("a caller on the same machine got %s", m.start)
	}
	if m := call(trunk, "sip:+4612345@carrier", 1); !strings.Contains(m.start, "trunk") {
		t.Errorf("trunk got %s", m.start)
	}
	for _, c := range []struct{ from, want string }{{"sip:alice@home", "extension 101"}, {"sip:bob@home", "403"}} {
		p := newPeer(t, a)
		m := call(p, c.from, 1)
		if !strings.HasPrefix(m.start, "SIP/2.0 401") {
			t.Fatalf("extension's name got %s", m.start)
		}
		auth, _, _ := digestauth.Answer(m.all("WWW-Authenticate"), "INVITE", "sip:1@home", "alice", "secret-alice")
		if m := call(p, c.from, 2, "Authorization: "+auth); !strings.Contains(m.start, c.want) {
			t.Errorf("alice as %s got %s", c.from, m.start)
		}
	}
}

func TestCallToRegisteredPhone(t *testing.T) {
	a, st := registrar(t)
	p := newPeer(t, a)
	p.register("alice", "secret-alice", 1, nil)
	b, _ := st.Bindings(t.Context(), "1", "101", time.Now())
	done := make(chan error, 1)
	go func() {
		_, err := a.Dial(t.Context(), sipua.Target{Binding: &b[0], From: "102", FromName: `Bob "the\ phone"`}, sdp(5000), nil)
		done <- err
	}()
	inv := p.until("INVITE sip:raw@", "INVITE")
	if from := inv.header("From"); !strings.Contains(from, `"Bob the phone" <sip:102@`) {
		t.Errorf("From is %q", from)
	}
	p.respond(inv, 486, "Busy Here", "b", "")
	p.until("ACK ", "ACK")
	if f, ok := sipua.FailureOf(receive(t, done, "dial's end")); !ok || f.Cause != voice.CauseBusy {
		t.Errorf("dial ended with %+v", f)
	}
}
