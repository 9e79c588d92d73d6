package sipua_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// rawPeer is a UDP socket that speaks SIP by hand.
type rawPeer struct {
	t    *testing.T
	conn *net.UDPConn
	to   *net.UDPAddr
	next int
}

// message is one parsed message as text.
type message struct {
	start   string
	headers []string
	body    string
	at      time.Time
	from    *net.UDPAddr
}

func newPeer(t *testing.T, a *sipua.Agent) *rawPeer {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := &rawPeer{t: t, conn: conn}
	if a != nil {
		p.to = net.UDPAddrFromAddrPort(a.Addr())
	}
	return p
}

func (p *rawPeer) addr() string { return p.conn.LocalAddr().String() }

func (p *rawPeer) send(text string) {
	p.t.Helper()
	if _, err := p.conn.WriteToUDP([]byte(text), p.to); err != nil {
		p.t.Fatal(err)
	}
}

// request writes a request. headers are whole lines.
func (p *rawPeer) request(method, target, callID, fromTag, to string, cseq int, body string, headers ...string) string {
	p.next++
	branch := fmt.Sprintf("z9hG4bKraw%d%s", p.next, callID)
	text := fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:raw@%s>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:raw@%s>\r\n",
		method, target, p.addr(), branch, p.addr(), fromTag, to, callID, cseq, method, p.addr())
	for _, h := range headers {
		text += h + "\r\n"
	}
	if body != "" && !strings.Contains(strings.Join(headers, "\n"), "Content-Type") {
		text += "Content-Type: application/sdp\r\n"
	}
	text += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	p.send(text)
	return branch
}

// read waits for one message; ok false when none came in time.
func (p *rawPeer) read(within time.Duration) (message, bool) {
	p.t.Helper()
	b := make([]byte, 65535)
	_ = p.conn.SetReadDeadline(time.Now().Add(within))
	n, from, err := p.conn.ReadFromUDP(b)
	if err != nil {
		return message{}, false
	}
	m := message{at: time.Now(), from: from}
	head, body, _ := strings.Cut(string(b[:n]), "\r\n\r\n")
	m.body = body
	s := bufio.NewScanner(strings.NewReader(head))
	for s.Scan() {
		if m.start == "" {
			m.start = s.Text()
		} else {
			m.headers = append(m.headers, s.Text())
		}
	}
	return m, true
}

// until reads messages until one starts with prefix and has the CSeq method.
func (p *rawPeer) until(prefix, method string) message {
	p.t.Helper()
	end := time.Now().Add(wait)
	for time.Now().Before(end) {
		m, ok := p.read(time.Until(end))
		if ok && strings.HasPrefix(m.start, prefix) && strings.HasSuffix(m.header("CSeq"), " "+method) {
			return m
		}
	}
	p.t.Fatalf("no message %q for %s came", prefix, method)
	return message{}
}

func (m message) header(name string) string {
	for _, h := range m.headers {
		n, v, _ := strings.Cut(h, ":")
		if strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (m message) all(name string) []string {
	var out []string
	for _, h := range m.headers {
		if n, v, _ := strings.Cut(h, ":"); strings.EqualFold(n, name) {
			out = append(out, strings.TrimSpace(v))
		}
	}
	return out
}

// respond answers a request by hand.
func (p *rawPeer) respond(m message, status int, reason, tag, body string, headers ...string) {
	p.t.Helper()
	text := fmt.Sprintf("SIP/2.0 %d %s\r\n", status, reason)
	for _, v := range m.all("Via") {
		text += "Via: " + v + "\r\n"
	}
	to := m.header("To")
	if tag != "" && !strings.Contains(to, "tag=") {
		to += ";tag=" + tag
	}
	text += "From: " + m.header("From") + "\r\nTo: " + to + "\r\nCall-ID: " + m.header("Call-ID") + "\r\nCSeq: " + m.header("CSeq") + "\r\n"
	for _, h := range headers {
		text += h + "\r\n"
	}
	if body != "" {
		text += "Content-Type: application/sdp\r\n"
	}
	text += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	if _, err := p.conn.WriteToUDP([]byte(text), m.from); err != nil {
		p.t.Fatal(err)
	}
}

func TestAnswerIsRepeatedUntilAckThenBye(t *testing.T) {
	words := make(chan string, 1)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		answering(4000, nil)(inc)
		_, w := inc.Cause()
		if why := inc.Reason(); why != voice.EndNoConfirm {
			t.Errorf("ended for %q", why)
		}
		words <- w
	}})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "rep", "f", "<sip:1@x>", 1, string(sdp(5000)))
	first := p.until("SIP/2.0 200", "INVITE")
	var gaps []time.Duration
	last := first.at
	for {
		m, ok := p.read(wait)
		if !ok {
			t.Fatal("no BYE came")
		}
		if strings.HasPrefix(m.start, "BYE ") {
			p.respond(m, 200, "OK", "", "")
			break
		}
		gaps = append(gaps, m.at.Sub(last))
		last = m.at
	}
	// T1 is 50 ms and T2 200 ms here, 64*T1 3.2 s: about 18 repetitions.
	if len(gaps) < 12 || len(gaps) > 20 {
		t.Errorf("the 200 was repeated %d times after %v", len(gaps), gaps)
	}
	if !strings.Contains(receive(t, words, "the end"), "acknowledged") {
		t.Error("the cause does not name the missing ACK")
	}
}

func TestRetransmittedInviteIsOneCall(t *testing.T) {
	calls := make(chan struct{}, 8)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		calls <- struct{}{}
		answering(4000, nil)(inc)
	}})
	p := newPeer(t, a)
	body := string(sdp(5000)) // its session id is drawn anew each time
	text := "INVITE " + uri("1", a) + " SIP/2.0\r\nVia: SIP/2.0/UDP " + p.addr() + ";branch=z9hG4bKsame;rport\r\n" +
		"From: <sip:x@y>;tag=1\r\nTo: <sip:1@x>\r\nCall-ID: same\r\nCSeq: 1 INVITE\r\nContact: <sip:x@" + p.addr() + ">\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	for range 3 {
		p.send(text)
	}
	// The same request by another way is a loop.
	p.send(strings.Replace(text, "z9hG4bKsame", "z9hG4bKother", 1))
	p.until("SIP/2.0 482", "INVITE")
	m := p.until("SIP/2.0 200", "INVITE")
	p.request("ACK", uri("1", a), "same", "1", m.header("To"), 1, "")
	p.request("BYE", uri("1", a), "same", "1", m.header("To"), 2, "")
	p.until("SIP/2.0 200", "BYE")
	if len(calls) != 1 {
		t.Errorf("the handler was called %d times", len(calls))
	}
}

func TestAnswersWithoutDialog(t *testing.T) {
	st := newStore("home", "alice")
	a := start(t, sipua.Config{Realm: "home", Extensions: st, Bindings: st, Handler: answering(4000, nil)})
	for _, c := range []struct {
		method, to string
		headers    []string
		want       string
	}{
		{"OPTIONS", "<sip:1@x>", nil, "200"},
		{"BYE", "<sip:1@x>;tag=nobody", nil, "481"},
		{"BYE", "<sip:1@x>", nil, "481"},
		{"CANCEL", "<sip:1@x>", nil, "481"},
		{"INFO", "<sip:1@x>;tag=nobody", nil, "481"},
		{"UPDATE", "<sip:1@x>;tag=nobody", nil, "481"},
		{"PRACK", "<sip:1@x>;tag=nobody", nil, "481"},
		{"REFER", "<sip:1@x>", []string{"Refer-To: <sip:+900@evil>"}, "403"},
		{"MESSAGE", "<sip:1@x>", nil, "405"},
		{"NOTIFY", "<sip:1@x>", nil, "481"},
		{"SUBSCRIBE", "<sip:1@x>", []string{"Event: presence"}, "489"},
		{"PUBLISH", "<sip:1@x>", []string{"Event: presence"}, "489"},
		{"FROB", "<sip:1@x>", nil, "501"},
		{"INVITE", "<sip:1@x>", []string{"Require: frobnicate"}, "420"},
		{"INVITE", "<sip:1@x>", []string{"Replaces: a;to-tag=b;from-tag=c"}, "481"},
		{"INVITE", "<sip:1@x>", []string{"Max-Forwards: 0"}, "400"}, // given twice
		{"REGISTER", "<sip:alice@home>", nil, "401"},
		{"REGISTER", "<sip:alice@home>", []string{`Authorization: Digest realm="home"`}, "400"},
		{"REGISTER", "<sip:alice@home>", []string{"Authorization: Basic YTpi"}, "401"},
	} {
		p := newPeer(t, a)
		p.request(c.method, uri("1", a), "c"+c.method, "f", c.to, 1, "", c.headers...)
		if m := p.until("SIP/2.0 ", c.method); !strings.HasPrefix(m.start, "SIP/2.0 "+c.want) {
			t.Errorf("%s %v got %q, want %s", c.method, c.headers, m.start, c.want)
		}
	}
}

func TestBodies(t *testing.T) {
	a := start(t, sipua.Config{Handler: answering(4000, nil)})
	multi := "--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\nContent-Type: application/sdp\r\n\r\n" + string(sdp(5000)) + "\r\n--b--\r\n"
	for i, c := range []struct {
		kind, body, want string
	}{
		{"application/sdp", "v=1\r\n", "400"},
		{"application/sdp", strings.Replace(string(sdp(5000)), "RTP/AVP 0 8 9 101", "RTP/AVP 18", 1), "488"},
		{"application/sdp", strings.Replace(string(sdp(5000)), "127.0.0.1\r\nt", "224.1.1.1\r\nt", 1), "488"},
		{"text/plain", "hello", "415"},
		{"multipart/mixed;boundary=b", multi, "200"},
		{"multipart/mixed;boundary=", multi, "415"},
		{"multipart/mixed;boundary=" + strings.Repeat("x", 7000), multi, "400"},
		{"multipart/mixed;boundary=b", multi[:60], "415"},
	} {
		p := newPeer(t, a)
		p.request("INVITE", uri("1", a), fmt.Sprint("body", i), "f", "<sip:1@x>", 1, c.body, "Content-Type: "+c.kind)
		for {
			m := p.until("SIP/2.0 ", "INVITE")
			if strings.HasPrefix(m.start, "SIP/2.0 1") {
				continue
			}
			if !strings.HasPrefix(m.start, "SIP/2.0 "+c.want) {
				t.Errorf("body %d of %s got %q, want %s", i, c.kind[:min(len(c.kind), 40)], m.start, c.want)
			}
			if c.want == "200" {
				p.request("ACK", uri("1", a), fmt.Sprint("body", i), "f", m.header("To"), 1, "")
			}
			break
		}
	}
}

func TestForkedCall(t *testing.T) {
	client := start(t, sipua.Config{})
	p := newPeer(t, nil)
	done := make(chan error, 1)
	var d *sipua.Dialog
	go func() {
		var err error
		d, err = client.Dial(t.Context(), sipua.Target{URI: "sip:x@" + p.addr()}, sdp(5000), nil)
		done <- err
	}()
	inv := p.until("INVITE ", "INVITE")
	contact := "Contact: <sip:x@" + p.addr() + ">"
	p.respond(inv, 180, "Ringing", "one", "", contact)
	p.respond(inv, 180, "Ringing", "two", "", contact)
	p.respond(inv, 200, "OK", "two", string(sdp(6000)), contact)
	if err := receive(t, done, "the answer"); err != nil {
		t.Fatal(err)
	}
	if ack := p.until("ACK ", "ACK"); !strings.Contains(ack.header("To"), "tag=two") || !strings.HasPrefix(ack.header("CSeq"), strings.Fields(inv.header("CSeq"))[0]+" ") {
		t.Errorf("ACK went to %q with %q", ack.header("To"), ack.header("CSeq"))
	}
	// Our ACK was lost: the 200 comes again. Then the other fork answers too.
	p.respond(inv, 200, "OK", "two", string(sdp(6000)), contact)
	p.until("ACK ", "ACK")
	p.respond(inv, 200, "OK", "one", string(sdp(7000)), contact)
	seen := map[string]bool{}
	for len(seen) < 2 {
		m, ok := p.read(wait)
		if !ok {
			t.Fatalf("after the second 200 only %v came", seen)
		}
		method, _, _ := strings.Cut(m.start, " ")
		if strings.Contains(m.header("To"), "tag=one") && (method == "ACK" || method == "BYE") {
			seen[method] = true
			if method == "BYE" {
				p.respond(m, 200, "OK", "", "")
			}
		}
	}
	select {
	case <-d.Done():
		t.Error("the call that was answered first has ended")
	default:
	}
}

func TestCancelCrosses200(t *testing.T) {
	client := start(t, sipua.Config{})
	p := newPeer(t, nil)
	ctx, cancel := contextWithCancel(t)
	done := make(chan error, 1)
	go func() {
		_, err := client.Dial(ctx, sipua.Target{URI: "sip:x@" + p.addr()}, sdp(5000), nil)
		done <- err
	}()
	inv := p.until("INVITE ", "INVITE")
	p.respond(inv, 180, "Ringing", "one", "", "Contact: <sip:x@"+p.addr()+">")
	cancel()
	if err := receive(t, done, "dial's end"); err == nil {
		t.Fatal("dial succeeded")
	}
	c := p.until("CANCEL ", "CANCEL")
	if c.header("Via") != inv.header("Via") || strings.Fields(c.header("CSeq"))[0] != strings.Fields(inv.header("CSeq"))[0] {
		t.Errorf("CANCEL has Via %q, CSeq %q", c.header("Via"), c.header("CSeq"))
	}
	p.respond(c, 200, "OK", "one", "")
	p.respond(inv, 200, "OK", "one", string(sdp(6000)), "Contact: <sip:x@"+p.addr()+">")
	p.until("ACK ", "ACK")
	p.respond(p.until("BYE ", "BYE"), 200, "OK", "", "")
}

// B-15: a peer that challenges every INVITE anew.
func TestAtMostThreeAuthTries(t *testing.T) {
	client := start(t, sipua.Config{})
	p := newPeer(t, nil)
	trunk := trunkAt(p.addr(), "me", "pw")
	done := make(chan error, 1)
	go func() {
		_, err := client.Dial(t.Context(), sipua.Target{Trunk: &trunk, User: "1"}, sdp(5000), nil)
		done <- err
	}()
	invites := 0
	for {
		m, ok := p.read(wait)
		if !ok {
			t.Fatal("nothing came")
		}
		if strings.HasPrefix(m.start, "INVITE ") {
			invites++
			p.respond(m, 401, "Unauthorized", "t", "", fmt.Sprintf(`WWW-Authenticate: Digest realm="r", nonce="n%d", qop="auth", algorithm=MD5`, invites))
			if invites == 3 {
				break
			}
		}
	}
	err := receive(t, done, "dial's end")
	if f, ok := sipua.FailureOf(err); !ok || f.Status != 401 {
		t.Errorf("dial gave %v", err)
	}
}

// B-27: a called party that asks for the credentials of another realm.
func TestNoCredentialsToStrangers(t *testing.T) {
	client := start(t, sipua.Config{})
	p := newPeer(t, nil)
	trunk := trunkAt(p.addr(), "me", "pw")
	done := make(chan *sipua.Dialog, 1)
	go func() {
		d, err := client.Dial(t.Context(), sipua.Target{Trunk: &trunk, User: "1"}, sdp(5000), nil)
		if err != nil {
			t.Error(err)
		}
		done <- d
	}()
	inv := p.until("INVITE ", "INVITE")
	p.respond(inv, 407, "Proxy Authentication Required", "t", "", `Proxy-Authenticate: Digest realm="trunk", nonce="a", qop="auth"`)
	inv = p.until("INVITE ", "INVITE")
	for inv.header("Proxy-Authorization") == "" {
		inv = p.until("INVITE ", "INVITE")
	}
	p.respond(inv, 200, "OK", "t2", string(sdp(6000)), "Contact: <sip:x@"+p.addr()+">")
	d := receive(t, done, "the call")
	if d == nil {
		t.FailNow()
	}
	p.until("ACK ", "ACK")
	d.Hangup("normal", "")
	bye := p.until("BYE ", "BYE")
	p.respond(bye, 401, "Unauthorized", "", "", `WWW-Authenticate: Digest realm="other", nonce="b", qop="auth"`)
	for {
		m, ok := p.read(300 * time.Millisecond)
		if !ok {
			return
		}
		if m.header("Authorization") != "" {
			t.Errorf("credentials were sent to another realm: %q", m.header("Authorization"))
		}
	}
}
