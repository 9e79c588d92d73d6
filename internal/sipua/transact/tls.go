package transact

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"tandem/internal/certs"
)

// sipProtocol is SIP's name in the negotiation of protocols (RFC 7301): who asks for
// another one, as a web browser does, is refused in the handshake.
const sipProtocol = "sip/2"

// complainEvery is how often failed handshakes are logged.
const complainEvery = 10 * time.Second

// serverTLS gives the settings for those who connect to us.
func (l *Layer) serverTLS(protocol string) *tls.Config {
	c := l.cfg.ServerTLS.Clone()
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	c.NextProtos = []string{protocol}
	if protocol == sipProtocol {
		c.ClientAuth = tls.RequestClientCert // who shows one may be asked for whom (Inbound.Proves)
	}
	return c
}

// serveTLS makes the handshake, within Limits.Handshake, and reads.
func (l *Layer) serveTLS(c net.Conn, peer netip.AddrPort) {
	if !l.exempt(peer.Addr()) && !l.limit.allow(peer.Addr(), time.Now()) {
		l.limited.Add(1)
		l.giveUp(c, peer)
		return
	}
	secured := tls.Server(c, l.tlsServer)
	ctx, cancel := context.WithTimeout(l.ctx, l.cfg.Limits.Handshake)
	err := secured.HandshakeContext(ctx)
	cancel()
	if err != nil {
		l.complain(peer, err)
		l.giveUp(c, peer)
		return
	}
	t := l.enter(Dest{Transport: "tls", Addr: peer}, octets{secured})
	if t == nil {
		l.giveUp(c, peer)
		return
	}
	t.shown = secured.ConnectionState().PeerCertificates
	l.read(t, secured, true)
}

func (l *Layer) giveUp(c net.Conn, peer netip.AddrPort) {
	_ = c.Close()
	l.release(peer.Addr())
}

// complain logs why a peer's handshake failed, unless another did lately.
func (l *Layer) complain(peer netip.AddrPort, err error) {
	l.handshakes.Add(1)
	now := time.Now().UnixNano()
	last := l.complained.Load()
	if l.ctx.Err() != nil || now-last < int64(complainEvery) || !l.complained.CompareAndSwap(last, now) {
		return
	}
	l.cfg.Logger.Info("TLS handshake of a SIP peer failed", "peer", peer, "why", handshakeWords(err))
}

func handshakeWords(err error) string {
	if broken, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		if c := broken.RecordHeader[0]; c >= 'A' && c <= 'Z' {
			return "it speaks without TLS to a port for TLS"
		}
		return "it speaks no TLS"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "it did not come to an end in time"
	}
	return err.Error()
}

// secure makes the handshake on a connection that we opened, and checks whom we reached.
func (l *Layer) secure(ctx context.Context, c net.Conn, to Dest) (net.Conn, error) {
	cfg := &tls.Config{}
	if l.cfg.ClientTLS != nil {
		own, err := l.cfg.ClientTLS(to)
		if err != nil {
			return nil, err
		}
		cfg = own.Clone()
	}
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12)
	cfg.ServerName = to.Name
	roots := cfg.RootCAs
	cfg.InsecureSkipVerify = true // SIP's rules of names are not those of the web: VerifyConnection has them
	cfg.VerifyConnection = func(s tls.ConnectionState) error {
		return certs.Proves(s.PeerCertificates, to.Name, roots, certs.Serves)
	}
	secured := tls.Client(c, cfg)
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", namedError{clientWords(err), err})
	}
	return secured, nil
}

// clientWords says what is wrong with the TLS of a peer that we called.
func clientWords(err error) string {
	_, broken := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case broken:
		return "what answers there speaks no TLS"
	case errors.Is(err, context.DeadlineExceeded):
		return "the handshake did not come to an end in time"
	}
	return err.Error()
}

// namedError is an error in our words.
type namedError struct {
	words string
	error
}

func (e namedError) Error() string { return e.words }
func (e namedError) Unwrap() error { return e.error }
