package dtmf_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"tandem/internal/media/dtmf"
)

var low = []float64{697, 770, 852, 941}
var high = []float64{1209, 1336, 1477, 1633}

const grid = "123A456B789C*0#D"

// dual is a tone with given amplitudes and a relative error of both frequencies.
func dual(key int, n int, a, b, detune float64) []int16 {
	out := make([]int16, n)
	for i := range out {
		t := 2 * math.Pi * float64(i) / 8000 * (1 + detune)
		out[i] = int16(a*math.Sin(low[key/4]*t) + b*math.Sin(high[key%4]*t))
	}
	return out
}

func keysIn(pcm []int16) string {
	d := dtmf.NewDetector()
	got := ""
	for len(pcm) > 0 {
		n := min(160, len(pcm))
		if k := d.Samples(pcm[:n]); k != 0 {
			got += string(k)
		}
		pcm = pcm[n:]
	}
	return got
}

func TestDetectorFindsKeys(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	db := func(x float64) float64 { return math.Pow(10, x/20) }
	tests := []struct {
		name                 string
		ms                   int
		amplitude, twist, de float64
		noise                float64
	}{
		{"40 ms", 40, 8000, 0, 0, 0},
		{"detuned up", 60, 8000, 0, 0.015, 0},
		{"detuned down", 60, 8000, 0, -0.015, 0},
		{"quiet", 60, 8000 * db(-24), 0, 0, 0},
		{"loud", 60, 16000, 0, 0, 0},
		{"high group 6 dB up", 60, 6000, 6, 0, 0},
		{"low group 3 dB up", 60, 6000, -3, 0, 0},
		{"noise 18 dB down", 60, 8000, 0, 0, 8000 * db(-18)},
	}
	for _, tt := range tests {
		for key := range 16 {
			for range 5 {
				pcm := make([]int16, rng.IntN(200)+200)
				want := ""
				for range 3 {
					pcm = append(pcm, dual(key, tt.ms*8, tt.amplitude, tt.amplitude*db(tt.twist), tt.de)...)
					pcm = append(pcm, make([]int16, 40*8)...)
					want += grid[key : key+1]
				}
				for i := range pcm {
					pcm[i] += int16(rng.NormFloat64() * tt.noise)
				}
				if got := keysIn(pcm); got != want {
					t.Errorf("%s: heard %q, want %q", tt.name, got, want)
				}
			}
		}
	}
}

func TestDetectorPartsPresses(t *testing.T) {
	tone := func(ms int) []int16 { return dual(5, ms*8, 8000, 8000, 0) }
	gap := func(ms int) []int16 { return make([]int16, ms*8) }
	join := func(parts ...[]int16) (out []int16) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return append(out, gap(100)...)
	}
	dropout := tone(125)
	clear(dropout[480:520])
	tests := []struct {
		name string
		pcm  []int16
		want string
	}{
		{"one long press", join(gap(10), tone(2000)), "5"},
		{"gap of 20 ms", join(gap(10), tone(60), gap(20), tone(60)), "55"},
		{"dropout of 5 ms", join(gap(10), dropout), "5"},
		{"20 ms is no press", join(gap(13), tone(20)), ""},
		{"one key after another at once", join(tone(60), dual(0, 480, 8000, 8000, 0)), "51"},
		{"twist of 12 dB", join(dual(5, 800, 2000, 8000, 0)), ""},
		{"one tone", join(dual(5, 800, 0, 8000, 0)), ""},
		{"too quiet", join(dual(5, 800, 20, 20, 0)), ""},
	}
	for _, tt := range tests {
		if got := keysIn(tt.pcm); got != tt.want {
			t.Errorf("%s: heard %q, want %q", tt.name, got, tt.want)
		}
	}
}

// speech imitates voice: a pulse train of changing pitch through moving
// resonances, with pauses and hiss.
func speech(seconds int, rng *rand.Rand) []int16 {
	out := make([]int16, seconds*8000)
	var phase float64
	type resonance struct{ f, y1, y2 float64 }
	formants := []resonance{{f: 500}, {f: 1300}, {f: 2500}}
	pitch, loud := 120.0, 1.0
	for i := range out {
		if i%800 == 0 {
			pitch = 80 + 180*rng.Float64()
			loud = []float64{0, 0.5, 1}[rng.IntN(3)]
			formants[0].f = 250 + 600*rng.Float64()
			formants[1].f = 800 + 1400*rng.Float64()
			formants[2].f = 2200 + 900*rng.Float64()
		}
		phase += pitch / 8000
		x := 0.02 * rng.NormFloat64()
		if phase >= 1 {
			phase--
			x += 1
		}
		sum := 0.0
		for k := range formants {
			r := &formants[k]
			y := x + 1.9*math.Cos(2*math.Pi*r.f/8000)*r.y1 - 0.9025*r.y2
			r.y1, r.y2 = y, r.y1
			sum += y
		}
		out[i] = int16(max(-32000, min(32000, 4000*loud*sum)))
	}
	return out
}

func TestDetectorIsNotTalkedOff(t *testing.T) {
	if got := keysIn(speech(600, rand.New(rand.NewPCG(7, 7)))); got != "" {
		t.Errorf("ten minutes of speech had the keys %q", got)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	noise := make([]int16, 120*8000)
	for i := range noise {
		noise[i] = int16(rng.NormFloat64() * 4000)
	}
	if got := keysIn(noise); got != "" {
		t.Errorf("noise had the keys %q", got)
	}
}

func TestToneIsHeard(t *testing.T) {
	var pcm []int16
	for _, key := range []byte(grid + "abcd") {
		pcm = append(append(pcm, dtmf.Tone(key, 800)...), make([]int16, 400)...)
	}
	if got := keysIn(pcm); got != grid+"ABCD" {
		t.Errorf("heard %q", got)
	}
	if dtmf.Tone('x', 100) != nil || dtmf.Tone('1', 0) != nil {
		t.Error("a tone of nothing")
	}
}

func BenchmarkDetector(b *testing.B) {
	d := dtmf.NewDetector()
	pcm := dual(3, 160, 8000, 8000, 0)
	for b.Loop() {
		d.Samples(pcm)
	}
}
