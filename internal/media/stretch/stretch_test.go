package stretch_test

import (
	"math"
	"testing"

	"tandem/internal/media/stretch"
)

// TestNoStep takes 10 ms more and fewer than a frame, turn by turn, of a voice, of
// silence and of noise: what is given out has no greater steps than what goes in, and
// no more is kept than may wait.
func TestNoStep(t *testing.T) {
	seed := uint32(1)
	for name, sound := range map[string]func(i int) int16{
		"voice": func(i int) int16 {
			x := 2 * math.Pi * float64(i) * 118 / 8000
			return int16(6000*math.Sin(x) + 3000*math.Sin(2*x) + 1500*math.Sin(7*x))
		},
		"silence": func(int) int16 { return 0 },
		"noise": func(int) int16 {
			seed = seed*1664525 + 1013904223
			return int16(int32(seed) >> 20)
		},
	} {
		var s stretch.Stretcher
		var last int16
		at, own, made := 0, 0, 0
		for turn := range 600 {
			in := make([]int16, 160+[]int{0, 0, 80, 0, 0, 0, -80, 0, -80, 0, 0, 80}[turn%12])
			for i := range in {
				in[i] = sound(at)
				if at > 0 && i > 0 {
					own = max(own, abs(int(in[i])-int(in[i-1])))
				}
				at++
			}
			out := make([]int16, 160)
			s.Turn(out, in)
			for _, v := range out {
				made = max(made, abs(int(v)-int(last)))
				last = v
			}
			if s.Held() > 240 {
				t.Fatalf("%s: %d samples wait", name, s.Held())
			}
		}
		if made > own*5/4 {
			t.Errorf("%s: a step of %d, of %d that go in", name, made, own)
		}
	}
	var s stretch.Stretcher
	var out, in [240]int16
	if n := testing.AllocsPerRun(50, func() { s.Turn(out[:160], in[:80]); s.Turn(out[:160], in[:240]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func abs(n int) int { return max(n, -n) }
