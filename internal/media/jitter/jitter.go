// Package jitter puts the audio of an RTP stream back in order and in step
// with the listener's clock: reordering, loss, late packets, silence
// suppression, clock drift.
//
// A Buffer belongs to one goroutine at a time, allocates only when it is made,
// and knows no packets, only octets of 1/8000 s and their RTP timestamps. It follows
// the timestamps (RFC 3550 §5.1), so packets may hold any length of sound. What is
// missing it tells, for whoever conceals it.
package jitter

import "tandem/internal/media"

const (
	size  = 4096 // samples in the ring: 512 ms
	mask  = size - 1
	frame = media.FrameSamples

	shrinkAfter = 250 // Takes without a late packet: 5 s
	growPause   = 2   // Takes between two lengthenings
	resync      = 1600
)

// Buffer holds the next half second of a stream.
type Buffer struct {
	ring    [size]byte
	have    [size / 64]uint64 // a bit for each octet of ring that was put and not taken
	silence byte
	quiet   quiet

	base int // delay at first, samples
	most int // longest

	primed bool
	read   uint32 // timestamp of the next sample to take
	head   uint32 // timestamp after the newest sample

	takes    int // since the last late packet or adjustment
	slackMin int // smallest lead of head over read since then
	sinceFix int

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
	b.takes, b.sinceFix = 0, 0
}

// Put stores the sound of a packet.
func (b *Buffer) Put(timestamp uint32, sound []byte) {
	if len(sound) > size/2 {
		return
	}
	if !b.primed {
		b.start(timestamp)
	}
	lead := int(int32(timestamp - b.read))
	if lead < -resync || lead+len(sound) > size {
		b.Resyncs++
		b.wipe()
		b.quiet = quiet{}
		b.start(timestamp)
		lead = b.base
	}
	if lead < 0 {
		b.late(min(-lead, len(sound)))
		lead = int(int32(timestamp - b.read))
	}
	if lead < 0 {
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
	b.primed, b.takes = true, 0
}

func (b *Buffer) wipe() {
	for i := range b.ring {
		b.ring[i] = b.silence
	}
	b.have = [size / 64]uint64{}
}

// late answers sound that missed its turn by holding the stream back longer.
func (b *Buffer) late(n int) {
	b.Late += n
	b.takes = 0
	if b.sinceFix < growPause || b.Held()+frame > b.most {
		return
	}
	b.sinceFix = 0
	b.read -= frame
}

// Take fills dst, of at most 20 ms, with the next sound, and says what of it is
// missing, in whose place it puts silence. It must be called in step with the
// listener's clock.
func (b *Buffer) Take(dst []byte) (g Gaps) {
	b.sinceFix++
	if !b.primed {
		for i := range dst {
			dst[i] = b.silence
		}
		g.miss(0, len(dst))
		return g
	}
	b.measure()
	b.gaps(&g, len(dst))
	for i := range dst {
		at := (b.read + uint32(i)) & mask
		dst[i] = b.ring[at]
		b.ring[at] = b.silence
	}
	b.mark(b.read, len(dst), false)
	b.read += uint32(len(dst))
	if int32(b.read-b.head) > 0 {
		// Nothing is held; head must not fall so far behind that it wraps.
		b.head = b.read
	}
	return g
}

// measure shortens the delay when for five seconds it was never needed.
func (b *Buffer) measure() {
	slack := int(int32(b.head - b.read))
	if b.takes == 0 || slack < b.slackMin {
		b.slackMin = slack
	}
	b.takes++
	if b.takes < shrinkAfter {
		return
	}
	b.takes = 0
	if b.slackMin > b.base+2*frame {
		for i := range frame {
			b.ring[(b.read+uint32(i))&mask] = b.silence
		}
		b.mark(b.read, frame, false)
		b.read += frame
	}
}

// Primed says whether a stream has begun since the buffer was made or reset.
func (b *Buffer) Primed() bool { return b.primed }

// Held is the number of samples from the next to take to the newest.
func (b *Buffer) Held() int {
	if !b.primed {
		return 0
	}
	return int(int32(b.head - b.read))
}
