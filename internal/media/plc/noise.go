package plc

// levels are the amplitudes of noise at 0 to -90 dB of a full-scale square wave,
// which is what RFC 3389 §3.1 measures by (dBov), in steps of one dB.
var levels = newLevels()

const lowestLevel = 90

func newLevels() (l [lowestLevel + 1]int32) {
	v := 32767 * 1.7320508 // evenly spread noise peaks by the root of three over its mean
	for i := range l {
		l[i] = int32(v)
		v *= 0.8912509
	}
	return l
}

// Noise fills pcm with noise of a level of 0 to 127, in dB below overload: what the
// sender of an RFC 3389 packet wants to be heard while it sends nothing. It takes the
// place of Lost; what arrives afterwards is blended in as after a gap.
func (c *Concealer) Noise(pcm []int16, level uint8) {
	amplitude := int32(0)
	if level <= lowestLevel {
		amplitude = levels[level]
	}
	last := int32(c.heard[history-1])
	ramp := int32(0)
	if c.lost < fade {
		ramp = joinLeast
	}
	for i := range pcm {
		c.seed = c.seed*1664525 + 1013904223
		v := int32((int64(int32(c.seed)) * int64(amplitude)) >> 31)
		if i := int32(i); i < ramp { // what was heard last does not end with a click
			v = (v*i + last*(ramp-i)) / ramp
		}
		pcm[i] = int16(max(-32768, min(32767, v)))
	}
	c.lost, c.join = fade, 0
	c.keep(pcm)
}
