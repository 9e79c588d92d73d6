package amd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/media/amd"
)

// party is one item of the set: what somebody says, and who that is.
type party struct {
	name string
	is   amd.Decision
	pcm  []int16 // at 8 kHz, full scale about half
}

const rate = media.Rate

// bursts makes what sounds like speech to a level meter: syllables of a voice with
// falling pitch and formants, parted by short gaps, in words, parted by longer.
func bursts(rng *rand.Rand, length time.Duration, pauses float64) []int16 {
	var pcm []float64
	pitch := 90 + 130*rng.Float64()
	for len(pcm) < int(length.Seconds()*rate) {
		for range 1 + rng.IntN(3) { // syllables of a word
			n := int((0.11 + 0.15*rng.Float64()) * rate)
			loud, formant := 0.5+0.5*rng.Float64(), 400+500*rng.Float64()
			for i := range n {
				at := float64(i) / float64(n)
				f := pitch * (1.1 - 0.2*at)
				v := 0.0
				for h := 1.0; h < 14; h++ {
					gain := 1 / (1 + math.Pow((h*f-formant)/300, 2))
					v += gain * math.Sin(2*math.Pi*h*f*float64(i)/rate)
				}
				pcm = append(pcm, loud*v*math.Sin(math.Pi*at)*0.35)
			}
			pcm = append(pcm, make([]float64, int((0.02+0.04*rng.Float64())*rate))...)
		}
		gap := 0.08 + 0.1*rng.Float64()
		if rng.Float64() < pauses {
			gap = 0.3 + 0.35*rng.Float64() // between sentences
		}
		pcm = append(pcm, make([]float64, int(gap*rate))...)
	}
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = int16(16000 * max(-1.9, min(1.9, v)))
	}
	return out
}

func beep(hz, seconds float64) []int16 {
	out := make([]int16, int(seconds*rate))
	for i := range out {
		out[i] = int16(9000 * math.Sin(2*math.Pi*hz*float64(i)/rate))
	}
	return out
}

// spoken has a synthesiser of the machine say text; nil when there is none.
func spoken(t *testing.T, name, text string, speed int) []int16 {
	t.Helper()
	bin, err := exec.LookPath("espeak-ng")
	if err != nil {
		return nil
	}
	file := filepath.Join(t.TempDir(), "said.wav")
	if err := exec.CommandContext(t.Context(), bin, "-v", name, "-s", fmt.Sprint(speed), "-w", file, text).Run(); err != nil {
		t.Logf("espeak-ng %s: %v", name, err)
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := media.ReadWAV(f, media.WAVLimits{})
	if err != nil {
		t.Fatalf("espeak-ng %s: %v", name, err)
	}
	return media.Resample(pcm, rate).Normalise(-16).Samples
}

// parties is the set: bursts always, spoken greetings where there is a synthesiser.
func parties(t *testing.T) []party {
	rng := rand.New(rand.NewPCG(4, 2))
	var all []party
	for i := range 40 {
		short := time.Duration(250+rng.IntN(1150)) * time.Millisecond
		all = append(all, party{fmt.Sprintf("burst of %v", short), amd.Human, bursts(rng, short, 0)})
		long := time.Duration(2600+rng.IntN(6000)) * time.Millisecond
		all = append(all, party{fmt.Sprintf("bursts of %v", long), amd.Machine, bursts(rng, long, 0.2)})
		if i%4 == 0 {
			all = append(all, party{fmt.Sprintf("beep %d", i), amd.Machine, beep(400+float64(rng.IntN(1600)), 0.25+rng.Float64())})
		}
	}
	hellos := []string{"Hello?", "Hello.", "Yes?", "Yes, hello?", "Hi, Anna speaking.", "Smith.", "Good morning.", "Hello, who is there?"}
	greetings := []string{
		"You have reached the voicemail of Anna Smith. Please leave a message after the tone.",
		"Hi, this is John. I can't come to the phone right now. Leave a message and I will call you back.",
		"Thank you for calling Example Limited. Our office is closed. Our opening hours are nine to five.",
		"The person you are calling is not available. Please try again later, or leave a message.",
		"Hello. We are not at home at the moment. Please speak after the beep.",
	}
	for _, voiceName := range []string{"en-us", "en-gb", "en-us+f3", "en-gb+m3"} {
		for i, text := range append(hellos, greetings...) {
			pcm := spoken(t, voiceName, text, 130+(i*17)%60)
			if pcm == nil {
				break
			}
			is := amd.Human
			if i >= len(hellos) {
				is = amd.Machine
			}
			all = append(all, party{voiceName + ": " + text, is, pcm})
		}
	}
	return all
}

// line is how a party is heard: silence before it, noise beneath it, its level.
type line struct {
	codec  media.Codec
	level  float64 // dB, of the voice
	noise  float64 // dB below full scale; -100 = none
	before time.Duration
}

// hear gives the detector a party over a line, and what it makes of that.
func hear(rng *rand.Rand, p party, l line) (amd.Decision, string, time.Duration) {
	gain, hiss := math.Pow(10, l.level/20), 32768*math.Pow(10, l.noise/20)
	d := amd.New(4 * time.Second)
	begin := int(l.before.Seconds() * rate)
	var frame [media.FrameSamples]int16
	var sent [media.FrameSamples]byte
	for at := 0; ; at += len(frame) {
		for i := range frame {
			v := hiss * rng.NormFloat64()
			if n := at + i - begin; n >= 0 && n < len(p.pcm) {
				v += gain * float64(p.pcm[n])
			}
			frame[i] = int16(max(-32768, min(32767, v)))
		}
		l.codec.Encode(sent[:], frame[:])
		l.codec.Decode(frame[:], sent[:])
		if d.Frame(frame[:]) {
			r, why := d.Result()
			return r, why, time.Duration(at+len(frame)) * time.Second / rate
		}
	}
}

// TestErrorRate hears the set over lines of all kinds. The rates that it prints are
// those of docs/design.md.
func TestErrorRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 26))
	count := map[string]int{}
	var took [2]time.Duration
	for _, p := range parties(t) {
		for _, codec := range []media.Codec{media.PCMU, media.PCMA} {
			for _, level := range []float64{0, -12, -20} {
				for _, snr := range []float64{100, 30, 18, 12} {
					l := line{codec: codec, level: level, noise: max(-16+level-snr, -100), before: time.Duration(rng.IntN(900)) * time.Millisecond}
					got, why, at := hear(rng, p, l)
					count["all "+string(p.is)]++
					count[string(p.is)+" as "+string(got)]++
					if p.is == amd.Human {
						took[0] += at
					} else {
						took[1] += at
					}
					if got != p.is {
						count[fmt.Sprintf("err snr %v level %v", snr, level)]++
						if testing.Verbose() {
							t.Logf("%s as %s (%s) at %v: %+v", p.name, got, why, at, l)
						}
					}
				}
			}
		}
	}
	people, machines := count["all human"], count["all machine"]
	t.Logf("%d people: %d taken for machines, %d not told; %v on average", people, count["human as machine"], count["human as unknown"], (took[0] / time.Duration(people)).Round(10*time.Millisecond))
	t.Logf("%d machines: %d taken for people, %d not told; %v on average", machines, count["machine as human"], count["machine as unknown"], (took[1] / time.Duration(machines)).Round(10*time.Millisecond))
	if testing.Verbose() {
		t.Log(count)
	}
	if n := count["human as machine"] + count["human as unknown"]; n*100 > 3*people {
		t.Errorf("%d of %d people were not known as such", n, people)
	}
	if n := count["machine as human"] + count["machine as unknown"]; n*100 > 3*machines {
		t.Errorf("%d of %d machines were not known as such", n, machines)
	}
}

// TestNobodySpeaks has silence, noise, a click, and a party that was not heard out.
func TestNobodySpeaks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	click := make([]int16, 300)
	for i := range click {
		click[i] = int16(rng.IntN(20000) - 10000)
	}
	for _, noise := range []float64{-100, -60, -40, -30} {
		for _, p := range []party{{name: "nothing"}, {name: "a click", pcm: click}} {
			got, why, at := hear(rng, p, line{noise: noise, before: time.Second})
			if got != amd.Unknown || at != 4*time.Second {
				t.Errorf("%s in noise of %v dB is %s (%s) after %v", p.name, noise, got, why, at)
			}
		}
	}
	if got, why := amd.New(0).Result(); got != amd.Unknown || why == "" {
		t.Errorf("nothing was heard: %s (%s)", got, why)
	}
}
