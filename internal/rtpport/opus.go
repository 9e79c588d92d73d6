package rtpport

import (
	"errors"
	"fmt"

	"tandem/internal/media"
	"tandem/internal/media/opus"
)

// Opus is what was agreed on of it (RFC 7587). The peer may send it beside what is sent
// to it; sound of it is decoded where it comes in and encoded where it leaves, and is
// telephone sound like all other in between.
type Opus struct {
	PT      uint8 // payload type, below 64 or 96 to 127; 0 = the peer may not send it
	EventPT uint8 // of telephone-event/48000, 96 to 127; 0 = not agreed
	FEC     bool  // what is sent holds in-band FEC, which the peer makes use of
	MaxRate int   // bit/s of what is sent at most; 0 = the peer names no bound
}

const (
	opusScale   = opus.Rate / media.Rate // ticks of its clock in a sample
	opusBitRate = 24000                  // bit/s
	opusEffort  = 5                      // half the time of the default
	opusLoss    = 10                     // percent that FEC is made for
	opusLeast   = 6000                   // bit/s
)

// check says why the settings can't be.
func (o *Opus) check(codec media.Codec) error {
	switch {
	case codec == media.Opus && o.PT == 0:
		return errors.New("start media: Opus without a payload type")
	case codec == media.Opus && !opus.Encodes:
		return fmt.Errorf("start media: %w", opus.ErrBuild)
	case o.PT > 127 || o.PT&^31 == 64:
		return fmt.Errorf("start media: Opus cannot have payload type %d", o.PT)
	case o.EventPT != 0 && (o.EventPT < 96 || o.EventPT > 127):
		return fmt.Errorf("start media: telephone-event cannot have payload type %d", o.EventPT)
	}
	return nil
}

// begin makes what the settings need: an encoder, nil when another codec is sent, and a
// way in, nil when Opus does not come.
func (o *Opus) begin(codec media.Codec) (out *opusOut, in *opusIn, err error) {
	if err := o.check(codec); err != nil || o.PT == 0 {
		return nil, nil, err
	}
	if in, err = newOpusIn(); err != nil || codec != media.Opus {
		return nil, in, err
	}
	s := opus.Settings{SampleRate: media.Rate, BitRate: opusBitRate, Effort: opusEffort}
	if o.MaxRate > 0 {
		s.BitRate = max(min(s.BitRate, o.MaxRate), opusLeast)
	}
	if o.FEC {
		s.Loss = opusLoss
	}
	e, err := opus.NewEncoder(s)
	if err != nil {
		return nil, nil, fmt.Errorf("start media: %w", err)
	}
	return &opusOut{settings: s, encoder: e}, in, nil
}

// opusOut encodes what is sent.
type opusOut struct {
	settings opus.Settings
	encoder  *opus.Encoder
}

// settle takes the new way out and in. A stream under way goes on.
func (p *Port) settle(out *opusOut, in *opusIn) {
	if out == nil || p.opusOut == nil || out.settings != p.opusOut.settings {
		p.opusOut = out
	}
	if in == nil || p.opusIn == nil {
		p.opusIn = in
	}
	p.scale = 1
	if p.opusOut != nil {
		p.scale = opusScale
	}
}

// speak sends the sound of this turn in Opus: the samples in the shard's mixed, if it is
// there as such, or else the octets.
func (p *Port) speak(sound []byte, have form) {
	pcm := p.shard.mixed[:]
	if have != linear {
		p.codec.Decode(pcm, sound)
	}
	n, err := p.opusOut.encoder.Encode(p.tx[headerLen:], pcm)
	if err != nil {
		p.tally.failed++
		return
	}
	p.packet(p.params.payloadType(), p.marker, p.ts*opusScale, headerLen+n)
	p.marker = false
}

// clockOf is the RTP clock of a payload type.
func (p *Port) clockOf(pt uint8) int64 {
	if o := &p.params.Opus; o.PT != 0 && (pt == o.PT || pt == o.EventPT) {
		return opus.Rate
	}
	return media.Rate
}
