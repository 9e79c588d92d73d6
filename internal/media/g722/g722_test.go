package g722_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tandem/internal/media/g722"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func samples(t testing.TB, name string) []int16 {
	t.Helper()
	b := read(t, name)
	out := make([]int16, len(b)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return out
}

func encode(src []int16) []byte {
	out := make([]byte, len(src)/2)
	g722.NewEncoder().Encode(out, src)
	return out
}

func decode(src []byte) []int16 {
	out := make([]int16, 2*len(src))
	g722.NewDecoder().Decode(out, src)
	return out
}

func tone(hz float64, rate, n int, loud float64) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(loud * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return out
}

// snr is in dB, of what comes out against what went in delay samples before.
func snr(in, out []int16, delay int) float64 {
	var signal, noise float64
	for i := 200; i+delay < len(out) && i < len(in); i++ {
		s, d := float64(in[i]), float64(out[i+delay])-float64(in[i])
		signal, noise = signal+s*s, noise+d*d
	}
	return 10 * math.Log10(signal/(noise+1))
}

// purity is how far a tone stands over all else, in dB.
func purity(out []int16, hz float64, rate int) float64 {
	out = out[400:]
	var re, im, all float64
	for i, s := range out {
		at := 2 * math.Pi * hz * float64(i) / float64(rate)
		re, im, all = re+float64(s)*math.Cos(at), im+float64(s)*math.Sin(at), all+float64(s)*float64(s)
	}
	share := 2 * (re*re + im*im) / float64(len(out))
	return 10 * math.Log10(share/(all-share))
}

// TestLikeOthers compares with what another implementation has made, bit by bit.
func TestLikeOthers(t *testing.T) {
	for _, name := range []string{"sound", "random"} {
		if got := decode(read(t, name+".g722")); !slices.Equal(got, samples(t, name+".decoded.pcm")) {
			t.Errorf("%s.g722 is decoded differently", name)
		}
	}
	if !bytes.Equal(encode(samples(t, "sound.pcm")), read(t, "sound.g722")) {
		t.Error("sound.pcm is encoded differently")
	}
}

// TestInPieces has streams cut at any place: the state goes on.
func TestInPieces(t *testing.T) {
	in, want := samples(t, "sound.pcm"), read(t, "sound.g722")
	e, d := g722.NewEncoder(), g722.NewDecoder()
	var got []byte
	var heard []int16
	for n := 1; len(in) > 0; n = n%321 + 1 {
		piece := in[:min(2*n, len(in))]
		in = in[len(piece):]
		code, back := make([]byte, n), make([]int16, 2*n+1)
		code = code[:e.Encode(code, piece)]
		got = append(got, code...)
		heard = append(heard, back[:d.Decode(back, code)]...)
	}
	if !bytes.Equal(got, want) || !slices.Equal(heard, samples(t, "sound.decoded.pcm")) {
		t.Error("pieces give something else than the whole")
	}
	e.Reset()
	d.Reset()
	code, back := make([]byte, 10), make([]int16, 20)
	e.Encode(code, samples(t, "sound.pcm"))
	d.Decode(back, want)
	if !bytes.Equal(code, want[:10]) || !slices.Equal(back, samples(t, "sound.decoded.pcm")[:20]) {
		t.Error("after Reset the stream does not begin anew")
	}
}

// TestFidelity bounds the noise: the delay of both filters together is 22 samples.
func TestFidelity(t *testing.T) {
	for _, c := range []struct{ hz, loud, least float64 }{
		{300, 8000, 40}, {1000, 8000, 36}, {1000, 300, 30}, {3000, 8000, 30}, {5500, 8000, 15}, {1000, 32000, 34},
	} {
		in := tone(c.hz, g722.Rate, 16000, c.loud)
		if got := snr(in, decode(encode(in)), 22); got < c.least {
			t.Errorf("%v Hz, amplitude %v: %.1f dB, want %v", c.hz, c.loud, got, c.least)
		}
	}
	in := samples(t, "sound.pcm")[:7000]
	if got := snr(in, decode(encode(in)), 22); got < 15 {
		t.Errorf("the like of speech: %.1f dB", got)
	}
}

// TestNarrow codes sound of 8 kHz as a lower band alone. Whoever decodes it wide
// hears the same sound.
func TestNarrow(t *testing.T) {
	in := tone(1000, g722.NarrowRate, 8000, 8000)
	code, back := make([]byte, len(in)), make([]int16, len(in))
	if n := g722.NewEncoder().EncodeNarrow(code, in); n != len(in) {
		t.Fatalf("%d octets", n)
	}
	if n := g722.NewDecoder().DecodeNarrow(back, code); n != len(in) {
		t.Fatalf("%d samples", n)
	}
	if got := snr(in, back, 0); got < 36 {
		t.Errorf("narrow both ways: %.1f dB", got)
	}
	if got := purity(decode(code), 1000, g722.Rate); got < 34 {
		t.Errorf("encoded narrow, decoded wide: %.1f dB", got)
	}
	g722.NewDecoder().DecodeNarrow(back, encode(tone(1000, g722.Rate, 16000, 8000)))
	if got := purity(back, 1000, g722.NarrowRate); got < 34 {
		t.Errorf("encoded wide, decoded narrow: %.1f dB", got)
	}
	if peak := slices.Max(back[400:]); peak < 7500 || peak > 8500 {
		t.Errorf("encoded wide, decoded narrow, it peaks at %d of 8000", peak)
	}
}

// TestSilence has silence stay silent, and the octet for it bring a decoder to rest.
func TestSilence(t *testing.T) {
	for i, s := range decode(encode(make([]int16, 16000))) {
		if s > 8 || s < -8 {
			t.Fatalf("sample %d of silence is %d", i, s)
		}
	}
	for _, before := range [][]byte{nil, encode(tone(700, g722.Rate, 3200, 30000)), read(t, "random.g722"), read(t, "sound.g722")} {
		out := decode(slices.Concat(before, bytes.Repeat([]byte{g722.Silence}, 8000)))
		for i, s := range out[2*len(before)+320:] {
			if s > 60 || s < -60 {
				t.Fatalf("after %d octets of sound, sample %d is %d", len(before), 320+i, s)
			}
		}
	}
}

// TestFollow has another encoder's octets go out in between: the decoder hears no
// difference when the first goes on.
func TestFollow(t *testing.T) {
	sound := samples(t, "sound.pcm")
	first, other := g722.NewEncoder(), g722.NewEncoder()
	a, b, c := make([]byte, 1000), make([]byte, 1000), make([]byte, 1000)
	first.Encode(a, sound)
	other.Encode(b, sound[2000:])
	first.Follow(b)
	again := make([]int16, 2000)
	in := tone(900, g722.Rate, 2000, 8000)
	first.Encode(c, in)
	d := g722.NewDecoder()
	for _, octets := range [][]byte{a, b, c} {
		d.Decode(again, octets)
	}
	if got := snr(in, again, 22); got < 25 {
		t.Errorf("after another's octets it is heard with %.1f dB", got)
	}
}

// TestMissed loses octets and tells the decoder what was put in their place: it goes
// on without a burst.
func TestMissed(t *testing.T) {
	in := tone(700, g722.NarrowRate, 1600, 8000)
	code, out := make([]byte, 1600), make([]int16, 1600)
	g722.NewEncoder().EncodeNarrow(code, in)
	d := g722.NewDecoder()
	d.DecodeNarrow(out[:800], code[:800])
	d.Missed(in[800:1120])
	d.DecodeNarrow(out[1120:], code[1120:])
	if got := snr(in[920:], out[920:], 0); got < 25 {
		t.Errorf("after a gap it is heard with %.1f dB", got)
	}
}

// TestFullScale has the loudest sounds stay what they are and not wrap round.
func TestFullScale(t *testing.T) {
	in := make([]int16, 3200)
	for i := range in {
		in[i] = 32767
		if i/20%2 == 1 {
			in[i] = -32768
		}
	}
	out := decode(encode(in))
	wrong := 0
	for i := 400; i+22 < len(out); i++ {
		// Near an edge the filters ring; elsewhere the sign must be right.
		if at := i % 20; at > 4 && at < 16 && (in[i] > 0) != (out[i+22] > 0) {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("%d samples have the wrong sign", wrong)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	e, d := g722.NewEncoder(), g722.NewDecoder()
	pcm, code := make([]int16, 320), make([]byte, 160)
	n := testing.AllocsPerRun(100, func() {
		e.Encode(code, pcm)
		d.Decode(pcm, code)
		e.EncodeNarrow(code, pcm)
		d.DecodeNarrow(pcm, code)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCodec decodes any octets and encodes what comes out, wide and narrow in turn;
// nothing may panic, and the number of octets stays.
func FuzzCodec(f *testing.F) {
	f.Add([]byte{0, 0xFF, 0x3F, 0xC0}, true)
	f.Add(bytes.Repeat([]byte{0x04, 0x20}, 100), false)
	f.Fuzz(func(t *testing.T, code []byte, wide bool) {
		d, e := g722.NewDecoder(), g722.NewEncoder()
		pcm := make([]int16, 2*len(code))
		again := make([]byte, len(code))
		for range 3 {
			n := 0
			if wide {
				d.Decode(pcm, code)
				n = e.Encode(again, pcm)
			} else {
				d.DecodeNarrow(pcm, code)
				n = e.EncodeNarrow(again, pcm)
			}
			if n != len(code) {
				t.Fatalf("%d octets of %d", n, len(code))
			}
			code, again, wide = again, code, !wide
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	e, pcm, code := g722.NewEncoder(), samples(b, "sound.pcm"), make([]byte, 160)
	for i := 0; b.Loop(); i++ {
		e.Encode(code, pcm[i%40*320:])
	}
}

func BenchmarkDecode(b *testing.B) {
	d, pcm, code := g722.NewDecoder(), make([]int16, 320), read(b, "sound.g722")
	for i := 0; b.Loop(); i++ {
		d.Decode(pcm, code[i%40*160:])
	}
}

func BenchmarkEncodeNarrow(b *testing.B) {
	e, pcm, code := g722.NewEncoder(), samples(b, "sound.pcm"), make([]byte, 160)
	for i := 0; b.Loop(); i++ {
		e.EncodeNarrow(code, pcm[i%40*160:])
	}
}

func BenchmarkDecodeNarrow(b *testing.B) {
	d, pcm, code := g722.NewDecoder(), make([]int16, 160), read(b, "sound.g722")
	for i := 0; b.Loop(); i++ {
		d.DecodeNarrow(pcm, code[i%40*160:])
	}
}
