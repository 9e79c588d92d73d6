package voice

import (
	"net/netip"
	"strings"
)

// MaxNetworks bounds Tenant.Allow.
const MaxNetworks = 50

// ParseNetwork reads a network that URLs may lead to: "10.1.2.0/24", "fd00::/64",
// or one address. Invalid for what is none, has bits beyond its length, is wider
// than /8 (IPv4) or /16 (IPv6), or holds addresses that no account's URL ever
// leads to: this machine itself, "any address" and groups of receivers.
func ParseNetwork(s string) (netip.Prefix, error) {
	const op = "voice.ParseNetwork"
	fail := func(format string, args ...any) (netip.Prefix, error) {
		return netip.Prefix{}, InvalidField(op, "network", format, args...)
	}
	s = strings.TrimSpace(s)
	n, err := netip.ParsePrefix(s)
	if addr, addrErr := netip.ParseAddr(s); addrErr == nil && addr.Zone() == "" {
		n, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	widest := 16
	switch {
	case err != nil:
		return fail("%q is no network such as 10.1.2.0/24", s)
	case n.Addr().Is4In6():
		return fail("%s is an IPv4 network written as IPv6; write it as IPv4", s)
	case n != n.Masked():
		return fail("%s has bits beyond its length; the network is %s", s, n.Masked())
	case n.Addr().Is4():
		widest = 8
	}
	if n.Bits() < widest {
		return fail("%s is wider than /%d", n, widest)
	}
	for _, never := range []string{"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "::/127", "ff00::/8"} {
		if n.Overlaps(netip.MustParsePrefix(never)) {
			return fail("%s holds addresses of %s, which no URL may lead to", n, never)
		}
	}
	return n, nil
}
