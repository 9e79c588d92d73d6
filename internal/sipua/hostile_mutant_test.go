package sipua_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/sipua/siptest"
)

// R1 on the wire: mutated messages over UDP and TCP to an agent with extensions,
// with an OPTIONS after every hundred, over each, that is always answered. TANDEM_SOAK=1 sends
// a million.
func TestMutatedMessagesOnTheWire(t *testing.T) {
	a := besieged(t, hostileConfig())
	p := newPeer(t, a)
	body := string(sdp(5000))
	sample := string(asks("INVITE").set("Via", "SIP/2.0/UDP "+p.addr()+";branch=z9hG4bKmut;rport").add("Supported: 100rel, timer", "Session-Expires: 1800;refresher=uac",
		"Record-Route: <sip:127.0.0.1:9;lr>", "Replaces: a;to-tag=b;from-tag=c", `Authorization: Digest username="alice", realm="127.0.0.1", nonce="x", uri="sip:h", response="00", cnonce="c", nc=00000001, qop=auth`).
		with("application/sdp", body))
	list := siptest.Corpus(t, sample, "transact/testdata/fuzz/FuzzMessage")
	r := rand.New(rand.NewPCG(4475, 2))
	tcp := func() net.Conn {
		c, err := net.Dial("tcp", a.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := tcp()
	n := soak(20_000, 1_000_000)
	for i := range n {
		b := siptest.Mutate(r, list[r.IntN(len(list))], list)
		if i%2 == 0 {
			p.send(string(b))
		} else if _, err := c.Write(b); err != nil || i%40 == 39 { // closed for what was wrong with it
			_ = c.Close()
			c = tcp()
		}
		if i%100 == 99 {
			alive(t, a, i)
			ping(t, a, i)
		}
	}
	_ = c.Close()
	for a.Calls() > 0 { // answered calls that nobody acknowledged
		p.read(20 * time.Millisecond)
	}
}

// alive sends OPTIONS over UDP and waits for its answer.
func alive(t *testing.T, a *sipua.Agent, i int) {
	t.Helper()
	q := newPeer(t, a)
	defer q.conn.Close()
	id := fmt.Sprint("alive", i)
	q.request("OPTIONS", "sip:x@y", id, "f", "<sip:x@y>", 1, "")
	q.until("SIP/2.0 200", "OPTIONS")
}

// R3, RFC 5118: IPv6 in SIP, on ::1. The messages are ours, after the RFC's §4.
func TestIPv6Messages(t *testing.T) {
	if c, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		t.Fatalf("this machine has no IPv6 loopback: %v", err)
	} else {
		_ = c.Close()
	}
	cfg := hostileConfig()
	cfg.Listen, cfg.Handler = "[::1]:0", answering(4000, nil)
	a := start(t, cfg) // answers no calls by IPv4, so without the whole call of besieged
	o := asks("OPTIONS").to("sip:alice@[2001:db8::10]").set("Via", "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK{id};rport")
	six := "v=0\r\no=u 1 1 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP6 2001:db8::20\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n"
	inv := asks("INVITE").to("sip:alice@[2001:db8::10]").set("Via", "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK{id};rport").set("Contact", "<sip:x@[2001:db8::9:1]>")
	mixed := "v=0\r\no=u 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 22334 RTP/AVP 0\r\nm=audio 6024 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n"
	run(t, a, []row{
		{"4.1", "ipv6-good", o.bytes(), "200"},
		{"4.2", "ipv6-bad: no brackets", o.to("sip:2001:db8::10").bytes(), "400"},
		{"4.3", "port-ambiguous: the address is the literal", o.to("sip:[2001:db8::10:5070]").bytes(), "200"},
		{"4.4", "port-unambiguous", o.to("sip:[2001:db8::10]:5070").bytes(), "200"},
		{"4.5", "via-received-param-with-delim", o.set("Via", "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bK{id};rport").bytes(), "200"},
		{"4.5", "via-received-param-no-delim", o.set("Via", "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bK{id};rport").bytes(), "200"},
		{"4.6", "ipv6-in-sdp", inv.with("application/sdp", six), "200"},
		{"4.7", "mult-ip-in-header", o.set("Via", "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bK{id};rport", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;received=192.0.2.254").bytes(), "200"},
		{"4.8", "mult-ip-in-sdp", inv.with("application/sdp", mixed), "200"},
		{"4.9", "ipv4-mapped-ipv6", inv.set("Contact", "<sip:x@[::ffff:192.0.2.10]:19823>").with("application/sdp", six), "200"},
		{"4.10", "ipv6-bug-abnf-3-colons", o.to("sip:alice@[2001:db8:::192.0.2.1]").bytes(), "400"},
		{"4.10", "the same as it is meant", o.to("sip:alice@[2001:db8::192.0.2.1]").bytes(), "200"},
	})
	if n := a.Counters().Panics; n != 0 {
		t.Errorf("%d panics were caught", n)
	}
}
