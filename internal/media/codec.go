// Package media is sound outside packets: linear samples, the G.711 codecs,
// WAV files in and out, resampling, levels, and clips that are encoded once
// and played many times.
//
// It opens no socket and starts no goroutine. PCM values and codecs are plain
// data; a Clip is immutable and may be shared by any number of calls; a
// WAVWriter and an Activity belong to one goroutine at a time. RFC 3551 names
// the codecs, ITU-T G.711 defines them, Microsoft's Multimedia Programming
// Interface 1.0 and its 1994 additions define WAV.
package media

import (
	"fmt"
	"time"

	"tandem/internal/media/g711"
)

// Rate is the sampling rate of every telephone codec here, in samples per second.
const Rate = 8000

// FrameSamples is the number of samples (and of G.711 octets) in one 20 ms frame.
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
)

// Valid says whether c is one of the codecs above.
func (c Codec) Valid() bool { return c == PCMU || c == PCMA }

// PayloadType is the static RTP payload type.
func (c Codec) PayloadType() uint8 { return uint8(c) }

// String is the encoding name of SDP's rtpmap.
func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
	}
	return fmt.Sprintf("Codec(%d)", uint8(c))
}

// Silence is the octet that sounds like nothing.
func (c Codec) Silence() byte {
	if c == PCMA {
		return g711.SilenceA
	}
	return g711.SilenceMu
}

// Encode writes one octet per sample of src to dst, which must be as long.
func (c Codec) Encode(dst []byte, src []int16) {
	if c == PCMA {
		g711.EncodeA(dst, src)
		return
	}
	g711.EncodeMu(dst, src)
}

// Decode writes one sample per octet of src to dst, which must be as long.
func (c Codec) Decode(dst []int16, src []byte) {
	if c == PCMA {
		g711.DecodeA(dst, src)
		return
	}
	g711.DecodeMu(dst, src)
}

// Transcode writes src, which is in codec c, to dst in codec to. dst must be
// as long as src and may be src.
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
