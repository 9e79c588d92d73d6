package audiomatch_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// speech makes a sound with the features of speech that matter here: voiced
// syllables of changing pitch and colour, with pauses. The same seed gives
// the same sound.
func speech(seed uint64, d time.Duration) []int16 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]int16, int(d*audiomatch.Rate/time.Second))
	phase := [3]float64{}
	for at := 0; at < len(out); {
		n := 800 + r.IntN(1600)
		pitch, second, third := 90+80*r.Float64(), 400+900*r.Float64(), 1400+1200*r.Float64()
		for i := 0; i < n && at < len(out); i++ {
			envelope := math.Sin(math.Pi * float64(i) / float64(n))
			v := 0.0
			for k, hz := range [3]float64{pitch, second, third} {
				phase[k] += 2 * math.Pi * hz / audiomatch.Rate
				v += math.Sin(phase[k]) / float64(k+1)
			}
			out[at] = int16(envelope * (4000*v + 600*r.NormFloat64()))
			at++
		}
		at += r.IntN(900)
	}
	return out
}

// line mixes a sound into a recording with a volume and noise.
func line(length time.Duration, sound []int16, at time.Duration, volume, noise float64) []int16 {
	r := rand.New(rand.NewPCG(99, 2))
	out := make([]int16, int(length*audiomatch.Rate/time.Second))
	start := int(at * audiomatch.Rate / time.Second)
	for i := range out {
		v := noise * r.NormFloat64()
		if j := i - start; j >= 0 && j < len(sound) {
			v += volume * float64(sound[j])
		}
		out[i] = int16(max(-32768, min(32767, v)))
	}
	return out
}

func near(a, b, by time.Duration) bool { return (a - b).Abs() <= by }

func TestFind(t *testing.T) {
	prompt := speech(1, 3*time.Second)
	for _, c := range []struct {
		volume, noise, score float64
	}{{1, 0, 0.99}, {0.1, 0, 0.98}, {1, 300, 0.95}, {0.5, 1000, 0.5}} {
		heard := line(20*time.Second, prompt, 7123*time.Millisecond, c.volume, c.noise)
		at, score := audiomatch.Find(heard, prompt, audiomatch.Options{})
		if !near(at, 7123*time.Millisecond, time.Millisecond) || score < c.score {
			t.Errorf("volume %g, noise %g: at %s with %.3f", c.volume, c.noise, at, score)
		}
		for seed := range uint64(5) {
			if at, score := audiomatch.Find(heard, speech(seed+2, 3*time.Second), audiomatch.Options{}); score > 0.4 {
				t.Errorf("another prompt (%d) found at %s with %.3f", seed+2, at, score)
			}
		}
	}
}

func TestFindBounds(t *testing.T) {
	prompt := speech(1, time.Second)
	heard := line(10*time.Second, prompt, 2*time.Second, 1, 50)
	copy(heard[6*audiomatch.Rate:], prompt)
	at, score := audiomatch.Find(heard, prompt, audiomatch.Options{From: 3 * time.Second})
	if !near(at, 6*time.Second, time.Millisecond) || score < 0.95 {
		t.Errorf("from 3 s: at %s with %.3f", at, score)
	}
	at, score = audiomatch.Find(heard, prompt, audiomatch.Options{To: 3 * time.Second})
	if !near(at, 2*time.Second, time.Millisecond) || score < 0.95 {
		t.Errorf("to 3 s: at %s with %.3f", at, score)
	}
	if _, score := audiomatch.Find(heard, prompt, audiomatch.Options{From: 3 * time.Second, To: 5 * time.Second}); score > 0.5 {
		t.Errorf("between: %.3f", score)
	}
	for _, empty := range [][2][]int16{{nil, prompt}, {heard, nil}, {nil, nil}, {heard[:100], prompt}, {make([]int16, 20000), prompt}, {heard, make([]int16, 8000)}} {
		if _, score := audiomatch.Find(empty[0], empty[1], audiomatch.Options{}); score != 0 {
			t.Errorf("nothing was found with %.3f", score)
		}
	}
	if _, score := audiomatch.Find(heard, prompt, audiomatch.Options{From: -time.Second, To: time.Hour}); score < 0.95 {
		t.Errorf("bounds outside the recording: %.3f", score)
	}
}

func TestFindPrefix(t *testing.T) {
	prompt := speech(1, 4*time.Second)
	for _, cut := range []time.Duration{700 * time.Millisecond, 1500 * time.Millisecond, 2750 * time.Millisecond, 4 * time.Second} {
		heard := line(10*time.Second, prompt[:int(cut*audiomatch.Rate/time.Second)], 3*time.Second, 0.7, 20)
		if cut < 4*time.Second { // another prompt follows the cut at once
			copy(heard[int((3*time.Second+cut)*audiomatch.Rate/time.Second):], speech(8, 2*time.Second))
		}
		at, length, score := audiomatch.FindPrefix(heard, prompt, audiomatch.Options{})
		if !near(at, 3*time.Second, time.Millisecond) || !near(length, cut, 80*time.Millisecond) || score < 0.9 {
			t.Errorf("cut after %s: at %s, %s long, %.3f", cut, at, length, score)
		}
	}
	if _, length, score := audiomatch.FindPrefix(line(10*time.Second, speech(5, 3*time.Second), 0, 1, 20), prompt, audiomatch.Options{}); length != 0 || score >= 0.5 {
		t.Errorf("never played: %s heard, %.3f", length, score)
	}
}

func TestTone(t *testing.T) {
	tone := make([]int16, 4000)
	for n := range tone {
		tone[n] = int16(5000 * math.Sin(2*math.Pi*1004*float64(n)/audiomatch.Rate))
	}
	if got := audiomatch.Tone(tone, 1004); got < 0.99 {
		t.Errorf("purity %.3f", got)
	}
	if got := audiomatch.Tone(tone, 1200); got > 0.01 {
		t.Errorf("at another frequency %.3f", got)
	}
	if got := audiomatch.Tone(line(time.Second, tone, 0, 1, 3000), 1004); got > 0.7 {
		t.Errorf("in noise %.3f", got)
	}
	if got := audiomatch.Tone(nil, 1004); got != 0 {
		t.Errorf("of nothing %.3f", got)
	}
}

// TestSpokenPrompts uses real synthetic speech where the machine has it:
// sentences that differ in one word must not be taken for each other.
func TestSpokenPrompts(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Fatal("espeak-ng is not installed")
	}
	texts := []string{"Press one for sales.", "Press two for sales.", "Press one for support.", "Invalid menu entry.", "Invalid extension.", "Welcome."}
	prompts := map[string][]int16{}
	for _, text := range texts {
		wav, err := exec.Command("espeak-ng", "--stdout", text).Output()
		if err != nil {
			t.Fatal(err)
		}
		if prompts[text], err = phone.ReadWAV(bytes.NewReader(wav)); err != nil {
			t.Fatal(err)
		}
	}
	for text, prompt := range prompts {
		heard := line(12*time.Second, prompt, 5*time.Second, 0.8, 30)
		name, at, score := audiomatch.Best(heard, prompts, audiomatch.Options{})
		if name != text || !near(at, 5*time.Second, time.Millisecond) || score < 0.9 {
			t.Errorf("%q taken for %q at %s with %.3f", text, name, at, score)
		}
		for other, sound := range prompts {
			if _, score := audiomatch.Find(heard, sound, audiomatch.Options{}); other != text && score > 0.8 {
				t.Errorf("%q is like %q by %.3f", text, other, score)
			}
		}
	}
}

func BenchmarkFindMinuteOfAudio(b *testing.B) {
	prompt := speech(1, 5*time.Second)
	heard := line(time.Minute, prompt, 40*time.Second, 1, 100)
	for b.Loop() {
		audiomatch.Find(heard, prompt, audiomatch.Options{})
	}
}

// A score that is enough ends the search where it is found, and one place is compared
// alone.
func TestEnoughAndAt(t *testing.T) {
	prompt := speech(1, time.Second)
	heard := line(4*time.Second, prompt, 1500*time.Millisecond, 0.5, 20)
	at, score := audiomatch.Find(heard, prompt, audiomatch.Options{Enough: 0.9})
	if at != 1500*time.Millisecond || score < 0.9 {
		t.Errorf("found at %v, like it by %.3f", at, score)
	}
	if got := audiomatch.At(heard, prompt, at); math.Abs(got-score) > 1e-9 {
		t.Errorf("there it is like it by %.3f, not %.3f", got, score)
	}
	if _, low := audiomatch.Find(line(4*time.Second, speech(2, time.Second), 0, 0.5, 20), prompt, audiomatch.Options{Enough: 0.9}); low > 0.5 {
		t.Errorf("another is like it by %.3f", low)
	}
	for _, other := range []time.Duration{at + 10*time.Millisecond, 3500 * time.Millisecond, -time.Second} {
		if got := audiomatch.At(heard, prompt, other); got > 0.5 {
			t.Errorf("at %v it is like it by %.3f", other, got)
		}
	}
}
