package jitter

import "math/bits"

// Kind is what there is of a piece of a stream.
type Kind uint8

// The kinds.
const (
	Heard Kind = iota
	Lost       // it was sent, or should have been, and is not here
	Quiet      // the sender said that it sends nothing
)

// Gaps says what of one Take is missing.
type Gaps struct {
	missing  [4]uint64 // a bit for each octet
	from, to int       // of it, what is quiet
	Level    uint8     // of the quiet: dB below overload, 0 to 127 (RFC 3389)
}

// Run gives what there is at an octet, and how many are alike from there to end.
func (g *Gaps) Run(at, end int) (Kind, int) {
	missing := g.bit(at)
	quiet := missing && at >= g.from && at < g.to
	if missing {
		if quiet {
			end = min(end, g.to)
		} else if at < g.from && g.from < g.to {
			end = min(end, g.from)
		}
	}
	n := g.until(at, end, missing) - at
	switch {
	case quiet:
		return Quiet, n
	case missing:
		return Lost, n
	}
	return Heard, n
}

// Any says whether of the first n octets any is here.
func (g *Gaps) Any(n int) bool {
	for at := 0; at < n; {
		kind, run := g.Run(at, n)
		if kind == Heard {
			return true
		}
		at += run
	}
	return false
}

// Quiet says whether the sender meant to send none of the first n octets.
func (g *Gaps) Quiet(n int) bool {
	kind, run := g.Run(0, n)
	return kind == Quiet && run == n
}

func (g *Gaps) bit(at int) bool { return g.missing[at/64]>>(at%64)&1 != 0 }

// until is the first octet from at to end that is missing where others are not, or here
// where others are missing; end when all are alike.
func (g *Gaps) until(at, end int, missing bool) int {
	from := at % 64
	for i := at / 64; i*64 < end; i++ {
		w := g.word(i, missing) >> from << from
		if w != 0 {
			return min(i*64+bits.TrailingZeros64(w), end)
		}
		from = 0
	}
	return end
}

// last is the last of the first n octets that is missing, or here; -1 when none is.
func (g *Gaps) last(n int, missing bool) int {
	cut := -n & 63
	for i := (n - 1) / 64; i >= 0; i-- {
		if w := g.word(i, !missing) << cut >> cut; w != 0 {
			return i*64 + 63 - bits.LeadingZeros64(w)
		}
		cut = 0
	}
	return -1
}

// word has a bit for each of 64 octets that is not missing, or not here.
func (g *Gaps) word(i int, missing bool) uint64 {
	if missing {
		return ^g.missing[i]
	}
	return g.missing[i]
}

func (g *Gaps) miss(from, to int) {
	for i := from; i < to; i++ {
		g.missing[i/64] |= 1 << (i % 64)
	}
}

// quiet is a time for which the sender said that it sends nothing.
type quiet struct {
	on       bool
	open     bool // until it sends again
	from, to uint32
	level    uint8
}

// Quiet says that the sender means to send nothing from timestamp on, until it does
// again, and how loud the noise around it is: 0 to 127 dB below overload. What is
// missing then is not lost.
func (b *Buffer) Quiet(timestamp uint32, level uint8) {
	b.quiet = quiet{on: true, open: true, from: timestamp, level: level}
}

// heard ends an open time: the sender has sent again, at timestamp.
func (q *quiet) heard(timestamp uint32) {
	if q.on && q.open && int32(timestamp-q.from) >= 0 {
		q.open, q.to = false, timestamp
	}
}

// gaps tells what of the next n octets is missing.
func (b *Buffer) gaps(g *Gaps, n int) {
	at := b.read & mask
	word, shift := int(at/64), at%64
	for i := 0; i*64 < n; i++ {
		here := b.have[(word+i)%len(b.have)]>>shift | b.have[(word+i+1)%len(b.have)]<<(64-shift)
		g.missing[i] |= ^here << max(i*64+64-n, 0) >> max(i*64+64-n, 0)
	}
	q := &b.quiet
	if !q.on {
		return
	}
	g.Level = q.level
	g.from = min(max(int(int32(q.from-b.read)), 0), n)
	g.to = n
	if q.open && g.from == 0 {
		q.from = b.read // which must not fall so far behind that it wraps
	}
	if !q.open {
		g.to = min(max(int(int32(q.to-b.read)), 0), n)
		q.on = g.to > 0
	}
}

// mark notes of n octets from timestamp on whether they are here.
func (b *Buffer) mark(timestamp uint32, n int, here bool) {
	for n > 0 {
		at := timestamp & mask
		k := min(n, int(64-at%64))
		word := ^uint64(0) >> (64 - k) << (at % 64)
		if here {
			b.have[at/64] |= word
		} else {
			b.have[at/64] &^= word
		}
		timestamp, n = timestamp+uint32(k), n-k
	}
}
