package auth

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Limits of guessing: failures a minute before any more is looked at.
const (
	FailuresPerName   = 10 // from addresses that the name never came from
	FailuresPerSource = 20
	FailuresKnown     = 10 // by a name from an address where it was right before
	limitWindow       = time.Minute
)

// maxBuckets bounds each table of the guard; the oldest go first.
const maxBuckets = 50_000

// guard counts failures. A name that was right from an address before is
// counted apart from everyone else there and elsewhere, so that neither
// guessing at the name nor from the address locks its true user out.
type guard struct {
	mu      sync.Mutex
	names   table
	sources table
	known   table
}

func newGuard() *guard {
	return &guard{
		names:   table{size: FailuresPerName, m: map[string]*bucket{}},
		sources: table{size: FailuresPerSource, m: map[string]*bucket{}},
		known:   table{size: FailuresKnown, m: map[string]*bucket{}},
	}
}

// attempt is one try, which counts as a failure until it succeeds.
type attempt struct {
	pair, name, source string
	known              bool
}

// begin counts a try, or gives how long to wait when there were too many.
func (g *guard) begin(name, source string, now time.Time) (attempt, time.Duration) {
	place := place(source)
	a := attempt{pair: name + "\x00" + place, name: name, source: place}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, a.known = g.known.m[a.pair]; a.known {
		return a, g.known.take(a.pair, now)
	}
	if wait := g.sources.take(place, now); wait > 0 {
		return a, wait // before the name is noted: invented names can't fill the table
	}
	if wait := g.names.take(name, now); wait > 0 {
		g.sources.give(place)
		return a, wait
	}
	return a, 0
}

// succeed takes back what a counted and remembers where the name was right.
func (g *guard) succeed(a attempt, now time.Time) {
	g.giveBack(a)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known.find(a.pair, now)
}

// giveBack takes back what a counted: the try was not looked at after all.
func (g *guard) giveBack(a attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.known {
		g.known.give(a.pair)
		return
	}
	g.names.give(a.name)
	g.sources.give(a.source)
}

// place gives what counts as one address: an IPv4 address, or the /64 of an
// IPv6 address, since whoever has one of those has all of it.
func place(source string) string {
	text := source
	if ap, err := netip.ParseAddrPort(source); err == nil {
		text = ap.Addr().String()
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return source
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// table holds token buckets of one size, filled once per limitWindow.
type table struct {
	size int
	m    map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time // when left was right
}

// find gives the bucket of key as it is now.
func (t *table) find(key string, now time.Time) *bucket {
	b := t.m[key]
	if b == nil {
		if len(t.m) >= maxBuckets {
			t.forget()
		}
		b = &bucket{left: float64(t.size), at: now}
		t.m[key] = b
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(float64(t.size), b.left+float64(t.size)*passed.Seconds()/limitWindow.Seconds())
		b.at = now
	}
	return b
}

// take takes one from the bucket of key, or gives how long until it could.
func (t *table) take(key string, now time.Time) time.Duration {
	b := t.find(key, now)
	if b.left < 1 {
		return time.Duration((1 - b.left) / float64(t.size) * float64(limitWindow))
	}
	b.left--
	return 0
}

// give puts one back.
func (t *table) give(key string) {
	if b := t.m[key]; b != nil {
		b.left = min(float64(t.size), b.left+1)
	}
}

// forget removes the older half of a full table.
func (t *table) forget() {
	var oldest, newest time.Time
	for _, b := range t.m {
		if oldest.IsZero() || b.at.Before(oldest) {
			oldest = b.at
		}
		if b.at.After(newest) {
			newest = b.at
		}
	}
	middle := oldest.Add(newest.Sub(oldest) / 2)
	for key, b := range t.m {
		if !b.at.After(middle) {
			delete(t.m, key)
		}
	}
}
