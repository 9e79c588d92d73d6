package media_test

import (
	"math"
	"testing"
	"time"

	"tandem/internal/media"
)

func sine(rate int, freq, amplitude float64, d time.Duration) media.PCM {
	p := media.PCM{Rate: rate, Samples: make([]int16, int(d.Seconds()*float64(rate)))}
	for i := range p.Samples {
		p.Samples[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*freq*float64(i)/float64(rate))))
	}
	return p
}

// power is the mean square without the edges, where the filter starts and ends.
func power(p media.PCM) float64 {
	edge := len(p.Samples) / 10
	sum := 0.0
	for _, s := range p.Samples[edge : len(p.Samples)-edge] {
		sum += float64(s) * float64(s)
	}
	return sum / float64(len(p.Samples)-2*edge)
}

// residue is the mean square of what is left of p without freq.
func residue(p media.PCM, freq float64) float64 {
	edge := len(p.Samples) / 10
	in := p.Samples[edge : len(p.Samples)-edge]
	var c, s float64
	for i, v := range in {
		a := 2 * math.Pi * freq * float64(i) / float64(p.Rate)
		c += float64(v) * math.Cos(a)
		s += float64(v) * math.Sin(a)
	}
	n := float64(len(in))
	sum := 0.0
	for i, v := range in {
		a := 2 * math.Pi * freq * float64(i) / float64(p.Rate)
		d := float64(v) - 2*(c*math.Cos(a)+s*math.Sin(a))/n
		sum += d * d
	}
	return sum / n
}

func TestResampleTones(t *testing.T) {
	const amplitude = 10000
	want := amplitude * amplitude / 2.0
	for _, rate := range []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 7999, 44056} {
		for _, freq := range []float64{50, 300, 1000, 2000, 3300} {
			out := media.Resample(sine(rate, freq, amplitude, 500*time.Millisecond), 8000)
			if out.Rate != 8000 || math.Abs(float64(len(out.Samples))-4000) > 2 {
				t.Fatalf("%d Hz: %d samples at %d", rate, len(out.Samples), out.Rate)
			}
			if db := 10 * math.Log10(power(out)/want); math.Abs(db) > 0.2 {
				t.Errorf("%d Hz: tone of %v Hz changed by %.2f dB", rate, freq, db)
			}
			if db := 10 * math.Log10(residue(out, freq)/want); db > -50 {
				t.Errorf("%d Hz: tone of %v Hz has %.1f dB of noise", rate, freq, db)
			}
		}
		for _, freq := range []float64{4200, 5000, 7000, 9000} {
			if freq > 0.48*float64(rate) {
				continue
			}
			out := media.Resample(sine(rate, freq, amplitude, 500*time.Millisecond), 8000)
			if db := 10 * math.Log10(power(out)/want+1e-9); db > -50 {
				t.Errorf("%d Hz: tone of %v Hz leaves an alias of %.1f dB", rate, freq, db)
			}
		}
	}
	up := media.Resample(sine(8000, 1000, amplitude, 500*time.Millisecond), 48000)
	if db := 10 * math.Log10(residue(up, 1000)/want); db > -50 {
		t.Errorf("upwards: %.1f dB of images", db)
	}
}

func TestNormalise(t *testing.T) {
	quiet := sine(8000, 500, 300, time.Second)
	loud := quiet.Normalise(-20)
	if l := loud.Level(); math.Abs(l+20) > 0.3 {
		t.Errorf("level %.2f", l)
	}
	peaky := sine(8000, 500, 20000, time.Second)
	if p := peaky.Normalise(0).Peak(); p > 29300 || p < 29100 {
		t.Errorf("peak %d", p)
	}
	silence := media.PCM{Rate: 8000, Samples: make([]int16, 100)}
	if p := silence.Normalise(-20).Peak(); p != 0 || silence.Level() != -96 {
		t.Error("silence did not stay silent")
	}
	if (media.PCM{}).Level() != -96 || (media.PCM{}).Duration() != 0 {
		t.Error("nothing has a level or a length")
	}
}

func TestClip(t *testing.T) {
	c := media.NewClip(sine(16000, 440, 8000, 1500*time.Millisecond))
	if c.Duration() != 1500*time.Millisecond || c.Len() != 12000 {
		t.Errorf("%v, %d samples", c.Duration(), c.Len())
	}
	if len(c.Bytes(media.PCMU)) != 12000 || len(c.Bytes(media.PCMA)) != 12000 {
		t.Error("codecs of different length")
	}
	if n := 10 * math.Log10(residue(c.PCM(), 440)/power(c.PCM())); n > -30 {
		t.Errorf("clip has %.1f dB of noise", n)
	}
	if s := media.SilentClip(time.Second); s.Len() != 8000 || s.PCM().Peak() != 0 {
		t.Error("silence is not silent")
	}
}

func TestActivity(t *testing.T) {
	var a media.Activity
	voiced := func(p media.PCM) (n int) {
		for i := 0; i+160 <= len(p.Samples); i += 160 {
			if a.Frame(p.Samples[i : i+160]) {
				n++
			}
		}
		return n
	}
	noise := func(amplitude, frames int) media.PCM {
		p := media.PCM{Rate: 8000, Samples: make([]int16, frames*160)}
		x := uint32(1)
		for i := range p.Samples {
			x = x*1664525 + 1013904223
			p.Samples[i] = int16((int(x>>16)%2001 - 1000) * amplitude / 1000)
		}
		return p
	}
	voiced(noise(100, 150))
	if n := voiced(noise(100, 100)); n != 0 {
		t.Errorf("steady noise was voice in %d frames", n)
	}
	if n := voiced(noise(8000, 50)); n < 48 {
		t.Errorf("speech was voice in %d of 50 frames", n)
	}
	if n := voiced(noise(100, 100)); n > 3 {
		t.Errorf("noise after speech was voice in %d frames", n)
	}
	a = media.Activity{Threshold: -20}
	if n := voiced(noise(1000, 50)); n != 0 {
		t.Errorf("under the fixed threshold %d frames were voice", n)
	}
	if a.Frame(nil) {
		t.Error("nothing is voice")
	}
}

func TestCodec(t *testing.T) {
	if media.PCMU.String() != "PCMU" || media.PCMA.PayloadType() != 8 || media.Codec(3).Valid() {
		t.Error("codec table")
	}
	b := make([]byte, 4)
	media.PCMU.Transcode(media.PCMA, b, []byte{0xFF, 0x80, 0x00, 0x7E})
	back := make([]int16, 4)
	media.PCMA.Decode(back, b)
	if back[0] != 8 || back[1] < 31000 || back[2] > -31000 {
		t.Errorf("transcoded to %v", back)
	}
}

func BenchmarkResample48k(b *testing.B) {
	p := sine(48000, 1000, 10000, time.Second)
	for b.Loop() {
		media.Resample(p, 8000)
	}
}

func TestClipFirst(t *testing.T) {
	c := media.NewClip(media.PCM{Rate: media.Rate, Samples: make([]int16, media.Rate)})
	for asked, want := range map[time.Duration]time.Duration{
		-time.Second: 0, 0: 0, 250 * time.Millisecond: 250 * time.Millisecond, time.Second: time.Second, time.Hour: time.Second,
	} {
		f := c.First(asked)
		if f.Duration() != want || len(f.Bytes(media.PCMA)) != f.Len() || len(f.Bytes(media.PCMU)) != f.Len() {
			t.Errorf("the first %v of a second last %v", asked, f.Duration())
		}
	}
}
