package prompt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/prompt"
	"tandem/internal/voice"
)

// wav makes a file of any format tag; data is as it is.
func wav(tag, channels uint16, rate uint32, bits uint16, data []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF"), 0, 0, 0, 0)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, tag)
	b = le.AppendUint16(b, channels)
	b = le.AppendUint32(b, rate)
	b = le.AppendUint32(b, rate*uint32(channels*bits/8))
	b = le.AppendUint16(b, channels*bits/8)
	b = le.AppendUint16(b, bits)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	le.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func TestIngest(t *testing.T) {
	good := wav(1, 2, 44100, 16, make([]byte, 44100*4))
	cut := good[:len(good)-1000]
	for _, c := range []struct {
		name    string
		data    []byte
		limits  prompt.Limits
		kind    voice.Kind
		problem string
		len     time.Duration
	}{
		{"good", good, prompt.Limits{PCM16: true}, "", "", time.Second},
		{"mono", wav(1, 1, 8000, 16, make([]byte, 16000)), prompt.Limits{PCM16: true}, "", "", time.Second},
		{"µ-law where any is fine", wav(7, 1, 8000, 8, make([]byte, 8000)), prompt.Limits{}, "", "", time.Second},
		{"µ-law", wav(7, 1, 8000, 8, make([]byte, 8000)), prompt.Limits{PCM16: true}, voice.Invalid, "holds µ-law sound; it must be uncompressed PCM of 16 bits", 0},
		{"8 bit", wav(1, 1, 8000, 8, make([]byte, 8000)), prompt.Limits{PCM16: true}, voice.Invalid, "holds PCM of 8 bits", 0},
		{"float", wav(3, 1, 8000, 32, make([]byte, 8000)), prompt.Limits{PCM16: true}, voice.Invalid, "holds floating-point sound", 0},
		{"mp3 in wav", wav(0x55, 1, 8000, 8, make([]byte, 8000)), prompt.Limits{}, voice.Invalid, "MP3", 0},
		{"float where any other is fine", wav(3, 1, 8000, 32, make([]byte, 8000)), prompt.Limits{NoFloat: true}, voice.Invalid, "holds floating-point sound; upload whole-number PCM", 0},
		{"8 bit without float", wav(1, 1, 8000, 8, bytes.Repeat([]byte{128}, 8000)), prompt.Limits{NoFloat: true}, "", "", time.Second},
		{"empty", nil, prompt.Limits{}, voice.Invalid, "is empty", 0},
		{"no sound", wav(1, 1, 8000, 16, nil), prompt.Limits{}, voice.Invalid, "holds no sound", 0},
		{"mp3", []byte("ID3\x03 music"), prompt.Limits{}, voice.Invalid, "is an MP3 file; upload an uncompressed WAV file", 0},
		{"mp4", []byte("\x00\x00\x00\x20ftypisom"), prompt.Limits{}, voice.Invalid, "is an MP4 file", 0},
		{"page", []byte("<!doctype html>"), prompt.Limits{}, voice.Invalid, "is text or a web page", 0},
		{"noise", []byte("sdfsdf"), prompt.Limits{}, voice.Invalid, "is not a WAV file: it does not begin with RIFF and WAVE", 0},
		{"only a head", []byte("RIFF\x00\x00\x00\x00WAVE"), prompt.Limits{PCM16: true}, voice.Invalid, "damaged WAV file", 0},
		{"cut", cut, prompt.Limits{PCM16: true}, voice.Invalid, "it ends before its data does", 0},
		{"huge claim", wav(1, 1, 8000, 16, make([]byte, 100))[:60], prompt.Limits{}, voice.Invalid, "ends before", 0},
		{"too large", good, prompt.Limits{MaxBytes: 1 << 17}, voice.Limit, "is larger than 131072 bytes", 0},
		{"over 10 MB", make([]byte, 10<<20+1), prompt.Limits{}, voice.Limit, "is larger than 10 MB", 0},
		{"too long", wav(1, 1, 8000, 16, make([]byte, 160000)), prompt.Limits{MaxDuration: 5 * time.Second}, voice.Limit, "is longer than 5s", 0},
	} {
		got, err := prompt.Ingest(t.Context(), bytes.NewReader(c.data), "promo \"x\".wav", c.limits)
		if voice.KindOf(err) != c.kind {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err != nil {
			if !strings.Contains(err.Error(), c.problem) || !strings.Contains(err.Error(), `the file "promo \"x\".wav"`) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if got.Rate != media.Rate || got.Duration != c.len || len(got.Samples) != media.Rate {
			t.Errorf("%s: rate %d, %v, %d samples", c.name, got.Rate, got.Duration, len(got.Samples))
		}
	}
}

// endless never ends and counts what was taken.
type endless struct{ n int64 }

func (e *endless) Read(b []byte) (int, error) {
	e.n += int64(len(b))
	return len(b), nil
}

func TestIngestReadsNoMoreThanItMust(t *testing.T) {
	e := &endless{}
	if _, err := prompt.Ingest(t.Context(), e, "", prompt.Limits{MaxBytes: 1 << 20}); !voice.IsKind(err, voice.Limit) {
		t.Errorf("got %v", err)
	}
	if e.n > 1<<20+1 {
		t.Errorf("%d bytes were read", e.n)
	}
	broken := errors.New("the client left")
	if _, err := prompt.Ingest(t.Context(), io.MultiReader(strings.NewReader("RIFF"), failing{broken}), "x", prompt.Limits{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := prompt.Ingest(ctx, e, "x", prompt.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzIngest(f *testing.F) {
	f.Add(wav(1, 1, 8000, 16, make([]byte, 100)), true)
	f.Add(wav(0xFFFE, 2, 44100, 24, make([]byte, 600)), false)
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff"), true)
	f.Add([]byte("RIFF0000WAVELIST\x03\x00\x00\x00abc\x00fmt "), true)
	f.Fuzz(func(t *testing.T, data []byte, pcm16 bool) {
		got, err := prompt.Ingest(t.Context(), bytes.NewReader(data), "f.wav", prompt.Limits{MaxBytes: 1 << 20, PCM16: pcm16})
		if err == nil && (got.Rate != media.Rate || len(got.Samples) == 0) {
			t.Fatalf("rate %d, %d samples", got.Rate, len(got.Samples))
		}
		if k := voice.KindOf(err); err != nil && k != voice.Invalid && k != voice.Limit {
			t.Fatalf("kind %s: %v", k, err)
		}
	})
}
