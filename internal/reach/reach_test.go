package reach_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/internal/netlab"
	"tandem/internal/reach"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhoIsToldWhat(t *testing.T) {
	names := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		if host != "pbx.example.org" {
			return nil, errors.New("no such host")
		}
		return []netip.Addr{addr("127.0.1.1"), addr("2001:db8::7"), addr("::ffff:198.51.100.7"), addr("198.51.100.8")}, nil
	}
	lan := []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}
	for _, tt := range []struct {
		name       string
		cfg        reach.Config
		peer       string
		host, addr string
	}{
		{"nothing set", reach.Config{}, "203.0.113.5", "", ""},
		{"an address", reach.Config{Public: "198.51.100.1"}, "203.0.113.5", "198.51.100.1", "198.51.100.1"},
		{"an address, to loopback", reach.Config{Public: "198.51.100.1"}, "127.0.0.1", "198.51.100.1", ""},
		{"an address, to the LAN", reach.Config{Public: "198.51.100.1", Local: lan}, "192.168.3.4", "", ""},
		{"an address, to a private peer", reach.Config{Public: "198.51.100.1"}, "10.0.0.4", "198.51.100.1", "198.51.100.1"},
		{"of IPv4, to IPv6", reach.Config{Public: "198.51.100.1"}, "2001:db8::5", "", ""},
		{"of IPv6, to IPv6", reach.Config{Public: "[2001:db8::1]"}, "2001:db8::5", "2001:db8::1", "2001:db8::1"},
		{"to IPv4 mapped", reach.Config{Public: "198.51.100.1"}, "::ffff:203.0.113.5", "198.51.100.1", "198.51.100.1"},
		{"a name", reach.Config{Public: "pbx.example.org"}, "203.0.113.5", "pbx.example.org", "198.51.100.7"},
		{"a name, to IPv6", reach.Config{Public: "pbx.example.org"}, "2001:db8::5", "pbx.example.org", "2001:db8::7"},
		{"a name of nobody", reach.Config{Public: "nobody.example.org"}, "203.0.113.5", "nobody.example.org", ""},
	} {
		tt.cfg.Lookup = names
		f := reach.Start(t.Context(), tt.cfg)
		got := f.Addr(addr(tt.peer))
		want := netip.Addr{}
		if tt.addr != "" {
			want = addr(tt.addr)
		}
		if h := f.Host(addr(tt.peer)); h != tt.host || got != want {
			t.Errorf("%s: %q and %v, want %q and %q", tt.name, h, got, tt.host, tt.addr)
		}
		f.Close()
	}
}

// TestSTUNIsAskedAgain finds the address that a server sees, keeps it while the server
// is silent, and tells of another.
func TestSTUNIsAskedAgain(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var last atomic.Uint32 // octet of the address told; 0 = silence
	last.Store(1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 100)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if o := last.Load(); n == 20 && o != 0 {
				conn.WriteToUDPAddrPort(plainAnswer(b[4:20], [4]byte{198, 51, 100, byte(o)}), from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	told := make(chan string, 10)
	f := reach.Start(t.Context(), reach.Config{STUN: conn.LocalAddr().String(), Every: 20 * time.Millisecond, Changed: func(s string) { told <- s }})
	defer f.Close()
	if got := <-told; got != "198.51.100.1" || f.Host(addr("203.0.113.5")) != got {
		t.Errorf("told %s, host %s", got, f.Host(addr("203.0.113.5")))
	}
	if f.Addr(addr("192.168.1.5")).IsValid() {
		t.Error("a private peer is told the public address")
	}
	last.Store(9)
	if got := <-told; got != "198.51.100.9" || f.Addr(addr("203.0.113.5")) != addr(got) {
		t.Errorf("told %s, address %v", got, f.Addr(addr("203.0.113.5")))
	}
}

// plainAnswer is that of an old server: MAPPED-ADDRESS alone.
func plainAnswer(id []byte, a [4]byte) []byte {
	b := []byte{0x01, 0x01, 0, 12}
	b = append(b, id...)
	return append(b, 0, 1, 0, 8, 0, 1, 0x13, 0xC4, a[0], a[1], a[2], a[3])
}

func TestSilentServer(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if at, err := reach.Ask(ctx, conn.LocalAddr().(*net.UDPAddr).AddrPort()); err == nil {
		t.Errorf("a silent server said %v", at)
	}
	netlab.AnswerSTUN(t, conn)
}

func FuzzMapped(f *testing.F) {
	id := [12]byte{1, 2, 3}
	good := plainAnswer(append([]byte{0x21, 0x12, 0xA4, 0x42}, id[:]...), [4]byte{192, 0, 2, 1})
	f.Add(good)
	for n := range len(good) {
		f.Add(good[:n])
	}
	long := append([]byte(nil), good...)
	binary.BigEndian.PutUint16(long[22:], 0xFFFF)
	f.Add(long)
	f.Fuzz(func(t *testing.T, b []byte) {
		at, err := reach.Mapped(b, id)
		if err == nil && (!at.IsValid() || at.Port() == 0) {
			t.Errorf("%x: %v", b, at)
		}
	})
}
