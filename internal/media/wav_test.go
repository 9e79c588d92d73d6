package media_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tandem/internal/media"
)

// riff puts chunks, given as id and content in turn, into a file.
func riff(parts ...string) []byte {
	var body []byte
	for i := 0; i < len(parts); i += 2 {
		body = append(body, parts[i]...)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(parts[i+1])))
		body = append(body, parts[i+1]...)
		if len(parts[i+1])%2 == 1 {
			body = append(body, 0)
		}
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(out, "WAVE"...), body...)
}

func format(tag, channels, rate, align, depth int) string {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, uint16(tag))
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*align))
	b = le.AppendUint16(b, uint16(align))
	return string(le.AppendUint16(b, uint16(depth)))
}

func extensible(tag, channels, rate, align, depth int) string {
	guid := string([]byte{byte(tag), 0}) + "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71"
	return format(0xFFFE, channels, rate, align, depth) + "\x16\x00\x10\x00\x00\x00\x00\x00" + guid
}

func f32(v ...float32) (s string) {
	for _, x := range v {
		s += string(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
	}
	return s
}

func TestReadWAVFormats(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		name, format, data string
		rate               int
		want               []int16
	}{
		{"8 bit", format(1, 1, 8000, 1, 8), "\x80\xff\x00", 8000, []int16{0, 32512, -32768}},
		{"16 bit", format(1, 1, 16000, 2, 16), "\x01\x00\xff\xff", 16000, []int16{1, -1}},
		{"16 bit stereo", format(1, 2, 44100, 4, 16), "\x0a\x00\x14\x00\xf6\xff\xf6\xff", 44100, []int16{15, -10}},
		{"24 bit", format(1, 1, 48000, 3, 24), "\x99\x01\x02\x00\x00\x80", 48000, []int16{0x0201, -32768}},
		{"32 bit", format(1, 1, 8000, 4, 32), "\x99\x99\x01\x02", 8000, []int16{0x0201}},
		{"float", format(3, 1, 8000, 4, 32), f32(0.5, -2, nan, 2), 8000, []int16{16384, -32768, 0, 32767}},
		{"A-law", format(6, 1, 8000, 1, 8) + "\x00\x00", "\xd5\x55", 8000, []int16{8, -8}},
		{"µ-law", format(7, 1, 8000, 1, 8) + "\x00\x00", "\xff\x80", 8000, []int16{0, 32124}},
		{"extensible", extensible(1, 1, 8000, 2, 16), "\x05\x00", 8000, []int16{5}},
		{"eight channels", format(1, 8, 96000, 16, 16), "\x08\x00\x08\x00\x08\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00", 96000, []int16{4}},
	}
	for _, tt := range tests {
		p, err := media.ReadWAV(bytes.NewReader(riff("JUNK", "odd", "fmt ", tt.format, "LIST", "x", "data", tt.data)), media.WAVLimits{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if p.Rate != tt.rate || !slices.Equal(p.Samples, tt.want) {
			t.Errorf("%s: %d Hz %v, want %d Hz %v", tt.name, p.Rate, p.Samples, tt.rate, tt.want)
		}
	}
}

func TestReadWAVRefuses(t *testing.T) {
	ok := format(1, 1, 8000, 2, 16)
	sized := func(size uint32) []byte {
		b := riff("fmt ", ok, "data", "\x01\x00\x02\x00")
		binary.LittleEndian.PutUint32(b[40:], size)
		return b
	}
	tests := []struct {
		name   string
		file   []byte
		limits media.WAVLimits
		want   error
	}{
		{"empty", nil, media.WAVLimits{}, media.ErrNotWAV},
		{"html", []byte("<html><body>hello</body></html>"), media.WAVLimits{}, media.ErrNotWAV},
		{"rf64", append([]byte("RF64\xff\xff\xff\xffWAVE"), riff()[12:]...), media.WAVLimits{}, media.ErrWAVFormat},
		{"no data", riff("fmt ", ok), media.WAVLimits{}, media.ErrWAVDamaged},
		{"no format", riff("data", "1234"), media.WAVLimits{}, media.ErrWAVDamaged},
		{"two formats", riff("fmt ", ok, "fmt ", ok, "data", "1234"), media.WAVLimits{}, media.ErrWAVDamaged},
		{"short format", riff("fmt ", ok[:14], "data", "1234"), media.WAVLimits{}, media.ErrWAVDamaged},
		{"no channels", riff("fmt ", format(1, 0, 8000, 2, 16), "data", "12"), media.WAVLimits{}, media.ErrWAVFormat},
		{"0 Hz", riff("fmt ", format(1, 1, 0, 2, 16), "data", "12"), media.WAVLimits{}, media.ErrWAVFormat},
		{"block 0", riff("fmt ", format(1, 1, 8000, 0, 16), "data", "12"), media.WAVLimits{}, media.ErrWAVDamaged},
		{"12 bit", riff("fmt ", format(1, 1, 8000, 2, 12), "data", "12"), media.WAVLimits{}, media.ErrWAVFormat},
		{"GSM", riff("fmt ", format(0x31, 1, 8000, 65, 0), "data", "12"), media.WAVLimits{}, media.ErrWAVFormat},
		{"strange sub-format", riff("fmt ", extensible(1, 1, 8000, 2, 16)[:39]+"\x00", "data", "12"), media.WAVLimits{}, media.ErrWAVFormat},
		{"size 0", sized(0), media.WAVLimits{}, media.ErrWAVEmpty},
		{"size open", sized(0xFFFFFFFF), media.WAVLimits{}, media.ErrWAVUnfinished},
		{"size over 2^31", sized(0x80000001), media.WAVLimits{}, media.ErrWAVTooLong},
		{"size beyond the file", sized(400), media.WAVLimits{}, media.ErrWAVDamaged},
		{"too long", riff("fmt ", ok, "data", string(make([]byte, 32000))), media.WAVLimits{MaxDuration: time.Second}, media.ErrWAVTooLong},
		{"too large", riff("fmt ", ok, "data", string(make([]byte, 32000))), media.WAVLimits{MaxBytes: 20000}, media.ErrWAVTooLarge},
		{"too large in a list", riff("LIST", string(make([]byte, 32000))), media.WAVLimits{MaxBytes: 20000}, media.ErrWAVTooLarge},
	}
	for _, tt := range tests {
		if _, err := media.ReadWAV(bytes.NewReader(tt.file), tt.limits); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for _, size := range []uint32{0, 0xFFFFFFFF, 0x80000001, 400} {
		p, err := media.ReadWAV(bytes.NewReader(sized(size)), media.WAVLimits{AllowUnfinished: true})
		if err != nil || !slices.Equal(p.Samples, []int16{1, 2}) {
			t.Errorf("unfinished, size %#x: %v %v", size, p.Samples, err)
		}
	}
}

func TestWriteWAV(t *testing.T) {
	want := sine(22050, 440, 5000, 300*time.Millisecond)
	var b bytes.Buffer
	if err := media.WriteWAV(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := media.ReadWAV(&b, media.WAVLimits{})
	if err != nil || got.Rate != want.Rate || !slices.Equal(got.Samples, want.Samples) {
		t.Errorf("%d samples at %d Hz, %v", len(got.Samples), got.Rate, err)
	}
}

// counted is a file that counts its syncs.
type counted struct {
	*os.File
	syncs int
}

func (c *counted) Sync() error { c.syncs++; return c.File.Sync() }

func TestWAVWriterIsValidAtEverySecond(t *testing.T) {
	for _, opt := range []media.WAVOptions{
		{}, {Channels: 2}, {Encoding: media.WAVMuLaw}, {Encoding: media.WAVMuLaw, Channels: 2},
	} {
		now := time.Unix(1000, 0)
		opt.Now = func() time.Time { return now }
		f, err := os.Create(filepath.Join(t.TempDir(), "a.wav"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		file := &counted{File: f}
		w, err := media.NewWAVWriter(file, opt)
		if err != nil {
			t.Fatal(err)
		}
		channels := max(opt.Channels, 1)
		block := make([]int16, 4000*channels)
		for i := range block {
			block[i] = 8031
		}
		for i := range 20 {
			if err := w.Write(block); err != nil {
				t.Fatal(err)
			}
			now = now.Add(500 * time.Millisecond)
			b, err := os.ReadFile(f.Name())
			if err != nil {
				t.Fatal(err)
			}
			p, err := media.ReadWAV(bytes.NewReader(b), media.WAVLimits{})
			if i < 2 && errors.Is(err, media.ErrWAVEmpty) {
				continue
			}
			if err != nil || p.Duration() < time.Duration(i)*500*time.Millisecond-time.Second {
				t.Fatalf("%+v block %d: %v %v", opt, i, p.Duration(), err)
			}
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		if w.Write(block) == nil {
			t.Error("a closed writer wrote")
		}
		if file.syncs != 5 || w.Duration() != 10*time.Second {
			t.Errorf("%d syncs, %v", file.syncs, w.Duration())
		}
		f.Seek(0, io.SeekStart)
		p, err := media.ReadWAV(f, media.WAVLimits{})
		if err != nil || p.Duration() != 10*time.Second || p.Samples[79999] < 7900 {
			t.Errorf("%+v: %v %v", opt, p.Duration(), err)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(riff("fmt ", format(1, 1, 8000, 2, 16), "data", "12345678"))
	f.Add(riff("fmt ", extensible(3, 2, 48000, 8, 32), "data", "12345678"))
	f.Add(riff("fmt ", format(7, 1, 8000, 1, 8), "fact", "1234", "data", "12345678"))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, unfinished := range []bool{false, true} {
			p, err := media.ReadWAV(bytes.NewReader(b), media.WAVLimits{MaxDuration: time.Minute, AllowUnfinished: unfinished})
			if err == nil && (len(p.Samples) == 0 || p.Rate < 4000 || len(p.Samples) > len(b)) {
				t.Errorf("%d samples at %d Hz of %d octets", len(p.Samples), p.Rate, len(b))
			}
		}
	})
}
