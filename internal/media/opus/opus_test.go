package opus_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/internal/audiomatch"
	"tandem/internal/media/opus"
)

// packets are those of a file of testdata: a second of a tone of 440 Hz in every mode of
// Opus, encoded by libopus 1.3.1; that with DTX falls silent after 0.4 s.
func packets(t testing.TB, path string) (all [][]byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for len(raw) > 2 {
		n := int(binary.BigEndian.Uint16(raw))
		all = append(all, raw[2:2+n])
		raw = raw[2+n:]
	}
	return all
}

func files(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob("testdata/*.packets")
	if err != nil || len(list) < 10 {
		t.Fatalf("%d files of packets: %v", len(list), err)
	}
	return list
}

func decoder(t testing.TB, rate int) *opus.Decoder {
	t.Helper()
	d, err := opus.NewDecoder(rate)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// at8k takes every so manieth sample: a tone of 440 Hz stays what it is.
func at8k(pcm []int16, rate int) (out []int16) {
	for i := 0; i < len(pcm); i += rate / 8000 {
		out = append(out, pcm[i])
	}
	return out
}

// Every mode is decoded, at every rate that sound has here: as long as it was, and the tone.
func TestDecodes(t *testing.T) {
	for _, path := range files(t) {
		for _, rate := range []int{8000, 16000, 48000} {
			d := decoder(t, rate)
			var heard []int16
			room := make([]int16, opus.MostTime)
			for i, p := range packets(t, path) {
				n, err := d.Decode(room, p)
				ticks, timed := opus.Time(p)
				if err != nil || timed != nil || n != ticks*rate/opus.Rate {
					t.Fatalf("%s, packet %d at %d Hz: %d samples of %d ticks, %v %v", path, i, rate, n, ticks, err, timed)
				}
				heard = append(heard, room[:n]...)
			}
			if want := rate * 96 / 100; len(heard) < want {
				t.Errorf("%s at %d Hz: %d samples", path, rate, len(heard))
			}
			pure := audiomatch.Tone(at8k(heard[rate/10:rate*35/100], rate), 440)
			if pure < 0.9 {
				t.Errorf("%s at %d Hz: the tone's purity is %.2f", path, rate, pure)
			}
			if end := heard[len(heard)-rate/10:]; strings.Contains(path, "dtx") && loudest(end) > 200 {
				t.Errorf("%s at %d Hz: the silence is as loud as %d", path, rate, loudest(end))
			}
		}
	}
}

func loudest(pcm []int16) (most int) {
	for _, s := range pcm {
		most = max(most, int(s), -int(s))
	}
	return most
}

func TestRefusesWhatIsNoPacket(t *testing.T) {
	d := decoder(t, 16000)
	room := make([]int16, 1920)
	for name, p := range map[string][]byte{
		"nothing": nil, "three without a count": {0x03}, "no frames": {0x03, 0x00}, "64 frames": {0x03, 0x3f}, "longer than 120 ms": {0x1b, 0x03},
		"two frames of odd length": {0x01, 1, 2, 3}, "a frame longer than its packet": {0x02, 250, 1}, "too long": make([]byte, opus.MostOctets+1),
	} {
		if n, err := d.Decode(room, p); !errors.Is(err, opus.ErrPacket) {
			t.Errorf("%s: %d samples, %v", name, n, err)
		}
	}
	if n, err := d.Decode(room[:100], []byte{0x08, 1, 2}); !errors.Is(err, opus.ErrPacket) {
		t.Errorf("without room: %d samples, %v", n, err)
	}
	if _, err := opus.NewDecoder(44100); err == nil {
		t.Error("a rate of 44,100 is taken")
	}
	p := packets(t, "testdata/hybrid.packets")
	for i := range 10 { // it goes on as if nothing had been
		if n, err := d.Decode(room, p[i]); err != nil || n != 320 {
			t.Errorf("a sound packet afterwards: %d samples, %v", n, err)
		}
	}
}

// A stranger's octets give sound or an error, never more than there is room for.
func FuzzDecode(f *testing.F) {
	for _, path := range files(f) {
		p := packets(f, path)
		f.Add(p[0])
		f.Add(p[len(p)/2])
	}
	room := make([]int16, 1920)
	f.Fuzz(func(t *testing.T, p []byte) {
		d := decoder(t, 16000)
		for range 2 {
			if n, err := d.Decode(room, p); n < 0 || n > len(room) || err != nil && n != 0 {
				t.Errorf("%x: %d samples, %v", p, n, err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, path := range files(b) {
		b.Run(filepath.Base(path), func(b *testing.B) {
			d, p, room := decoder(b, 16000), packets(b, path), make([]int16, opus.MostTime)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := d.Decode(room, p[i%len(p)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
