// Package g722 is the wideband codec of ITU-T G.722 (09/2012) in its mode 1: 64
// kbit/s, 16-bit samples at 16 kHz in and out, one octet for each two of them.
//
// The sound is split by a quadrature mirror filter into a lower band, of 0 to 4
// kHz, coded with 6 bits a sample, and an upper one coded with 2; both are 8 kHz
// signals. Telephone sound of 8 kHz is therefore coded and decoded as a lower
// band alone, without a filter (EncodeNarrow, DecodeNarrow): it is the cheap way
// to and from narrowband. An encoder may alternate between both; a decoder is used
// either wide or narrow, for the narrow one leaves the upper band out altogether.
//
// An Encoder or a Decoder is the state of one direction of one stream. It
// belongs to one goroutine at a time and is plain data: copying one forks it.
// Nothing here allocates or fails; any octets decode to something. RTP calls this
// codec G722 with a clock of 8000 Hz, which is one tick for each octet (RFC 3551
// §4.5.2).
package g722

// Rate is the sampling rate of wide sound, in samples per second; NarrowRate of
// narrow sound, and of octets.
const (
	Rate       = 16000
	NarrowRate = 8000
)

// Silence is the octet that stands for nothing: a decoder that hears it comes to
// rest from any state, within 20 ms, at less than 60 of 32768. (What an encoder
// makes of silence depends on what came before, and no single octet of it does.)
const Silence byte = 0xFF

// taps is the length of the mirror filters.
const taps = 24

// Encoder turns samples into octets. Make it by NewEncoder, or Reset it.
type Encoder struct {
	lower, upper band
	line         [taps]int32 // the newest samples, newest last
}

// Decoder turns octets into samples. Make it by NewDecoder, or Reset it.
type Decoder struct {
	lower, upper band
	sum, diff    [taps / 2]int32 // of the two bands, newest last
}

// NewEncoder is an encoder at the start of a stream.
func NewEncoder() *Encoder {
	e := new(Encoder)
	e.Reset()
	return e
}

// NewDecoder is a decoder at the start of a stream.
func NewDecoder() *Decoder {
	d := new(Decoder)
	d.Reset()
	return d
}

// Reset begins a new stream.
func (e *Encoder) Reset() {
	*e = Encoder{lower: band{det: lowDet}, upper: band{det: highDet}}
}

// Reset begins a new stream.
func (d *Decoder) Reset() {
	*d = Decoder{lower: band{det: lowDet}, upper: band{det: highDet}}
}

// Follow puts the encoder where it would be had it encoded the octets itself, which
// another encoder made and which went out in its stream: what it encodes next goes on
// from there, as the decoder does.
func (e *Encoder) Follow(octets []byte) {
	for _, c := range octets {
		e.lower.low(int32(c) & 0x3F)
		e.upper.high(int32(c) >> 6)
	}
}

// Encode writes one octet to dst for each two samples of src at 16 kHz, and gives
// how many: half the length of src, or that of dst if it is shorter.
func (e *Encoder) Encode(dst []byte, src []int16) int {
	n := min(len(dst), len(src)/2)
	for i := range n {
		low, high := e.split(int32(src[2*i]), int32(src[2*i+1]))
		dst[i] = e.code(low, high)
	}
	return n
}

// EncodeNarrow writes one octet to dst for each sample of src at 8 kHz, and gives
// how many: the length of src, or that of dst if it is shorter.
func (e *Encoder) EncodeNarrow(dst []byte, src []int16) int {
	n := min(len(dst), len(src))
	for i := range n {
		dst[i] = e.code(int32(src[i])>>1, 0)
	}
	return n
}

// split is the transmit filter (block 1): a sample of each band. The quantisers
// limit what is too loud for a band.
func (e *Encoder) split(first, second int32) (low, high int32) {
	copy(e.line[:], e.line[2:])
	e.line[taps-2], e.line[taps-1] = first, second
	var even, odd int32
	for i := 0; i < taps; i += 2 {
		odd += e.line[i] * qmf[i]
		even += e.line[i+1] * qmf[i+1]
	}
	return (even + odd) >> 14, (even - odd) >> 14
}

// code quantises a sample of each band (blocks 1L to 3L and 1H to 3H).
func (e *Encoder) code(low, high int32) byte {
	l := e.lower.quantiseLow(low)
	h := e.upper.quantiseHigh(high)
	e.lower.low(l)
	e.upper.high(h)
	return byte(h<<6 | l)
}

// quantiseLow is QUANTL: the code of 6 bits of a sample.
func (b *band) quantiseLow(x int32) int32 {
	e := saturate(x - b.s)
	m := e
	if e < 0 {
		m = -e - 1
	}
	// The interval, by halves: i is the greatest whose level is not above m.
	i, n := 0, len(q6)
	for n-i > 1 {
		half := (i + n) / 2
		if m >= (q6[half]*b.det)>>12 {
			i = half
		} else {
			n = half
		}
	}
	// Interval 0 is the innermost (table 13).
	switch {
	case e >= 0:
		return int32(61 - i)
	case i < 2:
		return int32(63 - i)
	}
	return int32(33 - i)
}

// quantiseHigh is QUANTH: the code of 2 bits of a sample.
func (b *band) quantiseHigh(x int32) int32 {
	e := saturate(x - b.s)
	m := e
	if e < 0 {
		m = -e - 1
	}
	code := int32(0)
	if m < (highLevel*b.det)>>12 {
		code = 1
	}
	if e >= 0 {
		code += 2
	}
	return code
}

// Decode writes two samples at 16 kHz to dst for each octet of src, and gives how
// many: twice the length of src, or as many pairs as dst holds.
func (d *Decoder) Decode(dst []int16, src []byte) int {
	n := min(len(dst)/2, len(src))
	for i, c := range src[:n] {
		first, second := d.join(d.low(int32(c)), d.high(int32(c)))
		dst[2*i], dst[2*i+1] = int16(first), int16(second)
	}
	return 2 * n
}

// DecodeNarrow writes one sample at 8 kHz to dst for each octet of src, and gives
// how many: the length of src, or that of dst if it is shorter.
func (d *Decoder) DecodeNarrow(dst []int16, src []byte) int {
	n := min(len(dst), len(src))
	for i, c := range src[:n] {
		dst[i] = int16(d.low(int32(c)) << 1)
	}
	return n
}

// Missed puts a narrow decoder near where it would be had it decoded octets that
// never came: pcm, at 8 kHz, is what was put in their place.
func (d *Decoder) Missed(pcm []int16) {
	for _, s := range pcm {
		d.lower.low(d.lower.quantiseLow(int32(s) >> 1))
	}
}

// low gives a sample of the lower band (block 5L).
func (d *Decoder) low(code int32) int32 {
	code &= 0x3F
	x := bound(d.lower.s + (d.lower.det*qm6[code])>>15)
	d.lower.low(code)
	return x
}

// high gives a sample of the upper band (block 5H).
func (d *Decoder) high(code int32) int32 {
	s := d.upper.s
	return bound(s + d.upper.high(code>>6))
}

// join is the receive filter: two samples out of one of each band.
func (d *Decoder) join(low, high int32) (first, second int32) {
	copy(d.sum[:], d.sum[1:])
	copy(d.diff[:], d.diff[1:])
	d.sum[taps/2-1], d.diff[taps/2-1] = low+high, low-high
	for i := range taps / 2 {
		first += d.diff[i] * qmf[2*i+1]
		second += d.sum[i] * qmf[2*i]
	}
	return saturate(first >> 11), saturate(second >> 11)
}

// bound limits a sample of a band to 15 bits (LIMIT).
func bound(v int32) int32 { return min(max(v, -16384), 16383) }
