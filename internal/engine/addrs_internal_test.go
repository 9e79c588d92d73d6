package engine

import (
	"net/netip"
	"testing"
)

// TestToldWhereBound has media at one address: whoever calls is told the public one of its
// family, and where there is none the address itself, of whatever family the caller is.
func TestToldWhereBound(t *testing.T) {
	four, six := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("2001:db8:1::1")
	only4, only6 := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("fd00::5")
	peer4, peer6 := "198.51.100.7", "2001:db8:2::7"
	both := func(peer netip.Addr) netip.Addr {
		switch {
		case peer.IsLoopback():
			return netip.Addr{}
		case peer.Is4():
			return four
		}
		return six
	}
	for _, tt := range []struct {
		name string
		told func(netip.Addr) netip.Addr
		only netip.Addr
		peer string
		want netip.Addr
	}{
		{"every address", both, netip.Addr{}, peer6, six},
		{"its own family", both, only4, peer4, four},
		{"the other family", both, only4, peer6, four},
		{"the other family, IPv6", both, only6, peer4, six},
		{"this machine", both, only4, "127.0.0.1", only4},
		{"this machine by IPv6", both, only4, "::1", only4},
		{"nothing public", nil, only4, peer6, only4},
	} {
		if got := newLocalAddrs(tt.told, tt.only).towards(netip.MustParseAddr(tt.peer)); got != tt.want {
			t.Errorf("%s: %s is told %v, want %v", tt.name, tt.peer, got, tt.want)
		}
	}
}
