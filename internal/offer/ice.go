package offer

import (
	"fmt"
	"net/netip"
	"strings"

	"tandem/internal/icelite"
)

// MaxCandidates bounds the addresses of ours that a description names.
const MaxCandidates = 8

// ICE is what both sides said of ICE (RFC 8839); zero = it is not used. We are a
// lite agent: the peer's candidates are of no use and not read, for its checks
// tell where it is.
type ICE struct{ Local, Remote icelite.Credentials }

// iceAttrs is what a description says of ICE, for the session or one line.
type iceAttrs struct {
	ufrag, pwd string
	lite       bool
}

// bundle is a=group:BUNDLE (RFC 9143) by its mids.
type bundle []string

// attribute takes an attribute of ICE; false when it is none. Text that RFC 8839 §5.4
// does not allow counts as absent.
func (i *iceAttrs) attribute(name, arg string) bool {
	switch name {
	case "ice-ufrag":
		i.ufrag = iceText(arg, 4)
	case "ice-pwd":
		i.pwd = iceText(arg, 22)
	case "ice-lite":
		i.lite = true
	case "candidate", "end-of-candidates", "ice-options", "remote-candidates", "ice-mismatch", "ice-pacing":
	default:
		return false
	}
	return true
}

// iceText is arg if it has from least to 256 characters that ICE allows, else "".
func iceText(arg string, least int) string {
	if len(arg) < least || len(arg) > 256 {
		return ""
	}
	for i := range len(arg) {
		c := arg[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/') {
			return ""
		}
	}
	return arg
}

// usesICE reports whether the line is to be reached by ICE: it says how, and its RTCP
// shares the port, for we answer checks on one alone. A peer that is lite too would
// send no checks; then the addresses of the description count.
func (l *line) usesICE() bool {
	return l.ice.ufrag != "" && l.ice.pwd != "" && l.mux && !l.ice.lite
}

// inherits takes what a line does not say of its own from the session.
func (l *line) inherits(s *parser) {
	if l.ice.ufrag == "" && l.ice.pwd == "" {
		l.ice.ufrag, l.ice.pwd = s.ice.ufrag, s.ice.pwd
	}
	l.ice.lite = l.ice.lite || s.ice.lite
	if l.setup == "" {
		l.setup = s.setup
	}
	if !l.ownPrints {
		l.prints, l.weak = s.prints, s.weak
	}
	for _, mid := range s.bundled {
		l.bundled = l.bundled || mid == l.mid && mid != ""
	}
}

// token is arg when it may stand in a description as it is, else "".
func token(arg string) string {
	if len(arg) > 64 || strings.ContainsFunc(arg, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
		return ""
	}
	return arg
}

// settleICE keeps the credentials of both sides; ours change with the peer's, which
// is a restart (RFC 8839 §4.4.1.1.1).
func (l *Local) settleICE(r *line, answering bool) ICE {
	if !r.usesICE() {
		l.ice = ICE{}
		return l.ice
	}
	remote := icelite.Credentials{Ufrag: r.ice.ufrag, Pwd: r.ice.pwd}
	if l.ice.Local == (icelite.Credentials{}) || answering && l.ice.Remote != (icelite.Credentials{}) && l.ice.Remote != remote {
		l.ice.Local = icelite.NewCredentials()
	}
	l.ice.Remote = remote
	return l.ice
}

// offerICE has credentials ready before the peer's are known.
func (l *Local) offerICE() {
	if l.ice.Local == (icelite.Credentials{}) {
		l.ice.Local = icelite.NewCredentials()
	}
}

// Addresses gives those that a peer with ICE is told, the best first.
func (l *Local) Addresses() []netip.Addr {
	if l.Others != nil {
		l.beside, l.Others = l.Others(), nil
	}
	all := append([]netip.Addr{l.Addr.Addr()}, l.beside...)
	return all[:min(len(all), MaxCandidates)]
}

// writeICE writes our candidates (RFC 8839 §5.1): host ones, the first best.
func (l *Local) writeICE(b *strings.Builder) {
	fmt.Fprintf(b, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", l.ice.Local.Ufrag, l.ice.Local.Pwd)
	for i, a := range l.Addresses() {
		// RFC 8445 §5.1.2.1: type preference 126, component 1.
		priority := 126<<24 | (65535-i)<<8 | 255
		fmt.Fprintf(b, "a=candidate:%d 1 udp %d %s %d typ host\r\n", i+1, priority, a.Unmap(), l.Addr.Port())
	}
	b.WriteString("a=end-of-candidates\r\n")
}
