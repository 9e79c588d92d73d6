package sipua_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tandem/internal/certs/certtest"
	"tandem/internal/sipua"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// securely lets an agent listen by TLS and WebSocket; trust takes its certificate.
func securely(t *testing.T, cfg sipua.Config) (_ sipua.Config, trust *tls.Config) {
	t.Helper()
	ca := certtest.New(t, "authority")
	cfg.TLS, cfg.WS, cfg.WSS = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.ServerTLS = &tls.Config{Certificates: []tls.Certificate{ca.Issue(nil, "127.0.0.1").TLS}}
	return cfg, &tls.Config{RootCAs: ca.Pool(), ServerName: "127.0.0.1"}
}

// B-04 and B-09 over TLS and WebSocket: half of what was begun, and INVITEs on
// connections that are reset: nothing stays, no call either.
func TestHostileSecureResets(t *testing.T) {
	cfg, trust := securely(t, hostileConfig())
	a := besieged(t, cfg)
	at, _ := a.Listens("tls")
	ws, _ := a.Listens("ws")
	wss, _ := a.Listens("wss")
	body := string(sdp(5000))
	invite := func(id, transport string) []byte {
		return asks("INVITE").set("Via", "SIP/2.0/"+transport+" 127.0.0.1:9;branch=z9hG4bK"+id+";rport").set("Call-ID", id).with("application/sdp", body)
	}
	for i := range soak(20, 500) {
		c, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		s := tls.Client(c, trust)
		if err := s.Handshake(); err != nil {
			t.Fatal(err)
		}
		for j := range 10 {
			_, _ = s.Write(invite(fmt.Sprintf("tls%d.%d", i, j), "TLS"))
		}
		if i%2 == 0 { // and half of another
			_, _ = s.Write(invite("half", "TLS")[:200])
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()

		url, transport := "ws://"+ws.String(), "WS"
		if i%2 == 0 {
			url, transport = "wss://"+wss.String(), "WSS"
		}
		var raw *net.TCPConn
		web := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				raw = c.(*net.TCPConn)
			}
			return c, err
		}}}
		w, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: []string{"sip"}, HTTPClient: web})
		if err != nil {
			t.Fatal(err)
		}
		for j := range 10 {
			_ = w.Write(t.Context(), websocket.MessageText, invite(fmt.Sprintf("ws%d.%d", i, j), transport))
		}
		_ = raw.SetLinger(0)
		_ = w.CloseNow()

		h, err := net.Dial("tcp", at.String()) // half a handshake, closed on one side
		if err != nil {
			t.Fatal(err)
		}
		_, _ = h.Write([]byte{0x16, 3, 1, 2, 0, 1, 0})
		_ = h.(*net.TCPConn).CloseWrite()
		defer h.Close()
	}
}

// D-08 and D-09: more handshakes than are served, and connections that say nothing; calls
// beside them go on, and who floods is held to his share.
func TestHostileSecureFlood(t *testing.T) {
	cfg, trust := securely(t, hostileConfig())
	cfg.Limits.Wire = transact.Limits{PerAddress: 32, Handshake: time.Second}
	a := besieged(t, cfg)
	at, _ := a.Listens("tls")
	ws, _ := a.Listens("ws")
	cfg.Limits.LimitLoopback = true
	limited := start(t, cfg) // who floods there is not exempt, as one on loopback is
	there, _ := limited.Listens("tls")
	stop := make(chan struct{})
	done := make(chan int)
	for range 4 {
		go func() {
			n := 0
			for {
				select {
				case <-stop:
					done <- n
					return
				default:
				}
				if c, err := tls.DialWithDialer(&net.Dialer{Timeout: 2 * time.Second}, "tcp", there.String(), trust); err == nil {
					n++
					_ = c.Close()
				}
			}
		}()
	}
	var idle []net.Conn
	for range soak(100, 2000) {
		for _, addr := range []string{at.String(), ws.String()} {
			if c, err := net.Dial("tcp", addr); err == nil {
				idle = append(idle, c)
			}
		}
	}
	for i := range 20 {
		ping(t, a, i)
	}
	wholeCall(t, a)
	close(stop)
	served := 0
	for range 4 {
		served += <-done
	}
	if n := limited.Counters().Limited; n == 0 {
		t.Errorf("of a flood of handshakes %d were served, and none refused", served)
	}
	for _, c := range idle {
		_ = c.Close()
	}
}

// webPhone is a telephone by WebSocket.
type webPhone struct {
	*websocket.Conn
	t *testing.T
}

func (w *webPhone) say(text string) {
	w.t.Helper()
	if err := w.Write(w.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

// until reads until a message begins so.
func (w *webPhone) until(prefix string) message {
	w.t.Helper()
	for {
		_, b, err := w.Read(bounded(w.t))
		if err != nil {
			w.t.Fatalf("waiting for %q: %v", prefix, err)
		}
		head, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
		lines := strings.Split(string(head), "\r\n")
		if strings.HasPrefix(lines[0], prefix) {
			return message{start: lines[0], headers: lines[1:]}
		}
	}
}

func (w *webPhone) ask(method, id string, cseq int, more ...string) {
	w.t.Helper()
	w.say(fmt.Sprintf("%s sip:home SIP/2.0\r\nVia: SIP/2.0/WS abc.invalid;branch=z9hG4bK%s%d\r\nMax-Forwards: 70\r\nFrom: <sip:alice@home>;tag=1\r\nTo: <sip:alice@home>\r\n"+
		"Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:alice@abc.invalid;transport=ws>\r\n%s\r\n", method, id, cseq, id, cseq, method, strings.Join(append(more, ""), "\r\n")))
}

// TestTelephoneByWebSocket registers, is called by its own connection and by nothing else,
// and its registration ends with that; so do calls that it waits for.
func TestTelephoneByWebSocket(t *testing.T) {
	cfg := home()
	st := cfg.Bindings.(*store)
	notes, arrived := make(chan string, 4), make(chan *sipua.Incoming, 1)
	cfg.Handler = func(inc *sipua.Incoming) {
		inc.OnMessage(func(m sipua.Message) {
			if m.Note != "" {
				notes <- m.Note
			}
		})
		arrived <- inc
		<-inc.Done()
	}
	cfg, _ = securely(t, cfg)
	a := start(t, cfg)
	at, _ := a.Listens("ws")
	c, _, err := websocket.Dial(t.Context(), "ws://"+at.String(), &websocket.DialOptions{Subprotocols: []string{"sip"}})
	if err != nil {
		t.Fatal(err)
	}
	w := &webPhone{c, t}
	w.ask("REGISTER", "reg", 1)
	auth := proof(t, w.until("SIP/2.0 401").all("WWW-Authenticate")[0], "REGISTER", "sip:home", "secret-alice")
	w.ask("REGISTER", "reg", 2, "Authorization: "+auth)
	w.until("SIP/2.0 200")
	b, _ := st.Bindings(t.Context(), "1", "101", time.Now())
	if len(b) != 1 || b[0].Transport != "ws" {
		t.Fatalf("registered: %+v", b)
	}

	done := make(chan error, 1)
	go func() {
		_, err := a.Dial(t.Context(), sipua.Target{Binding: &b[0], From: "102"}, sdp(5000), nil)
		done <- err
	}()
	inv := w.until("INVITE sip:alice@abc.invalid;transport=ws")
	if via, contact := inv.header("Via"), inv.header("Contact"); !strings.HasPrefix(via, "SIP/2.0/WS ") || !strings.Contains(contact, ";transport=ws") {
		t.Errorf("Via %q, Contact %q", via, contact)
	}
	w.say(strings.Replace("SIP/2.0 180 Ringing\r\nVia: V\r\nFrom: "+inv.header("From")+"\r\nTo: "+inv.header("To")+";tag=2\r\nCall-ID: "+inv.header("Call-ID")+"\r\nCSeq: "+inv.header("CSeq")+"\r\nContact: <sip:alice@abc.invalid;transport=ws>\r\n\r\n", "V", inv.header("Via"), 1))
	w.ask("INVITE", "call", 1) // and it calls, while it is rung
	auth = proof(t, w.until("SIP/2.0 401").all("WWW-Authenticate")[0], "INVITE", "sip:home", "secret-alice")
	w.say("ACK sip:home SIP/2.0\r\nVia: SIP/2.0/WS abc.invalid;branch=z9hG4bKcall1\r\nFrom: <sip:alice@home>;tag=1\r\nTo: <sip:alice@home>;tag=x\r\nCall-ID: call\r\nCSeq: 1 ACK\r\n\r\n")
	w.ask("INVITE", "call", 2, "Authorization: "+auth)
	inc := receive(t, arrived, "the call")

	_ = c.CloseNow() // its page is closed
	if f, ok := sipua.FailureOf(receive(t, done, "the end of the ringing")); !ok || !strings.Contains(f.Error(), "the connection was closed") {
		t.Errorf("the ringing ended with %+v", f)
	}
	if note := receive(t, notes, "word of the connection"); !strings.Contains(note, "was closed") {
		t.Errorf("the timeline says %q", note)
	}
	receive(t, inc.Done(), "the end of its call")
	if cause, words := inc.Cause(); cause != voice.CauseCancelled || words != "the caller's connection was closed" {
		t.Errorf("its call ended: %s, %s", cause, words)
	}
	for end := time.Now().Add(wait); len(b) > 0; b, _ = st.Bindings(t.Context(), "1", "101", time.Now()) {
		if time.Now().After(end) {
			t.Fatalf("still registered: %+v", b)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// TestRegistrationsEndWithTheProcess has what came by connections of before the start forgotten.
func TestRegistrationsEndWithTheProcess(t *testing.T) {
	cfg := home()
	st := cfg.Bindings.(*store)
	for i, transport := range []string{"udp", "tcp", "tls", "ws", "wss"} {
		b := voice.Binding{Tenant: "1", Extension: "101", Contact: fmt.Sprintf("sip:%d@192.0.2.1", i), Source: "192.0.2.1:5060", Transport: transport, Expires: time.Now().Add(time.Hour)}
		_ = st.PutBinding(t.Context(), b)
		cfg.Bound = append(cfg.Bound, b)
	}
	start(t, cfg)
	for end := time.Now().Add(wait); ; <-time.After(5 * time.Millisecond) {
		left, _ := st.Bindings(t.Context(), "1", "101", time.Now())
		if len(left) == 2 && left[0].Transport == "udp" && left[1].Transport == "tcp" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("left: %+v", left)
		}
	}
}
