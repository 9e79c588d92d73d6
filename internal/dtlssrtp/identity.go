package dtlssrtp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	_ "crypto/sha256" // crypto.Hash finds them by their registration
	_ "crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Fingerprint is the hash of a certificate (RFC 8122 §5).
type Fingerprint struct {
	Hash  string // "sha-256", "sha-384" or "sha-512"
	Value string // hexadecimal, upper case, with colons
}

// ErrFingerprint is wrapped by the result of a handshake with somebody else than
// signalling named.
var ErrFingerprint = errors.New("the certificate is not the one that signalling named")

// hashes are those that a fingerprint may be of, the strongest first.
func hashes() []struct {
	name string
	hash crypto.Hash
} {
	return []struct {
		name string
		hash crypto.Hash
	}{{"sha-512", crypto.SHA512}, {"sha-384", crypto.SHA384}, {"sha-256", crypto.SHA256}}
}

// Identity is our certificate, an ECDSA P-256 one that signs itself. Safe for
// concurrent use.
type Identity struct {
	cert  tls.Certificate
	print Fingerprint
}

// validity is long, for nobody looks at it: the fingerprint is what counts.
const validity = 10 * 365 * 24 * time.Hour

// NewIdentity makes a certificate that lives as long as the process.
func NewIdentity() (*Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make DTLS key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make DTLS certificate: %w", err)
	}
	now := time.Now()
	template := x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "tandem"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(validity), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make DTLS certificate: %w", err)
	}
	return &Identity{cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, print: Fingerprint{"sha-256", digest(crypto.SHA256, der)}}, nil
}

// Fingerprint gives the sha-256 of our certificate.
func (i *Identity) Fingerprint() Fingerprint { return i.print }

func digest(h crypto.Hash, der []byte) string {
	sum := h.New()
	sum.Write(der)
	var b strings.Builder
	for i, octet := range sum.Sum(nil) {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strings.ToUpper(hex.EncodeToString([]byte{octet})))
	}
	return b.String()
}

// check holds a certificate against the fingerprints: of those of the strongest
// hash one has to fit (RFC 8122 §5).
func check(der []byte, prints []Fingerprint) error {
	for _, h := range hashes() {
		named := false
		for _, p := range prints {
			if p.Hash != h.name {
				continue
			}
			named = true
			if p.Value == digest(h.hash, der) {
				return nil
			}
		}
		if named {
			break
		}
	}
	return ErrFingerprint
}
