package rtpport

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tandem/internal/media"
	"tandem/internal/media/jitter"
)

// Stall keeps the port's shard from its work for d.
func (p *Port) Stall(d time.Duration) {
	p.await(func() { time.Sleep(d) })
}

// Inject has the port take b as if it had come from source, as RTP or RTCP.
func (p *Port) Inject(source netip.AddrPort, b []byte, rtcp bool) {
	p.await(func() {
		in := p.shard.batch
		var sa sockaddr
		sa.set(source, p.rtp.v6)
		in.name[0] = sa.buf
		n := copy(in.buf[0][:], b)
		in.hdr[0].n = uint32(n)
		in.hdr[0].hdr.SetControllen(0)
		if rtcp {
			p.report(in.packet(0), 1e18)
			return
		}
		p.incoming(in.packet(0), in, 0, p.shard.clock(), time.Now().UnixNano())
	})
}

// InjectAll is Inject for many packets, in one turn.
func (p *Port) InjectAll(source netip.AddrPort, packets [][]byte) {
	p.await(func() {
		in := p.shard.batch
		var sa sockaddr
		sa.set(source, p.rtp.v6)
		in.name[0] = sa.buf
		for _, b := range packets {
			in.hdr[0].n = uint32(copy(in.buf[0][:], b))
			in.hdr[0].hdr.SetControllen(0)
			p.incoming(in.packet(0), in, 0, p.shard.clock(), time.Now().UnixNano())
		}
	})
}

// Judge runs the source rule over packets; times are in milliseconds.
func Judge(expect, host string, strangers bool, packets []JudgePacket) (verdicts string, alarm bool) {
	var l latch
	var h netip.Addr
	if host != "" {
		h = netip.MustParseAddr(host)
	}
	const begin = 1_000_000_000_000
	l.start(begin, netip.MustParseAddrPort(expect), h, strangers)
	out := ""
	for _, p := range packets {
		now := begin + int64(p.At)*int64(time.Millisecond)
		if p.Offer != "" {
			if p.Host != "" {
				h = netip.MustParseAddr(p.Host)
			}
			l.start(now, netip.MustParseAddrPort(p.Offer), h, strangers)
			out += "-"
			continue
		}
		out += string("x.M"[l.packet(now, netip.MustParseAddrPort(p.From), p.SSRC, p.Seq)])
	}
	return out, l.copies()
}

// JudgePacket is a packet, or with Offer a new start, at a time.
type JudgePacket struct {
	At    int
	From  string
	SSRC  uint32
	Seq   uint16
	Offer string
	Host  string // with Offer: where signalling comes from now
}

// AllocsPerTurn is how much a turn of the port allocates in which a packet of the
// peer comes from source.
func (p *Port) AllocsPerTurn(source netip.AddrPort, packet func() []byte) float64 {
	var n float64
	p.await(func() {
		in := p.shard.batch
		var sa sockaddr
		sa.set(source, p.rtp.v6)
		in.name[0] = sa.buf
		packets := make([][]byte, 102)
		for i := range packets {
			packets[i] = packet()
		}
		i := 0
		n = testing.AllocsPerRun(100, func() {
			in.hdr[0].n = uint32(copy(in.buf[0][:], packets[i]))
			in.hdr[0].hdr.SetControllen(0)
			i++
			now := time.Now()
			p.incoming(in.packet(0), in, 0, p.shard.clock(), now.UnixNano())
			p.visit(p.shard.clock(), now.UnixNano())
		})
	})
	return n
}

// AllocsPerTurn is how much a turn of the room allocates.
func (r *Room) AllocsPerTurn() (n float64) {
	r.await(func() { n = testing.AllocsPerRun(100, r.mix) })
	return n
}

// Turns has the port take packets of the peer one by one, each in a turn of its own.
func (p *Port) Turns(source netip.AddrPort, packets [][]byte) {
	p.await(func() {
		in := p.shard.batch
		var sa sockaddr
		sa.set(source, p.rtp.v6)
		for _, b := range packets {
			in.name[0] = sa.buf
			in.hdr[0].n = uint32(copy(in.buf[0][:], b))
			in.hdr[0].hdr.SetControllen(0)
			now := time.Now()
			p.incoming(in.packet(0), in, 0, p.shard.clock(), now.UnixNano())
			p.visit(p.shard.clock(), now.UnixNano())
		}
	})
}

// Hearing is a stream as a recording or a bridge of unlike codecs hears it, without a
// port and in whatever time the test has.
type Hearing struct {
	link
	codec media.Codec
	Lost  int // the longest piece that was concealed, in samples
	All   int // samples that were concealed
	run   int
}

// Recorded and Bridged make one.
func Recorded(codec media.Codec) *Hearing {
	return &Hearing{codec: codec, link: link{stream: newStream(recordDelay, recordMost)}}
}

func Bridged(codec media.Codec) *Hearing {
	return &Hearing{codec: codec, link: link{stream: newStream(bridgeDelay, bridgeMost)}}
}

// Packet is one that arrived age samples ago.
func (h *Hearing) Packet(ts uint32, octets []byte, age int) { h.put(h.codec, ts, octets, age) }

// Turn gives the sound of the next 20 ms.
func (h *Hearing) Turn(pcm []int16) {
	var octets [mostOctets]byte
	n, gaps := h.stream.take(&octets)
	for at := 0; at < n; {
		kind, run := gaps.Run(at, n)
		if at += run; kind == jitter.Heard {
			h.run = 0
			continue
		}
		h.run += run
		h.All += run
		h.Lost = max(h.Lost, h.run)
	}
	h.ear.hear(h.stream.codec, pcm, octets[:n], &gaps)
}

// Waits is how much of what has arrived was not given out yet, in samples.
func (h *Hearing) Waits() int { return h.buf.Held() + h.ear.stretch.Held() }

// Connected says whether the kernel drops what does not come from the peer.
func (p *Port) Connected() (yes bool) {
	p.await(func() { yes = p.rtp.connected })
	return yes
}

// Rounds has the port take the packets of each turn, which may be none, with no more
// between two than the turn that follows.
func (p *Port) Rounds(source netip.AddrPort, turns [][][]byte) {
	p.await(func() {
		in := p.shard.batch
		var sa sockaddr
		sa.set(source, p.rtp.v6)
		for _, packets := range turns {
			for _, b := range packets {
				in.name[0] = sa.buf
				in.hdr[0].n = uint32(copy(in.buf[0][:], b))
				in.hdr[0].hdr.SetControllen(0)
				p.incoming(in.packet(0), in, 0, p.shard.clock(), time.Now().UnixNano())
			}
			p.visit(p.shard.clock(), time.Now().UnixNano())
		}
	})
}

// SoundTimes turns timestamps of Opus into those of samples.
func SoundTimes(wide []uint32) (all []uint32) {
	var c opusClock
	for _, ts := range wide {
		all = append(all, c.samples(ts))
	}
	return all
}

// JitterOf is what is reckoned of packets on a clock that came at times, in nanoseconds.
func JitterOf(clock int64, ts []uint32, at []int64) time.Duration {
	var r rxState
	for i := range ts {
		r.packet(1, uint16(i), ts[i], false, clock, at[i], 0)
	}
	return units(r.jitter>>4, r.clock)
}

// Wheel gives how many slots have passed and how often the wheel's thread has slept.
func (p *Port) Wheel() (slots, sleeps int64) {
	p.await(func() {
		var used unix.Rusage
		_ = unix.Getrusage(unix.RUSAGE_THREAD, &used)
		slots, sleeps = p.shard.tick, used.Nvcsw
	})
	return slots, sleeps
}

// KernelMayDrop says of each claim, a stranger's first, whether the kernel may drop all
// others than a source that was taken by it, a second after the start.
func KernelMayDrop() (may [4]bool) {
	for by := range may {
		l := latch{locked: true, by: claim(by), learnUntil: learnTime, seen: int64(time.Second)}
		may[by] = l.fixed(int64(time.Second))
	}
	return may
}
