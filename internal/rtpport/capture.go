package rtpport

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"time"

	"tandem/internal/srtp"
)

// Capture takes copies of the packets of one port: RTP and RTCP as they are on the
// wire, sealed where they are. What is received counts once the source rule, and the
// keys of a secured stream, have let it in. Its ring is filled by the wheel, which
// never waits, and emptied by Read, in one goroutine at a time.
type Capture struct {
	hush *Hush
	ring []byte

	head, tail atomic.Uint64 // octets written and read
	lost       atomic.Int64

	// Of the shard's thread.
	veiled [2]int64 // until when a key that was hidden hides what is sent, and received
}

const (
	captureRing = 1 << 17 // octets: 5 s of both directions of G.711; a power of two
	captureHead = 2 + 2 + 1 + 16 + 2 + 2 + 8
	veilTime    = int64(300 * time.Millisecond) // without a packet of a key, after which it is over

	wasReceived = 1
	wasControl  = 2
)

// NewCapture makes a capture that leaves out what hush says.
func NewCapture(hush *Hush) *Capture {
	return &Capture{hush: hush, ring: make([]byte, captureRing)}
}

// Captured is one packet.
type Captured struct {
	At      time.Time // to the nanosecond where the kernel told it
	In      bool      // received
	Control bool      // RTCP
	Peer    netip.AddrPort
	Local   uint16 // port
	Octets  []byte // of its payload; valid until the function that was given it returns
	Hidden  int    // octets that followed and are left out
}

// Capture begins to fill c, in place of what the port filled before.
func (p *Port) Capture(c *Capture) { p.order(func() { p.capture = c }) }

// Uncapture ends that, unless another took its place, and returns when nothing comes
// into c any more.
func (p *Port) Uncapture(c *Capture) {
	p.await(func() {
		if p.capture == c {
			p.capture = nil
		}
	})
}

// Lost is how many packets found no room in the ring.
func (c *Capture) Lost() int64 { return c.lost.Load() }

// Read gives f every packet that waits, in the order in which they were taken.
func (c *Capture) Read(f func(Captured)) {
	var head [captureHead]byte
	var packet [maxPacket + srtp.MostAdded]byte
	for at := c.tail.Load(); at != c.head.Load(); {
		c.get(at, head[:])
		n := uint64(binary.BigEndian.Uint16(head[:]))
		octets := packet[:n]
		c.get(at+captureHead, octets)
		at += captureHead + n
		c.tail.Store(at)
		flags := head[4]
		f(Captured{
			At: time.Unix(0, int64(binary.BigEndian.Uint64(head[25:]))), In: flags&wasReceived != 0, Control: flags&wasControl != 0,
			Peer:  netip.AddrPortFrom(netip.AddrFrom16([16]byte(head[5:])).Unmap(), binary.BigEndian.Uint16(head[21:])),
			Local: binary.BigEndian.Uint16(head[23:]), Octets: octets, Hidden: int(binary.BigEndian.Uint16(head[2:])),
		})
	}
}

// received takes a packet of the peer that counts, as it was on the wire; pt is its
// payload type, mono the present time.
func (c *Capture) received(p *Port, b []byte, pt uint8, from netip.AddrPort, arrival, mono int64) {
	c.put(b, c.shown(p, b, pt, 1, mono), wasReceived, from, uint16(p.number), arrival)
}

// sent takes a packet to the peer.
func (c *Capture) sent(p *Port, b []byte, pt uint8) {
	c.put(b, c.shown(p, b, pt, 0, p.shard.clock()), 0, addrPort(p.to.buf[:]), uint16(p.number), time.Now().UnixNano())
}

// receivedRTCP and sentRTCP do the same for reports, of which nothing is secret.
func (c *Capture) receivedRTCP(b []byte, from netip.AddrPort, local int, arrival int64) {
	c.put(b, len(b), wasReceived|wasControl, from, uint16(local), arrival)
}

func (c *Capture) sentRTCP(b []byte, to *sockaddr, local int) {
	c.put(b, len(b), wasControl, addrPort(to.buf[:]), uint16(local), time.Now().UnixNano())
}

// shown is how many octets of a packet may be captured: all, or its header. way is 1
// for what is received.
func (c *Capture) shown(p *Port, b []byte, pt uint8, way int, mono int64) int {
	keys, sound := mono < c.hush.keys.Load(), mono < c.hush.sound.Load()
	veiled := mono < c.veiled[way]
	if !keys && !veiled {
		return len(b)
	}
	switch audible := p.audible(pt); {
	case !audible, way == 1 && p.inband != nil && p.inband.Held():
		c.veiled[way] = mono + veilTime
	case !sound && !veiled && p.params.events():
		return len(b)
	}
	return min(len(b), headerLen+4*int(b[0]&0x0F))
}

// audible says whether a payload type is one of sound and can't be a key's.
func (p *Port) audible(pt uint8) bool {
	return pt == p.params.payloadType() || pt == p.params.Opus.PT || pt < 64
}

// put copies the first n octets of a packet into the ring, if there is room.
func (c *Capture) put(b []byte, n int, flags byte, peer netip.AddrPort, local uint16, at int64) {
	head := c.head.Load()
	if head-c.tail.Load()+uint64(captureHead+n) > captureRing {
		c.lost.Add(1)
		return
	}
	var h [captureHead]byte
	binary.BigEndian.PutUint16(h[0:], uint16(n))
	binary.BigEndian.PutUint16(h[2:], uint16(len(b)-n))
	h[4] = flags
	a := peer.Addr().As16()
	copy(h[5:], a[:])
	binary.BigEndian.PutUint16(h[21:], peer.Port())
	binary.BigEndian.PutUint16(h[23:], local)
	binary.BigEndian.PutUint64(h[25:], uint64(at))
	c.set(head, h[:])
	c.set(head+captureHead, b[:n])
	c.head.Store(head + uint64(captureHead+n))
}

// set and get copy octets at a place of the ring, which goes on at its beginning.
func (c *Capture) set(at uint64, b []byte) {
	n := copy(c.ring[at%captureRing:], b)
	copy(c.ring, b[n:])
}

func (c *Capture) get(at uint64, b []byte) {
	n := copy(b, c.ring[at%captureRing:])
	copy(b[n:], c.ring)
}
