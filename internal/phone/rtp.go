package phone

import "encoding/binary"

// rtpHeader is the fixed part of an RTP packet, RFC 3550 §5.1.
type rtpHeader struct {
	marker      bool
	payloadType byte
	seq         uint16
	timestamp   uint32
	ssrc        uint32
}

const rtpHeaderSize = 12

func (h rtpHeader) append(b []byte) []byte {
	second := h.payloadType
	if h.marker {
		second |= 0x80
	}
	b = append(b, 0x80, second)
	b = binary.BigEndian.AppendUint16(b, h.seq)
	b = binary.BigEndian.AppendUint32(b, h.timestamp)
	return binary.BigEndian.AppendUint32(b, h.ssrc)
}

// parseRTP returns the header and the payload without contributing sources,
// extension and padding; ok is false when the packet is not RTP version 2 or
// is shorter than it claims.
func parseRTP(b []byte) (h rtpHeader, payload []byte, ok bool) {
	if len(b) < rtpHeaderSize || b[0]>>6 != 2 {
		return h, nil, false
	}
	h = rtpHeader{
		marker:      b[1]&0x80 != 0,
		payloadType: b[1] & 0x7f,
		seq:         binary.BigEndian.Uint16(b[2:]),
		timestamp:   binary.BigEndian.Uint32(b[4:]),
		ssrc:        binary.BigEndian.Uint32(b[8:]),
	}
	start, end := rtpHeaderSize+4*int(b[0]&0x0f), len(b)
	if b[0]&0x10 != 0 {
		if len(b) < start+4 {
			return h, nil, false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	if b[0]&0x20 != 0 {
		end -= int(b[len(b)-1])
	}
	if start > end {
		return h, nil, false
	}
	return h, b[start:end], true
}
