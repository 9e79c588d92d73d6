package transact

import (
	"sync"
	"time"
)

// aged remembers values for a span of time, and up to twice as long. It holds at most
// twice most of them: when more come within a span, those from before it are forgotten
// early. Safe for concurrent use.
type aged[K comparable, V any] struct {
	span time.Duration
	most int

	mu         sync.Mutex
	turn       time.Time
	young, old map[K]V
}

func newAged[K comparable, V any](span time.Duration, most int) *aged[K, V] {
	return &aged[K, V]{span: span, most: most, young: map[K]V{}}
}

func (a *aged[K, V]) put(k K, v V, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.age(now); len(a.young) >= a.most {
		a.next(now)
	}
	a.young[k] = v
}

func (a *aged[K, V]) get(k K, now time.Time) (v V, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.age(now)
	if v, ok = a.young[k]; !ok {
		v, ok = a.old[k]
	}
	return v, ok
}

func (a *aged[K, V]) age(now time.Time) {
	if now.Sub(a.turn) >= a.span {
		a.next(now)
	}
}

func (a *aged[K, V]) next(now time.Time) {
	if a.turn = now; len(a.young) == 0 {
		a.old = nil
		return
	}
	a.old, a.young = a.young, make(map[K]V, len(a.young)/2)
}
