// Package jitter puts the audio of an RTP stream back in order and in step
// with the listener's clock: reordering, loss, late packets, silence
// suppression, clock drift.
//
// A Buffer belongs to one goroutine at a time, allocates only when it is made,
// and knows no packets, only octets of 1/8000 s and their RTP timestamps. It follows
// the timestamps (RFC 3550 §5.1), so packets may hold any length of sound. What is
// missing it tells, for whoever conceals it.
//
// The delay begins small. Sound that is not here in time is waited for: what is
// concealed meanwhile is the delay that is gained, or, when later sound shows that it
// was lost, the time that it had. What is held longer than it was ever needed in the
// last seconds is given back, by Step for who can stretch sound and by Slip for who
// can't.
package jitter

import "tandem/internal/media"

const (
	size  = 4096 // samples in the ring: 512 ms
	mask  = size - 1
	frame = media.FrameSamples

	resync   = 1600
	longTime = 1 << 30
)

// Buffer holds the next half second of a stream.
type Buffer struct {
	ring    [size]byte        // where have says so
	have    [size / 64]uint64 // a bit for each octet of ring that was put and not taken
	silence byte
	quiet   quiet

	base int // delay at first, samples
	most int // longest

	primed  bool
	read    uint32 // timestamp of the next sample to take
	head    uint32 // timestamp after the newest sample
	played  uint32 // timestamp after the newest sample that was taken and here
	stalled int    // samples given out since read, while nothing was here

	pace pace

	// Late counts octets that came after their time; Resyncs the jumps.
	Late, Resyncs int
}

// New makes a buffer for a codec that holds sound back by delay samples at
// first and by most samples when packets come late (at most 300 ms).
func New(codec media.Codec, delay, most int) *Buffer {
	b := &Buffer{base: delay, most: min(most, size*3/5)}
	b.Reset(codec)
	return b
}

// Reset forgets the stream; the next one is in codec.
func (b *Buffer) Reset(codec media.Codec) {
	b.silence = codec.Silence()
	b.wipe()
	b.primed = false
	b.quiet = quiet{}
}

// Put stores the sound of a packet that arrives now.
func (b *Buffer) Put(timestamp uint32, sound []byte) { b.PutAged(timestamp, sound, 0) }

// PutAged stores the sound of a packet that arrived age samples ago, which matters to
// how much delay is needed and not to where its sound belongs.
func (b *Buffer) PutAged(timestamp uint32, sound []byte, age int) {
	if len(sound) > size/2 {
		return
	}
	if !b.primed {
		b.start(timestamp)
	}
	if b.stalled > 0 {
		b.resume(timestamp, age)
	}
	lead := int(int32(timestamp - b.read))
	if lead < -resync || lead+len(sound) > size {
		b.Resyncs++
		b.wipe()
		b.quiet = quiet{}
		b.start(timestamp)
		lead = b.base
	}
	b.pace.note(lead + age)
	if lead < 0 {
		b.wait(timestamp, -lead)
		lead = int(int32(timestamp - b.read))
	}
	if lead < 0 {
		b.Late += min(-lead, len(sound))
		if -lead >= len(sound) {
			return
		}
		sound = sound[-lead:]
		timestamp = b.read
	}
	at := timestamp & mask
	n := copy(b.ring[at:], sound)
	copy(b.ring[:], sound[n:])
	b.mark(timestamp, len(sound), true)
	b.quiet.heard(timestamp)
	if end := timestamp + uint32(len(sound)); int32(end-b.head) > 0 {
		b.head = end
	}
}

func (b *Buffer) start(timestamp uint32) {
	b.read, b.head = timestamp-uint32(b.base), timestamp
	b.played = b.read
	b.primed, b.stalled = true, 0
	b.pace.begin()
}

func (b *Buffer) wipe() {
	b.have = [size / 64]uint64{}
}

// resume settles what was given out while nothing was here: it had the place of what
// is missing before timestamp, and the rest is delay.
func (b *Buffer) resume(timestamp uint32, age int) {
	gap := int(int32(timestamp - b.read))
	if gap < 0 {
		return // it is older than what is waited for
	}
	passed := min(b.stalled, gap)
	rest := b.stalled - passed
	if rest >= resync { // the sender's clock stood still
		b.start(timestamp)
		return
	}
	over := max(b.delay()+rest-b.most, 0)
	b.read += uint32(passed + over)
	if int32(b.read-b.head) > 0 {
		b.head = b.read
	}
	// Had read gone on, the lead would be less by the rest.
	b.pace.note(gap - b.stalled + age)
	b.stalled = 0
	b.pace.shift(rest - over)
}

// wait goes back to sound that is late by n samples, if nothing that comes after it
// was given out and there is delay to be had.
func (b *Buffer) wait(timestamp uint32, n int) {
	if b.stalled > 0 || int32(timestamp-b.played) < 0 {
		return
	}
	n = min(n, max(b.most-b.delay(), 0))
	b.read -= uint32(n)
	b.pace.shift(n)
}

// delay is how long the earliest packets of late are held. What was added and given
// back tells it not: where clocks run apart, that grows for ever.
func (b *Buffer) delay() int {
	s, _ := b.pace.seen()
	return max(s.high, b.base)
}

// Take fills dst, of at most 30 ms, with the next sound, and says what of it is
// missing, in whose place it puts silence. It must be called in step with the
// listener's clock.
func (b *Buffer) Take(dst []byte) (g Gaps) {
	n := len(dst)
	if b.primed {
		b.pace.turn()
		if here := max(int(int32(b.head-b.read)), 0); here < n && !b.resting() {
			b.stalled = min(b.stalled+n-here, longTime)
			n = here
		}
	} else {
		n = 0
	}
	if n < len(dst) {
		for i := n; i < len(dst); i++ {
			dst[i] = b.silence
		}
		g.miss(n, len(dst))
		if !b.primed && b.resting() { // it began by saying so
			g.to, g.Level = len(dst), b.quiet.level
		}
	}
	if n == 0 {
		return g
	}
	b.gaps(&g, n)
	at := b.read & mask
	copy(dst[copy(dst[:n], b.ring[at:]):n], b.ring[:])
	if at := g.last(n, true); at >= 0 { // what is missing the ring has anything for
		for i := g.until(0, n, false); i <= at; i++ {
			if g.bit(i) {
				dst[i] = b.silence
			}
		}
	}
	if at := g.last(n, false); at >= 0 {
		b.played = b.read + uint32(at) + 1
	}
	b.skip(n)
	return g
}

// skip goes on by n samples.
func (b *Buffer) skip(n int) {
	b.mark(b.read, n, false)
	b.read += uint32(n)
	if int32(b.read-b.head) > 0 {
		// Nothing is held; head must not fall so far behind that it wraps.
		b.head = b.read
	}
	if int32(b.read-b.played) > size {
		b.played = b.read - size
	}
}

// resting says whether the sender has said that it sends nothing.
func (b *Buffer) resting() bool { return b.quiet.on && b.quiet.open }

// Primed says whether a stream has begun since the buffer was made or reset.
func (b *Buffer) Primed() bool { return b.primed }

// Held is the number of samples from the next to take to the newest.
func (b *Buffer) Held() int {
	if !b.primed {
		return 0
	}
	return int(int32(b.head - b.read))
}
