package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"tandem/internal/dtlssrtp"
	"tandem/internal/media/opus"
	"tandem/internal/offer"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// shaking is the handshake of a party's media.
type shaking struct {
	with offer.DTLS
	done chan struct{} // closed with the result
	err  error         // set before done closes
}

// local begins our descriptions to a peer, whose sound arrives at the port.
func (e *Engine) local(peer netip.Addr, port *rtpport.Port) *offer.Local {
	return e.localAt(e.addrs.towards(peer), peer, port)
}

// localAt is local where the address that a peer is told is known.
func (e *Engine) localAt(main, peer netip.Addr, port *rtpport.Port) *offer.Local {
	l := offer.NewLocal(netip.AddrPortFrom(main, uint16(port.LocalPort())))
	l.Others = func() []netip.Addr { return e.addrs.beside(main, peer) }
	l.Comfort = e.cfg.ComfortNoise
	l.Opus = offer.OpusHeard
	if opus.Encodes {
		l.Opus = offer.OpusSpoken
	}
	if id := e.cfg.Identity; id != nil {
		l.Fingerprint = offer.Fingerprint(id.Fingerprint())
	}
	return l
}

// somebodyOutside is an address of nobody that is not on our own networks (RFC 5737,
// RFC 3849).
func somebodyOutside(v4 bool) netip.Addr {
	if v4 {
		return netip.AddrFrom4([4]byte{192, 0, 2, 1})
	}
	return netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 15: 1})
}

// beside gives further addresses by which a peer with ICE may reach us. A browser
// whose signalling comes from this very machine, by a proxy or not, may be anywhere.
func (l *localAddrs) beside(main, peer netip.Addr) []netip.Addr {
	if !peer.Unmap().IsLoopback() {
		return nil
	}
	var all []netip.Addr
	if l.told != nil {
		if a := l.told(somebodyOutside(!l.only.IsValid() || l.only.Is4())); a.IsValid() {
			all = append(all, a.Unmap())
		}
	}
	if l.only.IsValid() {
		return all
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return all // it is a comfort
	}
	for _, a := range own {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		addr := p.Addr().Unmap()
		if addr != main && addr.Is4() == main.Is4() && addr.IsGlobalUnicast() && !slices.Contains(all, addr) {
			all = append(all, addr)
		}
	}
	return all[:min(len(all), offer.MaxCandidates-1)]
}

// isBrowser says whether a telephone is one in a browser: it came by WebSocket (RFC
// 7118), to us or to a proxy before us, which leaves its contact as it is.
func isBrowser(contact, transport string) bool {
	uri, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(contact), "<"), ">")
	_, params, _ := strings.Cut(uri, ";")
	for p := range strings.SplitSeq(params, ";") {
		if p == "transport=ws" || p == "transport=wss" {
			return true
		}
	}
	return transport == "ws" || transport == "wss"
}

// secure adds to the port's settings what finds the peer and secures the media. The
// caller holds s.mu.
func (s *side) secure(p *rtpport.Params, m offer.Media) {
	p.Mux = m.Mux
	if m.ICE != (offer.ICE{}) {
		ice := rtpport.ICE(m.ICE)
		p.ICE = &ice
	}
	if c := m.Crypto; c.Used() {
		const key = 16 // octets; the salt follows
		p.Keys = &dtlssrtp.Keys{Profile: c.Suite, LocalKey: []byte(c.Local[:key]), LocalSalt: []byte(c.Local[key:]),
			RemoteKey: []byte(c.Remote[:key]), RemoteSalt: []byte(c.Remote[key:])}
	}
	if !m.DTLS.Used() {
		return
	}
	if s.shaking == nil || s.shaking.with != m.DTLS {
		s.shaking = &shaking{with: m.DTLS, done: make(chan struct{})}
	}
	h, at := s.shaking, s.reachable()
	p.DTLS = &rtpport.DTLS{Identity: s.at.Load().call.e.cfg.Identity, Active: m.DTLS.Active,
		Result: func(r rtpport.Handshake) { s.shaken(h, r, m.ICE != (offer.ICE{}), at) }}
	for _, f := range m.DTLS.Fingerprints {
		if f.Hash != "" {
			p.DTLS.Fingerprints = append(p.DTLS.Fingerprints, dtlssrtp.Fingerprint(f))
		}
	}
}

// reachable names where we said that we are.
func (s *side) reachable() string {
	words := []string{s.local.Addr.String()}
	for _, a := range s.local.Addresses()[1:] {
		words = append(words, a.String())
	}
	return strings.Join(words, ", ")
}

// shaken takes the result of the handshake. Media that is not secured is not had: the
// party is hung up on, and the reason stands on the timeline.
func (s *side) shaken(h *shaking, r rtpport.Handshake, ice bool, at string) {
	if r.Err == nil {
		s.note(voice.Event{Kind: voice.EventMedia, Text: "media is secured by DTLS-SRTP (" + r.Profile + ")", Data: map[string]string{"srtp": r.Profile}})
		close(h.done)
		return
	}
	words := r.Err.Error()
	switch none := errors.Is(r.Err, dtlssrtp.ErrNothing); {
	case none && ice && r.Checks == 0 && r.Refused > 0:
		words = fmt.Sprintf("no valid ICE check came to udp %s (%d that don't know our password were refused)", at, r.Refused)
	case none && ice && r.Checks == 0:
		words = "no ICE check came: the peer can't reach udp " + at
	case none && ice:
		words = fmt.Sprintf("no DTLS from the peer, though %d ICE checks came", r.Checks)
	case none:
		words = "no DTLS from the peer to udp " + at
	}
	h.err = voice.Errorf("engine.secure", voice.HungUp, "%s", words)
	s.note(voice.Event{Kind: voice.EventMedia, Text: "media could not be secured: " + words})
	close(h.done)
	s.dialog.HangupFor(voice.EndNotSecured, voice.CauseMedia, words)
}

// untilSecure waits until the media of a leg may be used. It comes to an end by
// itself, for a handshake has its time.
func (l *leg) untilSecure(ctx context.Context) error {
	l.mu.Lock()
	h := l.shaking
	l.mu.Unlock()
	if h == nil {
		return nil
	}
	select {
	case <-h.done:
		return h.err
	case <-l.Done():
		_, words := l.dialog.Cause()
		return voice.Errorf("engine.secure", voice.HungUp, "%s", words)
	case <-ctx.Done():
		return voice.E("engine.secure", voice.Unavailable, context.Cause(ctx))
	}
}
