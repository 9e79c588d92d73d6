package outbound

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"tandem/internal/voice"
)

// Bounds of a URL.
const (
	MaxURL  = 8192 // bytes; vendors allow 4000 characters, and parameters are added
	maxHost = 253
)

// CheckURL parses a URL that somebody gave and says, without looking its host
// up, whether it may be fetched. Invalid for what is no such URL, Permission
// when the policy forbids it. Fetching checks again.
func (p *Policy) CheckURL(raw string) (*url.URL, error) {
	const op = "outbound.CheckURL"
	invalid := func(format string, args ...any) error { return voice.InvalidField(op, "url", format, args...) }
	if len(raw) > MaxURL {
		return nil, invalid("the URL is longer than %d characters", MaxURL)
	}
	for _, r := range raw {
		// Programs differ in what they make of these: that is how URLs lie.
		if r <= ' ' || r == '\\' || r >= 0x7f {
			return nil, invalid("the URL holds the character %q, which must be written as %%XX", r)
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, invalid("the URL can't be read: %w", errWithoutURL(err))
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, invalid("a URL must begin with https:// or http://, not %q", u.Scheme)
	}
	if u.Scheme == "http" && p.cfg.HTTPSOnly {
		return nil, refuse(op, "only https is allowed")
	}
	if u.User != nil {
		return nil, invalid("a URL may not hold a user name or password")
	}
	if u.Opaque != "" || u.Host == "" {
		return nil, invalid("the URL names no host")
	}
	addr, isAddr, err := ParseHost(u.Hostname())
	if err != nil {
		return nil, invalid("%s", voice.Reason(err))
	}
	if s := u.Port(); s != "" || strings.HasSuffix(u.Host, ":") {
		if err := checkPort(s); err != nil {
			return nil, invalid("%s", voice.Reason(err))
		}
	}
	port := portOf(u)
	if isAddr {
		return u, p.CheckAddr(netip.AddrPortFrom(addr, port))
	}
	return u, p.checkNamePort(op, u.Hostname(), port)
}

// portOf gives the port of a URL that was checked.
func portOf(u *url.URL) uint16 {
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		return uint16(n)
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

// checkNamePort judges the port of a name, whose address is not known yet. When
// loopback is allowed, only dialling can tell.
func (p *Policy) checkNamePort(op, host string, port uint16) error {
	if p.cfg.AllowLoopback {
		return nil
	}
	if host = strings.ToLower(host); host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return refuse(op, "%s is this machine itself; allow_loopback permits that, for tests", host)
	}
	for _, n := range p.cfg.Ports {
		if n == int(port) {
			return nil
		}
	}
	return refuse(op, "port %d may not be used; %s may", port, p.ports())
}

func errWithoutURL(err error) error {
	if e, ok := err.(*url.Error); ok {
		return e.Err
	}
	return err
}

func checkPort(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 || s[0] == '0' || s[0] == '+' {
		return voice.InvalidField("outbound.CheckPort", "port", "%q is not a port: 1 to 65535", s)
	}
	return nil
}

// ParseHost tells an address from a name. An address has its one usual form:
// four decimal numbers, or IPv6 without a zone. A name has labels of letters,
// digits, "-" and "_", and its last label is not a number, because programs
// read such names as addresses. Anything else is Invalid.
func ParseHost(host string) (addr netip.Addr, isAddr bool, err error) {
	invalid := func(format string, args ...any) error {
		return voice.InvalidField("outbound.ParseHost", "host", format, args...)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return netip.Addr{}, false, invalid("address %q has a zone", host)
		}
		return addr.Unmap(), true, nil
	}
	if host == "" || len(host) > maxHost {
		return netip.Addr{}, false, invalid("a host name has 1 to %d characters, not %d", maxHost, len(host))
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.IndexFunc(label, strange) >= 0 {
			return netip.Addr{}, false, invalid("%q is not a host name", host)
		}
		last = label
	}
	if _, err := strconv.ParseUint(last, 10, 64); err == nil || numeric(last) {
		return netip.Addr{}, false, invalid("%q is neither a host name nor a usual address", host)
	}
	return netip.Addr{}, false, nil
}

// numeric says whether a label is a number in any notation, however long.
func numeric(label string) bool {
	lower := strings.ToLower(label)
	return strings.HasPrefix(lower, "0x") || strings.Trim(lower, "0123456789") == ""
}

func strange(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}
