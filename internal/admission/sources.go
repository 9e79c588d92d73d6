package admission

import (
	"net/netip"
	"slices"
)

// Bounds of what is remembered of sources.
const (
	maxSources = 4096
	forgotten  = 0.02 // calls a second: less is forgotten
)

// strangers is the least share of calls for sources that are not known.
const strangers = 0.1

// source is where requests come from: an address, of IPv6 a /64.
type source struct {
	group  int
	asked  int     // since the last look
	rate   float64 // calls a second, averaged
	tokens float64
	share  float64 // calls a second
}

// group is the sources that are known, or those that are not.
type group struct {
	all    map[netip.Addr]*source
	rest   source // all that there is no place for
	bucket bucket
	share  float64 // of a source, calls a second
}

// sources share what is let in.
type sources struct{ groups [2]group }

const (
	knownGroup = iota
	strangeGroup
)

func (s *sources) init() {
	for i := range s.groups {
		s.groups[i].all = map[netip.Addr]*source{}
		s.groups[i].rest.group = i
	}
}

// of gives the source of a request.
func (s *sources) of(r Request) *source {
	at := strangeGroup
	if r.Known {
		at = knownGroup
	}
	g := &s.groups[at]
	a := r.Source
	if a.Is6() && !a.Is4In6() {
		if p, err := a.Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	x := g.all[a]
	if x == nil {
		if len(g.all) >= maxSources {
			return &g.rest
		}
		x = &source{group: at, tokens: 1, share: g.share}
		g.all[a] = x
	}
	return x
}

// look shares rate, calls a second, until the next look in dt seconds.
func (s *sources) look(rate, dt float64) {
	demand := [2]float64{}
	for i := range s.groups {
		demand[i] = s.groups[i].count(dt)
	}
	strange := max(min(demand[strangeGroup], strangers*rate), rate-demand[knownGroup])
	s.groups[strangeGroup].allot(strange, dt)
	s.groups[knownGroup].allot(max(rate-min(strange, demand[strangeGroup]), 0), dt)
}

// count averages what the sources ask, and gives the sum.
func (g *group) count(dt float64) (sum float64) {
	part := min(1, dt/rateTime)
	one := func(x *source) {
		x.rate += part * (float64(x.asked)/dt - x.rate)
		x.asked = 0
		sum += x.rate
	}
	for a, x := range g.all {
		if one(x); x.rate < forgotten {
			delete(g.all, a)
		}
	}
	one(&g.rest)
	return sum
}

// allot shares budget, calls a second, so that nobody gets more than another who
// wants more (max-min fairness).
func (g *group) allot(budget, dt float64) {
	g.bucket.fill(budget, dt, 1)
	g.share = fairShare(g.rates(), budget)
	for _, x := range g.all {
		x.fill(g.share, dt)
	}
	g.rest.fill(g.share, dt)
}

func (g *group) rates() []float64 {
	list := make([]float64, 0, len(g.all)+1)
	for _, x := range g.all {
		list = append(list, x.rate)
	}
	return append(list, g.rest.rate)
}

// fairShare gives the share at which the sum of what all get is budget: those who
// want less get what they want. It sorts rates.
func fairShare(rates []float64, budget float64) float64 {
	slices.Sort(rates)
	for i, r := range rates {
		if each := budget / float64(len(rates)-i); r >= each {
			return each
		}
		budget -= r
	}
	return budget + rates[len(rates)-1] // nobody wants so much
}

// bound of what a source may save up.
const saved = 0.5 // seconds of its share

func (x *source) fill(share, dt float64) {
	x.share = share
	x.tokens = min(x.tokens+share*dt, max(1, share*saved))
}

// take lets a call of x in, or not. Who has had its share is let in when what there
// is would else not be used; who asks for less than that comes before those who ask
// for more, on credit of what comes next.
func (s *sources) take(x *source) bool {
	b := &s.groups[x.group].bucket
	least := 1.0
	if x.modest() {
		least = -b.most
	}
	if b.most == 0 || b.tokens < least || x.tokens < 1 && b.tokens < b.most*spareLevel {
		return false
	}
	b.tokens--
	x.tokens = max(0, x.tokens-1)
	return true
}

// modest says whether a source asks for no more than its share.
func (x *source) modest() bool { return x.rate <= x.share }

// spareLevel is how full a bucket is that is not used.
const spareLevel = 0.8

// spare takes cost of what calls leave, if they leave any.
func (s *sources) spare(cost float64) bool {
	k, g := &s.groups[knownGroup].bucket, &s.groups[strangeGroup].bucket
	if most := k.most + g.most; most == 0 || k.tokens+g.tokens < most*spareLevel {
		return false
	}
	return k.take(cost) || g.take(cost)
}

// bucket is a token bucket that is filled by hand.
type bucket struct{ tokens, most float64 }

// fill adds what comes in dt seconds at rate; most is in seconds of rate, and at
// least one token, unless the rate is 0.
func (b *bucket) fill(rate, dt, most float64) {
	b.most = max(1, rate*most*bucketTime)
	if rate <= 0 {
		b.most = 0
	}
	b.tokens = min(b.tokens+rate*dt, b.most)
}

// bucketTime is for how long what is not taken is kept.
const bucketTime = 0.2 // seconds

func (b *bucket) take(n float64) bool {
	if b.tokens < n {
		return false
	}
	b.tokens -= n
	return true
}
