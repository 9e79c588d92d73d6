package jitter

const (
	step    = frame / 2 // by which the delay changes at a time: 10 ms
	window  = 125       // Takes of half the time looked back on: 2.5 s
	enough  = 10        // packets that a window needs to tell anything
	slack   = 48        // samples that the clocks may be apart: 6 ms
	soon    = 3         // Takes between two steps when sound is lost for want of delay
	later   = 25        // and otherwise
	none    = 1 << 30
	steady  = 3 * frame // a delay at first from which on the stream is kept in time
	reserve = frame     // that must be left by a step down
)

// span is what was seen of the lead of packets over their turn, in samples.
type span struct {
	low, high, count int
}

// pace follows how early packets come, to know how much delay is needed. The late ones
// tell what is needed now; the earliest tell how the sender's clock runs.
type pace struct {
	now, last span
	turns     int
	rest      int // turns until the next step
	first     int // the earliest of the first window
	anchored  bool
}

func (p *pace) begin() {
	*p = pace{now: span{low: none, high: -none}, last: span{low: none, high: -none}, rest: later}
}

func (p *pace) note(lead int) {
	p.now.low, p.now.high = min(p.now.low, lead), max(p.now.high, lead)
	p.now.count++
}

// shift notes that packets from now on have n samples more, for sound is held back so
// much longer.
func (p *pace) shift(n int) {
	for _, s := range []*span{&p.now, &p.last} {
		if s.count > 0 {
			s.low, s.high = s.low+n, s.high+n
		}
	}
}

func (p *pace) turn() {
	if p.rest > 0 {
		p.rest--
	}
	if p.turns++; p.turns < window {
		return
	}
	p.turns = 0
	p.last, p.now = p.now, span{low: none, high: -none}
	if !p.anchored && p.last.count >= enough {
		p.anchored, p.first = true, p.last.high
	}
}

// seen is the span of both windows; false while there is too little.
func (p *pace) seen() (span, bool) {
	return span{low: min(p.now.low, p.last.low), high: max(p.now.high, p.last.high)}, p.last.count >= enough
}

// Step is by how many samples more or fewer than a frame the next Take should ask:
// 80, 0 or -80. Whoever asks for so many makes a frame of them. It is to be asked in
// each turn.
func (b *Buffer) Step() int {
	p := &b.pace
	if !b.primed || b.stalled > 0 || b.resting() || p.rest > 0 {
		return 0
	}
	s, known := p.seen()
	n := 0
	if b.base >= steady {
		// There is delay enough: the stream is kept as early as it was at first.
		switch {
		case !known || !p.anchored:
		case s.high < p.first-slack:
			n = -step
		case s.high > p.first+slack && s.low >= reserve+step:
			n = step
		}
	} else {
		switch {
		case s.low < b.base:
			n = -step
		case known && s.low >= b.base+step+slack/2:
			n = step
		}
	}
	if n < 0 && (b.delay()+step > b.most || b.Held() < step) || n > 0 && b.Held() < frame+step {
		n = 0
	}
	if n != 0 {
		p.rest = later
		if s.low < 0 {
			p.rest = soon
		}
		p.shift(-n)
	}
	return n
}

// Slip leaves a frame out when it was held for seconds without need: for who passes
// octets on as they are and can't stretch them.
func (b *Buffer) Slip() {
	s, known := b.pace.seen()
	if !b.primed || !known || b.pace.rest > 0 || s.low < b.base+frame+step || b.Held() < 2*frame {
		return
	}
	b.pace.rest = later
	b.skip(frame)
	b.pace.shift(-frame)
}
