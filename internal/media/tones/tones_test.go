package tones_test

import (
	"math"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/media/tones"
)

// strength is the amplitude of a frequency in the samples.
func strength(pcm []int16, freq float64) float64 {
	var c, s float64
	for i, v := range pcm {
		a := 2 * math.Pi * freq * float64(i) / 8000
		c += float64(v) * math.Cos(a)
		s += float64(v) * math.Sin(a)
	}
	return 2 * math.Hypot(c, s) / float64(len(pcm))
}

func TestCadences(t *testing.T) {
	tests := []struct {
		country        string
		ringback, busy time.Duration
		freqs          []float64
	}{
		{"eu", 5 * time.Second, time.Second, []float64{425}},
		{"US", 6 * time.Second, time.Second, []float64{440, 480}},
		{"uk", 3 * time.Second, 750 * time.Millisecond, []float64{400, 450}},
		{"se", 6 * time.Second, 500 * time.Millisecond, []float64{425}},
		{"atlantis", 5 * time.Second, time.Second, []float64{425}},
	}
	for _, tt := range tests {
		set := tones.For(tt.country)
		if set.Ringback.Duration() != tt.ringback || set.Busy.Duration() != tt.busy {
			t.Errorf("%s: ringback %v, busy %v", tt.country, set.Ringback.Duration(), set.Busy.Duration())
		}
		pcm := set.Ringback.PCM().Samples
		for _, f := range tt.freqs {
			if s := strength(pcm[:3200], f); s < 3000 {
				t.Errorf("%s: %v Hz has amplitude %.0f", tt.country, f, s)
			}
		}
		if p := (media.PCM{Rate: 8000, Samples: pcm[len(pcm)-8000:]}).Peak(); p != 0 {
			t.Errorf("%s: the pause of ringback has a peak of %d", tt.country, p)
		}
		for name, c := range map[string]*media.Clip{
			"congestion": set.Congestion, "dial": set.Dial, "beep": set.Beep, "SIT": set.SIT,
		} {
			if c.Duration() == 0 || c.PCM().Peak() < 5000 {
				t.Errorf("%s: %s is silent", tt.country, name)
			}
		}
	}
	sit := tones.For("us").SIT.PCM().Samples
	for i, f := range []float64{950, 1400, 1800} {
		if s := strength(sit[i*2640:(i+1)*2640], f); s < 8000 {
			t.Errorf("SIT part %d: amplitude %.0f", i, s)
		}
	}
}

func TestTone(t *testing.T) {
	c := tones.Tone(200*time.Millisecond, 440)
	if c.Duration() != 200*time.Millisecond || strength(c.PCM().Samples, 440) < 9000 {
		t.Errorf("%v", c.Duration())
	}
}

func TestMusic(t *testing.T) {
	m := tones.Music()
	pcm := m.PCM()
	if m.Duration() != 25600*time.Millisecond {
		t.Errorf("%v", m.Duration())
	}
	if l := pcm.Level(); l < -30 || l > -15 || pcm.Peak() > 26000 {
		t.Errorf("level %.1f dB, peak %d", l, pcm.Peak())
	}
	if first := strength(pcm.Samples[:3200], 261.63); first < 500 {
		t.Errorf("the first note has amplitude %.0f", first)
	}
	// A loop has no click: the step over the seam is like any other.
	last, n := int(pcm.Samples[len(pcm.Samples)-1]), int(pcm.Samples[0])
	if d := n - last; d > 3000 || d < -3000 {
		t.Errorf("the seam jumps by %d", d)
	}
}
