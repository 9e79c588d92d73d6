package rtpport

import (
	"net/netip"
	"time"
)

const (
	learnTime    = int64(500 * time.Millisecond) // after Start, for sources that SDP did not name
	politeTime   = int64(100 * time.Millisecond) // after Start, in which the one of SDP goes first
	relearnTime  = int64(2 * time.Second)        // after a further Start, for a source that moved
	aliveTime    = int64(200 * time.Millisecond) // without a packet, a source counts as gone
	forsakenTime = int64(2 * time.Second)        // and its place may be taken by the one of SDP
	learnRun     = 3                             // packets in sequence that make a source credible
	rebindSpan   = 500                           // packets that a moved source may have skipped
)

type verdict uint8

const (
	foreign verdict = iota // not our peer: ignore
	known                  // from the peer
	moved                  // from the peer, which has a new address from now on
)

type suspect struct {
	source netip.AddrPort
	ssrc   uint32
	seq    uint16
	run    int
	seen   int64
}

// latch decides whose packets are the peer's. It locks on the address that the
// signalling named as soon as a packet comes from there. It learns another only
// from three packets in sequence that began shortly after the start, and takes
// it only when the named one had its time to appear: a tenth of a second for a
// source on a host that signalling named, else the whole time of learning. Once
// locked it stays, unless the source falls silent and the same stream goes on
// from another port of the same host (a rebound NAT mapping).
type latch struct {
	expect     netip.AddrPort // what signalling named
	host       netip.Addr     // where signalling comes from; invalid = not known
	learnUntil int64
	moveUntil  int64

	locked bool
	named  bool // locked on expect
	source netip.AddrPort
	ssrc   uint32
	seq    uint16
	seen   int64

	suspects [4]suspect
}

// start opens the time of learning. A changed address forgets the old peer.
func (l *latch) start(now int64, expect netip.AddrPort, host netip.Addr) {
	if l.locked && expect == l.expect {
		l.host, l.moveUntil = host, now+relearnTime
		return
	}
	*l = latch{expect: expect, host: host, learnUntil: now + learnTime}
}

// packet judges an RTP packet.
func (l *latch) packet(now int64, source netip.AddrPort, ssrc uint32, seq uint16) verdict {
	if l.locked && source == l.source {
		l.ssrc, l.seq, l.seen = ssrc, seq, now
		return known
	}
	if !l.admissible(now, source, ssrc, seq) {
		return foreign
	}
	if source == l.expect || l.credible(now, source, ssrc, seq) {
		l.locked, l.named = true, source == l.expect
		l.source, l.ssrc, l.seq, l.seen = source, ssrc, seq, now
		l.suspects = [4]suspect{}
		return moved
	}
	return foreign
}

// admissible says whether a source other than the locked one may be considered.
func (l *latch) admissible(now int64, source netip.AddrPort, ssrc uint32, seq uint16) bool {
	silent := now - l.seen
	switch {
	case !l.locked:
		return source == l.expect || now <= l.learnUntil || l.suspected(source) ||
			source.Addr() == l.expect.Addr() || source.Addr() == l.host
	case source == l.expect:
		return !l.named && (now <= l.learnUntil || silent >= forsakenTime)
	case silent < aliveTime:
		return false
	case source.Addr() == l.source.Addr() && ssrc == l.ssrc:
		return seq-l.seq-1 < rebindSpan
	}
	return now <= l.moveUntil && !l.named
}

// suspected says whether source began its run in time.
func (l *latch) suspected(source netip.AddrPort) bool {
	for i := range l.suspects {
		if l.suspects[i].run > 0 && l.suspects[i].source == source {
			return true
		}
	}
	return false
}

// credible counts packets in sequence of one source and stream.
func (l *latch) credible(now int64, source netip.AddrPort, ssrc uint32, seq uint16) bool {
	oldest := 0
	for i := range l.suspects {
		s := &l.suspects[i]
		if s.run > 0 && s.source == source && s.ssrc == ssrc {
			if seq == s.seq+1 {
				s.run++
			} else {
				s.run = 1
			}
			s.seq, s.seen = seq, now
			return s.run >= learnRun && (l.locked || now > l.patience(source))
		}
		if s.seen < l.suspects[oldest].seen {
			oldest = i
		}
	}
	l.suspects[oldest] = suspect{source, ssrc, seq, 1, now}
	return false
}

// patience is until when the named source goes before this one.
func (l *latch) patience(source netip.AddrPort) int64 {
	if source.Addr() == l.expect.Addr() || source.Addr() == l.host {
		return l.learnUntil - learnTime + politeTime
	}
	if !l.expect.IsValid() || l.expect.Addr().IsUnspecified() {
		return 0
	}
	return l.learnUntil
}

// target is where to send.
func (l *latch) target() netip.AddrPort {
	if l.locked {
		return l.source
	}
	return l.expect
}

// fixed says that no better source can turn up, so that the kernel may drop
// all others.
func (l *latch) fixed(now int64) bool {
	return l.locked && now-l.seen < aliveTime && (l.named || now > l.learnUntil)
}
