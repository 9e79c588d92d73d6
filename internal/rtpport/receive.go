package rtpport

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"time"

	"tandem/internal/media"
)

// Digit is a key that the peer pressed.
type Digit struct {
	Key    byte      // 0-9 * # A-D
	Method string    // "rfc4733" or "inband"
	At     time.Time // when its first packet arrived
}

// The ways a key can travel in media.
const (
	MethodRFC4733 = "rfc4733"
	MethodInband  = "inband"
)

const (
	drainRounds  = 4
	mostAge      = int64(200 * time.Millisecond)
	releaseAfter = int64(60 * time.Millisecond) // of silence about a held key: 3 packets
)

// heldKey is a key of the peer that a bridge passes on.
type heldKey struct {
	key  byte // 0 = none
	seen int64
}

// Digits gives the keys of the peer, from Start until Close, which closes the
// channel. It holds 16; keys beyond that are lost and counted in Stats.
func (p *Port) Digits() <-chan Digit { return p.digits }

// drain takes what has arrived since the last turn.
func (p *Port) drain(mono, wall int64) {
	b := p.shard.batch
	for range drainRounds {
		n := b.receive(&p.rtp)
		for i := range n {
			p.incoming(b.packet(i), b, i, mono, wall)
		}
		if n < batchSize {
			break
		}
	}
	if p.held.key != 0 && mono-p.held.seen > releaseAfter {
		p.release()
	}
	if p.started && p.rtp.connected != p.connects(mono) {
		p.aim(mono)
	}
}

// incoming judges one packet of the RTP socket.
func (p *Port) incoming(b []byte, from *batch, i int, mono, wall int64) {
	if !p.started {
		return
	}
	wire := b
	if p.guard != nil {
		if b = p.admit(b, from.source(i), mono); b == nil {
			return
		}
	}
	if len(b) < headerLen || b[0]>>6 != 2 {
		p.rx.invalid++
		return
	}
	if pt := b[1]; pt >= 192 && pt <= 223 {
		// RTCP on the RTP port, RFC 5761 §4.
		if p.latch.locked && from.source(i) == p.latch.source {
			p.report(b, from.arrival(i, wall))
			if p.capture != nil {
				p.capture.receivedRTCP(wire, from.source(i), p.number, from.arrival(i, wall))
			}
		}
		return
	}
	payload, ok := rtpPayload(b)
	if !ok {
		p.rx.invalid++
		return
	}
	seq, ts := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])
	ssrc := binary.BigEndian.Uint32(b[8:])
	switch p.latch.packet(mono, from.source(i), ssrc, seq) {
	case foreign:
		p.rx.foreign++
		if p.latch.copies() && p.copier.Load() == nil {
			who := p.latch.copier
			p.copier.Store(&who)
		}
		p.rx.foreignFrom = from.source(i)
		return
	case moved:
		p.rx.moves++
		who := p.latch.source
		p.peer.Store(&who)
		p.aim(mono)
	}
	arrival := from.arrival(i, wall)
	p.received.Store(mono - (wall - arrival))
	pt := b[1] & 0x7F
	if p.capture != nil {
		p.capture.received(p, wire, pt, from.source(i), arrival, mono)
	}
	if p.rx.packet(ssrc, seq, ts, p.isEvent(pt), p.clockOf(pt), arrival, len(payload)) {
		p.changed()
	}
	if !p.mayReceive() {
		return
	}
	if p.opusIn != nil && p.opusContent(pt, seq, ts, payload, wall-arrival) {
		return
	}
	p.content(pt, ssrc, ts, payload, mono, wall-arrival)
}

// isEvent says whether a payload type is that of keys.
func (p *Port) isEvent(pt uint8) bool {
	return pt != 0 && (pt == p.params.EventPT || pt == p.params.Opus.EventPT)
}

// rtpPayload is the payload without extension, sources and padding.
func rtpPayload(b []byte) ([]byte, bool) {
	at, end := headerLen+4*int(b[0]&0x0F), len(b)
	if b[0]&0x10 != 0 {
		if at+4 > end {
			return nil, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if b[0]&0x20 != 0 {
		end -= int(b[end-1])
	}
	if at > end {
		return nil, false
	}
	return b[at:end], true
}

// changed forgets the timing of a stream that was replaced by another.
func (p *Port) changed() {
	if p.opusIn != nil {
		p.opusIn.forget()
	}
	for _, r := range p.recs {
		r.sound.reset()
	}
	if p.out != nil {
		p.out.push(item{kind: itemReset})
	}
	for _, l := range p.fed {
		l.push(item{kind: itemReset})
	}
}

// content handles a packet of the peer by its payload type. age is how long it
// lay in the socket, in nanoseconds.
func (p *Port) content(pt uint8, ssrc, ts uint32, payload []byte, mono, age int64) {
	codec := media.Codec(pt)
	if pt == p.params.payloadType() {
		codec = p.params.Codec
	}
	switch {
	case p.isEvent(pt):
		key, first, end, ok := p.keys.Packet(ssrc, ts, payload)
		if !ok {
			return
		}
		if first {
			if at, ok := p.soundTime(pt, ts); ok {
				p.quiet(at, silentLevel)
			}
			p.pressed(key, MethodRFC4733, age)
		}
		p.hold(key, first, end, mono)
	case codec.Valid():
		p.rx.quiet = false
		if len(payload) > 0 {
			p.rx.codec, p.rx.length = codec, len(payload)
			p.sound(codec, ts, payload, age)
		}
	case pt == comfortNoise:
		// RFC 3389: silence, and a sign of life.
		p.rx.quiet = true
		if len(payload) > 0 {
			p.quiet(ts, payload[0]&0x7F)
		}
	default:
		p.rx.unknown++
		p.rx.unknownType = pt
	}
}

const (
	comfortNoise = 13  // payload type
	silentLevel  = 127 // of noise: none
)

// quiet tells whoever wants the sound that from ts on the peer means to send none,
// until it does, and how loud the noise in its place is.
func (p *Port) quiet(ts uint32, level uint8) {
	for _, r := range p.recs {
		r.sound.buf.Quiet(ts, level)
	}
	it := item{kind: itemQuiet, ts: ts, level: level}
	if p.out != nil && p.parked == nil {
		p.out.push(it)
	}
	for _, l := range p.fed {
		l.push(it)
	}
}

// sound hands audio to whoever wants it.
func (p *Port) sound(codec media.Codec, ts uint32, payload []byte, age int64) {
	if codec != p.codec && codec.Sampled() && p.codec.Sampled() {
		own := p.shard.scratch[:len(payload)]
		codec.Transcode(p.codec, own, payload)
		payload, codec = own, p.codec
	}
	if p.inband != nil {
		if codec != p.decoder.Codec() {
			p.decoder.Reset(codec)
		}
		pcm := p.shard.pcm[:len(payload)]
		p.decoder.Decode(pcm, payload)
		if key := p.inband.Samples(pcm); key != 0 {
			p.pressed(key, MethodInband, age)
		}
	}
	old := int(min(max(age, 0), mostAge) / int64(time.Second/media.Rate))
	for _, r := range p.recs {
		r.sound.put(codec, ts, payload, old)
	}
	if p.out != nil && p.parked == nil {
		p.out.sound(codec, ts, payload, old)
	}
	for _, l := range p.fed {
		l.sound(codec, ts, payload, old)
	}
}

// pressed reports a key and stops what a key stops.
func (p *Port) pressed(key byte, method string, age int64) {
	select {
	case p.digits <- Digit{Key: key, Method: method, At: time.Now().Add(-time.Duration(age))}:
	default:
		p.rx.digitsLost++
	}
	p.rx.digits++
	if p.play != nil && p.play.stops(key) {
		p.stopPlay(false)
	}
	for i := len(p.recs) - 1; i >= 0; i-- {
		if p.recs[i].opt.StopOnDigits {
			p.detach(p.recs[i], EndDigit)
		}
	}
}

// hold passes a key on over the bridge, from its press to its release.
func (p *Port) hold(key byte, first, end bool, mono int64) {
	if p.out == nil || p.keeps || p.parked != nil {
		p.held.key = 0
		return
	}
	if first {
		if p.held.key != 0 {
			p.release()
		}
		p.held.key = key
		p.out.push(item{kind: itemPress, key: key})
	}
	if p.held.key != key {
		return
	}
	p.held.seen = mono
	if end {
		p.release()
	}
}

func (p *Port) release() {
	if p.out != nil {
		p.out.push(item{kind: itemRelease, key: p.held.key})
	}
	p.held.key = 0
}

// KeepKeys says whether keys of the peer stay here, or pass over the bridge as
// they come. Tones in the sound pass all the same.
func (p *Port) KeepKeys(keep bool) {
	p.order(func() {
		if keep && p.held.key != 0 {
			p.release()
		}
		p.keeps = keep
	})
}

// Peer is where the peer's packets come from; invalid while none has come.
func (p *Port) Peer() netip.AddrPort { return stored(&p.peer) }

// Copier is the first source that went on with the peer's stream while the peer did
// too: somebody who sees the call's packets, or guesses well, tries to speak in it.
// Its packets are ignored. Invalid when there is none.
func (p *Port) Copier() netip.AddrPort { return stored(&p.copier) }

func stored(at *atomic.Pointer[netip.AddrPort]) netip.AddrPort {
	if a := at.Load(); a != nil {
		return *a
	}
	return netip.AddrPort{}
}

// LastReceived is when the last packet of the peer arrived; the zero time when
// none has.
func (p *Port) LastReceived() time.Time {
	n := p.received.Load()
	if n == 0 {
		return time.Time{}
	}
	return time.Now().Add(-time.Duration(p.shard.clock() - n))
}

// SilentFor is how long the peer has sent nothing, counted from Start at the
// earliest; zero before Start. The caller decides what is too long.
func (p *Port) SilentFor() time.Duration {
	since := max(p.received.Load(), p.begun.Load())
	if since == 0 {
		return 0
	}
	return max(time.Duration(p.shard.clock()-since), 0)
}
