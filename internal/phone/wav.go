package phone

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Rate is the sample rate, in samples per second, of all sound in this package.
const Rate = 8000

// WriteWAV writes samples at 8 kHz as a mono PCM file of 16 bits.
func WriteWAV(w io.Writer, samples []int16) error {
	size := 2 * len(samples)
	if size > math.MaxUint32-36 {
		return errors.New("write wav: too long")
	}
	b := make([]byte, 0, 44+size)
	le := binary.LittleEndian
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, uint32(36+size))
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, 1) // PCM
	b = le.AppendUint16(b, 1) // mono
	b = le.AppendUint32(b, Rate)
	b = le.AppendUint32(b, 2*Rate)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(size))
	for _, s := range samples {
		b = le.AppendUint16(b, uint16(s))
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write wav: %w", err)
	}
	return nil
}

// maxWAV bounds what ReadWAV takes in, in bytes.
const maxWAV = 64 << 20

// ReadWAV reads a mono or stereo PCM file of 16 bits at 8 to 48 kHz and
// returns it as mono at 8 kHz. Higher rates are averaged over one output
// period and interpolated, which is enough for speech. A data chunk whose
// length is wrong because its writer has not finished is read to its end.
func ReadWAV(r io.Reader) ([]int16, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxWAV+1))
	if err != nil {
		return nil, fmt.Errorf("read wav: %w", err)
	}
	if len(b) > maxWAV {
		return nil, fmt.Errorf("read wav: longer than %d bytes", maxWAV)
	}
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, errors.New("read wav: not a RIFF WAVE file")
	}
	le := binary.LittleEndian
	rate, channels := 0, 0
	for b = b[12:]; len(b) >= 8; {
		id, size, body := string(b[:4]), int(le.Uint32(b[4:])), b[8:]
		short := size > len(body)
		if short {
			size = len(body)
		}
		body = body[:size]
		switch id {
		case "fmt ":
			if size < 16 {
				return nil, errors.New("read wav: format chunk is too short")
			}
			format, bits := le.Uint16(body), le.Uint16(body[14:])
			channels, rate = int(le.Uint16(body[2:])), int(le.Uint32(body[4:]))
			if format == 0xfffe && size >= 26 {
				format = le.Uint16(body[24:])
			}
			if format != 1 || bits != 16 {
				return nil, fmt.Errorf("read wav: format %d with %d bits is not PCM of 16 bits", format, bits)
			}
			if channels < 1 || channels > 2 || rate < Rate || rate > 48000 {
				return nil, fmt.Errorf("read wav: %d channels at %d Hz are not supported", channels, rate)
			}
		case "data":
			if rate == 0 {
				return nil, errors.New("read wav: data before its format")
			}
			return resample(mono(body, channels), rate), nil
		}
		if short {
			break
		}
		b = b[min(8+size+size&1, len(b)):]
	}
	return nil, errors.New("read wav: no sound in the file")
}

func mono(body []byte, channels int) []int16 {
	out := make([]int16, len(body)/2/channels)
	for i := range out {
		sum := 0
		for c := range channels {
			sum += int(int16(binary.LittleEndian.Uint16(body[2*(i*channels+c):])))
		}
		out[i] = int16(sum / channels)
	}
	return out
}

// resample brings sound at rate down to 8 kHz: each output sample is the mean
// of the input over one output period, with the ends of the period weighted.
func resample(in []int16, rate int) []int16 {
	if rate == Rate {
		return in
	}
	step := float64(rate) / Rate
	out := make([]int16, int(float64(len(in))/step))
	for i := range out {
		from, to := float64(i)*step, float64(i+1)*step
		sum := 0.0
		for j := int(from); float64(j) < to && j < len(in); j++ {
			sum += float64(in[j]) * (min(to, float64(j+1)) - max(from, float64(j)))
		}
		out[i] = int16(math.Round(sum / step))
	}
	return out
}
