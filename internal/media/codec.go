// Package media is sound outside packets: linear samples, the codecs, WAV files in
// and out, resampling, levels, and clips that are encoded once and played many
// times.
//
// It opens no socket and starts no goroutine. PCM values and codecs are plain
// data; a Clip is immutable and may be shared by any number of calls; a
// WAVWriter, an Activity, an Encoder and a Decoder belong to one goroutine at a
// time. RFC 3551 names the codecs, ITU-T G.711 and G.722 define them, Microsoft's
// Multimedia Programming Interface 1.0 and its 1994 additions define WAV.
package media

import (
	"fmt"
	"time"

	"tandem/internal/media/g711"
	"tandem/internal/media/g722"
)

// Rate is the sampling rate of telephone sound, in samples per second. Every codec
// here has as many octets and RTP clock ticks in a second, G.722 too.
const Rate = 8000

// FrameSamples is the number of samples, and of octets, in one 20 ms frame.
const FrameSamples = Rate / 50

// FrameTime is the time that one frame lasts.
const FrameTime = 20 * time.Millisecond

// Codec is an RTP audio codec, numbered by its static payload type (RFC 3551
// table 4).
type Codec uint8

// The codecs.
const (
	PCMU Codec = 0
	PCMA Codec = 8
	G722 Codec = 9
	// Opus has no static payload type, and no octets of 1/8000 s: its sound is in another
	// codec wherever it is not in a packet of its own (package media/opus).
	Opus Codec = 128
)

// Valid says whether c is one of the codecs above but Opus.
func (c Codec) Valid() bool { return c.Sampled() || c == G722 }

// Sampled says whether each octet is one sample and means the same in any place, as
// in G.711. In G.722 it means what those before it make of it.
func (c Codec) Sampled() bool { return c == PCMU || c == PCMA }

// PayloadType is the static RTP payload type; Opus has none.
func (c Codec) PayloadType() uint8 { return uint8(c) }

// String is the encoding name of SDP's rtpmap.
func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
	case G722:
		return "G722"
	case Opus:
		return "OPUS"
	}
	return fmt.Sprintf("Codec(%d)", uint8(c))
}

// Silence is the octet that sounds like nothing.
func (c Codec) Silence() byte {
	switch c {
	case PCMA:
		return g711.SilenceA
	case G722:
		return g722.Silence
	}
	return g711.SilenceMu
}

// Encode writes one octet per sample of src, at 8 kHz, to dst, which must be as
// long. In G.722 it is the beginning of a stream; an Encoder goes on with one.
func (c Codec) Encode(dst []byte, src []int16) {
	var e Encoder
	e.Reset(c)
	e.Encode(dst, src)
}

// Decode writes one sample at 8 kHz per octet of src to dst, which must be as long.
// In G.722 src is taken as the beginning of a stream; a Decoder goes on with one.
func (c Codec) Decode(dst []int16, src []byte) {
	var d Decoder
	d.Reset(c)
	d.Decode(dst, src)
}

// Transcode writes src, which is in codec c, to dst in codec to; both are Sampled.
// dst must be as long as src and may be src.
func (c Codec) Transcode(to Codec, dst, src []byte) {
	switch {
	case c == to:
		copy(dst, src)
	case to == PCMA:
		g711.MuToA(dst, src)
	default:
		g711.AToMu(dst, src)
	}
}

// Encoder encodes one stream of telephone sound. The zero value is at the start of
// one in PCMU.
type Encoder struct {
	codec Codec
	wide  g722.Encoder
}

// Reset begins a new stream in codec.
func (e *Encoder) Reset(codec Codec) {
	e.codec = codec
	if codec == G722 {
		e.wide.Reset()
	}
}

// Encode writes one octet per sample of src, at 8 kHz, to dst, which must be as long.
func (e *Encoder) Encode(dst []byte, src []int16) {
	switch e.codec {
	case PCMA:
		g711.EncodeA(dst, src)
	case G722:
		e.wide.EncodeNarrow(dst, src)
	default:
		g711.EncodeMu(dst, src)
	}
}

// Follow tells of octets that went out in the stream but were encoded elsewhere.
func (e *Encoder) Follow(octets []byte) {
	if e.codec == G722 {
		e.wide.Follow(octets)
	}
}

// Decoder decodes one stream to telephone sound. The zero value is at the start of
// one in PCMU.
type Decoder struct {
	codec Codec
	wide  g722.Decoder
}

// Codec is that of the stream.
func (d *Decoder) Codec() Codec { return d.codec }

// Reset begins a new stream in codec.
func (d *Decoder) Reset(codec Codec) {
	d.codec = codec
	if codec == G722 {
		d.wide.Reset()
	}
}

// Decode writes one sample at 8 kHz per octet of src to dst, which must be as long.
func (d *Decoder) Decode(dst []int16, src []byte) {
	switch d.codec {
	case PCMA:
		g711.DecodeA(dst, src)
	case G722:
		d.wide.DecodeNarrow(dst, src)
	default:
		g711.DecodeMu(dst, src)
	}
}

// Missed tells of octets that never came and of the samples, at 8 kHz, that were put
// in their place.
func (d *Decoder) Missed(pcm []int16) {
	if d.codec == G722 {
		d.wide.Missed(pcm)
	}
}
