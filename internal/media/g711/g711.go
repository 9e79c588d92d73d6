// Package g711 converts between 16-bit linear samples and the two G.711
// companding laws (ITU-T G.711, 1988; RFC 3551 §4.5.14), and between the laws.
//
// It knows nothing of packets or files. All conversions are table look-ups on
// tables computed once at program start and never written again, so every
// function is safe for concurrent use, and none allocates.
package g711

import "math/bits"

// Code words that decode to (or nearest to) zero: what to send for silence.
const (
	SilenceMu byte = 0xFF
	SilenceA  byte = 0xD5
)

type tables struct {
	encodeMu, encodeA [1 << 16]byte
	decodeMu, decodeA [256]int16
	muToA, aToMu      [256]byte
}

var law = newTables()

func newTables() *tables {
	t := new(tables)
	for i := range 1 << 16 {
		s := int(int16(i))
		t.encodeMu[i], t.encodeA[i] = compressMu(s), compressA(s)
	}
	for i := range 256 {
		t.decodeMu[i], t.decodeA[i] = expandMu(byte(i)), expandA(byte(i))
	}
	for i := range 256 {
		t.muToA[i] = t.encodeA[uint16(t.decodeMu[i])]
		t.aToMu[i] = t.encodeMu[uint16(t.decodeA[i])]
	}
	return t
}

// compressMu takes a 16-bit sample; the law itself works on 14 bits.
func compressMu(s int) byte {
	sign := byte(0)
	if s < 0 {
		s, sign = ^s, 0x80
	}
	m := min(s>>2+33, 0x1FFF)
	seg := bits.Len(uint(m)) - 6
	return ^(sign | byte(seg)<<4 | byte(m>>(seg+1))&0x0F)
}

func expandMu(c byte) int16 {
	c = ^c
	m := (int(c&0x0F)<<3+132)<<(c>>4&7) - 132
	if c&0x80 != 0 {
		m = -m
	}
	return int16(m)
}

// compressA takes a 16-bit sample; the law itself works on 13 bits.
func compressA(s int) byte {
	sign := byte(0x80)
	if s < 0 {
		s, sign = ^s, 0
	}
	m := s >> 4
	seg := max(bits.Len(uint(m))-4, 0)
	if seg > 1 {
		m >>= seg - 1
	}
	return (sign | byte(seg)<<4 | byte(m)&0x0F) ^ 0x55
}

func expandA(c byte) int16 {
	c ^= 0x55
	m := int(c&0x0F)<<4 + 8
	if seg := c >> 4 & 7; seg > 0 {
		m = (m + 256) << (seg - 1)
	}
	if c&0x80 == 0 {
		m = -m
	}
	return int16(m)
}

// EncodeMu writes the µ-law code of each sample of src to dst, which must be
// at least as long as src.
func EncodeMu(dst []byte, src []int16) {
	dst = dst[:len(src)]
	for i, s := range src {
		dst[i] = law.encodeMu[uint16(s)]
	}
}

// EncodeA writes the A-law code of each sample of src to dst, which must be at
// least as long as src.
func EncodeA(dst []byte, src []int16) {
	dst = dst[:len(src)]
	for i, s := range src {
		dst[i] = law.encodeA[uint16(s)]
	}
}

// DecodeMu writes the 16-bit sample of each µ-law code of src to dst, which
// must be at least as long as src.
func DecodeMu(dst []int16, src []byte) {
	dst = dst[:len(src)]
	for i, c := range src {
		dst[i] = law.decodeMu[c]
	}
}

// DecodeA writes the 16-bit sample of each A-law code of src to dst, which
// must be at least as long as src.
func DecodeA(dst []int16, src []byte) {
	dst = dst[:len(src)]
	for i, c := range src {
		dst[i] = law.decodeA[c]
	}
}

// MuToA writes the A-law code nearest to each µ-law code of src to dst, which
// must be at least as long as src and may be src itself.
func MuToA(dst, src []byte) {
	dst = dst[:len(src)]
	for i, c := range src {
		dst[i] = law.muToA[c]
	}
}

// AToMu writes the µ-law code nearest to each A-law code of src to dst, which
// must be at least as long as src and may be src itself.
func AToMu(dst, src []byte) {
	dst = dst[:len(src)]
	for i, c := range src {
		dst[i] = law.aToMu[c]
	}
}
