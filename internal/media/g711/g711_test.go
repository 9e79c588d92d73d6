package g711_test

import (
	"testing"

	"tandem/internal/media/g711"
)

// level is one quantising interval of a law: its magnitude borders and the
// value at the decoder, in the law's own units (G.711 tables 1a and 2a).
type level struct{ low, high, value int }

// levelsA builds the 128 positive intervals of table 1a/G.711: 13 segments,
// 16 intervals each but 32 of width 2 in the first.
func levelsA() []level {
	var out []level
	at := 0
	for seg := range 8 {
		width := 2
		if seg > 1 {
			width = 2 << (seg - 1)
		}
		for range 16 {
			out = append(out, level{at, at + width, at + width/2})
			at += width
		}
	}
	return out
}

// levelsMu builds the 128 positive intervals of table 2a/G.711: the first of
// width 1, the others of the first segment 2, doubling by segment.
func levelsMu() []level {
	out := []level{{0, 1, 0}}
	at := 1
	for seg := range 8 {
		width := 2 << seg
		for i := range 16 {
			if seg == 0 && i == 0 {
				continue
			}
			out = append(out, level{at, at + width, at + width/2})
			at += width
		}
	}
	return out
}

func checkLaw(t *testing.T, levels []level, unit, end int, code func(n int, negative bool) byte,
	encode func([]byte, []int16), decode func([]int16, []byte)) {
	t.Helper()
	if last := levels[len(levels)-1].high; last != end {
		t.Fatalf("virtual decision value %d, want %d", last, end)
	}
	var c [1]byte
	var v [1]int16
	for n, l := range levels {
		for _, negative := range []bool{false, true} {
			sign := 1
			if negative {
				sign = -1
			}
			c[0] = code(n, negative)
			decode(v[:], c[:])
			if int(v[0]) != sign*l.value*unit {
				t.Fatalf("code %#02x decodes to %d, want %d", c[0], v[0], sign*l.value*unit)
			}
		}
	}
	for s := -32768; s <= 32767; s++ {
		encode(c[:], []int16{int16(s)})
		m := max(s, -s)
		ok := false
		for n, l := range levels {
			inside := m >= l.low*unit && m <= l.high*unit || n == len(levels)-1 && m >= l.low*unit
			if inside && c[0] == code(n, s < 0) {
				ok = true
				break
			}
		}
		if !ok {
			t.Fatalf("sample %d: code %#02x is not an interval that holds it", s, c[0])
		}
	}
}

func TestALawDefinition(t *testing.T) {
	code := func(n int, negative bool) byte {
		c := byte(n) | 0x80
		if negative {
			c = byte(n)
		}
		return c ^ 0x55
	}
	checkLaw(t, levelsA(), 8, 4096, code, g711.EncodeA, g711.DecodeA)
}

func TestMuLawDefinition(t *testing.T) {
	code := func(n int, negative bool) byte {
		if negative {
			return byte(0x7F - n)
		}
		return byte(0xFF - n)
	}
	checkLaw(t, levelsMu(), 4, 8159, code, g711.EncodeMu, g711.DecodeMu)
}

func TestRoundTrip(t *testing.T) {
	codes := make([]byte, 256)
	for i := range codes {
		codes[i] = byte(i)
	}
	pcm := make([]int16, 256)
	back := make([]byte, 256)
	g711.DecodeA(pcm, codes)
	g711.EncodeA(back, pcm)
	for i := range codes {
		if back[i] != codes[i] {
			t.Errorf("A-law %#02x came back as %#02x", codes[i], back[i])
		}
	}
	g711.DecodeMu(pcm, codes)
	g711.EncodeMu(back, pcm)
	for i := range codes {
		if back[i] != codes[i] && codes[i] != 0x7F { // 0x7F is negative zero
			t.Errorf("µ-law %#02x came back as %#02x", codes[i], back[i])
		}
	}
}

func TestTranscodeAgreesWithLinear(t *testing.T) {
	codes := make([]byte, 256)
	for i := range codes {
		codes[i] = byte(i)
	}
	pcm, want, got := make([]int16, 256), make([]byte, 256), make([]byte, 256)
	g711.DecodeMu(pcm, codes)
	g711.EncodeA(want, pcm)
	g711.MuToA(got, codes)
	if string(got) != string(want) {
		t.Error("µ to A differs from decoding and encoding")
	}
	g711.DecodeA(pcm, codes)
	g711.EncodeMu(want, pcm)
	g711.AToMu(got, codes)
	if string(got) != string(want) {
		t.Error("A to µ differs from decoding and encoding")
	}
}

func TestSilence(t *testing.T) {
	var v [1]int16
	if g711.DecodeMu(v[:], []byte{g711.SilenceMu}); v[0] != 0 {
		t.Errorf("µ-law silence is %d", v[0])
	}
	if g711.DecodeA(v[:], []byte{g711.SilenceA}); v[0] != 8 {
		t.Errorf("A-law silence is %d", v[0])
	}
}

func TestNoAllocation(t *testing.T) {
	pcm, codes := make([]int16, 160), make([]byte, 160)
	if n := testing.AllocsPerRun(100, func() {
		g711.EncodeMu(codes, pcm)
		g711.MuToA(codes, codes)
		g711.DecodeA(pcm, codes)
	}); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

func BenchmarkEncodeMu(b *testing.B) {
	pcm, codes := make([]int16, 160), make([]byte, 160)
	for b.Loop() {
		g711.EncodeMu(codes, pcm)
	}
}

func BenchmarkDecodeMu(b *testing.B) {
	pcm, codes := make([]int16, 160), make([]byte, 160)
	for b.Loop() {
		g711.DecodeMu(pcm, codes)
	}
}

func BenchmarkMuToA(b *testing.B) {
	codes := make([]byte, 160)
	for b.Loop() {
		g711.MuToA(codes, codes)
	}
}
