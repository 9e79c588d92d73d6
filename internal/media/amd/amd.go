// Package amd tells an answering machine from a person by how they begin: a person
// says a short hello and waits, a machine talks on, or beeps.
//
// A Detector is fed with the frames of a called party from its answer on, has no
// clock and knows no words: it measures levels against the noise of the line, the
// length of the greeting and the pauses in it, and looks for pure tones. It belongs
// to one goroutine at a time. How often it errs on a generated set is what the
// package's test prints, and docs/design.md says.
package amd

import (
	"math"
	"math/cmplx"
	"time"

	"tandem/internal/media"
)

// Decision is who has answered.
type Decision string

// The decisions. Unknown is for who says nothing, and for what fits neither.
const (
	Human   Decision = "human"
	Machine Decision = "machine"
	Unknown Decision = "unknown"
)

// The times that decide, in frames of 20 ms.
const (
	shortGreeting = 90 // 1.8 s, the pauses in it too: the longest that a person says before waiting
	patience      = 45 // 0.9 s of silence after a greeting: it is over
	longTalk      = 105
	leastWord     = 4  // 80 ms of voice: less is a click
	beepTime      = 10 // 200 ms of one pure tone
	settled       = 8  // frames before the first judgement
)

// Levels, in dB below full scale or apart.
const (
	lowest     = -62.0 // of the noise of a line
	quietest   = -50.0 // of a voice
	leastRange = 9.0   // between a voice and the noise beneath it
	purity     = 0.90  // share of a tone's energy in one frequency
)

// Tones, in radians a sample: 350 to 2,500 Hz, within 12 Hz of where they began.
const (
	lowTone  = 2 * math.Pi * 350 / media.Rate
	highTone = 2 * math.Pi * 2500 / media.Rate
	steady   = 2 * math.Pi * 12 / media.Rate
)

// Detector listens to one party.
type Detector struct {
	max    int // frames
	levels []float64
	tone   int     // frames that a pure tone has lasted
	pitch  float64 // of its first frame, in radians a sample
	loud   float64 // the level of that frame
	bins   [96]int // of the levels so far, a dB each
	why    string
	result Decision // "" = not yet
}

// New makes a detector that decides within longest, of at least a second.
func New(longest time.Duration) *Detector {
	n := int(max(longest, time.Second) / media.FrameTime)
	return &Detector{max: n, levels: make([]float64, 0, n)}
}

// Frame takes the next 20 ms and says whether the matter is decided.
func (d *Detector) Frame(pcm []int16) bool {
	if d.result != "" {
		return true
	}
	level := power(pcm)
	d.levels = append(d.levels, level)
	d.bins[min(max(int(-level), 0), len(d.bins)-1)]++
	d.beep(pcm, level)
	if d.result == "" && len(d.levels) >= settled {
		d.judge()
	}
	if d.result == "" && len(d.levels) >= d.max {
		d.last()
	}
	return d.result != ""
}

// Result is the decision, Unknown while there is none, and what led to it.
func (d *Detector) Result() (Decision, string) {
	if d.result == "" {
		return Unknown, "the party was not listened to for long enough"
	}
	return d.result, d.why
}

func (d *Detector) decide(r Decision, why string) { d.result, d.why = r, why }

// power is the level of a frame, in dB below full scale.
func power(pcm []int16) float64 {
	var sum, mean float64
	for _, s := range pcm {
		mean += float64(s)
	}
	mean /= float64(max(len(pcm), 1))
	for _, s := range pcm {
		v := float64(s) - mean
		sum += v * v
	}
	return 10 * math.Log10(sum/float64(max(len(pcm), 1))/(32768.0*32768.0)+1e-9)
}

// beep looks for a pure tone that stays as it is. The samples of a sine follow
// x[n] = 2cos(w)x[n-1] - x[n-2], which gives w, and almost all energy is there.
func (d *Detector) beep(pcm []int16, level float64) {
	if len(pcm) < 3 || level < quietest+5 {
		d.tone = 0
		return
	}
	var num, den float64
	for n := 2; n < len(pcm); n++ {
		b := float64(pcm[n-1])
		num += b * (float64(pcm[n]) + float64(pcm[n-2]))
		den += b * b
	}
	w := math.Acos(max(-1, min(1, num/(2*max(den, 1)))))
	w = nearer(pcm[:len(pcm)/2], w) // noise makes it too high
	w = nearer(pcm, w)
	pure := w > lowTone && w < highTone && share(pcm, w) > purity
	if !pure || d.tone > 0 && (math.Abs(w-d.pitch) > steady || math.Abs(level-d.loud) > 3) {
		d.tone = 0
	}
	if pure {
		if d.tone == 0 {
			d.pitch, d.loud = w, level
		}
		d.tone++
	}
	if d.tone >= beepTime {
		d.decide(Machine, "a tone sounded")
	}
}

// share is how much of the energy is in one frequency, w radians a sample.
func share(pcm []int16, w float64) float64 {
	sum, all := at(pcm, w, 0)
	return 2 * (real(sum)*real(sum) + imag(sum)*imag(sum)) / (float64(len(pcm)) * max(all, 1))
}

// nearer corrects a frequency by how much the phase of the second half is off.
func nearer(pcm []int16, w float64) float64 {
	half := len(pcm) / 2
	first, _ := at(pcm[:half], w, 0)
	second, _ := at(pcm[half:2*half], w, half)
	return w + cmplx.Phase(second*cmplx.Conj(first))/float64(half)
}

// at is what samples, the first of which is the from-th, hold of a frequency, and
// their energy.
func at(pcm []int16, w float64, from int) (sum complex128, all float64) {
	turn, step := cmplx.Rect(1, -w*float64(from)), cmplx.Rect(1, -w)
	for _, v := range pcm {
		x := float64(v)
		sum += complex(x*real(turn), x*imag(turn))
		all += x * x
		turn *= step
	}
	return sum, all
}

// limit is the level over which a frame counts as voice; false while there is no
// voice to be told from noise. The quiet tenth of what was heard is the noise.
func (d *Detector) limit() (float64, bool) {
	n := len(d.levels)
	noise := max(-d.rank(n-max(n/10, 2)), lowest)
	loud := -d.rank(max(n/20, 2))
	if n < 25 && loud > quietest+8 { // it may talk from the first frame on
		noise = min(noise, loud-20)
	}
	if loud < quietest || loud-noise < leastRange {
		return 0, false
	}
	return max(noise+max(6, 0.4*(loud-noise)), quietest-4), true
}

// rank gives the level, dB below full scale, of the frame at a place in order from
// the loudest.
func (d *Detector) rank(place int) float64 {
	for i, n := range d.bins {
		if place -= n; place < 0 {
			return float64(i)
		}
	}
	return float64(len(d.bins))
}

// greeting is what has been said so far, in frames.
type greeting struct {
	begin, end int // of the first and after the last word
	words      int
	voiced     int
}

// heard divides what was heard into words.
func (d *Detector) heard(limit float64) greeting {
	g := greeting{begin: -1}
	run := 0
	for i, l := range d.levels {
		if l > limit {
			run++
		}
		if l <= limit || i == len(d.levels)-1 {
			if run >= leastWord {
				at := i - run
				if l > limit {
					at++
				}
				if g.begin < 0 {
					g.begin = at
				}
				if g.words == 0 || at-g.end >= leastWord {
					g.words++
				}
				g.end = at + run
				g.voiced += run
			}
			run = 0
		}
	}
	return g
}

// judge decides as soon as what was heard is clear.
func (d *Detector) judge() {
	limit, voice := d.limit()
	if !voice {
		return
	}
	g := d.heard(limit)
	if g.begin < 0 {
		return
	}
	length, since := g.end-g.begin, len(d.levels)-g.end
	switch {
	case length >= longTalk:
		d.decide(Machine, "the greeting is longer than a person's")
	case since >= patience && length <= shortGreeting:
		d.decide(Human, "a short greeting, and then silence")
	case since >= patience:
		d.decide(Machine, "the greeting is longer than a person's")
	}
}

// last decides when the time is over.
func (d *Detector) last() {
	limit, voice := d.limit()
	if !voice {
		d.decide(Unknown, "nothing was said")
		return
	}
	g := d.heard(limit)
	switch length := g.end - g.begin; {
	case g.begin < 0:
		d.decide(Unknown, "nothing was said")
	case length > shortGreeting || g.words > 5:
		d.decide(Machine, "the greeting is longer than a person's")
	default:
		d.decide(Unknown, "the greeting had not ended in time")
	}
}
