package transact_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tandem/internal/certs/certtest"
	"tandem/internal/sipua/transact"
)

// dialWS connects as a page of an origin.
func dialWS(t *testing.T, url, origin string, c *http.Client, protocols ...string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	head := http.Header{}
	if origin != "" {
		head.Set("Origin", origin)
	}
	return websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: head, Subprotocols: protocols, HTTPClient: c})
}

const wsOptions = "OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/WS abc.invalid;branch=z9hG4bK%d\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\n\r\n"

// asks sends an OPTIONS by a WebSocket and reads its answer.
func asks(t *testing.T, c *websocket.Conn, n int, kind websocket.MessageType) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.Write(ctx, kind, fmt.Appendf(nil, wsOptions, n, n)); err != nil {
		t.Fatal(err)
	}
	_, b, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(b); !strings.HasPrefix(got, "SIP/2.0 200 OK\r\n") || !strings.Contains(got, "received=127.0.0.1") || !strings.HasSuffix(got, "\r\n\r\n") {
		t.Errorf("answer:\n%s", got)
	}
}

// TestWebSockets has SIP spoken by WebSocket on ports of its own and at a path of a web
// server, with TLS and without.
func TestWebSockets(t *testing.T) {
	ca := certtest.New(t, "authority")
	pair := ca.Issue(nil, "127.0.0.1")
	transports := make(chan string, 1)
	l := open(t, transact.Config{WS: "127.0.0.1:0", WSS: "127.0.0.1:0", ServerTLS: &tls.Config{Certificates: []tls.Certificate{pair.TLS}},
		Request: func(in *transact.Inbound) {
			transports <- in.Transport()
			_ = in.Reply(200, "OK")
		}})
	web := httptest.NewServer(l)
	defer web.Close()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}}}
	ws, _ := l.Listens("ws")
	wss, _ := l.Listens("wss")
	for url, want := range map[string]string{"ws://" + ws.String(): "ws", "wss://" + wss.String(): "wss", "ws" + strings.TrimPrefix(web.URL, "http") + "/sip": "ws"} {
		c, _, err := dialWS(t, url, "", client, "sip")
		if err != nil {
			t.Fatal(err)
		}
		if c.Subprotocol() != "sip" {
			t.Errorf("%s: the subprotocol is %q", url, c.Subprotocol())
		}
		asks(t, c, 1, websocket.MessageText)
		if got := <-transports; got != want {
			t.Errorf("%s: the request came by %s, not %s", url, got, want)
		}
		asks(t, c, 2, websocket.MessageBinary)
		<-transports
		if err := c.Write(t.Context(), websocket.MessageText, []byte("\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if _, b, err := c.Read(t.Context()); err != nil || string(b) != "\r\n" {
			t.Errorf("keep-alive is answered with %q, %v", b, err)
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
	left(t, l, 0)
}

// TestWebSocketWhoMay has pages of other hosts, and who speaks no SIP, refused.
func TestWebSocketWhoMay(t *testing.T) {
	l := open(t, transact.Config{WS: "127.0.0.1:0", Origins: []string{"https://shop.example"}})
	at, _ := l.Listens("ws")
	for name, c := range map[string]struct {
		origin    string
		protocols []string
		status    int
	}{
		"its own host's, of another port": {"https://127.0.0.1:8443", []string{"sip"}, 101},
		"one that is allowed":             {"https://shop.example", []string{"other", "sip"}, 101},
		"another's":                       {"https://crook.example", []string{"sip"}, 403},
		"one that ends alike":             {"https://crook.example?127.0.0.1", []string{"sip"}, 403},
		"one allowed, by another scheme":  {"http://shop.example", []string{"sip"}, 403},
		"null":                            {"null", []string{"sip"}, 403},
		"no SIP":                          {"", []string{"chat"}, 400},
		"nothing":                         {"", nil, 400},
	} {
		conn, res, err := dialWS(t, "ws://"+at.String(), c.origin, nil, c.protocols...)
		if err == nil {
			_ = conn.CloseNow()
		}
		if res == nil || res.StatusCode != c.status {
			t.Errorf("%s: %v, %v; not %d", name, res, err, c.status)
		}
	}
	res, err := http.Get("http://" + at.String())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("a plain GET: %s", res.Status)
	}
	left(t, l, 0)
}

// frames is a WebSocket spoken by hand.
type frames struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func byHand(t *testing.T, addr string) *frames {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	f := &frames{t, c, bufio.NewReader(c)}
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
	res, err := http.ReadResponse(f.r, nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatalf("%v %v", res, err)
	}
	if res.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Error("compression is agreed upon")
	}
	return f
}

// frame writes a masked frame whose header says size, whatever its payload is.
func (f *frames) frame(first byte, size uint64, payload string) error {
	head := []byte{first, 0x80 | 127}
	head = binary.BigEndian.AppendUint64(head, size)
	if size < 126 {
		head = []byte{first, 0x80 | byte(size)}
	}
	head = append(head, 0, 0, 0, 0)
	_, err := f.Write(append(head, payload...))
	return err
}

// closes reads until the end and gives the code of the close frame, 0 = none.
func (f *frames) closes(what string) (code uint16) {
	f.t.Helper()
	b, err := io.ReadAll(f.r)
	if err != nil && strings.Contains(err.Error(), "timeout") {
		f.t.Errorf("%s: the connection stays open", what)
	}
	for at := 0; at+4 <= len(b); at++ {
		if b[at] == 0x88 {
			code = binary.BigEndian.Uint16(b[at+2:])
		}
	}
	return code
}

// TestWebSocketHostile has frames and messages that no telephone sends (reliability
// D-09); a sound one is served beside them, and nothing is left of them.
func TestWebSocketHostile(t *testing.T) {
	l := open(t, transact.Config{WS: "127.0.0.1:0", Limits: transact.Limits{Handshake: time.Second, FirstMessage: 700 * time.Millisecond, MessageComplete: 500 * time.Millisecond}})
	at, _ := l.Listens("ws")
	addr := at.String()
	sound := func() {
		t.Helper()
		c, _, err := dialWS(t, "ws://"+addr, "", nil, "sip")
		if err != nil {
			t.Fatal(err)
		}
		asks(t, c, 1, websocket.MessageText)
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
	const text, binaryFrame, more, ping = 0x81, 0x82, 0x01, 0x89
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)

	f := byHand(t, addr)
	_ = f.frame(text, 64<<20, strings.Repeat("x", 20_000))
	if code := f.closes("a message of 64 MiB"); code != 1009 {
		t.Errorf("it is closed with %d, not 1009", code)
	}
	f = byHand(t, addr)
	_ = f.frame(binaryFrame, 1<<62, "x")
	f.closes("a message of 2^62 octets")
	f = byHand(t, addr) // fragments without end
	if f.frame(more, 1, "O") == nil {
		for range 200_000 {
			if f.frame(0x00, 1, "x") != nil {
				break
			}
		}
	}
	if code := f.closes("fragments without end"); code != 1009 && code != 0 {
		t.Errorf("they are closed with %d", code)
	}
	f = byHand(t, addr) // empty fragments, which add to nothing
	if f.frame(more, 0, "") == nil {
		for f.frame(0x00, 0, "") == nil {
		}
	}
	f.closes("empty fragments")
	f = byHand(t, addr) // pings, read by nobody
	for range 50_000 {
		if f.frame(ping, 100, strings.Repeat("p", 100)) != nil {
			break
		}
	}
	f.Close()
	f = byHand(t, addr)
	_ = f.frame(0xC1, 5, "abcde") // compressed, though that was not agreed upon
	f.closes("a compressed message")
	f = byHand(t, addr)
	_, _ = f.Write([]byte{0x81, 5, 'h', 'e', 'l', 'l', 'o'}) // not masked
	f.closes("a frame without a mask")
	f = byHand(t, addr)
	_ = f.frame(0x09, 5, "split") // a control frame in fragments
	f.closes("a ping in fragments")
	f = byHand(t, addr)
	_ = f.frame(0x83, 1, "x")
	f.closes("an unknown kind of frame")
	f = byHand(t, addr) // half a frame
	_ = f.frame(text, 400, "OPTIONS")
	f.closes("half a message")
	f = byHand(t, addr)
	f.closes("silence")
	f = byHand(t, addr)
	_ = f.frame(text, uint64(len("hello, world")), "hello, world")
	f.closes("no SIP at all")
	sound()

	slow, err := net.Dial("tcp", addr) // an HTTP header without end
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	_, _ = slow.Write([]byte("GET / HTTP/1.1\r\nHost: h\r\n"))
	_ = slow.SetDeadline(time.Now().Add(20 * time.Second))
	if b, err := io.ReadAll(slow); err != nil {
		t.Errorf("an HTTP request that does not end: %q %v", b, err)
	}
	sound()
	left(t, l, 0)
	var after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
}

// TestWebSocketFlood has more than may be of idle connections of one address.
func TestWebSocketFlood(t *testing.T) {
	l := open(t, transact.Config{WS: "127.0.0.1:0", Limits: transact.Limits{PerAddress: 16}})
	at, _ := l.Listens("ws")
	for range 100 {
		c, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	deadline := time.After(10 * time.Second)
	for l.Counters().Connections < 84 {
		select {
		case <-deadline:
			t.Fatalf("%d of 100 connections are refused", l.Counters().Connections)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if _, _, conns := l.Alive(); conns > 16 {
		t.Errorf("%d connections are open", conns)
	}
}

// TestWebSocketThatIsGone has a peer that answers no pings found, though its kernel lives.
func TestWebSocketThatIsGone(t *testing.T) {
	lost := make(chan transact.Dest, 1)
	l := open(t, transact.Config{WS: "127.0.0.1:0", Lost: func(d transact.Dest) { lost <- d },
		Limits: transact.Limits{Ping: 50 * time.Millisecond, MessageComplete: 200 * time.Millisecond}})
	at, _ := l.Listens("ws")
	f := byHand(t, at.String())
	said := []byte(fmt.Sprintf(wsOptions, 1, 1))
	head := binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(len(said)))
	if _, err := f.Write(append(append(head, 0, 0, 0, 0), said...)); err != nil {
		t.Fatal(err)
	}
	select {
	case d := <-lost:
		if d.Transport != "ws" || d.Addr.String() != f.LocalAddr().String() {
			t.Errorf("%v was lost", d)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it is taken to be there")
	}
}
