package srtp

import (
	"crypto/subtle"
	"encoding/binary"
)

// Sender seals what goes out.
type Sender struct{ rtp, rtcp session }

// NewSender makes one by the profile's registered name, with the master key and salt.
func NewSender(profile string, key, salt []byte) (*Sender, error) {
	var s Sender
	var err error
	if s.rtp, s.rtcp, err = newSessions(profile, key, salt); err != nil {
		return nil, err
	}
	return &s, nil
}

// Receiver opens what comes. What is not authentic, or was there before, changes
// nothing.
type Receiver struct{ rtp, rtcp session }

// NewReceiver makes one by the profile's registered name, with the master key and salt.
func NewReceiver(profile string, key, salt []byte) (*Receiver, error) {
	var r Receiver
	var err error
	if r.rtp, r.rtcp, err = newSessions(profile, key, salt); err != nil {
		return nil, err
	}
	return &r, nil
}

const fixedHeader = 12

// headerSize is that of an RTP packet; false when it is not one. Those whose extension
// says that it is encrypted (RFC 9335) are refused: that is never agreed on.
func headerSize(b []byte) (int, bool) {
	if len(b) < fixedHeader {
		return 0, false
	}
	n := fixedHeader + 4*int(b[0]&0x0F)
	if b[0]&0x10 == 0 {
		return n, n <= len(b)
	}
	if n+4 > len(b) {
		return 0, false
	}
	if kind := binary.BigEndian.Uint16(b[n:]); kind == 0xC0DE || kind == 0xC2DE {
		return 0, false
	}
	n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	return n, n <= len(b)
}

// RTP seals a packet in dst, which must not overlap it and has room for MostAdded octets
// more. nil when it can't be: it is no packet, not newer than the last of its source
// (no key stream is used twice), of too many sources, or the key is used up.
func (s *Sender) RTP(w *Scratch, dst, plain []byte) []byte {
	c := &s.rtp
	head, ok := headerSize(plain)
	n := len(plain)
	if !ok || cap(dst) < n+c.tag {
		return nil
	}
	ssrc := binary.BigEndian.Uint32(plain[8:])
	x := c.source(ssrc)
	if x == nil {
		if c.full() {
			return nil
		}
		x = c.add(source{ssrc: ssrc})
	}
	index, ok := x.index(binary.BigEndian.Uint16(plain[2:]))
	if !ok || x.begun && index <= x.top {
		return nil
	}
	x.accept(index)
	out := dst[:n+c.tag]
	copy(out, plain[:head])
	if c.aead != nil {
		c.aead.Seal(out[head:head], c.nonce(w, ssrc, index), plain[head:], plain[:head])
		return out
	}
	c.xor(w, out[head:n], plain[head:], ssrc, index)
	// The rollover counter is authenticated and not sent; the tag takes its place.
	binary.BigEndian.PutUint32(out[n:], uint32(index>>16))
	if copy(out[n:], w.tag(&c.mac, out[:n+wordLen], nil)) != c.tag {
		return nil
	}
	return out
}

// RTP opens a packet in dst, which must not overlap it and has room for as many octets.
// nil when it is not authentic, was there before, or is of one source too many.
func (r *Receiver) RTP(w *Scratch, dst, sealed []byte) []byte {
	c := &r.rtp
	head, ok := headerSize(sealed)
	n := len(sealed) - c.tag
	if !ok || head > n || cap(dst) < n {
		return nil
	}
	ssrc := binary.BigEndian.Uint32(sealed[8:])
	var fresh source
	x := c.source(ssrc)
	if x == nil {
		if c.full() {
			return nil
		}
		fresh.ssrc = ssrc
		x = &fresh
	}
	index, ok := x.index(binary.BigEndian.Uint16(sealed[2:]))
	if !ok || x.replayed(index) {
		return nil
	}
	out := dst[:n]
	if c.aead != nil {
		if _, err := c.aead.Open(out[head:head], c.nonce(w, ssrc, index), sealed[head:], sealed[:head]); err != nil {
			return nil
		}
	} else {
		binary.BigEndian.PutUint32(w.word[:], uint32(index>>16))
		if !c.authentic(w, sealed[:n], w.word[:], sealed[n:]) {
			return nil
		}
		c.xor(w, out[head:], sealed[head:n], ssrc, index)
	}
	copy(out, sealed[:head])
	x.accept(index)
	if x == &fresh {
		c.add(fresh)
	}
	return out
}

// authentic says whether tag is that of two pieces.
func (s *session) authentic(w *Scratch, first, second, tag []byte) bool {
	sum := w.tag(&s.mac, first, second)
	return len(sum) >= len(tag) && subtle.ConstantTimeCompare(sum[:len(tag)], tag) == 1
}

// Rollover is the rollover counter of a source; false when nothing is known of it.
func (r *Receiver) Rollover(ssrc uint32) (uint32, bool) {
	x := r.rtp.source(ssrc)
	if x == nil {
		return 0, false
	}
	return uint32(x.top >> 16), true
}

// SetRollover tells the rollover counter of a source of which nothing was opened yet;
// false when something was, or there is no room for it.
func (r *Receiver) SetRollover(ssrc, counter uint32) bool {
	x := r.rtp.source(ssrc)
	switch {
	case x == nil && r.rtp.full() || x != nil && x.begun:
		return false
	case x == nil:
		x = r.rtp.add(source{ssrc: ssrc})
	}
	x.top = uint64(counter) << 16
	return true
}
