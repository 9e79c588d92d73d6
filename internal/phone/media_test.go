package phone_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"tandem/internal/phone"
)

// level is the strength of one frequency in a sound, 1 for a full-scale sine.
func level(samples []int16, hz float64) float64 {
	var re, im float64
	for n, s := range samples {
		t := 2 * math.Pi * hz * float64(n) / phone.Rate
		re += float64(s) * math.Cos(t)
		im += float64(s) * math.Sin(t)
	}
	return 2 * math.Hypot(re, im) / float64(len(samples)) / 32768
}

func sine(hz float64, d time.Duration) []int16 {
	out := make([]int16, int(d*phone.Rate/time.Second))
	for n := range out {
		out[n] = int16(10000 * math.Sin(2*math.Pi*hz*float64(n)/phone.Rate))
	}
	return out
}

// loud cuts a recording to its part above silence.
func loud(samples []int16) []int16 {
	from, to := -1, 0
	for i, s := range samples {
		if s > 1000 || s < -1000 {
			if from < 0 {
				from = i
			}
			to = i
		}
	}
	if from < 0 {
		return nil
	}
	return samples[from:to]
}

func TestAudioBothWays(t *testing.T) {
	for _, codec := range []phone.Codec{phone.PCMU, phone.PCMA} {
		a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
		out, in := connect(t, a, b, phone.CallOptions{Codecs: []phone.Codec{codec}})
		if out.Codec() != codec || in.Codec() != codec {
			t.Fatalf("codec %s and %s, want %s", out.Codec(), in.Codec(), codec)
		}
		ctx := limit(t, 10*time.Second)
		played := make(chan error, 1)
		go func() { played <- in.Play(ctx, sine(500, 400*time.Millisecond)) }()
		if err := out.Play(ctx, sine(1000, 400*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if err := <-played; err != nil {
			t.Fatal(err)
		}
		waitFor(t, "both tones", func() bool { return len(loud(in.Heard())) > 3100 && len(loud(out.Heard())) > 3100 })
		if got := loud(in.Heard()); level(got, 1000) < 0.25 || level(got, 500) > 0.05 {
			t.Errorf("%s: called side hears 1000 Hz at %.2f, 500 Hz at %.2f", codec, level(got, 1000), level(got, 500))
		}
		if got := loud(out.Heard()); level(got, 500) < 0.25 || level(got, 1000) > 0.05 {
			t.Errorf("%s: calling side hears 500 Hz at %.2f, 1000 Hz at %.2f", codec, level(got, 500), level(got, 1000))
		}
		st := in.Stats()
		if st.Packets < 20 || st.Lost != 0 || st.Malformed != 0 || len(st.SSRCs) != 1 || st.Resyncs != 0 {
			t.Errorf("%s: statistics %+v", codec, st)
		}
		if _, ok := in.HeardAt(); !ok {
			t.Errorf("%s: no time of the first packet", codec)
		}
	}
}

func TestKeysByEventAndInfo(t *testing.T) {
	drops := map[string]func(int) bool{
		"all arrive":  nil,
		"only first":  func(n int) bool { return n != 0 },
		"only middle": func(n int) bool { return n != 2 },
		"only an end": func(n int) bool { return n < 3+2 },
	}
	for name, drop := range drops {
		t.Run(name, func(t *testing.T) {
			a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
			out, in := connect(t, a, b, phone.CallOptions{})
			o := phone.PressOptions{Duration: 60 * time.Millisecond, Gap: 40 * time.Millisecond, Drop: drop}
			if err := out.Press(limit(t, 10*time.Second), "159D*#", o); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "all keys", func() bool { return in.KeysHeard() == "159D*#" })
			if lost := in.Stats().Lost; (lost > 0) != (drop != nil) {
				t.Errorf("%d packets lost", lost)
			}
		})
	}
	for _, plain := range []bool{false, true} {
		a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{NoTelephoneEvent: true})
		out, in := connect(t, a, b, phone.CallOptions{})
		o := phone.PressOptions{Method: phone.KeyInfo, PlainInfo: plain, Duration: 20 * time.Millisecond, Gap: 20 * time.Millisecond}
		if err := out.Press(limit(t, 10*time.Second), "7#", o); err != nil {
			t.Fatal(err)
		}
		if got := in.KeysHeard(); got != "7#" {
			t.Errorf("by INFO: heard %q", got)
		}
		if err := out.Press(t.Context(), "7", phone.PressOptions{Method: phone.KeyEvent}); err == nil {
			t.Error("an event was sent though none was negotiated")
		}
	}
}

func TestKeysInBand(t *testing.T) {
	a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{NoTelephoneEvent: true})
	out, in := connect(t, a, b, phone.CallOptions{})
	if err := out.Press(limit(t, 10*time.Second), "8", phone.PressOptions{}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the tone", func() bool { return len(loud(in.Heard())) > 900 })
	got := loud(in.Heard())
	if level(got, 852) < 0.2 || level(got, 1336) < 0.2 || level(got, 697) > 0.1 || level(got, 1477) > 0.1 {
		t.Errorf("tone of 8 not heard: %.2f %.2f %.2f %.2f", level(got, 852), level(got, 1336), level(got, 697), level(got, 1477))
	}
}

func TestWAV(t *testing.T) {
	want := sine(440, 50*time.Millisecond)
	var file bytes.Buffer
	if err := phone.WriteWAV(&file, want); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Clone(file.Bytes())
	got, err := phone.ReadWAV(&file)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || got[100] != want[100] {
		t.Errorf("%d samples of %d", len(got), len(want))
	}
	if got, err = phone.ReadWAV(bytes.NewReader(whole[:144])); err != nil || len(got) != 50 {
		t.Errorf("half a file: %d samples, %v", len(got), err)
	}
	whole[24], whole[25] = 0x80, 0x3e // the same samples as if at 16 kHz
	if got, err = phone.ReadWAV(bytes.NewReader(whole)); err != nil || len(got) != len(want)/2 {
		t.Errorf("16 kHz: %d samples, %v", len(got), err)
	}
	for _, bad := range []string{"", "RIFF", "RIFF\x00\x00\x00\x00WAVE", "RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00abcd"} {
		if _, err := phone.ReadWAV(bytes.NewReader([]byte(bad))); err == nil {
			t.Errorf("%q was read as a file", bad)
		}
	}
}
