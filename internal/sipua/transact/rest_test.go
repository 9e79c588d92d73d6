package transact_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

// A transaction whose last answer was sent is over, and its request is known all the
// same when it comes again.
func TestRestingTransactions(t *testing.T) {
	begun := make(chan *transact.Inbound, 10)
	cancelled := make(chan bool, 10)
	server := open(t, transact.Config{
		Request: func(in *transact.Inbound) {
			if err := in.Begin(); err != nil {
				t.Error(err)
			}
			_ = in.Reply(200, "OK")
			begun <- in
		},
		Cancel: func(*transact.Inbound, *sip.Request) { cancelled <- true },
	})
	peer, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	say := func(method, branch string) {
		t.Helper()
		if _, err := fmt.Fprintf(peer, "%s sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK%s;rport\r\nFrom: <sip:b@127.0.0.1>;tag=1\r\n"+
			"To: <sip:a@127.0.0.1>\r\nCall-ID: c-%s\r\nCSeq: 1 %s\r\nContact: <sip:b@127.0.0.1>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", method, branch, branch, method); err != nil {
			t.Fatal(err)
		}
	}
	hear := func() string {
		t.Helper()
		_ = peer.SetReadDeadline(time.Now().Add(10 * time.Second))
		b := make([]byte, 4000)
		n, err := peer.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}

	say("INVITE", "inv")
	accepted := hear()
	in := <-begun
	say("OPTIONS", "opt")
	answer := hear()
	<-begun
	if servers, _, _ := server.Alive(); servers != 0 {
		t.Errorf("%d transactions are kept", servers)
	}
	for range 3 {
		say("INVITE", "inv") // says nothing
		say("OPTIONS", "opt")
		if again := hear(); again != answer {
			t.Errorf("the answer again is\n%s, was\n%s", again, answer)
		}
	}
	if n := server.Counters(); n.Again != 6 || n.Resent != 3 {
		t.Errorf("%d requests came again, %d answers were sent again", n.Again, n.Resent)
	}
	say("CANCEL", "inv")
	tag := func(m string) string {
		_, rest, _ := strings.Cut(m, "To: <sip:a@127.0.0.1>;tag=")
		return rest[:20]
	}
	if gone := hear(); !strings.HasPrefix(gone, "SIP/2.0 200 ") || tag(gone) != tag(accepted) {
		t.Errorf("CANCEL of a call that is up: %s", gone)
	}
	if err := in.Reply(200, "OK"); err != nil { // as long as no ACK comes (RFC 3261 §13.3.1.4)
		t.Error(err)
	}
	if again := hear(); again != accepted {
		t.Errorf("accepted again:\n%s, was\n%s", again, accepted)
	}
	if len(begun) > 0 || len(cancelled) > 0 {
		t.Error("what came again began something, or ended it")
	}
}
