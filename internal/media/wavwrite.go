package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// WAVEncoding is how a WAVWriter stores samples.
type WAVEncoding uint8

// The encodings.
const (
	WAVLinear16 WAVEncoding = iota // 16-bit PCM
	WAVMuLaw                       // G.711 µ-law, half the size
)

// WriteWAV writes p as a complete 16-bit mono file.
func WriteWAV(w io.Writer, p PCM) error {
	size := int64(len(p.Samples)) * 2
	if size > maxWAVData {
		return fmt.Errorf("write wav: %w", ErrWAVTooLong)
	}
	b := wavHeader(nil, WAVLinear16, p.Rate, 1, uint32(size))
	for _, s := range p.Samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write wav: %w", err)
	}
	return nil
}

const maxWAVData = math.MaxUint32 - 64

// wavHeader appends everything up to the first sample, for size octets of data.
func wavHeader(b []byte, e WAVEncoding, rate, channels int, size uint32) []byte {
	le := binary.LittleEndian
	tag, width, fmtSize, extra := uint16(tagPCM), 2, uint32(16), uint32(0)
	if e == WAVMuLaw {
		tag, width, fmtSize, extra = tagMuLaw, 1, 18, 14
	}
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, 36+extra+size+size&1)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, fmtSize)
	b = le.AppendUint16(b, tag)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*width))
	b = le.AppendUint16(b, uint16(channels*width))
	b = le.AppendUint16(b, uint16(8*width))
	if e == WAVMuLaw {
		b = append(b, 0, 0)
		b = append(b, "fact"...)
		b = le.AppendUint32(b, 4)
		b = le.AppendUint32(b, size/uint32(channels*width))
	}
	b = append(b, "data"...)
	return le.AppendUint32(b, size)
}

// WAVFile is what a WAVWriter needs of a file; *os.File has it.
type WAVFile interface {
	io.WriteSeeker
	Sync() error
}

// WAVOptions describes the file of a WAVWriter.
type WAVOptions struct {
	Encoding WAVEncoding
	Channels int // 1 or 2; 0 = 1
	// Now gives the time for the refresh of the header and the sync; nil =
	// time.Now. Tests set it.
	Now func() time.Time
}

const (
	headerEvery = time.Second
	syncEvery   = 2 * time.Second
	early       = 100 * time.Millisecond // for whoever writes once a second, more or less
)

// WAVWriter appends 8 kHz sound to a file whose header is right at every
// second of its life, so that a recording cut off by a crash opens in any
// player. Data is synced to the disk every two seconds of writing and on
// Close. One goroutine at a time.
type WAVWriter struct {
	file     WAVFile
	opt      WAVOptions
	buf      []byte // what waits for Flush
	size     int64  // octets of sound in the file
	headerAt time.Time
	syncAt   time.Time
	dirty    bool // the header is behind
	err      error
}

// NewWAVWriter starts a file at its beginning, which must be empty, with a
// valid header of no sound.
func NewWAVWriter(f WAVFile, opt WAVOptions) (*WAVWriter, error) {
	if opt.Channels == 0 {
		opt.Channels = 1
	}
	if opt.Channels < 1 || opt.Channels > 2 {
		return nil, fmt.Errorf("start wav: %d channels, 1 or 2 can be written", opt.Channels)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	w := &WAVWriter{file: f, opt: opt}
	w.headerAt = opt.Now()
	w.syncAt = w.headerAt
	if err := w.header(); err != nil {
		return nil, fmt.Errorf("start wav: %w", err)
	}
	return w, nil
}

// Write appends samples at 8 kHz; with two channels they alternate, left
// first, and their number is even. After an error every further Write and
// Close return it: what was written before stays a valid file.
func (w *WAVWriter) Write(samples []int16) error {
	if w.err == nil && len(samples)%w.opt.Channels != 0 {
		return errors.New("write wav: half a frame")
	}
	w.Put(samples)
	return w.Flush()
}

// Put takes whole frames of samples as Write does, and keeps them until Flush.
func (w *WAVWriter) Put(samples []int16) {
	n, width := len(w.buf), 2
	if w.opt.Encoding == WAVMuLaw {
		width = 1
	}
	w.buf = slices.Grow(w.buf, width*len(samples))[:n+width*len(samples)]
	if w.opt.Encoding == WAVMuLaw {
		PCMU.Encode(w.buf[n:], samples)
	} else {
		putSamples(w.buf[n:], samples)
	}
}

// Held is the length of the sound that waits for Flush.
func (w *WAVWriter) Held() time.Duration { return w.length(int64(len(w.buf))) }

// Flush appends what Put has taken. After an error that is lost.
func (w *WAVWriter) Flush() error {
	b := w.buf
	w.buf = b[:0]
	if w.err != nil {
		return w.err
	}
	if w.size+int64(len(b)) > maxWAVData {
		return w.fail(ErrWAVTooLong)
	}
	n, err := w.file.Write(b)
	w.size += int64(n)
	w.dirty = true
	if err != nil {
		return w.fail(err)
	}
	return w.Refresh()
}

// putSamples writes samples to b, which is twice as long, four at a time.
func putSamples(b []byte, samples []int16) {
	for len(samples) >= 4 {
		four := uint64(uint16(samples[0])) | uint64(uint16(samples[1]))<<16 | uint64(uint16(samples[2]))<<32 | uint64(uint16(samples[3]))<<48
		binary.LittleEndian.PutUint64(b, four)
		b, samples = b[8:], samples[4:]
	}
	for i, s := range samples {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(s))
	}
}

// Refresh brings the header up to date if a second has gone since the last
// time, and syncs if two have. Write calls it; a writer that pauses calls it
// itself.
func (w *WAVWriter) Refresh() error {
	if w.err != nil {
		return w.err
	}
	now := w.opt.Now()
	if w.dirty && now.Sub(w.headerAt) >= headerEvery-early {
		w.headerAt = now
		if err := w.header(); err != nil {
			return w.fail(err)
		}
	}
	if now.Sub(w.syncAt) >= syncEvery-early {
		w.syncAt = now
		if err := w.file.Sync(); err != nil {
			return w.fail(err)
		}
	}
	return nil
}

// Duration is the length of the sound written so far.
func (w *WAVWriter) Duration() time.Duration { return w.length(w.size) }

func (w *WAVWriter) length(octets int64) time.Duration {
	return time.Duration(octets/int64(w.frame())) * time.Second / Rate
}

// Close completes the header and syncs; it does not close the file. It returns
// the first error there was. Calling it again does nothing.
func (w *WAVWriter) Close() error {
	err := w.err
	if errors.Is(err, errWAVClosed) {
		return nil
	}
	// After a failed write the header may still be made to tell the truth.
	err = errors.Join(err, w.header(), w.file.Sync())
	w.err = errWAVClosed
	if err != nil {
		return fmt.Errorf("close wav: %w", err)
	}
	return nil
}

var errWAVClosed = errors.New("write wav: closed")

func (w *WAVWriter) fail(err error) error {
	w.err = fmt.Errorf("write wav: %w", err)
	return w.err
}

func (w *WAVWriter) frame() int {
	if w.opt.Encoding == WAVMuLaw {
		return w.opt.Channels
	}
	return 2 * w.opt.Channels
}

// header rewrites the header for the whole frames in the file and returns to
// the end of the sound.
func (w *WAVWriter) header() error {
	size := w.size - w.size%int64(w.frame())
	b := wavHeader(make([]byte, 0, 64), w.opt.Encoding, Rate, w.opt.Channels, uint32(size))
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := w.file.Write(b); err != nil {
		return err
	}
	if _, err := w.file.Seek(int64(len(b))+w.size, io.SeekStart); err != nil {
		return err
	}
	w.dirty = false
	return nil
}
