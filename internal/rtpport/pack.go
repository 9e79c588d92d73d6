package rtpport

import (
	"time"

	"tandem/internal/media"
)

const (
	tenth    = media.FrameSamples / 2 // octets in 10 ms
	mostPack = 6 * tenth              // octets in the longest packet sent: 60 ms
	halfTurn = slots / 2
)

// packer cuts what a port sends, a frame of 20 ms in each turn, into packets of the
// agreed time. What it holds goes out short when the sound stops, begins anew, or a
// key is pressed.
type packer struct {
	want   int    // octets in a packet
	n      int    // octets held
	ts     uint32 // of the first
	marker bool
	due    bool // they are a packet that goes out half a turn after its frame
	buf    [mostPack + media.FrameSamples]byte
}

// packetOctets is how many octets of sound go into a packet when the peer asks for
// ptime: tens of milliseconds from 10 to 60, and 20 when it asks for none.
func packetOctets(ptime time.Duration) int {
	if ptime <= 0 {
		return media.FrameSamples
	}
	return tenth * int(min(max(ptime/(10*time.Millisecond), 1), mostPack/tenth))
}

// frame sends the sound of this turn, which is in tx, or keeps it until there is
// enough. Where packets are no whole number of frames, each second one ends with a
// frame and leaves half a turn later than its frame is made, so that all have the same
// distance.
func (p *Port) frame(sound []byte) {
	k := &p.packs
	if k.want == media.FrameSamples {
		p.packet(p.params.payloadType(), p.marker, p.ts, headerLen+media.FrameSamples)
		p.marker = false
		return
	}
	held := k.n
	k.n += copy(k.buf[k.n:], sound) // first, for what is sent goes through tx
	if held > 0 && (p.marker || p.ts != k.ts+uint32(held)) {
		p.sendHeld(held)
		held = 0
	}
	if held == 0 {
		k.ts = p.ts
	}
	k.marker = k.marker || p.marker
	p.marker = false
	for k.n >= k.want {
		if k.n == k.want && k.want%media.FrameSamples != 0 {
			k.due = true
			p.shard.later(p)
			return
		}
		p.sendHeld(k.want)
	}
}

// second sends what waits for the second half of the turn.
func (p *Port) second() {
	if p.packs.due {
		p.flush()
	}
}

// flush sends what is held, however short.
func (p *Port) flush() {
	if p.packs.n > 0 {
		p.sendHeld(p.packs.n)
	}
}

// sendHeld sends the first n octets held.
func (p *Port) sendHeld(n int) {
	k := &p.packs
	copy(p.tx[headerLen:], k.buf[:n])
	p.packet(p.params.payloadType(), k.marker, k.ts, headerLen+n)
	k.n = copy(k.buf[:], k.buf[n:k.n])
	k.ts += uint32(n)
	k.marker, k.due = false, false
}

// later has the port send what is due half a turn from now.
func (s *shard) later(p *Port) {
	at := (s.tick + halfTurn) % slots
	s.halves[at] = append(s.halves[at], p)
}

// seconds sends what is due in this slot. A port that has left holds nothing.
func (s *shard) seconds(slot int64) {
	for i, p := range s.halves[slot] {
		p.second()
		s.halves[slot][i] = nil
	}
	s.halves[slot] = s.halves[slot][:0]
}
