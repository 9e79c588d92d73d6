package gsm_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tandem/internal/media/gsm"
)

// raw gives samples as little-endian bytes.
func raw(s []int16) []byte {
	b := make([]byte, 0, 2*len(s))
	for _, v := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// noise is frames of any codes at all, which drive every table and saturation.
func noise(frames int) []byte {
	r := rand.New(rand.NewPCG(6, 10))
	b := make([]byte, frames*gsm.FrameBytes)
	for i := range b {
		b[i] = byte(r.Uint32())
		if i%gsm.FrameBytes == 0 {
			b[i] = 0xD0 | b[i]&0x0F
		}
	}
	return b
}

// The samples of speech and of noise are those that sox 14.4.2 gives: speech.gsm was
// made by `flite -t "Press one for sales, or two for support." -o speech.wav` and
// `sox speech.wav -r 8000 -c 1 speech.gsm`, the sums by `sox FILE -t s16 - | sha256sum`.
func TestDecode(t *testing.T) {
	speech, err := os.ReadFile("testdata/speech.gsm")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name string
		data []byte
		want string
	}{
		{"speech", speech, "660ad1c9e475989ec272aea603db2c4a10d3865fcac6794aaa2f896afdc45fe5"},
		{"noise", noise(200), "6ba5fe1c9fd4b9b1b649eff2fb0263b00e94fd37e9eef2dbb1ecc82fa527de11"},
	} {
		s, err := gsm.Decode(v.data)
		if err != nil || !gsm.Is(v.data) || len(s) != len(v.data)/gsm.FrameBytes*gsm.FrameSamples {
			t.Errorf("%s: %d samples, %v", v.name, len(s), err)
		}
		sum := sha256.Sum256(raw(s))
		if got := hex.EncodeToString(sum[:]); got != v.want {
			t.Errorf("%s: the samples have the sum %s", v.name, got)
		}
	}
}

// Noise of other seeds is decoded to the bit as sox does it.
func TestAsSox(t *testing.T) {
	sox, err := exec.LookPath("sox")
	if err != nil {
		t.Fatal("sox is not installed (scripts/setup-test.sh installs it)")
	}
	data := append(noise(3000), bytes.Repeat(noise(1), 50)...)
	file := filepath.Join(t.TempDir(), "noise.gsm")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := exec.Command(sox, file, "-t", "s16", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	s, err := gsm.Decode(data)
	if err != nil || !bytes.Equal(raw(s), want) {
		t.Errorf("%d samples are not the %d of sox: %v", len(s), len(want)/2, err)
	}
}

func TestNoFrames(t *testing.T) {
	good := noise(2)
	for name, data := range map[string][]byte{"cut": good[:40], "a letter": []byte("<html>"), "signature": append(bytes.Clone(good), make([]byte, gsm.FrameBytes)...)} {
		if s, err := gsm.Decode(data); err == nil || s != nil || gsm.Is(data) {
			t.Errorf("%s: %d samples", name, len(s))
		}
	}
	if gsm.Is(nil) {
		t.Error("nothing is a sound")
	}
	if s, err := gsm.Decode(nil); err != nil || len(s) != 0 {
		t.Errorf("nothing: %v %v", s, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(noise(3))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := gsm.Decode(data); (err == nil) != (gsm.Is(data) || len(data) == 0) {
			t.Errorf("%d bytes: %v", len(data), err)
		}
	})
}
