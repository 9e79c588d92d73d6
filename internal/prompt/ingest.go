package prompt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"tandem/internal/media"
	"tandem/internal/media/gsm"
	"tandem/internal/voice"
)

// Limits bound an upload; zero fields take the defaults.
type Limits struct {
	MaxBytes    int64         // of the file; default MaxUpload
	MaxDuration time.Duration // default MaxUploadTime
	// PCM16 takes only uncompressed PCM of 16 bits, as one vendor demands;
	// otherwise all that media.ReadWAV reads.
	PCM16 bool
	// NoFloat refuses floating-point WAV.
	NoFloat bool
	// Lame is the path of the program that reads MP3; "" = MP3 is not taken.
	Lame string
	// GSM takes GSM full rate, as files named .gsm hold it.
	GSM bool
}

// Default bounds of an upload.
const (
	MaxUpload     = 10 << 20
	MaxUploadTime = 30 * time.Minute
)

// Audio is an upload that was found usable: 8 kHz, mono.
type Audio struct {
	media.PCM
	Duration time.Duration
}

// Ingest reads an uploaded WAV file, or MP3 where limits name a program for
// it, or GSM where they allow it. fileName is only for the words of errors:
// Limit when the file is too large or too long, Invalid for everything else that
// is wrong with it; an error of r is passed on wrapped. r is read no further
// than one byte over the limit.
func Ingest(ctx context.Context, r io.Reader, fileName string, limits Limits) (Audio, error) {
	const op = "prompt.Ingest"
	if limits.MaxBytes <= 0 {
		limits.MaxBytes = MaxUpload
	}
	if limits.MaxDuration <= 0 {
		limits.MaxDuration = MaxUploadTime
	}
	name := "the file"
	if fileName != "" {
		name = fmt.Sprintf("the file %q", short(fileName))
	}
	data, err := io.ReadAll(io.LimitReader(patient{ctx, r}, limits.MaxBytes+1))
	if err != nil {
		return Audio{}, fmt.Errorf("%s: reading %s: %w", op, name, err)
	}
	if int64(len(data)) > limits.MaxBytes {
		return Audio{}, &voice.Error{Op: op, Kind: voice.Limit, Field: "file",
			Err: fmt.Errorf("%s is larger than %s", name, size(limits.MaxBytes))}
	}
	if limits.Lame != "" && isMP3(data) {
		return ingestMP3(ctx, data, name, limits)
	}
	if limits.GSM && gsm.Is(data) {
		return ingestGSM(data, name, limits)
	}
	if words := notWAV(data); words != "" {
		return Audio{}, voice.InvalidField(op, "file", "%s %s; upload an uncompressed WAV file (PCM, 16 bit)", name, words)
	}
	if words := notPCM16(data); words != "" && limits.PCM16 {
		return Audio{}, voice.InvalidField(op, "file", "%s holds %s; it must be uncompressed PCM of 16 bits", name, words)
	}
	if limits.NoFloat && notPCM16(data) == formatName(tagFloat)+" sound" {
		return Audio{}, voice.InvalidField(op, "file", "%s holds floating-point sound; upload whole-number PCM", name)
	}
	pcm, err := media.ReadWAV(bytes.NewReader(data), media.WAVLimits{MaxBytes: limits.MaxBytes, MaxDuration: limits.MaxDuration})
	return usable(pcm, err, name, limits)
}

// usable makes what was read fit for a telephone, or says what is wrong with it.
func usable(pcm media.PCM, err error, name string, limits Limits) (Audio, error) {
	const op = "prompt.Ingest"
	switch {
	case errors.Is(err, media.ErrWAVTooLong):
		return Audio{}, &voice.Error{Op: op, Kind: voice.Limit, Field: "file",
			Err: fmt.Errorf("%s is longer than %s", name, limits.MaxDuration)}
	case err != nil:
		return Audio{}, voice.InvalidField(op, "file", "%s can't be used: %w", name, err)
	}
	pcm = media.Resample(pcm, media.Rate)
	return Audio{PCM: pcm, Duration: pcm.Duration()}, nil
}

// ingestGSM reads frames of GSM full rate.
func ingestGSM(data []byte, name string, limits Limits) (Audio, error) {
	var err error
	pcm := media.PCM{Rate: media.Rate}
	if frames := len(data) / gsm.FrameBytes; time.Duration(frames)*gsm.FrameSamples*time.Second/media.Rate > limits.MaxDuration {
		err = media.ErrWAVTooLong
	} else {
		pcm.Samples, err = gsm.Decode(data)
	}
	return usable(pcm, err, name, limits)
}

// patient stops reading when the context ends.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, context.Cause(p.ctx)
	}
	return p.r.Read(b)
}

// short keeps a name that somebody sent from filling the words.
func short(name string) string {
	if r := []rune(name); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return name
}

func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// notWAV says what a file is that is not WAV; "" when it is.
func notWAV(b []byte) string {
	if len(b) == 0 {
		return "is empty"
	}
	if len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WAVE" {
		return ""
	}
	for _, k := range []struct{ magic, at, words string }{
		{"ID3", "", "is an MP3 file"}, {"\xff\xfb", "", "is an MP3 file"}, {"\xff\xf3", "", "is an MP3 file"},
		{"OggS", "", "is an Ogg file"}, {"fLaC", "", "is a FLAC file"}, {"FORM", "", "is an AIFF file"},
		{"#!AMR", "", "is an AMR file"}, {"RF64", "", "is a WAV file of the large kind (RF64)"},
		{"ftyp", "....", "is an MP4 file"}, {"AVI ", "........", "is a video file (AVI)"},
		{"<", "", "is text or a web page"}, {"{", "", "is text (JSON)"}, {"PK\x03\x04", "", "is a ZIP archive"},
	} {
		if len(b) > len(k.at) && bytes.HasPrefix(b[len(k.at):], []byte(k.magic)) {
			return k.words
		}
	}
	return "is not a WAV file: it does not begin with RIFF and WAVE"
}

// notPCM16 says what a WAV file holds that is not PCM of 16 bits; "" when it is
// or when the file has no format chunk, which ReadWAV tells better.
func notPCM16(b []byte) string {
	for at := 12; at+8 <= len(b); {
		n := int(binary.LittleEndian.Uint32(b[at+4:]))
		if string(b[at:at+4]) == "fmt " && n >= 16 && n <= len(b)-at-8 {
			f := b[at+8:]
			tag, bits := binary.LittleEndian.Uint16(f), binary.LittleEndian.Uint16(f[14:])
			if tag == 0xFFFE && n >= 26 {
				tag = binary.LittleEndian.Uint16(f[24:])
			}
			switch {
			case tag != 1:
				return fmt.Sprintf("%s sound", formatName(tag))
			case bits != 16:
				return fmt.Sprintf("PCM of %d bits", bits)
			}
			return ""
		}
		if n < 0 || n > len(b)-at-8 {
			return ""
		}
		at += 8 + n + n&1
	}
	return ""
}

// tagFloat marks floating-point sound in a WAV file's format chunk.
const tagFloat = 3

func formatName(tag uint16) string {
	switch tag {
	case 2, 0x11:
		return "ADPCM"
	case tagFloat:
		return "floating-point"
	case 6:
		return "A-law"
	case 7:
		return "µ-law"
	case 0x31:
		return "GSM"
	case 0x50, 0x55:
		return "MPEG (MP3)"
	}
	return fmt.Sprintf("compressed (format %#04x)", tag)
}
