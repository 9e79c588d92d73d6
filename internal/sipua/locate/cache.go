package locate

import (
	"context"
	"errors"
	"time"
)

// Bounds of the cache.
const (
	minTTL      = time.Second      // a TTL of 0 is not asked for again within one call
	maxTTL      = time.Hour        // whatever the records say
	maxNegative = time.Minute      // that a name has no record
	maxStale    = time.Hour        // an old answer serves while no name server answers (RFC 8767)
	retryStale  = 10 * time.Second // until the name servers are tried again
	maxEntries  = 4096
)

type cacheKey struct {
	name string
	kind uint16
}

// entry is an answer in the cache or, until ready is closed, one on its way.
type entry struct {
	ready chan struct{}
	answer
	until time.Time // it holds
	stale time.Time // it serves while nothing better can be had
	// givenUp says that whoever asked had no time left.
	givenUp bool
}

// lookup gives the records of a name, from the cache where it has them. Those
// who ask for the same at the same time wait for one answer; when whoever asked
// gives up, another of them asks.
func (r *Resolver) lookup(ctx context.Context, name string, kind uint16) answer {
	key := cacheKey{name, kind}
	for {
		r.mu.Lock()
		e := r.cache[key]
		if e == nil || !e.pending() && !r.cfg.Now().Before(e.until) {
			return r.fill(ctx, key, e)
		}
		r.mu.Unlock()
		select {
		case <-e.ready:
			if !e.givenUp {
				return e.answer
			}
		case <-ctx.Done():
			return answer{err: context.Cause(ctx)}
		}
	}
}

// fill asks for what the cache lacks; old is what it had. It is called with the
// lock and gives it back.
func (r *Resolver) fill(ctx context.Context, key cacheKey, old *entry) answer {
	r.roomLocked()
	fresh := &entry{ready: make(chan struct{})}
	r.cache[key] = fresh
	r.mu.Unlock()
	a := r.ask(ctx, key.name, key.kind)
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(fresh.ready)
	now := r.cfg.Now()
	switch {
	case a.err == nil || errors.Is(a.err, ErrNoRecord):
		hold := max(a.ttl, minTTL)
		fresh.until, fresh.stale = now.Add(hold), now.Add(hold+maxStale)
	case old != nil && old.err == nil && now.Before(old.stale):
		a, fresh.until, fresh.stale = old.answer, now.Add(retryStale), old.stale
	default:
		delete(r.cache, key) // the next one asks again
		fresh.givenUp = ctx.Err() != nil
	}
	fresh.answer = a
	return a
}

func (e *entry) pending() bool {
	select {
	case <-e.ready:
		return false
	default:
		return true
	}
}

// roomLocked keeps the cache within its bound: what is over goes first, then any.
func (r *Resolver) roomLocked() {
	if len(r.cache) < maxEntries {
		return
	}
	now := r.cfg.Now()
	for k, e := range r.cache {
		if !e.pending() && now.After(e.until) {
			delete(r.cache, k)
		}
	}
	for k, e := range r.cache {
		if len(r.cache) < maxEntries {
			return
		}
		if !e.pending() {
			delete(r.cache, k)
		}
	}
}
