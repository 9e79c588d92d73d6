package audiomatch

import (
	"math"
	"time"
)

// Rate is the sample rate of all sound, in samples per second.
const Rate = 8000

// Options bounds a search. The zero value searches the whole recording.
type Options struct {
	From time.Duration // do not look before this
	To   time.Duration // nor for beginnings after this, 0 for no bound
	Use  time.Duration // compare only this much of the prompt, 0 for all of it
	// Enough is a score that ends the search: the place is the first that is found so
	// like, of several not always the best. 0 = the best is looked for.
	Enough float64
}

const (
	coarse    = 4    // decimation of the first pass
	peaks     = 24   // places the second pass looks at
	minEnergy = 1e-4 // of the mean square of the prompt: quieter places are not compared
)

// Find gives the place where the prompt is best heard and how like it is
// there. Leading silence of the prompt counts as a part of it. Without any
// sound in either, the score is 0.
func Find(heard, prompt []int16, o Options) (time.Duration, float64) {
	if o.Use > 0 {
		prompt = prompt[:min(samples(o.Use), len(prompt))]
	}
	from := min(max(samples(o.From), 0), len(heard))
	hay := heard[from:]
	if o.To > 0 {
		hay = hay[:min(max(samples(o.To)-from, 0)+len(prompt), len(hay))]
	}
	if len(prompt) < coarse || len(hay) < len(prompt) {
		return 0, 0
	}
	best, score := 0, 0.0
	fine, needle := floats(hay), floats(prompt)
	for _, c := range candidates(fine, needle) {
		lo, hi := max(c-2*coarse, 0), min(c+2*coarse, len(fine)-len(needle))
		for at := lo; at <= hi; at++ {
			if s := likeness(fine[at:at+len(needle)], needle); s > score {
				best, score = at, s
			}
		}
		if o.Enough > 0 && score >= o.Enough {
			break
		}
	}
	return duration(from + best), score
}

// At gives how like the prompt is at one place; 0 where it does not fit there.
func At(heard, prompt []int16, at time.Duration) float64 {
	from := samples(at)
	if from < 0 || from+len(prompt) > len(heard) {
		return 0
	}
	return likeness(floats(heard[from:from+len(prompt)]), floats(prompt))
}

// Best finds the prompt, of several by name, that the recording holds best.
func Best(heard []int16, prompts map[string][]int16, o Options) (name string, offset time.Duration, score float64) {
	for n, prompt := range prompts {
		if at, s := Find(heard, prompt, o); s > score {
			name, offset, score = n, at, s
		}
	}
	return name, offset, score
}

// candidates are the best places of a comparison at a quarter of the rate.
func candidates(hay, needle []float64) []int {
	h, n := decimate(hay), decimate(needle)
	if len(n) == 0 || len(h) < len(n) {
		return []int{0}
	}
	corr, power := correlate(h, n), energies(h, len(n))
	floor := minEnergy * sum(n)
	var found []int
	for range peaks {
		best, score := -1, 0.0
		for i, v := range corr {
			if v > 0 && power[i] > floor {
				if s := v / math.Sqrt(power[i]); s > score {
					best, score = i, s
				}
			}
		}
		if best < 0 {
			break
		}
		found = append(found, best*coarse)
		for i := max(0, best-coarse); i < min(len(corr), best+coarse+1); i++ {
			corr[i] = 0
		}
	}
	return found
}

// FindPrefix tells how much of the prompt was heard before it was cut: it
// finds the beginning (its first part, of 500 ms or the whole of a shorter
// prompt) and follows the prompt from there in steps of 20 ms as long as the
// sound is like it. The offset is where the prompt begins and the score that
// of the part heard; a score below 0.5 means that it was not heard at all,
// and length is 0 then.
func FindPrefix(heard, prompt []int16, o Options) (offset, length time.Duration, score float64) {
	lead := leading(prompt)
	o.Use = min(duration(lead)+500*time.Millisecond, duration(len(prompt)))
	offset, score = Find(heard, prompt, o)
	if score < 0.5 {
		return offset, 0, score
	}
	h, p := floats(heard), floats(prompt)
	at := samples(offset)
	end := min(len(p), len(h)-at)
	const step, window = Rate / 50, Rate / 10
	last := min(samples(o.Use), end)
	for to := last + step; ; to += step {
		to = min(to, end)
		from := max(to-window, 0)
		a, b := h[at+from:at+to], p[from:to]
		quiet := sum(b) < minEnergy*sum(p)*float64(len(b))/float64(len(p))
		if !quiet {
			if likeness(a, b) < 0.5 {
				break
			}
			last = to
		}
		if to == end {
			break
		}
	}
	last = refine(h[at:], p, last)
	if tail := trailing(p[:end]); last >= tail {
		last = end // what is left of the prompt is its own silence
	}
	return offset, duration(last), likeness(h[at:at+last], p[:last])
}

// refine moves the end of the heard part back over what is not like the
// prompt: the last window may hold some of both.
func refine(h, p []float64, end int) int {
	const step = Rate / 100
	for end > 2*step {
		a, b := h[end-step:end], p[end-step:end]
		if sum(b) == 0 || likeness(a, b) > 0.3 {
			return end
		}
		end -= step
	}
	return end
}

// leading counts the samples before the prompt's first sound, trailing those
// up to the end of its last.
func leading(p []int16) int {
	for i, s := range p {
		if s > 200 || s < -200 {
			return i
		}
	}
	return 0
}

func trailing(p []float64) int {
	for i := len(p) - 1; i >= 0; i-- {
		if math.Abs(p[i]) > 200 {
			return i + 1
		}
	}
	return 0
}

// Tone gives the share of the power of a sound that lies at a frequency in
// Hz, from 0 to 1; a steady tone through G.711 reaches 0.99.
func Tone(heard []int16, hz float64) float64 {
	x := floats(heard)
	total := sum(x)
	if total == 0 {
		return 0
	}
	var re, im float64
	for n, v := range x {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(n) / Rate)
		re += v * cos
		im += v * sin
	}
	return min(1, 2*(re*re+im*im)/float64(len(x))/total)
}

// likeness is the normalised correlation of two sounds of one length, never
// below 0.
func likeness(a, b []float64) float64 {
	var ab, aa, bb float64
	for i, v := range a {
		ab += v * b[i]
		aa += v * v
		bb += b[i] * b[i]
	}
	if ab <= 0 || aa < minEnergy*bb {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v * v
	}
	return total
}

// decimate averages blocks of samples, which passes speech below 1 kHz.
func decimate(x []float64) []float64 {
	out := make([]float64, len(x)/coarse)
	for i := range out {
		for _, v := range x[i*coarse : (i+1)*coarse] {
			out[i] += v
		}
	}
	return out
}

func floats(x []int16) []float64 {
	out := make([]float64, len(x))
	for i, s := range x {
		out[i] = float64(s)
	}
	return out
}

func samples(d time.Duration) int  { return int(d * Rate / time.Second) }
func duration(n int) time.Duration { return time.Duration(n) * time.Second / Rate }
