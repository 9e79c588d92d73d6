package sipua_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/sipua/transact"
)

// A-09 and B-18.
func TestContentLengthOverTCP(t *testing.T) {
	a := start(t, sipua.Config{})
	head := "OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKcl\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: cl\r\nCSeq: 1 OPTIONS\r\n"
	for i, lines := range []string{
		"", "Content-Length: -1\r\n", "Content-Length: +5\r\n", "Content-Length: 0x10\r\n", "Content-Length: 2147483648\r\n",
		"Content-Length: 18446744073709551616\r\n", "Content-Length: 3\r\nl: 4\r\n", "Content-Length: 1000000\r\n", "Content-Length:\r\n",
	} {
		c, err := net.Dial("tcp", a.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(wait))
		fmt.Fprint(c, head+lines+"\r\n")
		r := bufio.NewReader(c)
		status, _, err := finalOf(r)
		if err != nil || (status != 400 && status != 513) {
			t.Errorf("%q got %d, %v", lines, status, err)
		}
		if _, err := r.ReadByte(); err != io.EOF {
			t.Errorf("after %q the connection stays open: %v", lines, err)
		}
		_ = c.Close()
		ping(t, a, 1000+i)
	}
}

//
func TestTCPPiecesAndKeepAlive(t *testing.T) {
	a := start(t, sipua.Config{})
	c, err := net.Dial("tcp", a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(wait))
	fmt.Fprint(c, "\r\n\r\n")
	pong := make([]byte, 2)
	if _, err := io.ReadFull(c, pong); err != nil || string(pong) != "\r\n" {
		t.Errorf("keep-alive got %q, %v", pong, err)
	}
	text := fmt.Sprintf(pingRequest, "TCP", 9, 1, 1)
	for i := range len(text) {
		fmt.Fprint(c, text[i:i+1])
	}
	r := bufio.NewReader(c)
	if status, _, err := finalOf(r); status != 200 || err != nil {
		t.Errorf("a message in pieces got %d, %v", status, err)
	}
	fmt.Fprint(c, fmt.Sprintf(pingRequest, "TCP", 9, 2, 2)+fmt.Sprintf(pingRequest, "TCP", 9, 3, 3))
	for range 2 {
		if status, _, err := finalOf(r); status != 200 || err != nil {
			t.Errorf("two messages at once got %d, %v", status, err)
		}
	}
}

// connections without a message, and with half of one.
func TestIdleConnectionsAreClosed(t *testing.T) {
	a := start(t, sipua.Config{Limits: sipua.Limits{LimitLoopback: true, Wire: transact.Limits{
		FirstMessage: 150 * time.Millisecond, MessageComplete: 100 * time.Millisecond, PerAddress: 5, Rate: -1,
	}}})
	var conns []net.Conn
	for range 8 {
		c, err := net.Dial("tcp", a.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	fmt.Fprint(conns[0], "OPTIONS sip:x@y SIP/2.0\r\nVia:")
	for _, c := range conns {
		_ = c.SetDeadline(time.Now().Add(wait))
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("an idle connection said something")
		} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Error("an idle connection stays open")
		}
		_ = c.Close()
	}
	if n := a.Counters().Connections; n != 3 {
		t.Errorf("%d connections were refused, not 3", n)
	}
}

func TestSourceRate(t *testing.T) {
	a := start(t, sipua.Config{Limits: sipua.Limits{LimitLoopback: true, Wire: transact.Limits{Rate: 0.001, Burst: 20}}})
	p := newPeer(t, a)
	for i := range 100 {
		p.request("OPTIONS", "sip:x@y", fmt.Sprint("rate", i), "f", "<sip:x@y>", 1, "")
	}
	got := 0
	for {
		if _, ok := p.read(200 * time.Millisecond); !ok {
			break
		}
		got++
	}
	if got != 20 || a.Counters().Limited != 80 {
		t.Errorf("%d of 100 were answered, %d counted as dropped", got, a.Counters().Limited)
	}
	// A request in a dialog is never held back.
	p.request("BYE", "sip:x@y", "rate", "f", "<sip:x@y>;tag=z", 1, "")
	p.until("SIP/2.0 481", "BYE")
}

func TestBrokenHeaders(t *testing.T) {
	a := start(t, sipua.Config{Handler: answering(4000, nil)})
	base := []string{
		"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKbh%d;rport", "From: <sip:x@y>;tag=1", "To: <sip:x@y>", "Call-ID: bh%d", "CSeq: 1 INVITE",
		"Contact: <sip:x@127.0.0.1>", "Max-Forwards: 70",
	}
	var variants []string
	for i := range base {
		without := append(append([]string{}, base[:i]...), base[i+1:]...)
		variants = append(variants, strings.Join(without, "\r\n"))
		variants = append(variants, strings.Join(append(append([]string{}, base...), base[i]), "\r\n"))
		name, _, _ := strings.Cut(base[i], ":")
		for _, v := range []string{"", " ", ";", "<", `"`, "<>", "<sip:", "sip:@", ",", "\x01", "%", "%zz", "*", "1 2 3", strings.Repeat("a", 9000)} {
			variants = append(variants, strings.Join(append(append([]string{}, without...), name+": "+v), "\r\n"))
		}
	}
	for _, extra := range []string{
		"X-H\x00: 1", "X\x01: 1", "X H: 1", ": 1", "X-A: a\nX-B: b", "X-A: a\rX-B: b", "Content-Length: 99999", "Content-Length: -1",
		"Contact: <sip:.1>", "Contact: <sip:[.1]>", "Record-Route: <sip:.1;lr>", "Record-Route: <", "Route: <sip:%>", "Session-Expires: x;refresher=", "Min-SE: -1",
		"Supported: " + strings.Repeat("a,", 3000), strings.Repeat("Accept: a/b\r\n", 500) + "X: y", strings.Repeat("Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\n", 500) + "X: y",
		"CSeq: 1 " + strings.Repeat("A", 8000), "RAck: 1", "Replaces: x", "Authorization: Digest " + strings.Repeat("a=b,", 900),
	} {
		variants = append(variants, strings.Join(append(append([]string{}, base...), extra), "\r\n"))
	}
	p := newPeer(t, a)
	for i, v := range variants {
		for _, uri := range []string{"sip:x@y", "sip:x@y%", "sip:%00@[::1", "sip:", "tel:+1"} {
			p.send("INVITE " + uri + " SIP/2.0\r\n" + strings.ReplaceAll(v, "%d", fmt.Sprint(i)) + "\r\n\r\n")
		}
	}
	q := newPeer(t, a)
	q.request("OPTIONS", "sip:x@y", "after", "f", "<sip:x@y>", 1, "")
	q.until("SIP/2.0 200", "OPTIONS")
	if n := a.Counters().Panics; n != 0 {
		t.Errorf("%d panics were caught", n)
	}
}
