package rtpport

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/dtlssrtp"
	"tandem/internal/media"
	"tandem/internal/media/dtmf"
)

// Direction says which way media may go, seen from here. The zero value is
// both ways.
type Direction uint8

// The directions of RFC 3264.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

// Params is what an offer and its answer agreed on.
type Params struct {
	// Remote is the peer's RTP address of SDP. Unspecified or invalid: nothing
	// is sent until the peer's packets tell the address.
	Remote netip.AddrPort
	// RTCP is the peer's RTCP address; invalid = the port after Remote.
	RTCP netip.AddrPort
	// Host is where the peer's signalling comes from: packets from there may
	// teach the address at any time, as phones behind NAT need. May be invalid.
	Host netip.Addr
	// Strangers lets a host that neither Remote nor Host names teach the address
	// within half a second of Start: for a peer behind a NAT whose signalling comes
	// through a proxy. Where it is not needed it only helps who injects sound.
	Strangers bool
	Codec     media.Codec // that is sent
	// CodecPT is the payload type of the codec, below 64 or 96 to 127; 0 = its static one.
	CodecPT uint8
	// EventPT is the payload type of telephone-event, 96 to 127; 0 = not agreed,
	// keys are then listened for in the sound.
	EventPT   uint8
	Opus      Opus // zero = the peer does not send it
	Direction Direction
	// Ptime is the packet time that the peer asks for: what is sent has tens of
	// milliseconds from 10 to 60, the next below it. 0 = 20 ms.
	Ptime time.Duration
	// Comfort sends comfort noise, payload type 13, in place of frames of silence
	// (RFC 3389).
	Comfort bool
	// Quiet sends nothing while nothing is played. Otherwise frames of silence
	// keep NAT bindings and the peer's recorders alive.
	Quiet bool
	// Mux has RTCP share the port of RTP (RFC 5761).
	Mux bool
	ICE *ICE // nil = Remote and the rules of the latch tell where the peer is
	// DTLS secures the stream: nothing is sent and nothing counts before its keys are
	// there. nil = no handshake. Once there, it stays.
	DTLS *DTLS
	// Keys secure the stream at once: what is sent is sealed, and nothing counts that
	// does not open. A direction whose key is not another goes on as it was; with another
	// it begins anew. nil = no keys but those of DTLS. Once there, they stay.
	Keys *dtlssrtp.Keys
}

// secured says whether nothing may pass in plain.
func (p *Params) secured() bool { return p.DTLS != nil || p.Keys != nil }

// events says whether keys come as telephone-event.
func (p *Params) events() bool { return p.EventPT != 0 || p.Opus.EventPT != 0 }

func (p *Params) payloadType() uint8 {
	if p.CodecPT != 0 {
		return p.CodecPT
	}
	return p.Codec.PayloadType()
}

const (
	headerLen   = 12
	leadPerSlot = media.FrameSamples / slots // samples in a slot's time
	maxLead     = 2 * media.FrameSamples
	digitQueue  = 16
)

// Port is the media of one leg.
type Port struct {
	pool   *Pool
	shard  *shard
	number int
	digits chan Digit
	once   sync.Once
	done   chan struct{} // closed when the wheel has let go
	final  Stats         // set before done closes

	received atomic.Int64                   // CLOCK_MONOTONIC of the last packet of the peer
	begun    atomic.Int64                   // CLOCK_MONOTONIC of the first Start
	peer     atomic.Pointer[netip.AddrPort] // where the peer's packets come from
	copier   atomic.Pointer[netip.AddrPort] // who copies them
	shake    handshakes
	keyed    atomic.Bool // Start was given keys

	// What follows belongs to the shard's thread.
	rtp, rtcp   socket
	slot, index int
	lastTick    int64
	params      Params
	started     bool
	latch       latch
	guard       *guard // nil = a plain stream without ICE
	to, toRTCP  sockaddr
	misfit      bool // what there is to send to is not of the socket's family

	tx      [headerLen + mostPack]byte
	codec   media.Codec // of a turn's sound: of what is sent, but for Opus
	scale   uint32      // RTP ticks of what is sent in a sample
	opusOut *opusOut    // nil = another codec is sent
	opusIn  *opusIn     // nil = it does not come
	packs   packer
	cnRest  int   // turns until the next packet of comfort noise
	cnLevel uint8 // of the bridged peer's, in this turn; 0 = none
	ssrc    uint32
	seq     uint16
	ts      uint32
	lead    int32 // samples by which ts is ahead of the clock; below 0, behind it
	between bool  // sound ended in this very turn: the next may be on its way
	marker  bool

	play     *Playback
	over     *Playback   // beside play and what others send
	parked   *Playback   // in their place while the port is parked
	overlay  *media.Clip // key tone
	overAt   int
	event    dtmf.Sender
	sendings []*Sending
	rest     int // ticks until the next key

	encoder media.Encoder // of sound that is mixed, comes in another codec or has no other

	keys    dtmf.Receiver
	inband  *dtmf.Detector
	decoder media.Decoder // for inband
	held    heldKey
	keeps   bool  // keys do not pass over the bridge
	in      *link // from the bridged peer
	out     *link // to it
	feeds   []*link
	fed     []*link // others that hear what this port does
	recs    []*Recording
	capture *Capture // nil = none
	rx      rxState
	tally   txState
	nextSR  int64
	rtcpIn  int64 // when RTCP is looked at next
}

func newPort(p *Pool, s *shard, rtp, rtcp socket, number int) *Port {
	return &Port{
		pool: p, shard: s, number: number, rtp: rtp, rtcp: rtcp,
		digits: make(chan Digit, digitQueue), done: make(chan struct{}),
		ssrc: rand.Uint32(), seq: firstSeq(), ts: rand.Uint32(), marker: true, scale: 1,
	}
}

// LocalPort is the RTP port to announce; RTCP is the next.
func (p *Port) LocalPort() int { return p.number }

// Start begins media, or changes it after a new offer and answer. Before the
// first Start nothing is sent and nothing received counts.
func (p *Port) Start(params Params) error {
	if !params.Codec.Valid() && params.Codec != media.Opus {
		return fmt.Errorf("start media: payload type %d is no codec", params.Codec)
	}
	if params.CodecPT > 127 || params.CodecPT&^31 == 64 { // these would look like RTCP, RFC 5761 §4
		return fmt.Errorf("start media: %v cannot have payload type %d", params.Codec, params.CodecPT)
	}
	if params.EventPT != 0 && (params.EventPT < 96 || params.EventPT > 127) {
		return fmt.Errorf("start media: telephone-event cannot have payload type %d", params.EventPT)
	}
	a := params.Remote.Addr()
	if a.IsValid() && !a.IsUnspecified() && !sendable(params.Remote) {
		return fmt.Errorf("start media: %w: %v", ErrAddress, params.Remote)
	}
	params.Remote = netip.AddrPortFrom(a.Unmap(), params.Remote.Port())
	params.Host = params.Host.Unmap()
	if params.RTCP.IsValid() {
		params.RTCP = netip.AddrPortFrom(params.RTCP.Addr().Unmap(), params.RTCP.Port())
	}
	out, in, err := params.Opus.begin(params.Codec)
	if err != nil {
		return err
	}
	if out != nil {
		params.CodecPT = params.Opus.PT
	}
	crypt, err := p.keysOf(&params)
	if err != nil {
		return err
	}
	session, begin, err := p.handshake(params.DTLS)
	if err != nil {
		return err
	}
	defer begin()
	p.begun.CompareAndSwap(0, p.shard.clock())
	if !p.shard.post(func() { p.settle(out, in); p.apply(params, session, crypt) }) {
		return fmt.Errorf("start media: %w", ErrClosed)
	}
	return nil
}

func (p *Port) apply(params Params, session *dtlssrtp.Session, crypt *crypt) {
	now := p.shard.clock()
	if p.closed() {
		return
	}
	p.flush()
	p.packs.want = packetOctets(params.Ptime)
	codec := params.Codec
	if codec == media.Opus {
		codec = media.PCMU
	}
	if !p.started || codec != p.codec {
		p.encoder.Reset(codec)
		p.codec = codec
	}
	if !p.started {
		p.nextSR = now + firstReport
		p.shard.hasten(p)
		p.lead = 0
	}
	p.started, p.params = true, params
	p.latch.start(now, params.Remote, params.Host, params.Strangers)
	p.protect(&params, session, crypt)
	p.inband = nil
	if !params.events() {
		p.inband = dtmf.NewDetector()
	}
	p.aim(now)
}

// aim points the sockets at the peer.
func (p *Port) aim(now int64) {
	target := p.latch.target()
	if p.guard != nil && p.guard.ice != nil {
		target = p.guard.ice.Target()
	}
	p.rtp.disconnect()
	p.to.n = 0
	if target.Addr().Is6() && !p.rtp.v6 && p.pool.conf.Bind.Is6() {
		p.widen()
	}
	p.misfit = false
	if sendable(target) {
		p.misfit = !p.to.set(target, p.rtp.v6)
		if p.connects(now) {
			p.rtp.connect(&p.to)
		}
	}
	rtcp := p.params.RTCP
	if !rtcp.IsValid() || target != p.latch.expect {
		rtcp = netip.AddrPortFrom(target.Addr(), target.Port()+1)
	}
	p.toRTCP.n = 0
	if sendable(rtcp) {
		p.toRTCP.set(rtcp, p.rtcp.v6)
	}
}

// connects says whether the kernel may drop what other sources send. A connected
// socket takes packets for one local address alone, which the kernel picks by its
// routes; it must be the one that the peer was told, which is known where the port is
// bound to it. Elsewhere strangers are seen, and who copies a stream is told of.
func (p *Port) connects(now int64) bool {
	return p.latch.fixed(now) && p.steady() && !p.pool.conf.Bind.IsUnspecified()
}

// widen opens the port anew for IPv6, when a peer that came by IPv4 goes on there.
func (p *Port) widen() {
	p.rtp.close()
	p.rtcp.close()
	// Without a socket nothing is heard, which the call tells of as of any silence.
	for i, s := range []*socket{&p.rtp, &p.rtcp} {
		wide, err := openSocket(p.pool.conf.Bind, p.number+i)
		if err != nil {
			p.pool.conf.Logger.Error("a media port can't be opened for IPv6", "port", p.number+i, "err", err)
			continue
		}
		*s = wide
	}
}

// Close ends everything on the port, says goodbye by RTCP and frees the
// sockets. Further calls return the same final statistics.
func (p *Port) Close() Stats {
	p.once.Do(func() {
		p.partFromPeer()
		if p.shard.post(p.leave) {
			<-p.done
		} else {
			p.shard.open.Add(-1)
			close(p.digits)
			close(p.done)
		}
		p.rtp.close()
		p.rtcp.close()
		p.pool.release(p.number, p)
	})
	<-p.done
	return p.final
}

// leave takes the port off the wheel.
func (p *Port) leave() {
	for len(p.recs) > 0 {
		p.detach(p.recs[0], EndClosed)
	}
	p.stopPlay(false)
	p.stopOver(false)
	p.unpark()
	for _, s := range p.sendings {
		close(s.done)
	}
	p.sendings = nil
	p.unlink()
	p.flush()
	p.feeds, p.fed = nil, nil
	p.sayBye()
	p.capture = nil
	p.final = p.snapshot()
	p.shard.remove(p)
	close(p.digits)
	close(p.done)
}

func (p *Port) closed() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// order posts an order that is dropped when the port has closed before it.
func (p *Port) order(f func()) bool {
	return p.shard.post(func() {
		if !p.closed() {
			f()
		}
	})
}

// visit is the port's turn of the wheel: mono is CLOCK_MONOTONIC, wall Unix
// time, both in nanoseconds.
func (p *Port) visit(mono, wall int64) {
	p.lastTick = p.shard.tick
	for _, r := range p.recs {
		if r.owed > 0 && !r.sound.buf.Primed() {
			// The turns left out were before the stream began.
			r.settle(p.codec)
		}
	}
	p.drain(mono, wall)
	if p.opusIn != nil {
		p.opusTurn()
	}
	p.emit()
	p.control(mono, wall)
}

// miss lets the clock of the port pass n turns that were not taken.
func (p *Port) miss(n int64) {
	p.ts += uint32(n) * media.FrameSamples
	p.tally.skipped += n
	if p.in != nil {
		p.in.miss(int(n))
	}
	for _, l := range p.feeds {
		l.miss(int(n))
	}
	for _, r := range p.recs {
		r.lost(int(n))
	}
}

func (p *Port) maySend() bool {
	return p.started && (p.params.Direction == SendRecv || p.params.Direction == SendOnly)
}

func (p *Port) mayReceive() bool {
	return p.started && (p.params.Direction == SendRecv || p.params.Direction == RecvOnly)
}

// emit sends the packet of this turn.
func (p *Port) emit() {
	p.second() // when its time was left out
	frame := p.tx[headerLen : headerLen+media.FrameSamples]
	have := nothing
	switch {
	case !p.started:
		fill(frame, p.codec.Silence())
		p.tap(frame)
		return
	case p.emitKey():
		p.tap(nil)
		return
	default:
		have = p.source(frame)
	}
	sound := have != nothing
	between := p.between
	p.between = false
	if !sound && (between || p.lead >= media.FrameSamples) {
		// A prompt that follows within this turn leaves at once and in the old
		// beat, see hasten; the silence between them would only delay it.
		p.lead -= media.FrameSamples
		p.marker = true
		p.flush()
		return
	}
	for p.lead <= -media.FrameSamples { // nothing followed: the pause was a pause
		p.lead += media.FrameSamples
		p.ts += media.FrameSamples
		p.marker = true
		p.tap(nil)
	}
	switch {
	case p.maySend() && !sound && p.params.Comfort && !p.params.Quiet:
		p.flush()
		p.comfort()
		p.tap(nil)
		p.marker = true
	case p.maySend() && (sound || !p.params.Quiet):
		p.code(frame, have)
		p.tap(frame)
		if p.opusOut != nil {
			p.speak(frame, have)
		} else {
			p.frame(frame)
		}
		p.cnRest = 0
	default:
		p.flush()
		p.tap(nil)
		p.marker = true
	}
	p.ts += media.FrameSamples
}

// packet sends the first n octets of tx under a fresh header.
func (p *Port) packet(pt uint8, marker bool, ts uint32, n int) {
	if p.to.n == 0 {
		if p.misfit {
			p.tally.failed++
		}
		return
	}
	b := p.tx[:n]
	b[0], b[1] = 0x80, pt
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], p.seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], p.ssrc)
	p.seq++
	if p.guard != nil {
		if b = p.guarded(b, false); b == nil {
			p.tally.failed++
			return
		}
	}
	if p.rtp.send(b, &p.to) {
		p.tally.packets++
		p.tally.octets += int64(n - headerLen)
		if p.capture != nil {
			p.capture.sent(p, b, pt)
		}
	} else {
		p.tally.failed++
	}
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
