package offer

import (
	"fmt"
	"strings"
)

// MaxFingerprints bounds those of one peer; more are refused.
const MaxFingerprints = 4

// Fingerprint is the hash of a certificate (RFC 8122 §5).
type Fingerprint struct {
	Hash  string // "sha-256", "sha-384" or "sha-512"
	Value string // hexadecimal, upper case, with colons
}

// DTLS is what both sides agreed on for the handshake that makes the keys of SRTP
// (RFC 5763, 8842); zero = there is none.
type DTLS struct {
	Active       bool                         // we begin the handshake
	Fingerprints [MaxFingerprints]Fingerprint // of the peer; one of the strongest hash must fit
}

// Used says whether there is a handshake.
func (d DTLS) Used() bool { return d.Fingerprints[0].Hash != "" }

// Whether a line is secured by DTLS.
func isDTLS(proto string) bool { return proto == "UDP/TLS/RTP/SAVPF" || proto == "UDP/TLS/RTP/SAVP" }

// dtlsAttrs is what a description says of DTLS, for the session or one line.
type dtlsAttrs struct {
	setup     string // of a=setup, "" = none
	prints    [MaxFingerprints]Fingerprint
	ownPrints bool // at least one was given here
	weak      bool // one more than may be, or one that can't be read
}

// attribute takes an attribute of DTLS; false when it is none.
func (d *dtlsAttrs) attribute(name, arg string) bool {
	switch name {
	case "setup":
		d.setup = strings.TrimSpace(arg)
		if d.setup == "" {
			d.setup = "?"
		}
	case "fingerprint":
		d.fingerprint(arg)
	case "tls-id":
	default:
		return false
	}
	return true
}

// fingerprint keeps one of a strong hash. Weak hashes (sha-1, md5) do not count.
func (d *dtlsAttrs) fingerprint(arg string) {
	d.ownPrints = true
	hash, value, _ := strings.Cut(strings.TrimSpace(arg), " ")
	f := Fingerprint{strings.ToLower(hash), strings.ToUpper(strings.TrimSpace(value))}
	octets := map[string]int{"sha-256": 32, "sha-384": 48, "sha-512": 64}[f.Hash]
	if octets == 0 {
		return
	}
	if !isHexOctets(f.Value, octets) {
		d.weak = true
		return
	}
	for i, have := range d.prints {
		if have == f {
			return
		}
		if have.Hash == "" {
			d.prints[i] = f
			return
		}
	}
	d.weak = true
}

// isHexOctets reports whether s is n octets as "0A:1B:…".
func isHexOctets(s string, n int) bool {
	if len(s) != 3*n-1 {
		return false
	}
	for i := range len(s) {
		hex := s[i] >= '0' && s[i] <= '9' || s[i] >= 'A' && s[i] <= 'F'
		if i%3 == 2 && s[i] != ':' || i%3 != 2 && !hex {
			return false
		}
	}
	return true
}

// dtlsRefusal says why the handshake that a line asks for can't be, "" when it can.
func (l *line) dtlsRefusal() string {
	switch {
	case l.weak:
		return "a certificate's fingerprint can't be read, or there are more than " + fmt.Sprint(MaxFingerprints)
	case l.prints[0].Hash == "":
		return "secure media without a certificate's fingerprint of sha-256 or stronger"
	}
	switch l.setup {
	case "", "active", "passive", "actpass": // none means active, RFC 4145 §4
		return ""
	}
	return fmt.Sprintf("a=setup:%.20q is no way to begin the handshake", l.setup)
}

// settleDTLS decides who begins the handshake (RFC 5763 §5). Answering, we wait
// when we may choose: the peer's first packet tells the way to it through NAT. A
// choice once made stands while the call lasts.
func (l *Local) settleDTLS(r *line, answering bool) (DTLS, error) {
	secure := isDTLS(r.proto)
	switch was := l.dtls.Used() || !answering && l.offersDTLS(); {
	case was && !secure:
		return DTLS{}, unacceptable("the media of this call is secured by DTLS and stays so")
	case !secure:
		return DTLS{}, nil
	case l.Fingerprint.Hash == "":
		return DTLS{}, unacceptable("media secured by DTLS is not spoken here")
	case !answering && !was:
		return DTLS{}, unacceptable("the answer is of media secured by DTLS, which was not offered")
	}
	d := DTLS{Fingerprints: r.prints}
	switch {
	case r.setup == "passive":
		d.Active = true
	case r.setup == "actpass" && !answering:
		return DTLS{}, unacceptable("the answer does not say who begins the handshake")
	case r.setup == "actpass":
		d.Active = l.dtls.Used() && l.dtls.Active
	}
	l.dtls = d
	return d, nil
}

// part is our part in the handshake, for the answer.
func (d DTLS) part() string {
	if d.Active {
		return "active"
	}
	return "passive"
}

// secured writes what belongs to our description of a line beside its codecs.
func (l *Local) secured(b *strings.Builder, r *line, setup string) {
	if r.mid != "" {
		fmt.Fprintf(b, "a=mid:%s\r\n", r.mid)
	}
	if r.mux {
		b.WriteString("a=rtcp-mux\r\n")
	}
	if isDTLS(r.proto) {
		fmt.Fprintf(b, "a=fingerprint:%s %s\r\na=setup:%s\r\n", l.Fingerprint.Hash, l.Fingerprint.Value, setup)
	}
	if l.ice.Local.Ufrag != "" {
		l.writeICE(b)
	}
	if r.bundled { // browsers want to know the stream that the sound belongs to (RFC 8830)
		b.WriteString("a=msid:tandem sound\r\n")
	}
}
