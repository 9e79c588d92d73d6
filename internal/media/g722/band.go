package g722

// band is the adaptive predictor and quantiser of one sub-band: what encoder and
// decoder both do with a code, so that they stay alike.
type band struct {
	s   int32    // SL, SH: the prediction of the next sample
	sp  int32    // its part by the poles
	sz  int32    // its part by the zeros
	a   [2]int32 // pole coefficients
	b   [6]int32 // zero coefficients
	d   [6]int32 // quantised differences, newest first
	p   [2]int32 // partial reconstructions, newest first
	r   [2]int32 // reconstructed samples, newest first
	nb  int32    // logarithm of the scale factor
	det int32    // the scale factor
}

// The bounds and least values of the scale factors.
const (
	lowDet, lowMost   = 32, 18432
	highDet, highMost = 8, 22528
)

// scale adapts the scale factor by a logarithmic multiplier (LOGSCL and SCALEL,
// LOGSCH and SCALEH). shift is 8 in the lower band and 10 in the upper.
func (b *band) scale(multiplier, most, shift int32) {
	b.nb = min(max((b.nb*127)>>7+multiplier, 0), most)
	down := shift - b.nb>>11
	v := ilb[b.nb>>6&31]
	if down < 0 {
		v <<= -down
	} else {
		v >>= down
	}
	b.det = v << 2
}

// adapt takes the quantised difference of a sample and predicts the next one
// (block 4: RECONS, PARREC, UPPOL2, UPPOL1, UPZERO, DELAYA, FILTEP, FILTEZ, PREDIC).
func (b *band) adapt(d int32) {
	r, p := saturate(b.s+d), saturate(b.sz+d)
	same0, same1 := p^b.p[0] >= 0, p^b.p[1] >= 0

	w := saturate(b.a[0] << 2)
	if same0 {
		w = -w
	}
	w = min(w, 32767) >> 7
	if same1 {
		w += 128
	} else {
		w -= 128
	}
	a2 := min(max(w+(b.a[1]*32512)>>15, -12288), 12288)

	step := int32(-192)
	if same0 {
		step = 192
	}
	most := 15360 - a2
	a1 := min(max(step+(b.a[0]*32640)>>15, -most), most)

	gain := int32(128)
	if d == 0 {
		gain = 0
	}
	sz := int32(0)
	for i := 5; i >= 0; i-- {
		v := (b.b[i] * 32640) >> 15
		if d^b.d[i] < 0 {
			v -= gain
		} else {
			v += gain
		}
		b.b[i] = v
	}
	copy(b.d[1:], b.d[:5])
	b.d[0] = d
	for i, c := range b.b {
		sz += (c * saturate(b.d[i]<<1)) >> 15
	}
	b.sz = saturate(sz)

	b.r[1], b.r[0] = b.r[0], r
	b.p[1], b.p[0] = b.p[0], p
	b.a = [2]int32{a1, a2}
	b.sp = saturate((a1*saturate(r<<1))>>15 + (a2*saturate(b.r[1]<<1))>>15)
	b.s = saturate(b.sp + b.sz)
}

// low adapts the lower band by a code of 6 bits, of which the upper four count.
func (b *band) low(code int32) {
	code >>= 2
	d := (b.det * qm4[code]) >> 15
	b.scale(wl[code], lowMost, 8)
	b.adapt(d)
}

// high adapts the upper band by a code of 2 bits and gives the difference.
func (b *band) high(code int32) int32 {
	d := (b.det * qm2[code]) >> 15
	b.scale(wh[code], highMost, 10)
	b.adapt(d)
	return d
}

func saturate(v int32) int32 { return min(max(v, -32768), 32767) }
