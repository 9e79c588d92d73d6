package srtp

import "encoding/binary"

const (
	reportHeader = 8 // octets that stay in plain
	wordLen      = 4 // octets of SRTCP's index, and of a rollover counter
	enciphered   = 1 << 31
)

// RTCP seals a compound packet in dst, as RTP does.
func (s *Sender) RTCP(w *Scratch, dst, plain []byte) []byte {
	c := &s.rtcp
	n := len(plain)
	if n < reportHeader || cap(dst) < n+wordLen+c.tag {
		return nil
	}
	ssrc := binary.BigEndian.Uint32(plain[4:])
	x := c.source(ssrc)
	if x == nil {
		if c.full() {
			return nil
		}
		x = c.add(source{ssrc: ssrc})
	}
	index := x.top + 1
	if index > lastReport {
		return nil
	}
	x.accept(index)
	word := uint32(index) | enciphered
	out := dst[:n+wordLen+c.tag]
	copy(out, plain[:reportHeader])
	if c.aead != nil {
		binary.BigEndian.PutUint32(out[n+c.tag:], word)
		c.aead.Seal(out[reportHeader:reportHeader], c.nonce(w, ssrc, index), plain[reportHeader:], w.beside(plain, word))
		return out
	}
	c.xor(w, out[reportHeader:n], plain[reportHeader:], ssrc, index)
	binary.BigEndian.PutUint32(out[n:], word)
	if copy(out[n+wordLen:], w.tag(&c.mac, out[:n+wordLen], nil)) != c.tag {
		return nil
	}
	return out
}

// beside is what is authenticated with an enciphered packet (RFC 7714 §9.2). It stands
// until the next.
func (w *Scratch) beside(packet []byte, word uint32) []byte {
	b := append(w.stream[:0], packet[:reportHeader]...)
	return binary.BigEndian.AppendUint32(b, word)
}

// RTCP opens a compound packet in dst, as RTP does. Whether it is enciphered its sender
// says, packet by packet; authentic it always is.
func (r *Receiver) RTCP(w *Scratch, dst, sealed []byte) []byte {
	c := &r.rtcp
	n := len(sealed) - wordLen - c.tag
	if n < reportHeader || cap(dst) < n+wordLen {
		return nil
	}
	at := n // of the index
	if c.aead != nil {
		at += c.tag
	}
	word := binary.BigEndian.Uint32(sealed[at:])
	index := uint64(word &^ enciphered)
	ssrc := binary.BigEndian.Uint32(sealed[4:])
	var fresh source
	x := c.source(ssrc)
	if x == nil {
		if c.full() {
			return nil
		}
		fresh.ssrc = ssrc
		x = &fresh
	}
	if x.replayed(index) {
		return nil
	}
	if c.aead != nil {
		if !c.openReport(w, dst, sealed, n, word) {
			return nil
		}
	} else {
		if !c.authentic(w, sealed[:n+wordLen], nil, sealed[n+wordLen:]) {
			return nil
		}
		if word&enciphered != 0 {
			c.xor(w, dst[reportHeader:n], sealed[reportHeader:n], ssrc, index)
		} else {
			copy(dst[:n], sealed)
		}
	}
	out := dst[:n]
	copy(out, sealed[:reportHeader])
	x.accept(index)
	if x == &fresh {
		c.add(fresh)
	}
	return out
}

// openReport deciphers what of n octets is to be by AES-GCM; false when it is not authentic.
func (s *session) openReport(w *Scratch, dst, sealed []byte, n int, word uint32) bool {
	nonce := s.nonce(w, binary.BigEndian.Uint32(sealed[4:]), uint64(word&^enciphered))
	if word&enciphered != 0 {
		_, err := s.aead.Open(dst[reportHeader:reportHeader], nonce, sealed[reportHeader:n+s.tag], w.beside(sealed, word))
		return err == nil
	}
	whole := append(dst[:0], sealed[:n]...)
	whole = binary.BigEndian.AppendUint32(whole, word)
	_, err := s.aead.Open(w.sum[:0], nonce, sealed[n:n+s.tag], whole)
	return err == nil
}
