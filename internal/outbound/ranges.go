package outbound

import "net/netip"

type specialRange struct{ prefix, what string }

// ranges are those that are not the public internet.
func ranges() []specialRange {
	return []specialRange{
		{"0.0.0.0/8", "this network"},
		{"10.0.0.0/8", "a private network"},
		{"100.64.0.0/10", "a carrier's own network"},
		{"127.0.0.0/8", "loopback"},
		{"168.63.129.16/32", "a cloud's own service"},
		{"169.254.0.0/16", "link-local, where clouds keep their metadata"},
		{"172.16.0.0/12", "a private network"},
		{"192.0.0.0/24", "reserved for protocols"},
		{"192.0.2.0/24", "for documentation"},
		{"192.31.196.0/24", "an anycast service"},
		{"192.52.193.0/24", "an anycast service"},
		{"192.88.99.0/24", "a 6to4 relay"},
		{"192.168.0.0/16", "a private network"},
		{"192.175.48.0/24", "an anycast service"},
		{"198.18.0.0/15", "for benchmarks"},
		{"198.51.100.0/24", "for documentation"},
		{"203.0.113.0/24", "for documentation"},
		{"224.0.0.0/4", "multicast"},
		{"240.0.0.0/4", "reserved"},
		{"::/128", "unspecified"},
		{"::1/128", "loopback"},
		{"64:ff9b::/96", "a translated IPv4 address"},
		{"64:ff9b:1::/48", "a translated IPv4 address"},
		{"fc00::/7", "a private network"},
		{"fe80::/10", "link-local"},
		{"fec0::/10", "a private network"},
		{"ff00::/8", "multicast"},
		{"2001::/23", "reserved for protocols"},
		{"2001:db8::/32", "for documentation"},
		{"2002::/16", "a 6to4 address"},
		{"2620:4f:8000::/48", "an anycast service"},
		{"3fff::/20", "for documentation"},
	}
}

// special says what an unmapped address is when it is not one of the public
// internet.
func special(addr netip.Addr) (what string, is bool) {
	for _, r := range ranges() {
		if netip.MustParsePrefix(r.prefix).Contains(addr) {
			return r.what, true
		}
	}
	if addr.Is6() && !netip.MustParsePrefix("2000::/3").Contains(addr) {
		return "outside the range of public IPv6", true
	}
	return "", false
}
