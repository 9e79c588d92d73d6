package transact

import (
	"net/netip"
	"sync"
	"time"
)

// sourceLimiter is a token bucket per source address, of bounded number. IPv6
// sources count by their /64.
type sourceLimiter struct {
	rate  float64
	burst float64
	max   int

	mu      sync.Mutex
	buckets map[netip.Addr]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newSourceLimiter(l Limits) *sourceLimiter {
	return &sourceLimiter{rate: l.Rate, burst: float64(l.Burst), max: l.Sources, buckets: map[netip.Addr]*bucket{}}
}

// allow takes one token of a's bucket.
func (s *sourceLimiter) allow(a netip.Addr, now time.Time) bool {
	if s.rate < 0 {
		return true
	}
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[a]
	if b == nil {
		if len(s.buckets) >= s.max {
			s.sweep(now)
		}
		b = &bucket{tokens: s.burst, at: now}
		s.buckets[a] = b
	}
	b.tokens = min(s.burst, b.tokens+now.Sub(b.at).Seconds()*s.rate)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// sweep makes room: full buckets go first, then a few at random.
func (s *sourceLimiter) sweep(now time.Time) {
	for a, b := range s.buckets {
		if b.tokens+now.Sub(b.at).Seconds()*s.rate >= s.burst {
			delete(s.buckets, a)
		}
	}
	for a := range s.buckets {
		if len(s.buckets) <= s.max*7/8 {
			return
		}
		delete(s.buckets, a)
	}
}
