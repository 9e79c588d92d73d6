package rtpport

import (
	"fmt"
	"sync/atomic"

	"tandem/internal/media"
)

const (
	linkItems   = 32
	linkSound   = 240 // octets: 30 ms, of a packet that may be longer
	bridgeDelay = 1 * media.FrameSamples
	bridgeMost  = 15 * media.FrameSamples
	maxOwed     = 100
)

type itemKind uint8

const (
	itemSound itemKind = iota
	itemPress
	itemRelease
	itemReset
	itemQuiet
)

// item is one thing that a port passes to its bridged peer.
type item struct {
	kind  itemKind
	codec media.Codec
	key   byte
	level uint8  // of quiet
	age   uint16 // of sound: samples since it arrived
	ts    uint32
	n     int
	data  [linkSound]byte
}

// link carries the sound and keys of one port to another: a ring with one
// writer, the shard of the first, and one reader, the shard of the second.
type link struct {
	head, tail atomic.Uint32
	items      [linkItems]item
	dropped    atomic.Int64

	// What follows is the reader's.
	stream
	ear    ear
	passed bool // the last turn went on as it was, and the ear has not heard it
	owed   int  // turns the reader left out: their sound is not wanted any more
}

func newLink() *link {
	return &link{stream: newStream(bridgeDelay, bridgeMost)}
}

// slot is the next free item, nil when the ring is full.
func (l *link) slot() *item {
	head := l.head.Load()
	if head-l.tail.Load() == linkItems {
		l.dropped.Add(1)
		return nil
	}
	return &l.items[head%linkItems]
}

func (l *link) push(it item) {
	if s := l.slot(); s != nil {
		s.kind, s.key, s.ts, s.level = it.kind, it.key, it.ts, it.level
		l.head.Add(1)
	}
}

// sound passes a packet on that arrived age samples ago, in pieces if it is long.
func (l *link) sound(codec media.Codec, ts uint32, payload []byte, age int) {
	for len(payload) > 0 {
		s := l.slot()
		if s == nil {
			return
		}
		s.kind, s.codec, s.ts, s.age = itemSound, codec, ts, uint16(age)
		s.n = copy(s.data[:], payload)
		l.head.Add(1)
		payload, ts = payload[s.n:], ts+uint32(s.n)
	}
}

// Bridge joins two ports of one pool: each hears the other, in its own codec
// and its own RTP stream, and keys pass as keys. Digits and recording go on at
// both. A playback on a bridged port covers the peer while it lasts. A port
// that is bridged already leaves its old peer.
func Bridge(a, b *Port) error {
	if a == nil || b == nil || a == b || a.pool != b.pool {
		return fmt.Errorf("bridge: two ports of one pool are needed")
	}
	ab, ba := newLink(), newLink()
	okA := a.join(ba, ab)
	if !okA || !b.join(ab, ba) {
		if okA {
			a.part(ba)
		}
		return fmt.Errorf("bridge: %w", ErrClosed)
	}
	return nil
}

// Unbridge parts two ports, if they are bridged with each other.
func Unbridge(a, b *Port) {
	var in, out *link
	if !a.await(func() { in, out = a.in, a.out }) || in == nil {
		return
	}
	b.await(func() {
		if b.in == out {
			b.unlink()
		}
	})
	a.part(in)
}

// await has the wheel do f and waits for it; false when the port is closed.
func (p *Port) await(f func()) bool {
	ready := make(chan struct{})
	if !p.order(func() { f(); close(ready) }) {
		return false
	}
	select {
	case <-ready:
		return true
	case <-p.done:
		// The order may have been the last before the end.
		select {
		case <-ready:
			return true
		default:
			return false
		}
	}
}

// join sets the links of a port and waits until the wheel has taken them.
func (p *Port) join(in, out *link) bool {
	return p.await(func() {
		p.unlink()
		p.in, p.out = in, out
	})
}

// part undoes a join if it still stands.
func (p *Port) part(in *link) {
	p.await(func() {
		if p.in == in {
			p.unlink()
		}
	})
}

// unlink leaves the bridge: keys that are down come up, on both sides.
func (p *Port) unlink() {
	if p.held.key != 0 {
		p.release()
	}
	if p.in != nil && p.event.Busy() && len(p.sendings) == 0 {
		p.event.Release()
	}
	p.in, p.out, p.held.key = nil, nil, 0
}

// fromPeer takes what the peer passed on and gives its sound of this turn: in frame,
// or as samples, when these are wanted or it speaks another codec; nothing when there
// is no bridge.
func (p *Port) fromPeer(frame []byte, samples bool) form {
	l := p.in
	p.cnLevel = 0
	if l == nil {
		return nothing
	}
	tail := l.tail.Load()
	for ; tail != l.head.Load(); tail++ {
		it := &l.items[tail%linkItems]
		if it.kind == itemPress && (p.event.Busy() || p.overlay != nil) {
			break // the key before is still being sent
		}
		switch it.kind {
		case itemPress:
			p.press(it.key, 0)
		case itemRelease:
			p.event.Release()
		default:
			l.store(it)
		}
		l.tail.Store(tail + 1)
	}
	l.settle(frame)
	if samples || l.codec != p.codec {
		l.listen(p.shard.mixed[:])
		return linear
	}
	l.buf.Slip()
	gaps := l.buf.Take(frame)
	l.passed = true
	if p.params.Comfort && gaps.Quiet(len(frame)) {
		p.cnLevel = gaps.Level
		return nothing
	}
	return coded
}

// store puts an item of sound into the reader's buffer.
func (l *link) store(it *item) {
	switch it.kind {
	case itemSound:
		l.put(it.codec, it.ts, it.data[:it.n], int(it.age))
	case itemQuiet:
		l.buf.Quiet(it.ts, it.level)
	case itemReset:
		l.reset()
		l.ear.forget()
	}
}

// settle lets the sound of the turns left out pass.
func (l *link) settle(frame []byte) {
	for ; l.owed > 0; l.owed-- {
		l.buf.Take(frame)
	}
}

// listen writes the samples of this turn to pcm.
func (l *link) listen(pcm []int16) {
	if l.passed {
		l.ear.forget()
		l.passed = false
	}
	var octets [mostOctets]byte
	n, gaps := l.stream.take(&octets)
	l.ear.hear(l.codec, pcm, octets[:n], &gaps)
}

func (l *link) miss(n int) { l.owed = min(l.owed+n, maxOwed) }
