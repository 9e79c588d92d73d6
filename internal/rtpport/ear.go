package rtpport

import (
	"tandem/internal/media"
	"tandem/internal/media/jitter"
	"tandem/internal/media/plc"
	"tandem/internal/media/stretch"
)

// stream is sound of a port put in order, in the codec in which it came. It has one
// user at a time.
type stream struct {
	codec media.Codec
	buf   *jitter.Buffer
}

func newStream(delay, most int) stream {
	return stream{codec: media.PCMU, buf: jitter.New(media.PCMU, delay, most)}
}

// put stores the sound of a packet that arrived age samples ago. A stream that changes its codec begins anew.
func (s *stream) put(codec media.Codec, ts uint32, payload []byte, age int) {
	if codec != s.codec {
		s.codec = codec
		s.reset()
	}
	s.buf.PutAged(ts, payload, age)
}

func (s *stream) reset() { s.buf.Reset(s.codec) }

// mostOctets of a stream are heard in a turn.
const mostOctets = media.FrameSamples + stretch.Step

// take gives the octets of a turn for an ear, of which there may be half a frame more
// or fewer than a frame, and what of them is missing.
func (s *stream) take(octets *[mostOctets]byte) (n int, gaps jitter.Gaps) {
	n = media.FrameSamples + s.buf.Step()
	return n, s.buf.Take(octets[:n])
}

// ear turns a stream into samples at 8 kHz, with what is lost concealed, in step with
// the listener's clock. It is told every turn of the stream, or forgets what it heard.
type ear struct {
	decoder media.Decoder
	conceal plc.Concealer
	stretch stretch.Stretcher
	deaf    int // turns in which what is heard is not given out
}

// listening is how many turns it takes to get into a G.722 stream that is under way:
// what is heard before may be anything.
const listening = 2

// forget has the next sound be of a stream that is under way.
func (e *ear) forget() {
	e.decoder.Reset(e.decoder.Codec())
	e.conceal.Reset()
	e.stretch.Reset()
	e.deaf = 0
	if !e.decoder.Codec().Sampled() {
		e.deaf = listening
	}
}

// hear fills pcm, which is a frame, with the samples of octets in codec, of which gaps
// are missing.
func (e *ear) hear(codec media.Codec, pcm []int16, octets []byte, gaps *jitter.Gaps) {
	var heard [mostOctets]int16
	e.decode(codec, heard[:len(octets)], octets, gaps)
	e.stretch.Turn(pcm, heard[:len(octets)])
}

func (e *ear) decode(codec media.Codec, pcm []int16, octets []byte, gaps *jitter.Gaps) {
	if codec != e.decoder.Codec() {
		e.decoder.Reset(codec)
		e.forget()
	}
	for at := 0; at < len(octets); {
		kind, n := gaps.Run(at, len(octets))
		piece := pcm[at : at+n]
		switch kind {
		case jitter.Heard:
			e.decoder.Decode(piece, octets[at:at+n])
			e.conceal.Good(piece)
		case jitter.Lost:
			e.conceal.Lost(piece)
			e.decoder.Missed(piece)
		case jitter.Quiet:
			e.conceal.Noise(piece, gaps.Level)
			e.decoder.Missed(piece)
		}
		at += n
	}
	if e.deaf > 0 && gaps.Any(len(octets)) {
		e.deaf--
		e.conceal.Noise(pcm, silentLevel)
	}
}

// form is how the sound of a turn is there.
type form uint8

const (
	nothing form = iota
	coded        // as octets in the port's codec
	linear       // as samples, in the shard's mixed
)
