package dtmf

import (
	"cmp"
	"encoding/binary"
)

const (
	sendVolume = 10 // dBm0 below zero, as the volume field counts
	endPackets = 3
)

// Packet is one telephone-event packet to send: the header fields that differ
// from those of audio, and the payload.
type Packet struct {
	Marker    bool
	Timestamp uint32 // of the start of the event, the same in all its packets
	Payload   [4]byte
}

// Sender makes the packets of one key press at a time, one each 20 ms: updates
// while the key is down, then three end packets (RFC 4733 §2.5.1). The zero
// value is idle.
type Sender struct {
	Clock    uint32 // timestamp units in a second; 0 = 8000. Set it while nothing is sent.
	busy     bool
	event    uint8
	start    uint32
	duration uint32
	hold     uint32 // length of the press; 0 = until Release
	ends     int
	sent     bool
}

// Press starts a key at timestamp for units, or until Release when
// units is 0. It replaces a press in progress. False for what is no key.
func (s *Sender) Press(key byte, timestamp, units uint32) bool {
	event, ok := Event(key)
	if !ok {
		return false
	}
	*s = Sender{Clock: s.Clock, busy: true, event: event, start: timestamp, hold: units}
	return true
}

// Release lets the key go once it was down for 40 ms; the end packets follow.
func (s *Sender) Release() {
	if s.hold == 0 {
		s.hold = max(s.duration, 2*s.frame())
	}
}

// frame is the number of timestamp units in 20 ms.
func (s *Sender) frame() uint32 { return cmp.Or(s.Clock, 8000) / 50 }

// Busy says whether a press is not fully sent yet.
func (s *Sender) Busy() bool { return s.busy }

// Next is the packet of this 20 ms tick; false when there is none.
func (s *Sender) Next() (p Packet, ok bool) {
	if !s.busy {
		return Packet{}, false
	}
	p.Marker = !s.sent
	if s.ends == 0 {
		s.advance()
	}
	if s.ends == 0 && s.sent && s.hold > 0 && s.duration >= s.hold {
		s.ends = endPackets
	}
	p.Timestamp = s.start
	p.Payload = [4]byte{s.event, sendVolume}
	binary.BigEndian.PutUint16(p.Payload[2:], uint16(s.duration))
	if s.ends > 0 {
		p.Payload[1] |= 0x80
		s.ends--
		s.busy = s.ends > 0
	}
	s.sent = true
	return p, true
}

// advance lengthens the press by a tick; past the largest duration a new
// segment begins.
func (s *Sender) advance() {
	s.duration += s.frame()
	if s.hold > 0 {
		s.duration = min(s.duration, s.hold)
	}
	if s.duration > longest {
		s.start += longest
		s.duration -= longest
		if s.hold > 0 {
			s.hold -= longest
		}
	}
}
