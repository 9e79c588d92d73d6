package sipua_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"tandem/internal/sipua"
)

// FuzzWire sends arbitrary datagrams to a live agent; it must not panic and
// must answer OPTIONS afterwards.
func FuzzWire(f *testing.F) {
	st := newStore("home", "alice")
	a, err := sipua.Start(f.Context(), sipua.Config{Listen: "127.0.0.1:0", Realm: "home", Extensions: st, Bindings: st, Handler: answering(4000, nil)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = a.Close() })
	body := sdp(5000)
	for _, method := range []string{"INVITE", "REGISTER", "BYE", "OPTIONS", "ACK", "CANCEL", "PRACK"} {
		f.Add([]byte(method + " sip:alice@home SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKfz;rport\r\nMax-Forwards: 70\r\n" +
			"From: \"A\" <sip:a@b>;tag=1\r\nTo: <sip:alice@home>\r\nCall-ID: fz\r\nCSeq: 1 " + method + "\r\nContact: <sip:a@127.0.0.1:9>;expires=60\r\n" +
			"Supported: 100rel, timer\r\nSession-Expires: 1800;refresher=uac\r\nRecord-Route: <sip:127.0.0.1:9;lr>\r\n" +
			fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)))
	}
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"))
	for _, method := range []string{"INVITE", "REFER"} {
		f.Add([]byte(method + " sip:alice@home SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKfr;rport\r\n" +
			"From: <sip:a@b>;tag=1\r\nTo: <sip:alice@home>\r\nCall-ID: fr\r\nCSeq: 1 " + method + "\r\nContact: <sip:a@127.0.0.1:9>\r\n" +
			"Replaces: a@b;to-tag=1;from-tag=2;early-only\r\nReferred-By: \"A\" <sip:a@b>\r\n" +
			"Refer-To: <sip:1@h;method=INVITE?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\nContent-Length: 0\r\n\r\n"))
	}
	c, err := net.Dial("udp", a.Addr().String())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = c.Close() })
	buf := make([]byte, 65535)
	n := 0
	f.Fuzz(func(t *testing.T, b []byte) {
		before := a.Counters().Panics
		_, _ = c.Write(b) // too long a datagram is the kernel's affair
		n++
		fmt.Fprintf(c, pingRequest, "UDP", c.LocalAddr().(*net.UDPAddr).Port, n, n)
		_ = c.SetReadDeadline(time.Now().Add(wait))
		want := fmt.Sprintf("Call-ID: ping%d\r\n", n)
		for {
			k, err := c.Read(buf)
			if err != nil {
				t.Fatalf("no answer to OPTIONS: %v", err)
			}
			if containsText(buf[:k], want) {
				break
			}
		}
		if p := a.Counters().Panics; p != before {
			t.Fatal("a panic was caught")
		}
	})
}
