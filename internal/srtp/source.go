package srtp

const (
	window = 128 // packets in which a replay is known
	half   = 1 << 15

	lastIndex  = 1<<48 - 1 // of SRTP (RFC 3711 §9.2)
	lastReport = 1<<31 - 1 // of SRTCP
)

// MaxSources is how many sources of a peer are known, of SRTP and of SRTCP each.
const MaxSources = 64

// source is what is known of one SSRC.
type source struct {
	ssrc  uint32
	taken bool // the place is
	begun bool // a packet of it was sealed, or opened
	top   uint64
	seen  [2]uint64 // of the last packets, a bit each, the newest in bit 0
}

// source finds one; nil when it is not known.
func (s *session) source(ssrc uint32) *source {
	if s.first.ssrc == ssrc && s.first.taken {
		return &s.first
	}
	for i := range s.more {
		if s.more[i].ssrc == ssrc {
			return &s.more[i]
		}
	}
	return nil
}

func (s *session) full() bool { return len(s.more) == MaxSources-1 }

// add keeps a source that was not known, where there is room.
func (s *session) add(x source) *source {
	x.taken = true
	if !s.first.taken {
		s.first = x
		return &s.first
	}
	s.more = append(s.more, x)
	return &s.more[len(s.more)-1]
}

// index is that of a sequence number: the nearest to the newest (RFC 3711 §3.3.1 and
// appendix A); false when there are no more under one key.
func (x *source) index(seq uint16) (uint64, bool) {
	index := x.top&^0xFFFF | uint64(seq)
	if !x.begun {
		return index, true
	}
	switch last := int(x.top & 0xFFFF); {
	case last < half && int(seq)-last > half && x.top > half:
		index -= 1 << 16
	case last >= half && last-half > int(seq):
		index += 1 << 16
	}
	return index, index <= lastIndex
}

// replayed says whether a packet was there before, or is too old to tell (RFC 3711 §3.3.2).
func (x *source) replayed(index uint64) bool {
	if !x.begun || index > x.top {
		return false
	}
	age := x.top - index
	return age >= window || x.seen[age/64]>>(age%64)&1 != 0
}

// accept notes a packet that is not replayed.
func (x *source) accept(index uint64) {
	if !x.begun {
		x.begun, x.top, x.seen = true, index, [2]uint64{1, 0}
		return
	}
	if index <= x.top {
		age := x.top - index
		x.seen[age/64] |= 1 << (age % 64)
		return
	}
	switch n := index - x.top; {
	case n >= window:
		x.seen = [2]uint64{}
	case n >= 64:
		x.seen[1], x.seen[0] = x.seen[0]<<(n-64), 0
	default:
		x.seen[1], x.seen[0] = x.seen[1]<<n|x.seen[0]>>(64-n), x.seen[0]<<n
	}
	x.top = index
	x.seen[0] |= 1
}
