package rtpport

import (
	"fmt"

	"tandem/internal/media"
	"tandem/internal/media/dtmf"
)

const (
	pressUnits = media.Rate / 10 // 100 ms
	keyRest    = 4               // ticks between two keys: 80 ms
	pauseTicks = 25              // for a comma: 500 ms
)

// Sending is a row of keys on its way to the peer.
type Sending struct {
	keys string
	done chan struct{}
}

// Done closes when the last key was sent or the port closed.
func (s *Sending) Done() <-chan struct{} { return s.done }

// SendDigits presses keys for the peer, one after the other, after those
// already under way: as RFC 4733 events of 100 ms, or as tones when events were
// not agreed. A comma is half a second's pause. While a key is sent, no other
// sound is.
func (p *Port) SendDigits(keys string) (*Sending, error) {
	for i := range len(keys) {
		if _, ok := dtmf.Event(keys[i]); !ok && keys[i] != ',' {
			return nil, fmt.Errorf("send digits: %q is no key", keys[i])
		}
	}
	s := &Sending{keys: keys, done: make(chan struct{})}
	if !p.order(func() { p.sendings = append(p.sendings, s) }) {
		return nil, fmt.Errorf("send digits: %w", ErrClosed)
	}
	if p.closed() {
		return nil, fmt.Errorf("send digits: %w", ErrClosed)
	}
	return s, nil
}

// emitKey sends the packet of a key if one is due.
func (p *Port) emitKey() bool {
	if !p.event.Busy() {
		p.nextKey()
	}
	packet, ok := p.event.Next()
	if !ok {
		return false
	}
	// The others' sound goes on unheard, so that it is not late afterwards.
	p.flush()
	p.others(p.tx[headerLen : headerLen+media.FrameSamples])
	if p.maySend() {
		copy(p.tx[headerLen:], packet.Payload[:])
		pt, scale := p.sendEvents()
		p.packet(pt, packet.Marker, packet.Timestamp*(p.scale/scale), headerLen+len(packet.Payload))
	}
	p.marker = true
	p.ts += media.FrameSamples
	if !p.event.Busy() {
		p.rest = keyRest
	}
	return true
}

// nextKey starts the next key of those to be sent, when its time has come.
func (p *Port) nextKey() {
	if p.overlay != nil || len(p.sendings) == 0 {
		return
	}
	if p.rest > 0 {
		p.rest--
		return
	}
	s := p.sendings[0]
	if s.keys == "" {
		p.sendings = p.sendings[1:]
		close(s.done)
		return
	}
	key := s.keys[0]
	s.keys = s.keys[1:]
	if key == ',' {
		p.rest = pauseTicks
		return
	}
	p.press(key, pressUnits)
}

// press begins to send a key, for units of 1/8000 s or until it is released.
func (p *Port) press(key byte, units uint32) {
	event, ok := dtmf.Event(key)
	if !ok {
		return
	}
	if pt, scale := p.sendEvents(); pt != 0 {
		p.event.Clock = media.Rate * scale
		p.event.Press(key, p.ts*scale, units*scale)
		return
	}
	p.overlay, p.overAt = p.pool.keyTones[event], 0
}

// sendEvents is the payload type under which keys are sent, 0 when they can't be, and the
// ticks of its clock in a sample. It is the clock of the sound where that was agreed
// (RFC 4733 §2.1).
func (p *Port) sendEvents() (pt uint8, scale uint32) {
	switch o := &p.params.Opus; {
	case p.opusOut != nil && o.EventPT != 0:
		return o.EventPT, opusScale
	default:
		return p.params.EventPT, 1
	}
}

// keyTone gives the next piece of the tone of a key.
func (p *Port) keyTone(frame []byte) form {
	codec, have := p.codec, coded
	if !codec.Sampled() {
		codec, have = media.PCMU, linear
	}
	sound := p.overlay.Bytes(codec)
	n := copy(frame, sound[p.overAt:])
	fill(frame[n:], codec.Silence())
	if p.overAt += n; p.overAt >= len(sound) {
		p.overlay, p.rest = nil, keyRest
	}
	if have == linear {
		codec.Decode(p.shard.mixed[:], frame)
	}
	return have
}
