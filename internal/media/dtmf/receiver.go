package dtmf

import "encoding/binary"

const (
	remembered = 32     // events; at ten keys a second, three seconds of reordering
	longest    = 0xFFFF // duration field at which a long event goes on in a new segment
)

type seen struct {
	ssrc, timestamp uint32
	event           uint8
	ended, used     bool
}

// Receiver turns telephone-event packets into key presses. An event is known
// by its SSRC, timestamp and code (RFC 4733 §2.2), so that it is reported at
// the first packet of it that arrives, whichever that is, and never again.
type Receiver struct {
	past [remembered]seen
	next int
}

// Packet takes the payload of one packet. first is true when it is the first
// packet of a press of key; end is true when it has the end bit. Payloads that
// are too short and events that are no key give ok false.
func (r *Receiver) Packet(ssrc, timestamp uint32, payload []byte) (key byte, first, end, ok bool) {
	if len(payload) < 4 {
		return 0, false, false, false
	}
	event := payload[0]
	if key, ok = Key(event); !ok {
		return 0, false, false, false
	}
	end = payload[1]&0x80 != 0
	first = true
	for i := range r.past {
		p := &r.past[i]
		if !p.used || p.ssrc != ssrc || p.event != event {
			continue
		}
		if p.timestamp == timestamp {
			p.ended = p.ended || end
			return key, false, end, true
		}
		// RFC 4733 §2.5.1.3: a press over 65,535 units goes on with a new
		// timestamp, exactly that much later, and no end bit in between.
		if timestamp-p.timestamp == longest && !p.ended {
			first = false
		}
	}
	r.past[r.next] = seen{ssrc, timestamp, event, end, true}
	r.next = (r.next + 1) % remembered
	return key, first, end, true
}

// Duration is the duration field of a payload in timestamp units, 0 when it is
// too short.
func Duration(payload []byte) uint16 {
	if len(payload) < 4 {
		return 0
	}
	return binary.BigEndian.Uint16(payload[2:])
}
