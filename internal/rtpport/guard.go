package rtpport

import (
	"net/netip"
	"slices"
	"time"

	"tandem/internal/dtlssrtp"
	"tandem/internal/icelite"
)

// ICE are the credentials of both sides. We are a lite agent (RFC 8445 §2.5): what
// proves that it knows ours tells where the peer is.
type ICE struct{ Local, Remote icelite.Credentials }

// DTLS is the handshake that makes the keys of the stream (RFC 5764).
type DTLS struct {
	Identity     *dtlssrtp.Identity
	Active       bool // we begin
	Fingerprints []dtlssrtp.Fingerprint
	Time         time.Duration // that it may take; 0 = dtlssrtp.HandshakeTime
	// Result is told once how it went, in a goroutine of its own, unless the port was
	// closed before. It must not call Start.
	Result func(Handshake)
}

// Handshake is what came of one.
type Handshake struct {
	Profile string // of SRTP; "" = it failed
	Err     error  // why; dtlssrtp.ErrNothing when nothing came at all
	// Checks and Refused are the STUN packets so far: of the peer's ICE, and others.
	Checks, Refused int64
}

func (d *DTLS) same(e *DTLS) bool {
	return d == e || d != nil && e != nil && d.Identity == e.Identity && d.Active == e.Active && slices.Equal(d.Fingerprints, e.Fingerprints)
}

// guard stands between the socket and the media of a port whose stream is secured
// or whose peer is found by ICE. It tells apart what shares the port by the first
// octet (RFC 7983): STUN, DTLS, RTP and RTCP. It belongs to the shard's thread.
type guard struct {
	ice     *icelite.Agent
	creds   ICE
	session *dtlssrtp.Session // nil = no handshake
	peer    netip.AddrPort    // of the handshake, without ICE
	crypt   *crypt            // nil until there are keys
	lost    int64             // packets that were not authentic
}

// protect makes the guard that params ask for, or changes the present one: keys
// stand until a new handshake has made others.
func (p *Port) protect(params *Params, s *dtlssrtp.Session, c *crypt) {
	if params.ICE == nil && !params.secured() {
		return
	}
	if p.guard == nil {
		p.guard = &guard{}
	}
	g := p.guard
	if g.session != s {
		g.session, g.peer = s, netip.AddrPort{}
	}
	if c != nil {
		p.rekey(c)
	}
	switch {
	case params.ICE == nil:
		g.ice = nil
	case g.ice == nil:
		g.ice = icelite.New(params.ICE.Local, params.ICE.Remote)
		g.creds = *params.ICE
	case g.creds != *params.ICE:
		g.ice.Restart(params.ICE.Local, params.ICE.Remote)
		g.creds = *params.ICE
	}
}

// admit takes a packet of the RTP socket. It gives the RTP or RTCP packet in plain, or
// nil when there is none: it was of another kind, or nobody's.
func (p *Port) admit(b []byte, from netip.AddrPort, mono int64) []byte {
	g := p.guard
	switch {
	case len(b) == 0:
		p.rx.invalid++
		return nil
	case b[0] < 4:
		p.stun(b, from, mono)
		return nil
	case dtlssrtp.IsDTLS(b):
		if g.session != nil && p.shakesHands(from) {
			g.session.Packet(b)
		}
		return nil
	case b[0]>>6 != 2 || len(b) < 2:
		p.rx.invalid++
		return nil
	case g.ice != nil && !g.ice.Knows(from):
		p.rx.foreign++
		return nil
	}
	if p.params.secured() {
		if g.crypt == nil {
			g.lost++ // it overtook the end of the handshake
			return nil
		}
		if b = g.crypt.open(&p.shard.crypts, p.shard.opened[:], b, isControl(b)); b == nil {
			g.lost++
			p.rx.forged++
			return nil
		}
	}
	// It is the peer's beyond doubt, wherever it came from.
	if p.latch.prove(mono, from) {
		p.rx.moves++
		if g.ice == nil {
			who := from
			p.peer.Store(&who)
		}
		p.aim(mono)
	}
	return b
}

// isControl tells RTCP from RTP on one port (RFC 5761 §4).
func isControl(b []byte) bool { return b[1] >= 192 && b[1] <= 223 }

// stun answers a check, and follows the peer's choice of a path.
func (p *Port) stun(b []byte, from netip.AddrPort, mono int64) {
	g := p.guard
	if g.ice == nil {
		p.rx.foreign++
		return
	}
	before := g.ice.Target()
	reply, verdict := g.ice.Handle(mono, b, from)
	if reply != nil {
		var to sockaddr
		if to.set(from, p.rtp.v6) {
			p.rtp.send(reply, &to)
		}
	}
	if verdict == icelite.Refused {
		p.rx.foreign++
		return
	}
	if target := g.ice.Target(); target != before {
		if before.IsValid() {
			p.rx.moves++
		}
		p.aim(mono)
	}
}

// shakesHands says whether the handshake may be with this address: with ICE one that
// proved itself; else that of the description, or the first on its host or on that
// of the signalling, whose place only the one of the description may take.
func (p *Port) shakesHands(from netip.AddrPort) bool {
	g := p.guard
	switch {
	case g.ice != nil:
		return g.ice.Knows(from)
	case from == g.peer:
		return true
	case from == p.params.Remote, !g.peer.IsValid() && (from.Addr() == p.params.Remote.Addr() || from.Addr() == p.params.Host):
		g.peer = from
		return true
	}
	return false
}

// handshakeSend sends a packet of the handshake to where the peer is, if that is known.
func (p *Port) handshakeSend(b []byte, s *dtlssrtp.Session) {
	g := p.guard
	if g == nil || g.session != s && g.session != nil {
		return
	}
	to := g.peer
	switch {
	case g.ice != nil:
		to = g.ice.Target()
	case !to.IsValid():
		to = p.params.Remote
	}
	var at sockaddr
	if sendable(to) && at.set(to, p.rtp.v6) {
		p.rtp.send(b, &at)
	}
}

// guarded gives a packet as it may be sent to the peer, nil when it may not be:
// there are no keys yet, or the peer has not been heard of for too long (RFC 7675).
func (p *Port) guarded(b []byte, control bool) []byte {
	g := p.guard
	if g.ice != nil && !g.ice.Consents(p.shard.clock()) {
		return nil
	}
	if !p.params.secured() {
		return b
	}
	if g.crypt == nil || control && !p.params.Mux && p.params.Keys == nil {
		return nil // a port of its own would need keys of its own
	}
	return g.crypt.seal(&p.shard.crypts, p.shard.sealed[:], b, control)
}

// sendRTCP sends a compound packet, on the socket of RTP where they share a port.
func (p *Port) sendRTCP(b []byte) bool {
	if p.guard != nil {
		if b = p.guarded(b, true); b == nil {
			return false
		}
	}
	through, to, local := &p.rtcp, &p.toRTCP, p.number+1
	if p.params.Mux {
		through, to, local = &p.rtp, &p.to, p.number
	}
	sent := through.send(b, to)
	if sent && p.capture != nil {
		p.capture.sentRTCP(b, to, local)
	}
	return sent
}
