package dtmf

import "math"

const (
	block     = 102 // samples: 12.75 ms, bins 78 Hz wide
	hop       = 51  // half a block
	hitsStart = 4   // half-overlapping blocks = 32 ms of tone, sure to be found in any 40 ms
	missesEnd = 3   // of them: in every gap of 20 ms, in no dropout of 5 ms

	minLevel    = 5e-6 // of full scale squared, both tones together: about -36 dBm0
	purity      = 0.60 // share of the energy that is in the two tones
	dominance   = 6.3  // 8 dB over the other tones of the group
	twistLow    = 2.6  // low group over high: 4 dB
	twistHigh   = 6.4  // high group over low: 8 dB
	sampleScale = 1.0 / 32768
)

var tones = [8]float64{697, 770, 852, 941, 1209, 1336, 1477, 1633}

const keypad = "123A456B789C*0#D"

// Detector finds keys in sound by eight Goertzel filters (Q.24: tones of 40 ms
// are found, of 20 ms not; a pause of 20 ms parts two presses). Its
// rules on purity, twist and length keep speech from looking like keys.
type Detector struct {
	coeff [8]float32
	buf   [block]float32
	n     int

	candidate byte // key of the latest blocks, 0 = none
	hits      int
	misses    int
	down      byte // key reported and still held
}

// NewDetector makes a detector for 8 kHz sound.
func NewDetector() *Detector {
	d := new(Detector)
	for i, f := range tones {
		d.coeff[i] = float32(2 * math.Cos(2*math.Pi*f/8000))
	}
	return d
}

// Samples takes the next piece of the sound, of any length, and returns the key
// whose press was recognised in it, or 0. Pieces of at most 40 ms cannot hold
// two.
func (d *Detector) Samples(pcm []int16) (key byte) {
	for _, s := range pcm {
		d.buf[d.n] = float32(s) * sampleScale
		d.n++
		if d.n < block {
			continue
		}
		if k := d.judge(d.analyse()); k != 0 {
			key = k
		}
		d.n = copy(d.buf[:], d.buf[hop:])
	}
	return key
}

// Held says whether a key sounds at present.
func (d *Detector) Held() bool { return d.down != 0 }

// judge counts blocks and tells when a press begins.
func (d *Detector) judge(k byte) byte {
	if k == 0 || k != d.down {
		d.misses++
		if d.misses >= missesEnd {
			d.down = 0
		}
	} else {
		d.misses = 0
	}
	if k == 0 || k != d.candidate {
		d.candidate, d.hits = k, 0
	}
	if k == 0 {
		return 0
	}
	d.hits++
	if d.hits == hitsStart && d.down != k {
		d.down, d.misses = k, 0
		return k
	}
	return 0
}

// analyse is the key that the block in buf sounds like, or 0.
func (d *Detector) analyse() byte {
	var energy float32
	for _, x := range d.buf {
		energy += x * x
	}
	if energy < minLevel*block {
		return 0
	}
	var power [8]float32
	d.group(0, power[:4])
	d.group(4, power[4:])
	row, rowOK := best(power[:4])
	col, colOK := best(power[4:])
	low, high := power[row], power[4+col]
	switch {
	case !rowOK || !colOK,
		low > high*twistLow, high > low*twistHigh,
		(low+high)/(block/2) < purity*energy:
		return 0
	}
	return keypad[4*row+col]
}

// group is the power of the four tones from the first. Their filters run side by side:
// each waits for its own result of the sample before, and not for the others'.
func (d *Detector) group(first int, power []float32) {
	c := (*[4]float32)(d.coeff[first:])
	c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
	var a0, a1, a2, a3, b0, b1, b2, b3 float32 // of the last sample, and of the one before
	for _, x := range d.buf {
		a0, b0 = x-b0+c0*a0, a0
		a1, b1 = x-b1+c1*a1, a1
		a2, b2 = x-b2+c2*a2, a2
		a3, b3 = x-b3+c3*a3, a3
	}
	power[0] = a0*a0 + b0*b0 - c0*a0*b0
	power[1] = a1*a1 + b1*b1 - c1*a1*b1
	power[2] = a2*a2 + b2*b2 - c2*a2*b2
	power[3] = a3*a3 + b3*b3 - c3*a3*b3
}

// best is the strongest of a group, and whether it stands out.
func best(group []float32) (int, bool) {
	at := 0
	for i, p := range group {
		if p > group[at] {
			at = i
		}
	}
	for i, p := range group {
		if i != at && p*dominance > group[at] {
			return at, false
		}
	}
	return at, true
}
