package rtpport

import (
	"fmt"
	"math"

	"tandem/internal/media"
	"tandem/internal/media/opus"
)

const (
	opusHeld    = 4                         // packets that wait for one before them
	opusSamples = opus.MostTime / opusScale // of the longest packet
	opusPerTurn = media.FrameSamples * 3 / 2
	opusCredit  = 20 * media.FrameSamples
	opusRests   = 2 // octets of a packet after which nothing is sent for a while (DTX)
)

// opusIn puts the peer's packets in order and decodes them. A packet before which one is
// missing waits for a turn; then what is missing is made up where the build can: of the
// packet after it, which may hold it (FEC), or of the sound before. Nothing is decoded
// while nobody listens.
type opusIn struct {
	decoder *opus.Decoder
	clock   opusClock
	other   bool // sound in another codec came since
	live    bool // next and end are known
	resting bool // the peer said that it sends nothing
	next    uint16
	end     uint32 // timestamp after what was decoded, in samples
	length  int    // samples of the last packet
	held    [opusHeld]opusPacket
	holds   int
	waited  bool // for a turn
	credit  int  // samples that may be decoded now: who sends ever more does not hold up the wheel
	pcm     [opusSamples]int16
	octets  [opusSamples]byte
}

// opusPacket is a packet that waits. One that holds no Opus keeps its place in the row.
type opusPacket struct {
	seq  uint16
	ts   uint32 // in samples
	n    int
	data [maxPacket]byte
}

func newOpusIn() (*opusIn, error) {
	d, err := opus.NewDecoder(media.Rate)
	if err != nil {
		return nil, fmt.Errorf("start media: %w", err)
	}
	return &opusIn{decoder: d, credit: opusCredit}, nil
}

// opusClock turns timestamps of 48 kHz into those of 8 kHz, past their wrap.
type opusClock struct {
	known      bool
	wide, slow uint32 // the same moment
}

func (c *opusClock) samples(ts uint32) uint32 {
	if !c.known {
		c.known, c.wide, c.slow = true, ts, ts
	}
	d := int32(ts - c.wide)
	n := d / opusScale
	if d%opusScale < 0 {
		n--
	}
	if n <= 0 {
		return c.slow + uint32(n)
	}
	c.wide += uint32(n) * opusScale
	c.slow += uint32(n)
	return c.slow
}

// forget has the next packet begin a stream.
func (o *opusIn) forget() {
	o.clock.known = false
	o.idle()
}

// idle has the next packet be the first that is decoded.
func (o *opusIn) idle() { o.live, o.resting, o.holds, o.waited = false, false, 0, false }

// listened says whether anybody wants to know what the peer says.
func (p *Port) listened() bool {
	return p.inband != nil || len(p.recs) > 0 || p.out != nil && p.parked == nil || len(p.fed) > 0
}

// opus takes a packet of Opus.
func (p *Port) opus(seq uint16, ts uint32, payload []byte, age int64) {
	o := p.opusIn
	ticks, err := opus.Time(payload)
	if err != nil {
		p.rx.invalid++
		p.beside(seq)
		return
	}
	if o.other {
		o.other = false
		p.changed()
	}
	p.rx.codec, p.rx.length = media.Opus, ticks/opusScale
	p.rx.quiet = len(payload) <= opusRests
	at := o.clock.samples(ts)
	if !p.listened() {
		o.idle()
		return
	}
	if !o.live {
		o.live, o.next, o.end, o.length = true, seq, at, 0
	}
	p.inOrder(seq, at, payload, age)
}

// opusContent takes a packet that is Opus, and notes the place in the row of others.
func (p *Port) opusContent(pt uint8, seq uint16, ts uint32, payload []byte, age int64) bool {
	if pt == p.params.Opus.PT {
		p.opus(seq, ts, payload, age)
		return true
	}
	p.beside(seq)
	if !p.isEvent(pt) && pt != comfortNoise {
		p.otherSound()
	}
	return false
}

// soundTime is the timestamp of an event on the clock of the peer's sound; false when the
// event is on another.
func (p *Port) soundTime(pt uint8, ts uint32) (uint32, bool) {
	wide := pt == p.params.Opus.EventPT
	o := p.opusIn
	if o == nil || !o.clock.known || o.other {
		return ts, !wide
	}
	if !wide {
		return 0, false
	}
	return o.clock.samples(ts), true
}

// beside tells of a packet that is none of Opus but has its place in the row.
func (p *Port) beside(seq uint16) {
	if o := p.opusIn; o != nil && o.live {
		p.inOrder(seq, o.end, nil, 0)
	}
}

// otherSound tells of sound in another codec: Opus after it is another stream.
func (p *Port) otherSound() {
	if o := p.opusIn; o != nil && !o.other {
		o.other = true
		if o.clock.known {
			p.changed()
		}
	}
}

// inOrder decodes a packet when its turn has come.
func (p *Port) inOrder(seq uint16, at uint32, payload []byte, age int64) {
	o := p.opusIn
	switch ahead := int16(seq - o.next); {
	case ahead < 0: // its place was made up
	case ahead == 0:
		p.decodeOpus(at, payload, age)
		o.next++
		p.decodeHeld()
	case o.hold(seq, at, payload) && o.holds == opusHeld:
		p.passGap()
	}
}

// hold keeps a packet for later; false when it is there.
func (o *opusIn) hold(seq uint16, at uint32, payload []byte) bool {
	for i := range o.holds {
		if o.held[i].seq == seq {
			return false
		}
	}
	h := &o.held[o.holds]
	h.seq, h.ts, h.n = seq, at, copy(h.data[:], payload)
	o.holds++
	return true
}

// first is the place of the first packet of those that wait.
func (o *opusIn) first() int {
	best := 0
	for i := 1; i < o.holds; i++ {
		if o.held[i].seq-o.next < o.held[best].seq-o.next {
			best = i
		}
	}
	return best
}

// decodeHeld decodes those that wait for nothing more.
func (p *Port) decodeHeld() {
	o := p.opusIn
	for o.holds > 0 {
		i := o.first()
		h := &o.held[i]
		if h.seq != o.next {
			return
		}
		p.decodeOpus(h.ts, h.data[:h.n], 0)
		o.next++
		o.holds--
		if i < o.holds {
			o.held[i] = o.held[o.holds]
		}
	}
	o.waited = false
}

// opusTurn ends the turn in which packets may wait.
func (p *Port) opusTurn() {
	o := p.opusIn
	o.credit = min(o.credit+opusPerTurn, opusCredit)
	switch {
	case o.holds == 0:
	case o.waited:
		p.passGap()
	default:
		o.waited = true
	}
}

// passGap gives up what is missing before the first packet that waits.
func (p *Port) passGap() {
	o := p.opusIn
	h := &o.held[o.first()]
	if opus.Encodes && h.n > 0 && o.length > 0 {
		p.makeUp(h)
	}
	o.next, o.waited = h.seq, false
	p.decodeHeld()
}

// makeUp puts sound in the place of what is missing before a packet: of a pause or of
// much that is missing the end alone.
func (p *Port) makeUp(h *opusPacket) {
	o := p.opusIn
	n := int(int32(h.ts-o.end)) / o.length
	if n < 1 {
		return
	}
	if n*o.length > opusSamples || o.resting {
		n = 1
	}
	for at := h.ts - uint32(n*o.length); n > 0; n-- {
		pcm := o.pcm[:o.length]
		if !o.affords(len(pcm)) {
			return
		}
		made := 0
		if n == 1 {
			made = o.decoder.Recover(pcm, h.data[:h.n])
		} else {
			made = o.decoder.Conceal(pcm)
		}
		p.decoded(at, pcm[:made], 0)
		at += uint32(o.length)
	}
}

// affords says whether n samples may be decoded, and counts them.
func (o *opusIn) affords(n int) bool {
	if n > o.credit {
		return false
	}
	o.credit -= n
	return true
}

// decodeOpus decodes the next packet; nothing of one that holds no Opus.
func (p *Port) decodeOpus(at uint32, payload []byte, age int64) {
	if len(payload) == 0 {
		return
	}
	o := p.opusIn
	ticks, err := opus.Time(payload)
	n := ticks / opusScale
	if err != nil {
		return // it was asked before
	}
	o.end = at + uint32(n)
	if !o.affords(n) {
		p.rx.excess++
		return
	}
	if n, err = o.decoder.Decode(o.pcm[:], payload); err != nil {
		p.rx.invalid++
		return
	}
	o.length = n
	rests := len(payload) <= opusRests
	if rests && o.resting {
		return // a sign of life
	}
	o.resting = rests
	p.decoded(at, o.pcm[:n], age)
	if rests {
		p.quiet(o.end, loudness(o.pcm[:n]))
	}
}

// decoded hands sound to whoever wants it.
func (p *Port) decoded(at uint32, pcm []int16, age int64) {
	codec := media.PCMU
	if p.codec.Sampled() {
		codec = p.codec
	}
	octets := p.opusIn.octets[:len(pcm)]
	codec.Encode(octets, pcm)
	p.sound(codec, at, octets, age)
}

// loudness is how loud noise is: dB below overload, 0 to 127 (RFC 3389 §3).
func loudness(pcm []int16) uint8 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	if sum == 0 {
		return silentLevel
	}
	return uint8(min(max(-10*math.Log10(sum/float64(len(pcm))/(1<<30)), 0), silentLevel))
}
