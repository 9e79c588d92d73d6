package rtpport_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

func tempFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "r.wav"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func readBack(t *testing.T, f *os.File) media.PCM {
	t.Helper()
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	p, err := media.ReadWAV(f, media.WAVLimits{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// talk sends the frames of sound in step with what it hears.
func (p *peer) talk(codec media.Codec, sound []byte) {
	for i := 0; i+160 <= len(sound); i += 160 {
		p.audio(codec, sound[i:i+160])
		p.read()
	}
}

// contains finds part in whole, whatever silence was put in between.
func contains(whole, part []int16) bool {
	whole = slices.DeleteFunc(slices.Clone(whole), func(s int16) bool { return s >= -8 && s <= 8 })
	for i := range len(whole) - len(part) + 1 {
		if whole[i] == part[0] && slices.Equal(whole[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

func TestRecordingHoldsWhatWasSaid(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMA, eventPT)
	p.read()
	f := tempFile(t)
	rec, err := port.Record(rtpport.RecordOptions{File: f})
	if err != nil {
		t.Fatal(err)
	}
	sound := pattern(40).Bytes(media.PCMA)
	p.talk(media.PCMA, sound)
	p.read()
	res := rec.Stop()
	if res.Err != nil || res.Reason != rtpport.EndStopped || res.Gaps != 0 {
		t.Errorf("%+v", res)
	}
	want := make([]int16, len(sound))
	media.PCMA.Decode(want, sound)
	got := readBack(t, f)
	if !contains(got.Samples, want) && port.Stats().SendSkipped == 0 {
		t.Error("the recording does not hold what was said")
	}
	if got.Duration() != res.Duration || res.Duration < 800*time.Millisecond {
		t.Errorf("file of %v, result of %v", got.Duration(), res.Duration)
	}
	if again := rec.Stop(); again != res {
		t.Errorf("a second Stop says %+v", again)
	}
}

func TestRecordingBothSides(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	p.read()
	f := tempFile(t)
	rec, err := port.Record(rtpport.RecordOptions{File: f, Sides: rtpport.SidesApart, Encoding: media.WAVMuLaw, StopOnDigits: true})
	if err != nil {
		t.Fatal(err)
	}
	prompt := pattern(20)
	play := port.Play(prompt, false)
	<-play.Done()
	p.press('#', func(int) bool { return true })
	<-rec.Done()
	res := rec.Stop()
	if res.Reason != rtpport.EndDigit || res.Err != nil {
		t.Errorf("%+v", res)
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	var right []int16
	for i := 58 + 1; i < len(b); i += 2 {
		s := make([]int16, 1)
		media.PCMU.Decode(s, b[i:i+1])
		right = append(right, s[0])
	}
	if !contains(right, prompt.PCM().Samples) && port.Stats().SendSkipped == 0 {
		t.Error("the right channel does not hold the prompt")
	}
}

func TestRecordingEndsBySilenceAndLimit(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	p.read()
	rec, err := port.Record(rtpport.RecordOptions{File: tempFile(t), SilenceEnd: 400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	p.talk(media.PCMU, pattern(30).Bytes(media.PCMU))
	<-rec.Done()
	res := rec.Stop()
	if res.Reason != rtpport.EndSilence || res.TrailingSilence < 400*time.Millisecond ||
		res.Speech < 500*time.Millisecond || res.Speech > 700*time.Millisecond {
		t.Errorf("%+v", res)
	}
	begun := time.Now()
	rec, err = port.Record(rtpport.RecordOptions{File: tempFile(t), SilenceEnd: time.Minute, FirstSilence: 400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	<-rec.Done()
	if res := rec.Stop(); res.Reason != rtpport.EndSilence || res.Speech != 0 || time.Since(begun) > 5*time.Second {
		t.Errorf("nobody spoke: %+v after %v", res, time.Since(begun))
	}
	f := tempFile(t)
	rec, err = port.Record(rtpport.RecordOptions{File: f, MaxDuration: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	<-rec.Done()
	if res := rec.Stop(); res.Reason != rtpport.EndLimit || res.Duration != 300*time.Millisecond {
		t.Errorf("%+v", res)
	}
	rec, err = port.Record(rtpport.RecordOptions{File: tempFile(t)})
	if err != nil {
		t.Fatal(err)
	}
	port.Close()
	if res := rec.Stop(); res.Reason != rtpport.EndClosed || res.Err != nil {
		t.Errorf("%+v", res)
	}
}

var errDisk = errors.New("disk on fire")

// failing is a file that breaks after its header.
type failing struct {
	*os.File
	left int
}

func (f *failing) Write(b []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errDisk
	}
	return f.File.Write(b)
}

func TestRecordingReportsTheDisk(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	rec, err := port.Record(rtpport.RecordOptions{File: &failing{tempFile(t), 2}})
	if err != nil {
		t.Fatal(err)
	}
	<-rec.Done()
	if res := rec.Stop(); res.Reason != rtpport.EndError || !errors.Is(res.Err, errDisk) {
		t.Errorf("%+v", res)
	}
	p.read()
}

// TestRecordingMoves goes on at another port, of another codec.
func TestRecordingMoves(t *testing.T) {
	pool := startPool(t, rtpport.Config{Shards: 2})
	a, b := openPort(t, pool), openPort(t, pool)
	pa, pb := newPeer(t, a), newPeer(t, b)
	start(t, a, pa, media.PCMA, eventPT)
	pa.read()
	f := tempFile(t)
	rec, err := a.Record(rtpport.RecordOptions{File: f, MaxDuration: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	first, second := pattern(30).Bytes(media.PCMA), pattern(25).Bytes(media.PCMU)
	pa.talk(media.PCMA, first)
	pa.read()
	start(t, b, pb, media.PCMU, eventPT) // only now: nobody has read what it sends
	pb.read()
	if err := rec.Move(b); err != nil {
		t.Fatal(err)
	}
	if err := rec.Move(b); err != nil {
		t.Errorf("to where it is: %v", err)
	}
	a.Close()
	pb.talk(media.PCMU, second)
	pb.read()
	res := rec.Stop()
	if res.Err != nil || res.Reason != rtpport.EndStopped || res.Duration < 900*time.Millisecond {
		t.Errorf("%+v", res)
	}
	got := readBack(t, f)
	for name, want := range map[string][]int16{"first": decoded(media.PCMA, first), "second": decoded(media.PCMU, second)} {
		if !contains(got.Samples, want) && a.Stats().SendSkipped+b.Stats().SendSkipped == 0 {
			t.Errorf("the recording does not hold what the %s said", name)
		}
	}
	c := openPort(t, pool)
	if err := rec.Move(c); !errors.Is(err, rtpport.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
	if rec, err = c.Record(rtpport.RecordOptions{File: tempFile(t)}); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if err := rec.Move(b); !errors.Is(err, rtpport.ErrClosed) {
		t.Errorf("to a closed port: %v", err)
	}
	if res := rec.Stop(); res.Reason != rtpport.EndClosed {
		t.Errorf("at a closed port: %+v", res)
	}
}

func decoded(codec media.Codec, sound []byte) []int16 {
	pcm := make([]int16, len(sound))
	codec.Decode(pcm, sound)
	return pcm
}
