package gsm

import "math"

// order is that of the speech filter.
const order = 8

// ratioCodes are how the logarithmic area ratios of a frame are written (table 5.1):
// in so many bits, from the least code on, with an offset and the inverse of a step.
var ratioCodes = [order]struct {
	bits                   int
	least, offset, inverse int16
}{
	{6, -32, 0, 13107}, {6, -32, 0, 13107}, {5, -16, 2048, 13107}, {5, -16, -2560, 13107},
	{4, -8, 94, 19223}, {4, -8, -1792, 17476}, {3, -4, -341, 31454}, {3, -4, -1144, 29708},
}

// pitchGains are the gains of the pitch filter (table 5.3 b).
var pitchGains = [4]int16{3277, 11469, 21299, 32767}

// mantissas are the heights of a part's pulses, normalised (table 5.6).
var mantissas = [8]int16{18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767}

// ratio reads the i-th logarithmic area ratio (§5.3.3, decoding of LARs).
func ratio(i, code int) int16 {
	c := ratioCodes[i]
	v := (int16(code) + c.least) << 10
	v = mul(c.inverse, sub(v, c.offset<<1))
	return add(v, v)
}

// blends go over from the ratios of the frame before to those of a frame, each until
// a sample (table 3.2).
var blends = [4]struct {
	until int
	mix   func(before, now int16) int16
}{
	{13, func(before, now int16) int16 { return add(add(before>>2, now>>2), before>>1) }},
	{27, func(before, now int16) int16 { return add(before>>1, now>>1) }},
	{40, func(before, now int16) int16 { return add(add(before>>2, now>>2), now>>1) }},
	{FrameSamples, func(_, now int16) int16 { return now }},
}

// reflection gives the coefficient of the filter of a ratio (table 3.3).
func reflection(ratio int16) int16 {
	v := ratio
	if v < 0 {
		v = sub(0, v)
	}
	switch {
	case v < 11059:
		v <<= 1
	case v < 20070:
		v += 11059
	default:
		v = add(v>>2, 26112)
	}
	if ratio < 0 {
		return -v
	}
	return v
}

// height is what the pulses of a part are multiplied by.
type height struct {
	mantissa, half int16
	shift          int
}

// heightOf reads the height of a part's pulses (§5.3.1, table 5.6): a code below 16 is
// its own mantissa, others have an exponent in their upper bits.
func heightOf(code int) height {
	exponent, mantissa := 0, code
	if code > 15 {
		exponent = code>>3 - 1
		mantissa = code - exponent<<3
	}
	if mantissa == 0 {
		exponent, mantissa = -4, 7
	} else {
		for mantissa <= 7 {
			mantissa = mantissa<<1 | 1
			exponent--
		}
		mantissa -= 8
	}
	h := height{mantissa: mantissas[mantissa], shift: 6 - exponent}
	if h.shift > 0 {
		h.half = 1 << (h.shift - 1)
	}
	return h
}

// pulse gives a pulse by its code, 0 to 7.
func (h height) pulse(code int) int16 {
	return add(mul(h.mantissa, int16(code*2-7)<<12), h.half) >> h.shift
}

// bits reads a frame, the highest bit of each byte first.
type bits struct {
	data []byte
	at   int
}

func (b *bits) take(n int) (v int) {
	for range n {
		v = v<<1 | int(b.data[b.at/8]>>(7-b.at%8)&1)
		b.at++
	}
	return v
}

// The standard's arithmetic (§5.1).

func saturate(v int32) int16 { return int16(min(max(v, math.MinInt16), math.MaxInt16)) }

func add(a, b int16) int16 { return saturate(int32(a) + int32(b)) }
func sub(a, b int16) int16 { return saturate(int32(a) - int32(b)) }

// mul multiplies fractions of 1<<15, rounded.
func mul(a, b int16) int16 { return saturate((int32(a)*int32(b) + 1<<14) >> 15) }
