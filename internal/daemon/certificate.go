package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"tandem/internal/certs"
)

// openCertificate reads the certificate that those who connect are shown, or makes
// one, and whose certificates are taken of peers.
func (d *Daemon) openCertificate(context.Context) error {
	if d.cfg.TLS.Authorities != "" {
		raw, err := os.ReadFile(d.cfg.TLS.Authorities)
		if err != nil {
			return fmt.Errorf("tls.authorities: %w", err)
		}
		if d.authorities, err = x509.SystemCertPool(); err != nil {
			return err
		}
		if !d.authorities.AppendCertsFromPEM(raw) {
			return errors.New("tls.authorities: " + d.cfg.TLS.Authorities + " holds no certificate in PEM")
		}
	}
	if !d.cfg.UsesTLS() {
		return nil
	}
	var err error
	d.certificate, err = certs.Open(certs.Config{
		Cert: d.cfg.TLS.Cert, Key: d.cfg.TLS.Key, Dir: d.cfg.CertPath(), Names: ownNames(d.cfg.Host()), Logger: d.log,
	})
	return err
}

// serverTLS is nil where nothing speaks TLS.
func (d *Daemon) serverTLS() *tls.Config {
	if d.certificate == nil {
		return nil
	}
	return d.certificate.Server()
}

// ownNames lists what this machine is reached by, as far as it knows itself.
func ownNames(host string) []string {
	list := []string{strings.Trim(host, "[]")}
	add := func(s string) {
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	if name, err := os.Hostname(); err == nil && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" {
		add(strings.ToLower(name))
	}
	for _, s := range []string{"localhost", "127.0.0.1", "::1"} {
		add(s)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return list
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && len(list) < 32 {
			add(n.IP.String())
		}
	}
	return list
}
