package plc_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tandem/internal/media"
	"tandem/internal/media/plc"
)

const frame = media.FrameSamples

// speech is like a voice: pulses at a moving pitch through moving resonators, in
// syllables, with a little breath.
func speech(seconds int, hz float64) []int16 {
	rng := rand.New(rand.NewPCG(8, uint64(hz)))
	out := make([]int16, seconds*media.Rate)
	var y [3][2]float64
	phase, glottis := 0.0, 0.0
	for i := range out {
		at := float64(i) / media.Rate
		phase += hz * (1 + 0.08*math.Sin(2*math.Pi*1.3*at)) / media.Rate
		glottis *= 0.85
		if phase >= 1 {
			phase--
			glottis += math.Pow(0.85, phase*media.Rate/hz) // the pulse was between two samples
		}
		source := glottis + 0.01*rng.NormFloat64()
		v := 0.0
		for k, f := range [3]float64{500 + 200*math.Sin(6*at), 1500 + 400*math.Sin(4*at), 2600} {
			r := math.Exp(-math.Pi * 90 / media.Rate)
			s := source + 2*r*math.Cos(2*math.Pi*f/media.Rate)*y[k][0] - r*r*y[k][1]
			y[k][1], y[k][0] = y[k][0], s
			v += s
		}
		out[i] = int16(max(-32000, min(32000, v*2000*max(0, math.Sin(2*math.Pi*2.2*at)))))
	}
	return out
}

// losing has frames lost with a probability, never more than most in a row.
func losing(frames int, share float64, most int) []bool {
	rng := rand.New(rand.NewPCG(5, uint64(share*1000)))
	lost := make([]bool, frames)
	run := 0
	for i := 4; i < frames; i++ {
		if rng.Float64() < share && run < most {
			lost[i] = true
			run++
		} else {
			run = 0
		}
	}
	return lost
}

// through passes sound with losses through a concealer, and through plain silence.
func through(in []int16, lost []bool) (concealed, silent []int16) {
	var c plc.Concealer
	concealed, silent = slices.Clone(in), slices.Clone(in)
	for i, gone := range lost {
		piece := concealed[i*frame : i*frame+frame]
		if !gone {
			c.Good(piece)
			continue
		}
		clear(piece)
		clear(silent[i*frame : i*frame+frame])
		c.Lost(piece)
	}
	return concealed, silent
}

func noise(in, out []int16) (sum float64) {
	for i := range in {
		d := float64(in[i]) - float64(out[i])
		sum += d * d
	}
	return sum
}

// clicks is the energy of the sudden changes at the edges of gaps: of the second
// difference, over what is there in the sound itself.
func clicks(in, out []int16, lost []bool) (sum float64) {
	bend := func(s []int16, i int) float64 { return float64(s[i-1]) - 2*float64(s[i]) + float64(s[i+1]) }
	for f := 1; f < len(lost); f++ {
		if lost[f] == lost[f-1] {
			continue
		}
		for i := f*frame - 1; i <= f*frame; i++ {
			d := bend(out, i) - bend(in, i)
			sum += d * d
		}
	}
	return sum
}

// TestBetterThanSilence loses 1 to 10 % of two voices.
func TestBetterThanSilence(t *testing.T) {
	for _, hz := range []float64{95, 130, 210} {
		in := speech(20, hz)
		for _, share := range []float64{0.01, 0.03, 0.05, 0.10} {
			lost := losing(len(in)/frame, share, 3)
			concealed, silent := through(in, lost)
			if a, b := noise(in, concealed), noise(in, silent); b == 0 || a > 0.75*b {
				t.Errorf("%v Hz, %v lost: the error is %.2f of that of silence", hz, share, a/b)
			}
			if a, b := clicks(in, concealed, lost), clicks(in, silent, lost); b == 0 || a > 0.2*b {
				t.Errorf("%v Hz, %v lost: the clicks are %.2f of those of silence", hz, share, a/b)
			}
		}
	}
}

// TestSteadyVoice has a periodic sound go on through a short gap nearly as it was,
// whatever its period.
func TestSteadyVoice(t *testing.T) {
	for _, hz := range []float64{70, 100, 160, 240, 400, 1000} {
		in := make([]int16, 40*frame)
		for i := range in {
			at := 2 * math.Pi * hz * float64(i) / media.Rate
			in[i] = int16(6000*math.Sin(at) + 3000*math.Sin(2*at+1) + 1500*math.Sin(3*at+2))
		}
		lost := make([]bool, 40)
		lost[20] = true
		out, silent := through(in, lost)
		if a, b := noise(in, out), noise(in, silent); a > 0.2*b {
			t.Errorf("%v Hz: the error is %.3f of that of silence", hz, a/b)
		}
	}
}

// TestNoClicks bounds the jumps between samples, in gaps of any length at any place.
func TestNoClicks(t *testing.T) {
	in := speech(3, 120)
	natural := steepest(in)
	rapid.Check(t, func(t *rapid.T) {
		var c plc.Concealer
		out := slices.Clone(in)
		gone := false
		for at := 0; at < len(out); gone = !gone {
			most := 2000
			if gone {
				most = 700
			}
			n := min(rapid.IntRange(1, most).Draw(t, "length"), len(out)-at)
			if piece := out[at : at+n]; gone {
				c.Lost(piece)
			} else {
				c.Good(piece)
			}
			at += n
		}
		if got := steepest(out); got > natural+natural/2 {
			t.Fatalf("a jump of %d, in the sound itself %d at most", got, natural)
		}
	})
}

func steepest(s []int16) (most int) {
	for i := 1; i < len(s); i++ {
		d := int(s[i]) - int(s[i-1])
		most = max(most, d, -d)
	}
	return most
}

// TestFades has a long gap become silence after 60 ms, and the sound return softly.
func TestFades(t *testing.T) {
	in := speech(1, 120)
	var c plc.Concealer
	c.Good(in[:1600])
	gap := make([]int16, 800)
	c.Lost(gap[:400])
	c.Lost(gap[400:])
	level := func(s []int16) float64 { return media.PCM{Rate: media.Rate, Samples: s}.Level() }
	first, later := level(gap[:80]), level(gap[320:480])
	if before := level(in[1520:1600]); first < before-8 || first > before+3 {
		t.Errorf("the gap begins at %.0f dB, the sound before it had %.0f", first, before)
	}
	if later > first-4 {
		t.Errorf("after 40 ms it has %.0f dB, at first %.0f", later, first)
	}
	for i, s := range gap[480:] {
		if s != 0 {
			t.Fatalf("sample %d of the gap is %d", 480+i, s)
		}
	}
	rest := slices.Clone(in[2400:3200])
	c.Good(rest)
	if rest[0] != 0 || !slices.Equal(rest[80:], in[2480:3200]) {
		t.Error("after a long gap the sound does not come back softly and whole")
	}
}

// TestPassesGoodSound changes nothing where nothing is lost, and makes nothing out of nothing.
func TestPassesGoodSound(t *testing.T) {
	in := speech(1, 150)
	out, _ := through(in, make([]bool, len(in)/frame))
	if !slices.Equal(in, out) {
		t.Error("sound without loss was changed")
	}
	var c plc.Concealer
	made := make([]int16, 300)
	c.Lost(made)
	c.Reset()
	c.Lost(made)
	if slices.ContainsFunc(made, func(s int16) bool { return s != 0 }) {
		t.Error("a stream that begins with a gap is not silent")
	}
}

func TestNoise(t *testing.T) {
	for _, level := range []uint8{20, 40, 60, 75} {
		var c plc.Concealer
		out := make([]int16, 8000)
		for i := 0; i < len(out); i += frame {
			c.Noise(out[i:i+frame], level)
		}
		sum := 0.0
		for _, s := range out {
			sum += float64(s) * float64(s)
		}
		got := 10 * math.Log10(sum/float64(len(out))/(32768*32768))
		if math.Abs(got+float64(level)) > 1.5 {
			t.Errorf("noise of -%d dB has %.1f", level, got)
		}
	}
	var c plc.Concealer
	in := speech(1, 120)[:1600]
	c.Good(in)
	out := make([]int16, 160)
	c.Noise(out, 127)
	if d := int(out[0]) - int(in[1599]); d > 300 || d < -300 {
		t.Errorf("noise begins with a jump of %d", d)
	}
	if slices.ContainsFunc(out[32:], func(s int16) bool { return s != 0 }) {
		t.Error("noise of -127 dB is heard")
	}
	loud := make([]int16, 160)
	c.Noise(loud, 0)
}

func TestNothingIsAllocated(t *testing.T) {
	var c plc.Concealer
	pcm := speech(1, 120)[:frame]
	n := testing.AllocsPerRun(100, func() {
		c.Good(pcm)
		c.Lost(pcm)
		c.Noise(pcm, 50)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzConcealer gives and loses any samples in pieces of any length.
func FuzzConcealer(f *testing.F) {
	f.Add([]byte{100, 200, 3, 0, 255, 7, 128}, uint8(20))
	f.Add([]byte{255, 0, 255, 0}, uint8(90))
	f.Fuzz(func(t *testing.T, b []byte, level uint8) {
		var c plc.Concealer
		for i, v := range b {
			pcm := make([]int16, int(v)*3)
			switch v % 4 {
			case 0:
				c.Lost(pcm)
			case 1:
				c.Noise(pcm, level)
			default:
				for k := range pcm {
					pcm[k] = int16((k*int(b[(i+k)%len(b)])*257 + i) & 0xFFFF)
				}
				c.Good(pcm)
			}
		}
	})
}

func BenchmarkConcealer(b *testing.B) {
	in := speech(1, 120)
	for _, every := range []int{0, 10, 2} {
		b.Run(fmt.Sprint("lost-every-", every), func(b *testing.B) {
			var c plc.Concealer
			for i := 0; b.Loop(); i++ {
				at := i % 49 * frame
				if every > 0 && i%every == 0 {
					c.Lost(in[at : at+frame])
				} else {
					c.Good(in[at : at+frame])
				}
			}
		})
	}
}
