package media

import "math"

const (
	zeroCrossings = 32   // of the kernel on each side, at the lower of the two rates
	maxPhases     = 640  // enough for every usual pair of rates to be exact
	kaiserBeta    = 7.86 // 80 dB in the stop band
	cutoff        = 0.925
)

// Resample converts p to rate with a windowed-sinc polyphase filter: flat to
// 0.85 of the lower Nyquist frequency, aliases at least 60 dB down above it.
// It returns p itself when the rate is already right or either rate is not
// positive.
func Resample(p PCM, rate int) PCM {
	if p.Rate == rate || rate <= 0 || p.Rate <= 0 {
		return p
	}
	g := gcd(p.Rate, rate)
	up, down := rate/g, p.Rate/g
	f := newPolyphase(up, float64(rate)/float64(p.Rate))
	n := (int64(len(p.Samples))*int64(up) + int64(down) - 1) / int64(down)
	out := make([]int16, n)
	for i := range out {
		pos := int64(i) * int64(down)
		out[i] = f.at(p.Samples, int(pos/int64(up)), int(pos%int64(up)), up)
	}
	return PCM{Rate: rate, Samples: out}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// polyphase holds the kernel sampled at every fractional position in use.
type polyphase struct {
	half   int // taps on each side
	phases [][]float32
}

func newPolyphase(up int, ratio float64) *polyphase {
	scale := min(1, ratio) * cutoff
	f := &polyphase{half: int(math.Ceil(zeroCrossings / scale))}
	phases := min(up, maxPhases)
	for k := range phases {
		frac := float64(k) / float64(phases)
		taps := make([]float32, 2*f.half)
		sum := 0.0
		for i := range taps {
			// Tap i weighs the input sample at floor(position) - half + 1 + i.
			x := float64(i-f.half+1) - frac
			v := scale * sinc(x*scale) * kaiser(x/float64(f.half))
			taps[i] = float32(v)
			sum += v
		}
		for i := range taps {
			taps[i] /= float32(sum)
		}
		f.phases = append(f.phases, taps)
	}
	return f
}

// at is the output at input position index + phase/up.
func (f *polyphase) at(in []int16, index, phase, up int) int16 {
	if up > len(f.phases) {
		phase = phase * len(f.phases) / up
	}
	taps := f.phases[phase]
	first := index - f.half + 1
	from, to := max(0, -first), min(len(taps), len(in)-first)
	var sum float32
	if from < to {
		in = in[first+from : first+to]
		for i, w := range taps[from:to] {
			sum += w * float32(in[i])
		}
	}
	return int16(max(-32768, min(32767, math.Round(float64(sum)))))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window at x in [-1, 1].
func kaiser(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel(kaiserBeta*math.Sqrt(1-x*x)) / bessel(kaiserBeta)
}

// bessel is the modified Bessel function of order zero, by its power series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / (2 * k)) * (x / (2 * k))
		sum += term
	}
	return sum
}
