package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What a certificate has to be for.
var (
	Serves = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	Calls  = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} // as carriers' are often for both or for servers alone
)

// Proves checks that a chain of certificates, the peer's first, leads to roots (nil =
// the system's) and is that of a SIP domain or address (RFC 5922 §7).
func Proves(chain []*x509.Certificate, name string, roots *x509.CertPool, use []x509.ExtKeyUsage) error {
	if len(chain) == 0 {
		return errors.New("it showed no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	leaf := chain[0]
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: use})
	if err != nil {
		return chainError(leaf, err)
	}
	if !slices.ContainsFunc(identities(leaf), func(id string) bool { return SameName(id, name) }) {
		return fmt.Errorf("its certificate is for %s and not for %s", namesOf(leaf), name)
	}
	return nil
}

// identities lists whom a certificate is for: the domains of its SIP URIs or, where it
// has none, its DNS names, and its addresses (RFC 5922 §7.1).
func identities(c *x509.Certificate) []string {
	var list []string
	for _, u := range c.URIs {
		if d := sipDomain(u); d != "" {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		list = append(list, c.DNSNames...)
	}
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	return list
}

// sipDomain is the domain of a SIP URI without a user, "" for others.
func sipDomain(u *url.URL) string {
	if !strings.EqualFold(u.Scheme, "sip") || strings.Contains(u.Opaque, "@") {
		return ""
	}
	host, _, _ := strings.Cut(u.Opaque, ";")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return host
}

// SameName compares whole names: a wildcard is for no SIP domain (RFC 5922 §7.2),
// unless whoever asks names it itself.
func SameName(id, name string) bool {
	a, err := netip.ParseAddr(strings.Trim(name, "[]"))
	if err == nil {
		b, err := netip.ParseAddr(id)
		return err == nil && a.Unmap() == b.Unmap()
	}
	return strings.EqualFold(strings.TrimSuffix(id, "."), strings.TrimSuffix(name, "."))
}

// maxNames is how many names of a certificate are told.
const maxNames = 4

func namesOf(c *x509.Certificate) string {
	list := identities(c)
	if len(list) == 0 {
		return "nobody that it names as it should"
	}
	text := strings.Join(list[:min(len(list), maxNames)], ", ")
	if more := len(list) - maxNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// chainError says what is wrong with a certificate in words for people.
func chainError(leaf *x509.Certificate, err error) error {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	const day = time.DateOnly
	switch {
	case ok && invalid.Reason == x509.Expired && time.Now().Before(leaf.NotBefore):
		return fmt.Errorf("its certificate is not valid before %s", leaf.NotBefore.Format(day))
	case ok && invalid.Reason == x509.Expired && time.Now().After(leaf.NotAfter):
		return fmt.Errorf("its certificate was valid until %s", leaf.NotAfter.Format(day))
	case ok && invalid.Reason == x509.IncompatibleUsage:
		return errors.New("its certificate is not for this use")
	case unknown && len(leaf.RawIssuer) > 0 && slices.Equal(leaf.RawIssuer, leaf.RawSubject):
		return errors.New("its certificate is signed by nobody but itself")
	case unknown:
		return errors.New("its certificate is signed by no authority that is trusted here")
	}
	return fmt.Errorf("its certificate: %w", err)
}
