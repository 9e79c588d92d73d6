package media

import (
	"math"
	"slices"
	"time"
)

// PCM is a piece of mono sound in linear 16-bit samples.
type PCM struct {
	Rate    int // samples per second
	Samples []int16
}

// Duration is how long the sound lasts; zero when Rate is not positive.
func (p PCM) Duration() time.Duration {
	if p.Rate <= 0 {
		return 0
	}
	return time.Duration(int64(len(p.Samples)) * int64(time.Second) / int64(p.Rate))
}

// Peak is the largest magnitude, 0 to 32768.
func (p PCM) Peak() int {
	peak := 0
	for _, s := range p.Samples {
		peak = max(peak, int(s), -int(s))
	}
	return peak
}

// Level is the root mean square of the loud half of the sound in dB below full
// scale (0 = a full-scale square wave): pauses do not count, so it is the level
// that a listener hears. Silence is -96.
func (p PCM) Level() float64 {
	block := max(p.Rate/50, 1)
	var powers []float64
	for chunk := range slices.Chunk(p.Samples, block) {
		sum := 0.0
		for _, s := range chunk {
			sum += float64(s) * float64(s)
		}
		powers = append(powers, sum/float64(len(chunk)))
	}
	if len(powers) == 0 {
		return -96
	}
	slices.Sort(powers)
	loud := powers[len(powers)/2:]
	sum := 0.0
	for _, v := range loud {
		sum += v
	}
	return max(10*math.Log10(sum/float64(len(loud))/(32768.0*32768.0)+1e-12), -96)
}

// Normalise returns the sound with its Level brought to level (dB, say -20).
// The gain never lifts a peak over -1 dB and never exceeds 30 dB, so that hiss
// alone stays hiss.
func (p PCM) Normalise(level float64) PCM {
	peak := p.Peak()
	if peak == 0 {
		return p
	}
	gain := math.Pow(10, min(level-p.Level(), 30)/20)
	gain = min(gain, 29204/float64(peak))
	out := make([]int16, len(p.Samples))
	for i, s := range p.Samples {
		out[i] = int16(math.Round(float64(s) * gain))
	}
	return PCM{Rate: p.Rate, Samples: out}
}
