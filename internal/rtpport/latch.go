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
	copiedAlarm  = 25                            // packets of a second source in the stream of a living one
)

type verdict uint8

const (
	foreign verdict = iota // not our peer: ignore
	known                  // from the peer
	moved                  // from the peer, which has a new address from now on
)

// claim is how good a source's right to be the peer is.
type claim uint8

const (
	stranger   claim = iota // nothing speaks for it but its packets
	signalling              // on the host that signalling comes from
	neighbour               // on the host that signalling named, at another port
	named                   // what signalling named
)

type suspect struct {
	source netip.AddrPort
	ssrc   uint32
	seq    uint16
	run    int
	seen   int64
}

// latch decides whose packets are the peer's. It locks on the address that the
// signalling named as soon as a packet comes from there. From the host of that
// address and from the one that signalling comes from it learns another, by three
// packets in sequence, once the named one had a tenth of a second to appear. A
// stranger is learned only where start says so, when its run began within half a
// second of the start and nobody with a better claim came by then; and it gives way
// to one at any time. Once locked the latch stays, unless the source falls silent and
// the same stream goes on from another port of the same host (a rebound NAT mapping).
type latch struct {
	expect     netip.AddrPort // what signalling named
	host       netip.Addr     // where signalling comes from; invalid = not known
	strangers  bool
	learnUntil int64
	moveUntil  int64

	locked bool
	by     claim // of the source that it locked on
	source netip.AddrPort
	ssrc   uint32
	seq    uint16
	seen   int64

	suspects [4]suspect
	copied   int            // packets of copier while the source lived
	copier   netip.AddrPort // who goes on with the peer's stream beside it
}

// start opens the time of learning. A changed address forgets the old peer.
func (l *latch) start(now int64, expect netip.AddrPort, host netip.Addr, strangers bool) {
	if l.locked && expect == l.expect {
		l.host, l.strangers, l.moveUntil = host, strangers, now+relearnTime
		return
	}
	*l = latch{expect: expect, host: host, strangers: strangers, learnUntil: now + learnTime}
}

// packet judges an RTP packet.
func (l *latch) packet(now int64, source netip.AddrPort, ssrc uint32, seq uint16) verdict {
	if l.locked && source == l.source {
		l.ssrc, l.seq, l.seen = ssrc, seq, now
		return known
	}
	by := l.claim(source)
	if !l.admissible(now, source, by, ssrc, seq) {
		l.suspicious(now, source, ssrc, seq)
		return foreign
	}
	if by == named || l.credible(now, source, by, ssrc, seq) {
		l.locked, l.by = true, by
		l.source, l.ssrc, l.seq, l.seen = source, ssrc, seq, now
		l.suspects = [4]suspect{}
		l.copied = 0
		return moved
	}
	return foreign
}

func (l *latch) claim(source netip.AddrPort) claim {
	switch {
	case source == l.expect:
		return named
	case source.Addr() == l.expect.Addr():
		return neighbour
	case source.Addr() == l.host:
		return signalling
	}
	return stranger
}

// admissible says whether a source other than the locked one may be considered.
func (l *latch) admissible(now int64, source netip.AddrPort, by claim, ssrc uint32, seq uint16) bool {
	silent := now - l.seen
	switch {
	case !l.locked:
		return by > stranger || l.strangers && (now <= l.learnUntil || l.suspected(source))
	case l.by == stranger && by > stranger:
		return true
	case by == named:
		return now <= l.learnUntil || silent >= forsakenTime
	case silent < aliveTime:
		return false
	case source.Addr() == l.source.Addr() && ssrc == l.ssrc:
		return seq-l.seq-1 < rebindSpan
	}
	return now <= l.moveUntil && l.by != named && (by > stranger || l.strangers)
}

// suspicious counts the packets of one who goes on with the stream of the peer while
// the peer itself does: no telephone behind a NAT does that.
func (l *latch) suspicious(now int64, source netip.AddrPort, ssrc uint32, seq uint16) {
	if !l.locked || ssrc != l.ssrc || now-l.seen >= aliveTime || seq-l.seq+rebindSpan > 2*rebindSpan {
		return
	}
	if source != l.copier {
		if l.copied >= copiedAlarm {
			return // one is told of
		}
		l.copier, l.copied = source, 0
	}
	l.copied++
}

// copies says whether one copies the stream of the peer.
func (l *latch) copies() bool { return l.copied >= copiedAlarm }

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
func (l *latch) credible(now int64, source netip.AddrPort, by claim, ssrc uint32, seq uint16) bool {
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
			return s.run >= learnRun && (l.locked || now > l.patience(by))
		}
		if s.seen < l.suspects[oldest].seen {
			oldest = i
		}
	}
	l.suspects[oldest] = suspect{source, ssrc, seq, 1, now}
	return false
}

// patience is until when one with a better claim goes before this one.
func (l *latch) patience(by claim) int64 {
	switch {
	case by > stranger:
		return l.learnUntil - learnTime + politeTime
	case !l.host.IsValid() && (!l.expect.IsValid() || l.expect.Addr().IsUnspecified()):
		return 0
	}
	return l.learnUntil
}

// prove locks on a source that has proved itself otherwise; true when that is news.
func (l *latch) prove(now int64, source netip.AddrPort) bool {
	if l.locked && l.source == source {
		return false
	}
	l.locked, l.by, l.source, l.seen = true, named, source, now
	l.suspects = [4]suspect{}
	l.copied = 0
	return true
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
	return l.locked && now-l.seen < aliveTime && (l.by == named || l.by > stranger && now > l.learnUntil)
}
