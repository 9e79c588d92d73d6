package netlab_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"tandem/internal/netlab"
	"tandem/internal/reach"
	"tandem/internal/tunem"
)

const (
	public = "198.51.100.1"
	inside = "10.0.0.2"
)

// house is a host behind a router, and two servers outside.
func house(t *testing.T, kind netlab.NAT) (out, in *netlab.Host, router *netlab.Host, outer string) {
	lab := netlab.New(t)
	out, router, in = lab.Host("out"), lab.Host("router"), lab.Host("in")
	_, outer = lab.Wire(out, router, "198.51.100.10/24", public+"/24")
	for _, more := range []string{"198.51.100.11/24"} {
		out.Address("w1a", more)
	}
	lab.Wire(router, in, "10.0.0.1/24", inside+"/24")
	in.Route("default", "10.0.0.1")
	router.Translate(kind, outer, public, inside)
	return out, in, router, outer
}

func socket(t *testing.T, h *netlab.Host, at string) *net.UDPConn {
	t.Helper()
	c, err := h.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// arrives sends packets until one is received, or ten were not.
func arrives(t *testing.T, from *net.UDPConn, to string, at *net.UDPConn) (source netip.AddrPort, ok bool) {
	t.Helper()
	b := make([]byte, 10)
	for range 10 {
		if _, err := from.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort(to)); err != nil {
			t.Fatal(err)
		}
		if err := at.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, source, err := at.ReadFromUDPAddrPort(b); err == nil {
			return source, true
		}
	}
	return netip.AddrPort{}, false
}

// TestKindsOfNAT shows what tells the four apart (RFC 3489 §5).
func TestKindsOfNAT(t *testing.T) {
	for _, tt := range []struct {
		kind                                    netlab.NAT
		sameMapping, sameHost, other, untouched bool
	}{
		{netlab.FullCone, true, true, true, true},
		{netlab.Restricted, true, true, false, false},
		{netlab.PortRestricted, true, false, false, false},
		{netlab.Symmetric, false, false, false, false},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			out, in, _, _ := house(t, tt.kind)
			phone := socket(t, in, inside+":4000")
			a, a2 := socket(t, out, "198.51.100.10:1000"), socket(t, out, "198.51.100.10:1001")
			b := socket(t, out, "198.51.100.11:1000")
			stranger := socket(t, out, "198.51.100.11:2000")
			if _, ok := arrives(t, stranger, public+":4000", phone); ok != tt.untouched {
				t.Errorf("before anything was sent, a packet comes in: %v", ok)
			}
			m1, ok := arrives(t, phone, "198.51.100.10:1000", a)
			if !ok || m1.Addr() != netip.MustParseAddr(public) {
				t.Fatalf("the way out: %v from %v", ok, m1)
			}
			if _, ok := arrives(t, a, m1.String(), phone); !ok {
				t.Error("no answer comes in")
			}
			if _, ok := arrives(t, a2, m1.String(), phone); ok != tt.sameHost {
				t.Errorf("from another port of the host: %v", ok)
			}
			if _, ok := arrives(t, stranger, m1.String(), phone); ok != tt.other {
				t.Errorf("from another host: %v", ok)
			}
			m2, _ := arrives(t, phone, "198.51.100.11:1000", b)
			if (m1 == m2) != tt.sameMapping {
				t.Errorf("mapped to %v and %v", m1, m2)
			}
		})
	}
}

// TestForgottenMapping gives a stream another port after the router forgot it.
func TestForgottenMapping(t *testing.T) {
	out, in, router, _ := house(t, netlab.Symmetric)
	phone, a := socket(t, in, inside+":4000"), socket(t, out, "198.51.100.10:1000")
	before, _ := arrives(t, phone, "198.51.100.10:1000", a)
	again, _ := arrives(t, phone, "198.51.100.10:1000", a)
	if before != again {
		t.Errorf("the mapping changed by itself from %v to %v", before, again)
	}
	router.Forget()
	if after, ok := arrives(t, phone, "198.51.100.10:1000", a); !ok || after == before {
		t.Errorf("after the router forgot: %v from %v, before %v", ok, after, before)
	}
}

// TestSTUN asks a server from behind the router, over both families.
func TestSTUN(t *testing.T) {
	out, in, _, _ := house(t, netlab.PortRestricted)
	netlab.AnswerSTUN(t, socket(t, out, "198.51.100.10:3478"))
	err := in.Do(func() error {
		at, err := reach.Ask(t.Context(), netip.MustParseAddrPort("198.51.100.10:3478"))
		if err == nil && at.Addr() != netip.MustParseAddr(public) {
			t.Errorf("seen from %v", at)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	v6, err := out.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Fatal(err)
	}
	netlab.AnswerSTUN(t, v6)
	err = out.Do(func() error {
		at, err := reach.Ask(t.Context(), v6.LocalAddr().(*net.UDPAddr).AddrPort())
		if err == nil && at.Addr() != netip.IPv6Loopback() {
			t.Errorf("seen from %v", at)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestBadWire counts what a line loses and doubles, and how late things are.
func TestBadWire(t *testing.T) {
	lab := netlab.New(t)
	a, b := lab.Host("a"), lab.Host("b")
	line := lab.BadWire(a, b, "10.9.0.1/32", "10.9.0.2/32", 1280,
		tunem.Profile{Loss: 0.5, Delay: 30 * time.Millisecond}, tunem.Profile{Duplicate: 1}, 1)
	from, to := socket(t, a, "10.9.0.1:1000"), socket(t, b, "10.9.0.2:1000")
	const n = 400
	for range n {
		if _, err := from.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("10.9.0.2:1000")); err != nil {
			t.Fatal(err)
		}
	}
	count := func(c *net.UDPConn) (got int) {
		b := make([]byte, 10)
		for {
			if err := c.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.ReadFromUDPAddrPort(b); err != nil {
				return got
			}
			got++
		}
	}
	got := count(to)
	there, _ := line.Counts()
	if got < n*4/10 || got > n*6/10 || int64(got) != there.Sent-there.Lost {
		t.Errorf("%d of %d came; %+v", got, n, there)
	}
	if _, err := to.WriteToUDPAddrPort(make([]byte, 3000), netip.MustParseAddrPort("10.9.0.1:1000")); err != nil {
		t.Fatal(err)
	}
	if got := count(from); got != 1 && got != 2 {
		t.Errorf("a packet in three fragments, each twice, came %d times", got)
	}
	line.Change(tunem.Profile{Loss: 1}, tunem.Profile{}, 1)
	if _, err := from.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("10.9.0.2:1000")); err != nil {
		t.Fatal(err)
	}
	if got := count(to); got != 0 {
		t.Errorf("%d packets came over a line that loses all", got)
	}
}
