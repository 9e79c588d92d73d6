package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Flaw is something wrong with a certificate.
type Flaw struct {
	Serious bool // it is refused by those who look
	Words   string
}

// Inspect reads a pair of PEM files and says in words what it is, and what is wrong
// with it for those who reach this server by name. The error says that it can't be
// used at all.
func Inspect(cert, key, name string, now time.Time) (words string, flaws []Flaw, err error) {
	c, err := load(cert, key)
	if err != nil {
		return "", nil, err
	}
	leaf := c.Leaf
	words = fmt.Sprintf("for %v, valid until %s", slices.Concat(leaf.DNSNames, texts(leaf)), leaf.NotAfter.Format(time.DateOnly))
	day := func(d time.Duration) int { return int(d / (24 * time.Hour)) }
	switch left := leaf.NotAfter.Sub(now); {
	case left < 0:
		flaws = append(flaws, Flaw{true, fmt.Sprintf("it has been out of date since %s", leaf.NotAfter.Format(time.DateOnly))})
	case now.Before(leaf.NotBefore):
		flaws = append(flaws, Flaw{true, fmt.Sprintf("it is not valid before %s", leaf.NotBefore.Format(time.DateOnly))})
	case left < 14*24*time.Hour:
		flaws = append(flaws, Flaw{false, fmt.Sprintf("it ends in %d days", day(left))})
	}
	if name != "" && leaf.VerifyHostname(name) != nil {
		flaws = append(flaws, Flaw{true, fmt.Sprintf("it is not for %s, which phones and carriers are told", name)})
	}
	if leaf.CheckSignatureFrom(leaf) == nil || slices.Equal(leaf.RawIssuer, leaf.RawSubject) {
		flaws = append(flaws, Flaw{false, "it is signed by itself: browsers ask their users, and carriers refuse it"})
	} else if !chains(c, now) {
		flaws = append(flaws, Flaw{false, "no authority that this machine knows has signed it, or certificates between are missing in the file"})
	}
	return words, flaws, nil
}

func texts(c *x509.Certificate) []string {
	var out []string
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	return out
}

// chains says whether the certificate leads to an authority that this machine knows.
func chains(c *tls.Certificate, now time.Time) bool {
	between := x509.NewCertPool()
	for _, der := range c.Certificate[1:] {
		if x, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(x)
		}
	}
	// Whether it is out of date is told apart.
	_, err := c.Leaf.Verify(x509.VerifyOptions{Intermediates: between, CurrentTime: within(c.Leaf, now)})
	return err == nil
}

func within(c *x509.Certificate, now time.Time) time.Time {
	if now.After(c.NotAfter) {
		return c.NotAfter
	}
	return now
}

// Bounds of PEM texts that accounts give.
const (
	maxPEM         = 64 << 10 // bytes
	maxAuthorities = 32
)

// Authorities reads certificates of authorities from PEM text: 1 to 32 of them.
func Authorities(text string) (*x509.CertPool, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("it has more than %d bytes", maxPEM)
	}
	pool, rest, n := x509.NewCertPool(), []byte(text), 0
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if b.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %q, and certificates alone are wanted", b.Type)
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("it holds no sound certificate: %w", err)
		}
		if n++; n > maxAuthorities {
			return nil, fmt.Errorf("it holds more than %d certificates", maxAuthorities)
		}
		pool.AddCert(c)
	}
	if n == 0 {
		return nil, errors.New("it holds no certificate in PEM")
	}
	return pool, nil
}

// Pair reads a certificate and its key from PEM text.
func Pair(cert, key string) (tls.Certificate, error) {
	if len(cert)+len(key) > maxPEM {
		return tls.Certificate{}, fmt.Errorf("they have more than %d bytes", maxPEM)
	}
	c, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("the certificate and its key: %w", err)
	}
	return c, nil
}
