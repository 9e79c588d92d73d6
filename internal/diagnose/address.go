package diagnose

import "net/netip"

// shared is the space between carriers and their customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// unreachable says whether an address means nothing outside its own network.
func unreachable(a netip.Addr) bool { return kindOf(a) != "" }

// kindOf names the kind of an address that means nothing elsewhere; "" = it does.
func kindOf(a netip.Addr) string {
	a = a.Unmap()
	switch {
	case !a.IsValid():
		return ""
	case a.IsLoopback():
		return "of the machine itself (loopback)"
	case a.IsPrivate() && a.Is4():
		return "private (RFC 1918)"
	case a.IsPrivate():
		return "private (a unique local address, RFC 4193)"
	case a.IsLinkLocalUnicast():
		return "of one link alone (link-local)"
	case a.Is4() && shared.Contains(a):
		return "of a carrier's NAT (RFC 6598)"
	}
	return ""
}
