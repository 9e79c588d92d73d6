package transact

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// listenMore opens the listeners for TLS and WebSocket that were asked for.
func (l *Layer) listenMore() error {
	for _, at := range []struct{ transport, addr string }{{"tls", l.cfg.TLS}, {"ws", l.cfg.WS}, {"wss", l.cfg.WSS}} {
		if at.addr == "" {
			continue
		}
		if Secure(at.transport) && l.cfg.ServerTLS == nil {
			return fmt.Errorf("%s needs a certificate", at.transport)
		}
		ln, err := net.Listen("tcp", at.addr)
		if err != nil {
			return fmt.Errorf("%s: %w", at.transport, err)
		}
		l.listeners[at.transport] = ln
	}
	return nil
}

// serveMore takes the connections of those listeners.
func (l *Layer) serveMore() {
	if ln := l.listeners["tls"]; ln != nil {
		l.tlsServer = l.serverTLS(sipProtocol)
		l.wg.Go(func() { l.accept(ln, l.serveTLS) })
	}
	for _, transport := range []string{"ws", "wss"} {
		ln := l.listeners[transport]
		if ln == nil {
			continue
		}
		s := l.webServer()
		l.webs = append(l.webs, s)
		from := admitting{Listener: ln, l: l, paid: transport == "wss"}
		// Serving ends with an error always, here by Close.
		if transport == "wss" {
			s.TLSConfig = l.serverTLS("http/1.1")
			l.wg.Go(func() { _ = s.ServeTLS(from, "", "") })
			continue
		}
		l.wg.Go(func() { _ = s.Serve(from) })
	}
}

// closeSockets closes whatever is listened on; connections go on.
func (l *Layer) closeSockets() error {
	wake(l.udp)
	errs := []error{l.udp.Close(), l.tcp.Close()}
	for _, s := range l.webs {
		errs = append(errs, s.Close())
	}
	for _, ln := range l.listeners {
		if err := ln.Close(); !errors.Is(err, net.ErrClosed) { // its server closed it
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Listens gives where a transport is listened for; false = nowhere.
func (l *Layer) Listens(transport string) (netip.AddrPort, bool) {
	if transport == "udp" || transport == "tcp" {
		return l.local, true
	}
	ln := l.listeners[transport]
	if ln == nil {
		return netip.AddrPort{}, false
	}
	return unmap(ln.Addr().(*net.TCPAddr).AddrPort()), true
}

// Port is the one that peers are told for a transport: where it is listened for, else
// that of UDP and TCP, which is as good as any where connections are made one way.
func (l *Layer) Port(transport string) int {
	if at, ok := l.Listens(transport); ok {
		return int(at.Port())
	}
	return int(l.local.Port())
}
