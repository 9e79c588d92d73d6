// Package plc conceals lost sound: it fills gaps in telephone sound of 8 kHz with
// what was heard before them, repeated at the pitch of the voice and fading away,
// as ITU-T G.711 Appendix I does, but without its delay. It also makes the comfort
// noise of RFC 3389.
//
// A Concealer belongs to one goroutine at a time and allocates nothing. It knows no
// packets and no codecs: whoever knows which samples are missing tells it.
package plc

const (
	minPeriod = 40  // samples: 200 Hz; a higher voice repeats two or three of its periods
	maxPeriod = 120 // 66 Hz
	window    = 160 // over which the pitch is looked for
	history   = 3*maxPeriod + maxPeriod/4

	hold = 80  // samples at full loudness: 10 ms
	fade = 480 // silence from here on: 60 ms

	joinLeast = 32 // samples of blending with what arrives after a gap: 4 ms
	joinMost  = 80
)

// Concealer is the state of one stream. The zero value is ready.
type Concealer struct {
	heard [history]int16 // what was given out, newest last
	past  [history]int16 // the same at the start of the gap
	lost  int            // samples made up since then; 0 = there is no gap
	any   bool           // something was heard at all

	period   int   // of the voice, samples
	quarter  int   // of a period: the length of blends
	cycles   int   // periods that are repeated: 1, then 2, then 3
	phase    int   // in them
	oldPhase int   // in one cycle fewer
	blend    int   // samples left of the change from fewer cycles
	jump     int32 // between the last sample heard and the one before the cycle

	join, joins int // samples left of the blend after the gap, and their number

	seed uint32
}

// Reset begins a new stream.
func (c *Concealer) Reset() { *c = Concealer{seed: c.seed} }

// Good takes the next samples of the stream, any number of them. After a gap it
// blends the first ones, in place, with what it had made up.
func (c *Concealer) Good(pcm []int16) {
	if c.lost > 0 && c.join == 0 {
		c.joins = min(joinLeast+c.lost/hold*joinLeast, joinMost)
		c.join = c.joins
	}
	for i := 0; i < len(pcm) && c.join > 0; i++ {
		made := int(c.next())
		pcm[i] = int16((int(pcm[i])*(c.joins-c.join) + made*c.join) / c.joins)
		if c.join--; c.join == 0 {
			c.lost = 0
		}
	}
	c.any = true
	c.keep(pcm)
}

// Lost fills pcm, any number of samples, in place of those that are missing.
func (c *Concealer) Lost(pcm []int16) {
	if !c.any {
		clear(pcm)
		return
	}
	if c.lost == 0 || c.join > 0 {
		c.begin()
	}
	if c.lost >= fade {
		clear(pcm)
	} else {
		for i := range pcm {
			pcm[i] = c.next()
		}
	}
	c.keep(pcm)
}

// keep notes what is given out.
func (c *Concealer) keep(pcm []int16) {
	if len(pcm) >= history {
		copy(c.heard[:], pcm[len(pcm)-history:])
		return
	}
	copy(c.heard[:], c.heard[len(pcm):])
	copy(c.heard[history-len(pcm):], pcm)
}

// begin finds what to repeat.
func (c *Concealer) begin() {
	c.past = c.heard
	c.lost, c.join = 0, 0
	c.period = pitch(&c.past)
	c.quarter = c.period / 4
	c.cycles, c.phase, c.blend = 1, 0, 0
	c.jump = int32(c.past[history-1]) - int32(c.past[history-1-c.period])
}

// next makes up one sample.
func (c *Concealer) next() int16 {
	if c.lost >= fade {
		return 0
	}
	if c.lost == hold || c.lost == 2*hold {
		// One period alone, often repeated, sounds like a machine.
		c.oldPhase, c.blend = c.phase, c.quarter
		c.cycles++
	}
	v := c.at(c.cycles, c.phase)
	c.phase = (c.phase + 1) % (c.cycles * c.period)
	q := int32(c.quarter)
	if c.blend > 0 {
		share := int32(c.blend)
		v = (v*(q-share) + c.at(c.cycles-1, c.oldPhase)*share) / q
		c.oldPhase = (c.oldPhase + 1) % ((c.cycles - 1) * c.period)
		c.blend--
	}
	at := int32(c.lost)
	if at < q {
		v += c.jump * (q - at) / q
	}
	if at > hold {
		v = v * (fade - at) / (fade - hold)
	}
	c.lost++
	return int16(max(-32768, min(32767, v)))
}

// at is a sample of the newest cycles of the past, whose last quarter is blended
// with what was before them, so that they can be repeated without a seam.
func (c *Concealer) at(cycles, phase int) int32 {
	long := cycles * c.period
	v := int32(c.past[history-long+phase])
	if in := phase - (long - c.quarter); in >= 0 {
		share, q := int32(in+1), int32(c.quarter+1)
		v = (v*(q-share) + int32(c.past[history-long-c.quarter+in])*share) / q
	}
	return v
}

// pitch is the number of samples by which the end of a sound resembles itself
// most, by the normalised correlation: first every other one, then those beside.
func pitch(sound *[history]int16) int {
	best, coarse := -1.0, maxPeriod
	for lag := minPeriod; lag <= maxPeriod; lag += 2 {
		if r := alike(sound, lag, 2); r > best {
			best, coarse = r, lag
		}
	}
	best, period := -1.0, coarse
	for lag := max(coarse-1, minPeriod); lag <= min(coarse+1, maxPeriod); lag++ {
		if r := alike(sound, lag, 1); r > best {
			best, period = r, lag
		}
	}
	return period
}

// alike says how the end of a sound resembles the sound lag samples before, looking
// at every step-th sample; 0 when it is not like it at all.
func alike(sound *[history]int16, lag, step int) float64 {
	var cross, energy float64
	for i := history - window; i < history; i += step {
		a, b := float64(sound[i]), float64(sound[i-lag])
		cross, energy = cross+a*b, energy+b*b
	}
	if cross <= 0 {
		return 0
	}
	return cross * cross / energy
}
