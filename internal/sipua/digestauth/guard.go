package digestauth

import (
	"net/netip"
	"sync"
	"time"
)

// Guard limits wrong guesses, per account and per source address. A source
// that was right for an account before is never locked out of it.
type Guard struct {
	perAccount float64 // failures a minute
	perSource  float64
	now        func() time.Time

	mu      sync.Mutex
	buckets map[string]*failures
	trusted map[string]time.Time
}

type failures struct {
	level float64 // failures, leaking at the permitted rate
	at    time.Time
}

const (
	maxBuckets = 1 << 15
	trustFor   = 24 * time.Hour
)

// NewGuard makes a Guard; perAccount and perSource are failures a minute,
// 0 = 10 and 20, negative = no limit. now nil = time.Now.
func NewGuard(perAccount, perSource int, now func() time.Time) *Guard {
	if perAccount == 0 {
		perAccount = 10
	}
	if perSource == 0 {
		perSource = 20
	}
	if now == nil {
		now = time.Now
	}
	return &Guard{
		perAccount: float64(perAccount), perSource: float64(perSource), now: now,
		buckets: map[string]*failures{}, trusted: map[string]time.Time{},
	}
}

func accountKey(account string) string   { return "a\x00" + account }
func sourceKey(source netip.Addr) string { return "s\x00" + source.Unmap().String() }
func pairKey(account string, source netip.Addr) string {
	return account + "\x00" + source.Unmap().String()
}

// Blocked reports whether a guess at account from source must be refused unseen.
func (g *Guard) Blocked(account string, source netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if until, ok := g.trusted[pairKey(account, source)]; ok && now.Before(until) {
		return false
	}
	return g.level(accountKey(account), g.perAccount, now) >= g.perAccount && g.perAccount >= 0 ||
		g.level(sourceKey(source), g.perSource, now) >= g.perSource && g.perSource >= 0
}

// Failed counts a wrong guess.
func (g *Guard) Failed(account string, source netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.add(accountKey(account), g.perAccount, now)
	g.add(sourceKey(source), g.perSource, now)
}

// Succeeded notes that source was right for account.
func (g *Guard) Succeeded(account string, source netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.trusted) >= maxBuckets {
		for k, until := range g.trusted {
			if g.now().After(until) || len(g.trusted) >= maxBuckets {
				delete(g.trusted, k)
			}
		}
	}
	g.trusted[pairKey(account, source)] = g.now().Add(trustFor)
}

func (g *Guard) level(key string, rate float64, now time.Time) float64 {
	f := g.buckets[key]
	if f == nil {
		return 0
	}
	f.level = max(0, f.level-now.Sub(f.at).Minutes()*rate)
	f.at = now
	return f.level
}

func (g *Guard) add(key string, rate float64, now time.Time) {
	g.level(key, rate, now)
	f := g.buckets[key]
	if f == nil {
		if len(g.buckets) >= maxBuckets {
			g.sweep(now)
		}
		f = &failures{at: now}
		g.buckets[key] = f
	}
	f.level++
}

// sweep makes room: what has leaked empty goes first, then some at random.
func (g *Guard) sweep(now time.Time) {
	for k, f := range g.buckets {
		if now.Sub(f.at) > 2*time.Minute {
			delete(g.buckets, k)
		}
	}
	for k := range g.buckets {
		if len(g.buckets) <= maxBuckets*7/8 {
			return
		}
		delete(g.buckets, k)
	}
}
