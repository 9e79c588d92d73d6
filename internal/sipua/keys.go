package sipua

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"

	"tandem/internal/certs"
	"tandem/internal/sipua/locate"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

var errGoneTrunk = errors.New("the trunk is no longer there")

// trunkKeys are what TLS with a trunk is made with.
type trunkKeys struct {
	cfg   *tls.Config
	err   error  // they can't be read
	words string // how it came out last; "" = it was not tried yet
}

// keysOf names the keys and authorities of a trunk, differently once they change, so
// that a connection with others is not taken for one with them.
func keysOf(k voice.Trunk) string {
	sum := sha256.Sum256([]byte(k.TLSName + "\x00" + k.TLSCA + "\x00" + k.TLSCert + "\x00" + k.TLSKey))
	return string(k.ID) + "/" + hex.EncodeToString(sum[:8])
}

func readKeys(k voice.Trunk, usual *x509.CertPool) *trunkKeys {
	t := &trunkKeys{cfg: &tls.Config{RootCAs: usual}}
	if k.TLSCA != "" {
		if t.cfg.RootCAs, t.err = certs.Authorities(k.TLSCA); t.err != nil {
			t.err = fmt.Errorf("the trunk's authorities: %w", t.err)
			return t
		}
	}
	if k.TLSCert != "" {
		pair, err := certs.Pair(k.TLSCert, k.TLSKey)
		if err != nil {
			t.err = err
			return t
		}
		t.cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return t
}

// knows says whether a request that came by TLS may be the trunk's. One that is
// secured both ways proves it; of others the address has to do.
func (t *trunkKeys) knows(in *transact.Inbound, k voice.Trunk) bool {
	if t == nil || t.err != nil || in.Transport() != "tls" {
		return false
	}
	return k.TLSCert == "" || in.Proves(trunkName(k, k.Host), t.cfg.RootCAs) == nil ||
		k.Proxy != "" && in.Proves(trunkName(k, k.Proxy), t.cfg.RootCAs) == nil
}

// trunkName is whom the certificate of a trunk at host has to name.
func trunkName(k voice.Trunk, host string) string {
	if k.TLSName != "" {
		return k.TLSName
	}
	name, _ := splitHost(host)
	return hostOnly(name)
}

// clientTLS gives what a connection that we open is made with.
func (a *Agent) clientTLS(to transact.Dest) (*tls.Config, error) {
	if to.Keys == "" {
		return &tls.Config{RootCAs: a.cfg.Authorities}, nil
	}
	a.trunks.mu.RLock()
	t := a.trunks.keys[to.Keys]
	a.trunks.mu.RUnlock()
	switch {
	case t == nil: // it was changed or removed meanwhile
		return nil, errGoneTrunk
	case t.err != nil:
		return nil, t.err
	}
	return t.cfg, nil
}

// secured notes how TLS with a trunk came out last.
func (a *Agent) secured(to transact.Dest, err error) {
	s := &a.trunks
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.keys[to.Keys]
	if t == nil {
		return
	}
	words := "secured by TLS"
	if err != nil {
		words = err.Error()
	}
	if t.words != words {
		t.words = words
		a.log.Info("TLS with a trunk", "to", to.String(), "name", to.Name, "words", words)
	}
}

// places finds where a request may go. What goes to a trunk over TLS goes by TLS
// whatever its records and Contact say, and to whom the trunk's certificate names.
func (a *Agent) places(ctx context.Context, q locate.Query, trunk *voice.Trunk) ([]Place, error) {
	if trunk != nil && trunk.Transport == "tls" {
		q.Transport = "tls"
	}
	list, err := a.where.Find(ctx, q)
	if trunk == nil {
		return list, err
	}
	host := trunk.Host
	if trunk.Proxy != "" {
		host = trunk.Proxy
	}
	for i := range list {
		if list[i].Transport == "tls" {
			list[i].Domain, list[i].Keys = trunkName(*trunk, host), keysOf(*trunk)
		}
	}
	return list, err
}
