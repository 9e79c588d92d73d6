// Package stretch makes telephone sound of 8 kHz longer or shorter without a jump: it
// repeats or leaves out whole periods of the voice and blends at the seam (overlap and
// add at the best resemblance).
//
// A Stretcher belongs to one goroutine at a time and allocates nothing.
package stretch

import (
	"math"

	"tandem/internal/media"
)

const (
	frame = media.FrameSamples
	// Step is by how many samples a turn may have more or fewer than a frame: 10 ms.
	Step = frame / 2

	shortest = 40           // samples left out or repeated: 5 ms
	longest  = 120          // left out: 15 ms
	repeated = frame        // repeated, at most
	compared = Step         // samples by which pieces are compared
	past     = 2*frame - 80 // kept for repeating
	most     = 3 * frame

	alike   = 0.6   // as much as pieces resemble each other where nothing is heard of a seam
	hushed  = 32    // mean level under which nothing is heard of it in any case
	patient = frame // samples in excess with which a good place is waited for
	blend   = Step  // samples of a seam
	quickly = 4 * 8 // and where a piece is put in: 4 ms
)

// Stretcher is the state of one stream. The zero value is ready.
type Stretcher struct {
	past [past]int16 // what was given out, newest last
	held [most]int16 // what is to be given out
	n    int
}

// Reset begins a new stream.
func (s *Stretcher) Reset() { *s = Stretcher{} }

// Held is how many samples wait to be given out, or to be left out.
func (s *Stretcher) Held() int { return s.n }

// Turn takes the next samples of the stream, a frame or up to Step more or fewer, and
// fills out, which is a frame.
func (s *Stretcher) Turn(out, in []int16) {
	if s.n == 0 && len(in) == len(out) {
		copy(out, in)
		s.given(out)
		return
	}
	s.n += copy(s.held[s.n:], in)
	switch {
	case s.n < frame:
		s.longer(frame - s.n)
	case s.n >= frame+shortest:
		s.shorter(s.n - frame)
	}
	copy(out, s.held[:frame])
	s.n = copy(s.held[:], s.held[frame:s.n])
	s.given(out)
}

func (s *Stretcher) given(pcm []int16) {
	copy(s.past[:], s.past[len(pcm):])
	copy(s.past[past-len(pcm):], pcm)
}

// shorter leaves a period out, of at most n samples, unless it would be heard and can
// wait.
func (s *Stretcher) shorter(n int) {
	x := &s.held
	best, period := -1.0, shortest
	for lag := shortest; lag <= min(n, longest, s.n-compared); lag++ {
		if r := resemblance(x[:compared], x[lag:lag+compared]); r > best {
			best, period = r, lag
		}
	}
	if best < alike && level(x[:s.n]) > hushed && n < patient {
		return
	}
	for i := range blend {
		x[i] = int16((int(x[i])*(blend-i) + int(x[i+period])*i) / blend)
	}
	copy(x[blend:], x[blend+period:s.n])
	s.n -= period
}

// longer puts periods of what was last heard, of at least n samples, before the rest.
func (s *Stretcher) longer(n int) {
	best, period := -1.0, n
	end := s.past[past-compared:]
	for lag := max(n, shortest); lag <= repeated; lag++ {
		if r := resemblance(end, s.past[past-compared-lag:past-lag]); r > best {
			best, period = r, lag
		}
	}
	x := &s.held
	next := *x
	copy(x[period:], next[:s.n])
	copy(x[:period], s.past[past-period:])
	for i := range min(quickly, s.n, period) {
		x[i] = int16((int(next[i])*(quickly-i) + int(x[i])*i) / quickly)
	}
	s.n += period
}

// resemblance of two pieces of sound: their normalised correlation.
func resemblance(a, b []int16) float64 {
	var cross, first, second float64
	for i := range a {
		v, w := float64(a[i]), float64(b[i])
		cross, first, second = cross+v*w, first+v*v, second+w*w
	}
	if first == 0 || second == 0 {
		return 0
	}
	return cross / math.Sqrt(first*second)
}

func level(pcm []int16) int {
	sum := 0
	for _, v := range pcm {
		sum += max(int(v), -int(v))
	}
	return sum / len(pcm)
}
