package tunem

import (
	"math/rand/v2"
	"time"
)

// Profile is what a line does to packets. The zero value passes all at once.
type Profile struct {
	Loss      float64       // share of packets that are lost one by one, 0 to 1
	BurstEach time.Duration // mean time between bursts in which everything is lost; 0 = none
	BurstLow  time.Duration // shortest burst
	BurstHigh time.Duration // longest burst
	Delay     time.Duration // of every packet
	Jitter    time.Duration // and up to so much more, evenly spread; the order is kept
	Reorder   float64       // share of packets that are held back to come after later ones
	HoldBack  time.Duration // by how much; 0 = 25 ms
	Duplicate float64       // share of packets that come twice
}

// defaultHoldBack puts a packet of a stream of 20 ms behind the next.
const defaultHoldBack = 25 * time.Millisecond

// fate is what becomes of one packet: when its copies arrive; none = it is lost.
type fate struct {
	at [2]time.Duration // since the line began
	n  int
}

// course draws the fates of one direction.
type course struct {
	p     Profile
	rng   *rand.Rand
	burst time.Duration // when the next burst begins
	over  time.Duration // and ends
	last  time.Duration // arrival of the last packet that kept its place
}

func newCourse(p Profile, seed, direction uint64) *course {
	c := &course{p: p, rng: rand.New(rand.NewPCG(seed, direction))}
	c.next(0)
	return c
}

// next draws the burst after a time.
func (c *course) next(after time.Duration) {
	if c.p.BurstEach <= 0 {
		return
	}
	c.burst = after + time.Duration(c.rng.ExpFloat64()*float64(c.p.BurstEach))
	c.over = c.burst + c.p.BurstLow + c.spread(c.p.BurstHigh-c.p.BurstLow)
}

func (c *course) spread(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(c.rng.Int64N(int64(d) + 1))
}

// packet draws the fate of a packet sent at now. Every packet draws the same numbers,
// so that one profile's choices do not shift another's.
func (c *course) packet(now time.Duration) fate {
	lost := c.rng.Float64() < c.p.Loss
	jitter := c.spread(c.p.Jitter)
	late := c.rng.Float64() < c.p.Reorder
	twice := c.rng.Float64() < c.p.Duplicate
	for c.p.BurstEach > 0 && now >= c.over {
		c.next(c.over)
	}
	if lost || c.p.BurstEach > 0 && now >= c.burst {
		return fate{}
	}
	at := max(now+c.p.Delay+jitter, c.last)
	if late {
		hold := c.p.HoldBack
		if hold == 0 {
			hold = defaultHoldBack
		}
		at += hold
	} else {
		c.last = at
	}
	f := fate{at: [2]time.Duration{at, at}, n: 1}
	if twice {
		f.n = 2
	}
	return f
}
