package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"tandem/internal/media/g711"
)

// Reasons why ReadWAV refuses a file; the returned error says more and wraps
// one of them.
var (
	ErrNotWAV         = errors.New("not a WAV file")
	ErrWAVFormat      = errors.New("unsupported WAV format")
	ErrWAVDamaged     = errors.New("damaged WAV file")
	ErrWAVUnfinished  = errors.New("unfinished WAV file")
	ErrWAVTooLarge    = errors.New("WAV file too large")
	ErrWAVTooLong     = errors.New("WAV file too long")
	ErrWAVEmpty       = errors.New("WAV file holds no sound")
	errChunkTruncated = fmt.Errorf("%w: it ends inside a chunk", ErrWAVDamaged)
)

// WAVLimits bounds what ReadWAV takes from a file nobody vouches for.
type WAVLimits struct {
	MaxBytes    int64         // of the file; 0 = 32 MiB
	MaxDuration time.Duration // 0 = 10 minutes
	// AllowUnfinished accepts a recording whose length field was never filled
	// in (0 or 0xFFFFFFFF), or is larger than the file: it reads to the end.
	AllowUnfinished bool
}

const (
	tagPCM        = 1
	tagFloat      = 3
	tagALaw       = 6
	tagMuLaw      = 7
	tagExtensible = 0xFFFE

	maxChannels = 32
	minWAVRate  = 4000
	maxWAVRate  = 192000
)

type wavFormat struct {
	tag      uint16
	channels int
	rate     int
	width    int // octets of one sample of one channel
}

// ReadWAV reads a RIFF WAV file: PCM of 8, 16, 24 or 32 bits, 32-bit float,
// A-law or µ-law, also in the extensible form, any rate from 4 to 192 kHz.
// Channels are mixed to one. It never takes more memory than the samples
// within the limits need, whatever lengths the file claims.
func ReadWAV(r io.Reader, limits WAVLimits) (PCM, error) {
	if limits.MaxBytes <= 0 {
		limits.MaxBytes = 32 << 20
	}
	if limits.MaxDuration <= 0 {
		limits.MaxDuration = 10 * time.Minute
	}
	p, err := readWAV(&boundedReader{r: r, left: limits.MaxBytes}, limits)
	if err != nil {
		return PCM{}, fmt.Errorf("read wav: %w", err)
	}
	return p, nil
}

// boundedReader fails, rather than ends, when its bound is passed.
type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.left <= 0 {
		var one [1]byte
		n, err := io.ReadFull(b.r, one[:])
		if n == 0 {
			return 0, err
		}
		return 0, ErrWAVTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func readWAV(r io.Reader, limits WAVLimits) (PCM, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return PCM{}, ended(err, fmt.Errorf("%w: shorter than its header", ErrNotWAV))
	}
	switch riff := string(head[:4]); {
	case (riff == "RF64" || riff == "RIFX" || riff == "BW64") && string(head[8:]) == "WAVE":
		return PCM{}, fmt.Errorf("%w: %s variant, only RIFF is read", ErrWAVFormat, riff)
	case riff != "RIFF" || string(head[8:]) != "WAVE":
		return PCM{}, fmt.Errorf("%w: no RIFF/WAVE header", ErrNotWAV)
	}
	var format *wavFormat
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return PCM{}, ended(err, fmt.Errorf("%w: no data chunk", ErrWAVDamaged))
		}
		id, size := string(chunk[:4]), int64(binary.LittleEndian.Uint32(chunk[4:]))
		switch id {
		case "fmt ":
			if format != nil {
				return PCM{}, fmt.Errorf("%w: two format chunks", ErrWAVDamaged)
			}
			f, err := readFormat(r, size)
			if err != nil {
				return PCM{}, err
			}
			format = f
		case "data":
			if format == nil {
				return PCM{}, fmt.Errorf("%w: sound before the format chunk", ErrWAVDamaged)
			}
			return readData(r, *format, size, limits)
		default:
			if _, err := io.CopyN(io.Discard, r, size+size&1); err != nil {
				return PCM{}, ended(err, errChunkTruncated)
			}
		}
	}
}

// ended replaces an end of input by what it means and keeps other errors.
func ended(err, meaning error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return meaning
	}
	return err
}

func readFormat(r io.Reader, size int64) (*wavFormat, error) {
	if size < 16 || size > 4096 {
		return nil, fmt.Errorf("%w: format chunk of %d octets", ErrWAVDamaged, size)
	}
	b := make([]byte, size+size&1)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, ended(err, errChunkTruncated)
	}
	f := &wavFormat{
		tag:      binary.LittleEndian.Uint16(b),
		channels: int(binary.LittleEndian.Uint16(b[2:])),
	}
	rate, align := binary.LittleEndian.Uint32(b[4:]), int(binary.LittleEndian.Uint16(b[12:]))
	depth := int(binary.LittleEndian.Uint16(b[14:]))
	if f.tag == tagExtensible {
		if size < 40 {
			return nil, fmt.Errorf("%w: extensible format chunk of %d octets", ErrWAVDamaged, size)
		}
		if string(b[26:40]) != "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71" {
			return nil, fmt.Errorf("%w: unknown extensible sub-format", ErrWAVFormat)
		}
		f.tag = binary.LittleEndian.Uint16(b[24:])
	}
	switch {
	case f.channels == 0 || f.channels > maxChannels:
		return nil, fmt.Errorf("%w: %d channels", ErrWAVFormat, f.channels)
	case rate < minWAVRate || rate > maxWAVRate:
		return nil, fmt.Errorf("%w: %d samples per second", ErrWAVFormat, rate)
	}
	f.rate, f.width = int(rate), align/f.channels
	return f, f.check(align, depth)
}

func (f *wavFormat) check(align, depth int) error {
	ok := false
	switch f.tag {
	case tagPCM:
		ok = depth == 8 || depth == 16 || depth == 24 || depth == 32
	case tagFloat:
		ok = depth == 32
	case tagALaw, tagMuLaw:
		ok = depth == 8
	default:
		return fmt.Errorf("%w: %s", ErrWAVFormat, formatName(f.tag))
	}
	if !ok {
		return fmt.Errorf("%w: %s with %d bits", ErrWAVFormat, formatName(f.tag), depth)
	}
	if align != f.channels*depth/8 {
		return fmt.Errorf("%w: block of %d octets for %d channels of %d bits", ErrWAVDamaged, align, f.channels, depth)
	}
	return nil
}

func formatName(tag uint16) string {
	names := map[uint16]string{
		tagPCM: "PCM", tagFloat: "float", tagALaw: "A-law", tagMuLaw: "µ-law",
		2: "Microsoft ADPCM", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x50: "MPEG", 0x55: "MP3",
	}
	if n, ok := names[tag]; ok {
		return n
	}
	return fmt.Sprintf("format %#04x", tag)
}

func readData(r io.Reader, f wavFormat, size int64, limits WAVLimits) (PCM, error) {
	open := size == 0 || size == math.MaxUint32
	if open && !limits.AllowUnfinished {
		if size == 0 {
			return PCM{}, fmt.Errorf("%w: its data chunk says it is empty", ErrWAVEmpty)
		}
		return PCM{}, fmt.Errorf("%w: its length was never filled in", ErrWAVUnfinished)
	}
	frame := int64(f.width * f.channels)
	maxFrames := int64(limits.MaxDuration.Seconds() * float64(f.rate))
	if !limits.AllowUnfinished && size/frame > maxFrames {
		return PCM{}, fmt.Errorf("%w: %d s, at most %v are taken", ErrWAVTooLong, size/frame/int64(f.rate), limits.MaxDuration)
	}
	if open {
		size = math.MaxInt64 - 1
	}
	p := PCM{Rate: f.rate}
	buf := make([]byte, 4096*frame)
	for size >= frame {
		n, err := io.ReadFull(r, buf[:min(int64(len(buf)), size/frame*frame)])
		size -= int64(n)
		p.Samples = f.mix(p.Samples, buf[:n-n%int(frame)])
		if int64(len(p.Samples)) > maxFrames {
			return PCM{}, fmt.Errorf("%w: at most %v are taken", ErrWAVTooLong, limits.MaxDuration)
		}
		if err == nil {
			continue
		}
		if err = ended(err, nil); err != nil {
			return PCM{}, err
		}
		if !limits.AllowUnfinished {
			return PCM{}, fmt.Errorf("%w: it ends before its data does", ErrWAVDamaged)
		}
		break
	}
	if len(p.Samples) == 0 {
		return PCM{}, ErrWAVEmpty
	}
	return p, nil
}

// mix appends the mean of the channels of each frame in b.
func (f wavFormat) mix(out []int16, b []byte) []int16 {
	for len(b) > 0 {
		sum := 0
		for range f.channels {
			sum += f.sample(b)
			b = b[f.width:]
		}
		out = append(out, int16(sum/f.channels))
	}
	return out
}

func (f wavFormat) sample(b []byte) int {
	var law [1]int16
	switch {
	case f.tag == tagALaw:
		g711.DecodeA(law[:], b[:1])
		return int(law[0])
	case f.tag == tagMuLaw:
		g711.DecodeMu(law[:], b[:1])
		return int(law[0])
	case f.tag == tagFloat:
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		if v != v {
			return 0
		}
		return int(max(-32768, min(32767, math.Round(v*32768))))
	case f.width == 1:
		return (int(b[0]) - 128) << 8
	}
	return int(int16(binary.LittleEndian.Uint16(b[f.width-2:])))
}
