package sipua_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"tandem/internal/sipua"
)

var floods = []string{
	"INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "MESSAGE", "PUBLISH", "NOTIFY", "INFO", "REFER", "PRACK", "UPDATE", "ACK", "BYE", "CANCEL", "NONSENSE",
}

func flooded() sipua.Config {
	cfg := home()
	cfg.Limits.LimitLoopback, cfg.Limits.Wire.Rate = true, -1
	return cfg
}

// beside has a question of somebody else be answered.
func beside(t *testing.T, a *sipua.Agent, id string) {
	t.Helper()
	p := newPeer(t, a)
	p.request("OPTIONS", "sip:x@y", id, "f", "<sip:x@y>", 1, "")
	p.until("SIP/2.0 200", "OPTIONS")
}

// nothingKept waits until no transaction is left and as many connections as that, and
// looks for calls.
func nothingKept(t *testing.T, a *sipua.Agent, conns int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(wait); ; {
		servers, clients, open := a.Alive()
		if servers+clients == 0 && open == conns {
			break
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%d server and %d client transactions are kept, and %d connections of %d", servers, clients, open, conns)
		}
	}
	if n := a.Calls(); n != 0 {
		t.Errorf("%d calls are kept", n)
	}
}

// D-04: a flood of any one method, by somebody who proves nothing, leaves nothing
// behind, and others are served beside it.
func TestFloodKeepsNothing(t *testing.T) {
	for _, method := range floods {
		t.Run(method, func(t *testing.T) {
			a := start(t, flooded())
			p := newPeer(t, a)
			for i := range soak(500, 200_000) {
				p.request(method, "sip:home", fmt.Sprint("flood", i), "f", "<sip:alice@home>", 1, "")
				if i%100 == 0 { // the socket's buffer is no part of the test
					beside(t, a, fmt.Sprint("beside", i))
				}
			}
			beside(t, a, "after")
			nothingKept(t, a, 0) // a refusal of an INVITE is repeated for a second, where it is no challenge
		})
	}
}

// B-14 and D-04: the same by one connection, and by as many as an address may have but
// a few. What it leaves is gone while they are open yet: of a refused INVITE its
// transaction, which waits for an ACK (RFC 3261 §17.2.1, timer H).
func TestFloodByTCPKeepsNothing(t *testing.T) {
	a := besieged(t, flooded())
	for name, n := range map[string]int{"one": 1, "many": 50} {
		for _, method := range floods {
			t.Run(name+" "+method, func(t *testing.T) { floodByTCP(t, a, method, n) })
		}
	}
}

func floodByTCP(t *testing.T, a *sipua.Agent, method string, n int) {
	var readers sync.WaitGroup
	defer readers.Wait() // after the connections are closed
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", a.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
		readers.Go(func() { _, _ = io.Copy(io.Discard, c) }) // who reads nothing is cut off
	}
	for i := range soak(500, 200_000) {
		id := fmt.Sprint("flood", method, n, "by", i)
		text := asks(method).to("sip:home").set("Via", "SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK"+id+";rport").set("To", "<sip:alice@home>").set("Call-ID", id)
		if _, err := conns[i%n].Write(text.bytes()); err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
		if i%100 == 0 {
			beside(t, a, "beside"+id)
		}
	}
	beside(t, a, fmt.Sprint("after", method, n))
	nothingKept(t, a, n)
	for _, c := range conns {
		_ = c.Close()
	}
	readers.Wait()
	nothingKept(t, a, 0)
}
