package rtpport_test

import (
	"encoding/binary"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/rtpport"
)

func toneClip(hz float64, d time.Duration) *media.Clip {
	return media.NewClip(media.PCM{Rate: media.Rate, Samples: toneSamples(hz, d)})
}

func toneSamples(hz float64, d time.Duration) []int16 {
	pcm := make([]int16, d*media.Rate/time.Second)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/media.Rate))
	}
	return pcm
}

// TestPlayOver has sound over a bridge, over a prompt and over silence, mixed and
// covering, to its end and until it is stopped.
func TestPlayOver(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := newTalker(t, pool, media.PCMU, 500, 8000), newTalker(t, pool, media.PCMA, 900, 8000)
	if err := rtpport.Bridge(a.port, b.port); err != nil {
		t.Fatal(err)
	}
	expect := func(when, hearsA, hearsB string) {
		t.Helper()
		talk(60, a, b)
		if got := [2]string{a.tones(), b.tones()}; got != [2]string{hearsA, hearsB} {
			t.Errorf("%s: they hear %q", when, got)
		}
	}
	over := a.port.PlayOver([]*media.Clip{toneClip(1400, time.Second)}, true, true)
	expect("mixed", "900 1400 ", "500 ")
	other := a.port.PlayOver([]*media.Clip{toneClip(1400, time.Second)}, true, false)
	<-over.Done()
	if over.Finished() {
		t.Error("what was replaced says that it finished")
	}
	expect("covering", "1400 ", "500 ")
	other.Stop()
	expect("stopped", "900 ", "500 ")
	once := b.port.PlayOver([]*media.Clip{toneClip(1400, 200*time.Millisecond)}, false, true)
	expect("once", "900 ", "500 ")
	if <-once.Done(); !once.Finished() || once.Played() != 200*time.Millisecond {
		t.Errorf("once: finished %v after %v", once.Finished(), once.Played())
	}
	rtpport.Unbridge(a.port, b.port)
	prompt := a.port.Play(toneClip(900, 30*time.Second), false)
	over = a.port.PlayOver([]*media.Clip{toneClip(1400, time.Second)}, true, true)
	expect("over a prompt", "900 1400 ", "")
	prompt.Stop()
	expect("over silence", "1400 ", "")
	a.port.Close()
	if <-over.Done(); over.Finished() {
		t.Error("what a closing port cut says that it finished")
	}
	if late := a.port.PlayOver(nil, false, false); late.Finished() {
		t.Error("a closed port plays")
	}
}

// TestPark has one of two parties hear music and not be heard, by voice or key.
func TestPark(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := newTalker(t, pool, media.PCMU, 500, 8000), newTalker(t, pool, media.PCMU, 900, 8000)
	if err := rtpport.Bridge(a.port, b.port); err != nil {
		t.Fatal(err)
	}
	expect := func(when, hearsA, hearsB string) {
		t.Helper()
		talk(60, a, b)
		if got := [2]string{a.tones(), b.tones()}; got != [2]string{hearsA, hearsB} {
			t.Errorf("%s: they hear %q", when, got)
		}
	}
	a.port.Park([]*media.Clip{toneClip(1400, 100*time.Millisecond)})
	expect("parked", "1400 ", "")
	a.press('5', func(int) bool { return true })
	if d := waitDigit(t, a.port); d.Key != '5' {
		t.Errorf("a parked party's key is %q", d.Key)
	}
	a.port.Park(nil)
	expect("parked in silence", "", "")
	a.port.Unpark()
	a.port.Unpark()
	expect("again", "900 ", "500 ")
	b.drain()
	a.port.KeepKeys(true)
	a.press('6', func(int) bool { return true })
	if d := waitDigit(t, a.port); d.Key != '6' {
		t.Errorf("a kept key is %q", d.Key)
	}
	talk(20, a, b)
	a.port.KeepKeys(false)
	a.press('7', func(int) bool { return true })
	waitDigit(t, a.port)
	for {
		if pk := b.read(); pk.pt == eventPT {
			if pk.payload[0] != 7 {
				t.Errorf("key %d passed over the bridge", pk.payload[0])
			}
			break
		}
	}
}

// drain reads away what has come.
func (p *peer) drain() {
	for {
		if _, ok := p.readFor(time.Millisecond); !ok {
			return
		}
	}
}

// TestSeveralRecordings has two of one port, one of which ends, and a pause.
func TestSeveralRecordings(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	p.read()
	record := func(opt rtpport.RecordOptions) *rtpport.Recording {
		t.Helper()
		r, err := port.Record(opt)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	whole, short := tempFile(t), tempFile(t)
	tape := record(rtpport.RecordOptions{File: whole, Sides: rtpport.SidesApart, SilenceEnd: 900 * time.Millisecond})
	sound := pattern(20).Bytes(media.PCMU)
	step := record(rtpport.RecordOptions{File: short, MaxDuration: 600 * time.Millisecond})
	heard := 0
	ear := record(rtpport.RecordOptions{Hear: func(pcm []int16) bool { heard += len(pcm); return heard >= media.Rate/5 }})
	p.talk(media.PCMU, sound)
	if <-step.Done(); step.Stop().Reason != rtpport.EndLimit {
		t.Errorf("the short one: %+v", step.Stop())
	}
	if res := ear.Stop(); res.Reason != rtpport.EndStopped || res.Err != nil || heard != media.Rate/5 || res.Duration < 200*time.Millisecond {
		t.Errorf("the ear heard %d samples: %+v", heard, res)
	}
	tape.Pause()
	for range 4 { // longer than the silence that would end it
		p.talk(media.PCMU, sound)
	}
	tape.Resume()
	p.talk(media.PCMU, sound)
	p.talk(media.PCMU, make([]byte, 10*160))
	res := tape.Stop()
	if res.Reason != rtpport.EndStopped || res.Err != nil {
		t.Errorf("the tape: %+v", res)
	}
	if res.Duration < 2600*time.Millisecond || res.Duration > 4*time.Second {
		t.Errorf("a tape of %v", res.Duration)
	}
	want := media.NewClip(media.PCM{Rate: media.Rate, Samples: pattern(20).PCM().Samples}).PCM().Samples
	if port.Stats().SendSkipped == 0 {
		if n := count(left(t, whole), want); n != 2 {
			t.Errorf("the tape holds %d of what was said twice around a pause", n)
		}
		if !contains(readBack(t, short).Samples, want) {
			t.Error("the short one does not hold what was said")
		}
	}
	if _, err := port.Record(rtpport.RecordOptions{}); err == nil {
		t.Error("recorded to nowhere")
	}
}

// left is the left channel of a file of two.
func left(t *testing.T, f *os.File) []int16 {
	t.Helper()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	var pcm []int16
	for b = b[44:]; len(b) >= 4; b = b[4:] {
		pcm = append(pcm, int16(binary.LittleEndian.Uint16(b)))
	}
	return pcm
}

// count says how often whole holds part.
func count(whole, part []int16) (n int) {
	whole = slices.DeleteFunc(slices.Clone(whole), func(s int16) bool { return s >= -8 && s <= 8 })
	for i := 0; i+len(part) <= len(whole); i++ {
		if whole[i] == part[0] && slices.Equal(whole[i:i+len(part)], part) {
			n++
		}
	}
	return n
}

// TestTurnsAllocateNothing counts for a port that does everything at once.
func TestTurnsAllocateNothing(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := newTalker(t, pool, media.PCMU, 500, 8000), newTalker(t, pool, media.PCMA, 900, 8000)
	if err := rtpport.Bridge(a.port, b.port); err != nil {
		t.Fatal(err)
	}
	feed, err := rtpport.AddFeed(b.port, a.port)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Stop()
	for range 2 {
		rec, err := a.port.Record(rtpport.RecordOptions{File: tempFile(t), Sides: rtpport.SidesApart})
		if err != nil {
			t.Fatal(err)
		}
		defer rec.Stop()
		rec.Pause()
		rec.Resume()
	}
	a.port.PlayOver([]*media.Clip{toneClip(1400, time.Second)}, true, true)
	talk(10, a, b)
	seq, ts := a.seq, a.ts
	n := a.port.AllocsPerTurn(a.addr(), func() []byte {
		p := []byte{0x80, 0}
		p = binary.BigEndian.AppendUint16(p, seq)
		p = binary.BigEndian.AppendUint32(p, ts)
		p = binary.BigEndian.AppendUint32(p, a.ssrc)
		seq, ts = seq+1, ts+media.FrameSamples
		return append(p, a.said[:media.FrameSamples]...)
	})
	if n != 0 {
		t.Errorf("a turn allocates %v times", n)
	}
	if share := audiomatch.Tone(a.heard, 1400); share < 0.2 {
		t.Errorf("the test's own sound is not heard: %.2f", share)
	}
}
