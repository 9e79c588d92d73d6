package sipua_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// TestKeepAlives probes a telephone whose contact is not where it registered from, from
// before a restart too, and the trunk where we are registered; nobody else.
func TestKeepAlives(t *testing.T) {
	carrier, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer carrier.Close()
	before, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	st := newStore("home", "alice", "bob")
	a := start(t, sipua.Config{
		Realm: "home", Extensions: st, Bindings: st, KeepAlive: 20 * time.Millisecond,
		Bound: []voice.Binding{{Tenant: "1", Extension: "102", Contact: "sip:bob@10.0.0.7:5060", Source: before.LocalAddr().String(),
			Transport: "udp", Expires: time.Now().Add(time.Hour)}},
		Trunks: []voice.Trunk{{ID: "1", Name: "carrier", Host: carrier.LocalAddr().String(), Username: "u", Password: "p", Register: true}},
	})
	p := newPeer(t, a)
	ok := p.register("alice", "secret-alice", 1, nil, "Contact: <sip:alice@10.0.0.9:5070>", "Expires: 3600")
	if got := strings.Join(ok.all("Contact"), ","); !strings.Contains(got, "<sip:alice@10.0.0.9:5070>;expires=600") {
		t.Errorf("from behind a NAT one is registered as %q", got)
	}
	for range 2 {
		m := p.until("OPTIONS sip:alice@10.0.0.9:5070 ", "OPTIONS")
		p.respond(m, 200, "OK", "x", "")
	}
	heard := func(c *net.UDPConn, begins string) {
		t.Helper()
		b := make([]byte, 4096)
		if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
			t.Fatal(err)
		}
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				t.Fatalf("no %q came: %v", begins, err)
			}
			got := string(b[:n])
			if strings.HasPrefix(got, "REGISTER") {
				head, _, _ := strings.Cut(got, "\r\n\r\n")
				lines := strings.Split(head, "\r\n")
				lines[0] = "SIP/2.0 200 OK"
				c.WriteToUDPAddrPort([]byte(strings.Join(lines, "\r\n")+"\r\n\r\n"), from)
			}
			if strings.HasPrefix(got, begins) {
				return
			}
		}
	}
	heard(before, "OPTIONS sip:bob@10.0.0.7:5060 ")
	heard(carrier, "\r\n\r\n")
	heard(carrier, "\r\n\r\n")
	// Whoever is where it says needs none.
	direct := newPeer(t, a)
	direct.register("bob", "secret-bob", 1, nil, "Contact: <sip:bob@"+direct.addr()+">", "Expires: 3600")
	p.until("OPTIONS ", "OPTIONS")
	p.until("OPTIONS ", "OPTIONS")
	if m, ok := direct.read(20 * time.Millisecond); ok {
		t.Errorf("a telephone without a NAT got %q", m.start)
	}
}

// TestReaddress registers at the trunk anew when the public address changed.
func TestReaddress(t *testing.T) {
	carrier, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer carrier.Close()
	a := start(t, sipua.Config{Public: "198.51.100.1", Trunks: []voice.Trunk{
		{ID: "1", Name: "carrier", Host: carrier.LocalAddr().String(), Username: "u", Password: "p", Register: true}}})
	b := make([]byte, 4096)
	for i := range 2 {
		if err := carrier.SetReadDeadline(time.Now().Add(wait)); err != nil {
			t.Fatal(err)
		}
		n, from, err := carrier.ReadFromUDPAddrPort(b)
		if err != nil {
			t.Fatal(err)
		}
		got := string(b[:n])
		if !strings.HasPrefix(got, "REGISTER") || !strings.Contains(got, "Contact: <sip:u@198.51.100.1:") {
			t.Fatalf("registration %d: %s", i, got)
		}
		lines := strings.Split(got, "\r\n")
		lines[0] = "SIP/2.0 200 OK"
		if _, err := carrier.WriteToUDPAddrPort([]byte(strings.Join(lines, "\r\n")), from); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(wait); !a.TrunkStates()[0].Registered; {
			if time.Now().After(end) {
				t.Fatal("not registered")
			}
		}
		a.Readdress()
	}
}
