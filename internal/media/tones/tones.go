// Package tones makes the call-progress tones of a few countries as clips:
// ringback, busy, congestion, dial tone (ITU-T E.180 supplement 2), the special
// information tone (E.180) and a beep.
//
// It holds no state: For computes a set, which the caller keeps. Safe for
// concurrent use.
package tones

import (
	"math"
	"strings"
	"time"

	"tandem/internal/media"
)

// Set is the tones of a country. Each clip is one whole period of its cadence,
// to be played in a loop, except Beep and SIT, which are played once.
type Set struct {
	Ringback, Busy, Congestion, Dial *media.Clip
	Beep, SIT                        *media.Clip
}

// burst is one stretch of a cadence: frequencies together (none = silence).
type burst struct {
	ms    int
	freqs []float64
}

type country struct {
	ringback, busy, congestion, dial []burst
}

func table() map[string]country {
	f := func(ms int, freqs ...float64) burst { return burst{ms, freqs} }
	return map[string]country{
		"eu": {
			ringback:   []burst{f(1000, 425), f(4000)},
			busy:       []burst{f(500, 425), f(500)},
			congestion: []burst{f(250, 425), f(250)},
			dial:       []burst{f(1000, 425)},
		},
		"us": {
			ringback:   []burst{f(2000, 440, 480), f(4000)},
			busy:       []burst{f(500, 480, 620), f(500)},
			congestion: []burst{f(250, 480, 620), f(250)},
			dial:       []burst{f(1000, 350, 440)},
		},
		"uk": {
			ringback:   []burst{f(400, 400, 450), f(200), f(400, 400, 450), f(2000)},
			busy:       []burst{f(375, 400), f(375)},
			congestion: []burst{f(400, 400), f(350), f(225, 400), f(525)},
			dial:       []burst{f(1000, 350, 440)},
		},
		"se": {
			ringback:   []burst{f(1000, 425), f(5000)},
			busy:       []burst{f(250, 425), f(250)},
			congestion: []burst{f(250, 425), f(750)},
			dial:       []burst{f(320, 425), f(40)},
		},
	}
}

// For makes the tones of a country: "eu", "us", "uk" or "se", in either case.
// Any other gives those of "eu".
func For(name string) *Set {
	all := table()
	c, ok := all[strings.ToLower(name)]
	if !ok {
		c = all["eu"]
	}
	return &Set{
		Ringback: clip(c.ringback), Busy: clip(c.busy), Congestion: clip(c.congestion), Dial: clip(c.dial),
		Beep: clip([]burst{{250, []float64{1000}}}),
		SIT:  clip([]burst{{330, []float64{950}}, {330, []float64{1400}}, {330, []float64{1800}}, {670, nil}}),
	}
}

// Tone is a clip of frequencies (Hz) sounding together for d, at -13 dB below
// full scale in all.
func Tone(d time.Duration, freqs ...float64) *media.Clip {
	return clip([]burst{{int(d / time.Millisecond), freqs}})
}

func clip(cadence []burst) *media.Clip {
	var pcm []int16
	for _, b := range cadence {
		n := b.ms * media.Rate / 1000
		for i := range n {
			v := 0.0
			for _, f := range b.freqs {
				v += math.Sin(2 * math.Pi * f * float64(i) / media.Rate)
			}
			if len(b.freqs) > 0 {
				v *= 0.316 / float64(len(b.freqs)) * ramp(i, n, b.ms)
			}
			pcm = append(pcm, int16(v*32767))
		}
	}
	return media.NewClip(media.PCM{Rate: media.Rate, Samples: pcm})
}

// ramp softens the edges of a burst by 4 ms; whole seconds are left as they
// are, because they hold whole periods and may be looped without a seam.
func ramp(i, n, ms int) float64 {
	if ms%1000 == 0 && n == media.Rate {
		return 1
	}
	return min(1, float64(i+1)/32, float64(n-i)/32)
}
