package admission_test

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"tandem/internal/admission"
	"tandem/internal/clock"
)

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// plant is a server in virtual time: set-ups of equal cost that wait in one line,
// refusals that cost a part of one, and work that is left over for later. It works
// in steps of a millisecond.
type plant struct {
	clock    *clock.Virtual
	ctrl     *admission.Controller
	rand     *rand.Rand
	capacity float64 // set-ups a second, when it does nothing else
	refusal  float64 // cost of a refusal, in set-ups; measured: 24 µs in the gate of 2 ms
	late     func(p *plant) (median, tail time.Duration)
	load     func(p *plant, l *admission.Load)
	comers   []*comer

	line    []pending
	back    map[int64][]*comer // who comes again, by millisecond
	credit  float64
	ms      int64
	busy    float64 // work since the last look, in set-ups
	offered int
	refused map[admission.Reason]int
	waits   []time.Duration // Retry-After
	done    int             // calls that were set up
	took    []time.Duration // how long that took
	up      int             // calls that are up
	ends    map[int64]int   // by millisecond
	hold    time.Duration   // how long calls last; 0 = they are over at once
	peak    float64         // pressure
}

type pending struct {
	at int64
	of *comer
}

// comer is a source that makes calls.
type comer struct {
	addr    netip.Addr
	known   bool
	rate    func(ms int64) float64 // calls a second
	obeys   bool                   // comes again when it was told to
	due     float64
	asked   int
	done    int
	refused int
}

func newPlant(capacity float64, comers ...*comer) *plant {
	v := clock.NewVirtual(start)
	return &plant{clock: v, ctrl: admission.New(v, 7), rand: rand.New(rand.NewPCG(3, 4)), capacity: capacity, refusal: 0.015, comers: comers,
		back: map[int64][]*comer{}, ends: map[int64]int{}, refused: map[admission.Reason]int{}}
}

// run lets d pass.
func (p *plant) run(d time.Duration) {
	for range d.Milliseconds() {
		p.step()
	}
}

func (p *plant) step() {
	p.clock.Advance(time.Millisecond)
	p.ms++
	p.up -= p.ends[p.ms]
	delete(p.ends, p.ms)
	p.credit = min(p.credit+p.capacity/1000, 2+p.capacity/1000)
	for _, c := range p.comers {
		c.due += c.rate(p.ms) / 1000 * (0.5 + p.rand.Float64())
		for ; c.due >= 1; c.due-- {
			p.ask(c)
		}
	}
	for _, c := range p.back[p.ms] {
		p.ask(c)
	}
	delete(p.back, p.ms)
	for p.credit >= 1 && len(p.line) > 0 {
		x := p.line[0]
		p.line = p.line[1:]
		p.spend(1)
		took := time.Duration(p.ms-x.at) * time.Millisecond
		p.ctrl.TookUp(took)
		p.took = append(p.took, took)
		p.done++
		x.of.done++
		if p.hold > 0 {
			p.up++
			p.ends[p.ms+p.hold.Milliseconds()/2+p.rand.Int64N(p.hold.Milliseconds())]++
		}
	}
	if p.ms%admission.Interval.Milliseconds() == 0 {
		p.look()
	}
}

func (p *plant) spend(n float64) {
	p.credit -= n
	p.busy += n
}

func (p *plant) look() {
	l := admission.Load{Room: -1, CPU: min(1, p.busy/(p.capacity*admission.Interval.Seconds()))}
	p.busy = 0
	if p.late != nil {
		l.Late, l.LateTail = p.late(p)
	}
	if p.load != nil {
		p.load(p, &l)
	}
	p.ctrl.Look(l)
	p.peak = max(p.peak, p.ctrl.State().Pressure)
}

func (p *plant) ask(c *comer) {
	p.offered++
	c.asked++
	d := p.ctrl.Admit(admission.Request{Class: admission.Call, Source: c.addr, Known: c.known})
	if d.OK {
		p.ctrl.Arrived()
		p.line = append(p.line, pending{p.ms, c})
		return
	}
	p.refused[d.Reason]++
	c.refused++
	p.waits = append(p.waits, d.RetryAfter)
	p.spend(p.refusal)
	if c.obeys && p.rand.Float64() < 0.5 { // the others give up
		at := p.ms + d.RetryAfter.Milliseconds() + p.rand.Int64N(1000)
		p.back[at] = append(p.back[at], c)
	}
}

// counted is what happened in a span.
type counted struct {
	offered, done, refused int
	worst                  time.Duration // of the set-ups
}

// span lets d pass and counts.
func (p *plant) span(d time.Duration) counted {
	o, n := p.offered, p.done
	r := p.allRefused()
	p.took = nil
	p.run(d)
	c := counted{offered: p.offered - o, done: p.done - n, refused: p.allRefused() - r}
	for _, t := range p.took {
		c.worst = max(c.worst, t)
	}
	return c
}

func (p *plant) allRefused() (n int) {
	for _, k := range p.refused {
		n += k
	}
	return n
}

func constant(rate float64) func(int64) float64 { return func(int64) float64 { return rate } }

// between is high from a to b, low before and after.
func between(a, b time.Duration, low, high float64) func(int64) float64 {
	return func(ms int64) float64 {
		if ms >= a.Milliseconds() && ms < b.Milliseconds() {
			return high
		}
		return low
	}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }
