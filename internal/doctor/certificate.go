package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"time"

	"tandem/internal/certs"
	"tandem/internal/voice"
)

// certificate looks at what those who connect by TLS are shown.
func certificate(_ context.Context, p *Patient) []Finding {
	s := p.Settings
	if !s.UsesTLS() {
		return skip("neither http_tls, sip_tls nor sip_wss is set: nothing speaks TLS")
	}
	cert, key, mend := s.TLS.Cert, s.TLS.Key, "give a certificate by tls.cert and tls.key"
	if cert == "" {
		cert, key = certs.OwnFiles(s.CertPath())
	}
	words, flaws, err := certs.Inspect(cert, key, strings.Trim(s.Host(), "[]"), time.Now())
	if err != nil && s.TLS.Cert == "" {
		return warn("start the server, which makes one", "there is no certificate yet: %v", err)
	}
	if err != nil {
		return bad("give a certificate and its key, in PEM", "%v", err)
	}
	out := good("%s", words)
	for _, f := range flaws {
		if f.Serious {
			out = append(out, bad(mend, "%s", f.Words)...)
		} else {
			out = append(out, warn(mend, "%s", f.Words)...)
		}
	}
	return out
}

// trunkTLS gives what a trunk's peer is asked with, as the server would.
func trunkTLS(k voice.Trunk, host string) (*tls.Config, error) {
	var roots *x509.CertPool
	if k.TLSCA != "" {
		var err error
		if roots, err = certs.Authorities(k.TLSCA); err != nil {
			return nil, err
		}
	}
	name := k.TLSName
	if name == "" {
		name = host
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name, InsecureSkipVerify: true} // VerifyConnection has SIP's rules
	c.VerifyConnection = func(s tls.ConnectionState) error { return certs.Proves(s.PeerCertificates, name, roots, certs.Serves) }
	if k.TLSCert != "" {
		pair, err := certs.Pair(k.TLSCert, k.TLSKey)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
