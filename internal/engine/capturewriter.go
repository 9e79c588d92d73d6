package engine

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"tandem/internal/pcap"
	"tandem/internal/rtpport"
)

// captureDelay is for how long packets are held back, so that those of all legs are
// written in the order of their times.
const captureDelay = 250 * time.Millisecond

// packet is what waits to be written.
type packet struct {
	pcap.Packet
	tcp bool
}

// write writes what came before a time; zero = all.
func (k *capture) write(until time.Time) error {
	k.collect()
	slices.SortStableFunc(k.waiting, func(a, b packet) int { return a.At.Compare(b.At) })
	n := len(k.waiting)
	if !until.IsZero() {
		n = slices.IndexFunc(k.waiting, func(p packet) bool { return !p.At.Before(until) })
		if n < 0 {
			n = len(k.waiting)
		}
	}
	for _, p := range k.waiting[:n] {
		if k.pcap.Size()+int64(len(p.Payload)+len(p.Comment)+captureOverhead) > k.most() {
			return errFull
		}
		put := k.pcap.UDP
		if p.tcp {
			put = k.pcap.TCP
		}
		if err := put(p.Packet); err != nil {
			return err
		}
		k.row.Packets++
	}
	k.waiting = slices.Delete(k.waiting, 0, n)
	return k.file.Flush()
}

// collect takes what has come.
func (k *capture) collect() {
	w := &k.call.wire
	w.mu.Lock()
	messages := k.messages
	k.messages = nil
	taps := slices.Clone(k.taps)
	k.taps = slices.DeleteFunc(k.taps, func(t *tap) bool { return t.over })
	var gone []*tap
	for _, t := range taps {
		if t.over {
			gone = append(gone, t)
		}
	}
	w.mu.Unlock()
	for _, m := range messages {
		k.waiting = append(k.waiting, k.sip(m))
	}
	for _, t := range taps {
		t.from.Read(func(c rtpport.Captured) { k.waiting = append(k.waiting, k.rtp(c)) })
	}
	for _, t := range gone {
		k.lost += t.from.Lost()
	}
}

// lostNow is how many packets were lost so far.
func (k *capture) lostNow() int64 {
	w := &k.call.wire
	w.mu.Lock()
	defer w.mu.Unlock()
	n := k.lost + k.missed
	for _, t := range k.taps {
		n += t.from.Lost()
	}
	return n
}

func (k *capture) sip(m message) packet {
	p := packet{Packet: pcap.Packet{At: m.at, In: m.in, Payload: m.text}}
	switch m.transport {
	case "tcp":
		p.tcp = true
	case "tls":
		p.tcp, p.Comment = true, "SIP over TLS"
	case "ws", "wss":
		p.Comment = "SIP over a WebSocket (" + m.transport + ")"
	}
	if m.hidden {
		p.Comment = "its body is hidden: secret digits may be in it"
	}
	p.between(k.ours(m.local, m.peer), m.peer)
	return p
}

func (k *capture) rtp(c rtpport.Captured) packet {
	p := packet{Packet: pcap.Packet{At: c.At, In: c.In, Payload: bytes.Clone(c.Octets), Hidden: c.Hidden}}
	if c.Hidden > 0 {
		p.Comment = "its payload is left out: secret digits may be in it"
	}
	p.between(k.ours(netip.AddrPortFrom(k.call.e.cfg.Pool.Host(), c.Local), c.Peer), c.Peer)
	return p
}

// between sets the addresses.
func (p *packet) between(ours, peer netip.AddrPort) {
	p.From, p.To = ours, peer
	if p.In {
		p.From, p.To = peer, ours
	}
}

// ours is our end towards a peer: where the socket has no address of its own, that
// from which the kernel sends.
func (k *capture) ours(local, peer netip.AddrPort) netip.AddrPort {
	a := local.Addr().Unmap()
	if !a.IsValid() || a.IsUnspecified() || a.Is4() != peer.Addr().Unmap().Is4() {
		a = k.call.e.routes.towards(peer.Addr())
	}
	if a.Is4() != peer.Addr().Unmap().Is4() { // there is no way to the peer any more
		a = netip.IPv6Unspecified()
		if peer.Addr().Unmap().Is4() {
			a = netip.IPv4Unspecified()
		}
	}
	return netip.AddrPortFrom(a, local.Port())
}
