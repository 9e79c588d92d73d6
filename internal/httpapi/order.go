package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Bounds of what is remembered of orders.
const (
	orderLife = 24 * time.Hour
	maxOrders = 10_000
)

// errRepeated says of a call that it had begun before.
var errRepeated = errors.New("the call had begun before")

// orderRef names an order by the client's own key; nobody else's can be met.
func orderRef(t voice.TenantID, key string) string {
	sum := sha256.Sum256([]byte(string(t) + "\x00" + key))
	return "api-" + hex.EncodeToString(sum[:16])
}

// orders remembers which orders were carried out. The zero value is ready; it may
// be used concurrently.
type orders struct {
	mu sync.Mutex
	m  map[string]*order
}

// order is one that is or was carried out.
type order struct {
	sum  [sha256.Size]byte // of what was ordered
	at   time.Time
	done chan struct{} // closed when id or err is there
	id   voice.CallID
	err  error
}

// once carries an order out unless it was before, and gives its call. Two at once
// wait for one another. Conflict when the same reference stood for another order;
// an order that failed is forgotten.
func (o *orders) once(ctx context.Context, ref string, what any, now time.Time, begin func() (voice.CallID, error)) (id voice.CallID, repeated bool, err error) {
	raw, err := json.Marshal(what)
	if err != nil {
		return "", false, voice.E("httpapi.once", voice.Internal, err)
	}
	mine := &order{sum: sha256.Sum256(raw), at: now, done: make(chan struct{})}
	have, err := o.enter(ref, mine, now)
	if err != nil {
		return "", false, err
	}
	if have != mine {
		select {
		case <-have.done:
		case <-ctx.Done():
			return "", false, voice.E("httpapi.once", voice.Unavailable, context.Cause(ctx))
		}
		if have.err == nil && have.sum != mine.sum {
			return "", false, voice.Errorf("httpapi.once", voice.Conflict, "the Idempotency-Key stood for another order before")
		}
		return have.id, true, have.err
	}
	defer close(mine.done)
	mine.id, mine.err = begin()
	if errors.Is(mine.err, errRepeated) {
		mine.err, repeated = nil, true
	}
	if mine.err != nil {
		o.mu.Lock()
		delete(o.m, ref)
		o.mu.Unlock()
	}
	return mine.id, repeated, mine.err
}

// enter gives the order of a reference, which is mine when there was none.
func (o *orders) enter(ref string, mine *order, now time.Time) (*order, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if have := o.m[ref]; have != nil && now.Sub(have.at) < orderLife {
		return have, nil
	}
	if o.m == nil {
		o.m = map[string]*order{}
	}
	if len(o.m) >= maxOrders {
		for k, v := range o.m {
			if now.Sub(v.at) >= orderLife {
				delete(o.m, k)
			}
		}
		if len(o.m) >= maxOrders && !o.forget() {
			return nil, voice.Errorf("httpapi.once", voice.Limit, "too many orders with an Idempotency-Key at once")
		}
	}
	o.m[ref] = mine
	return mine, nil
}

// forget drops the oldest order that is carried out, so that no account's orders
// shut out another's: the records of calls know it yet. The caller holds o.mu.
func (o *orders) forget() bool {
	oldest := ""
	for ref, v := range o.m {
		select {
		case <-v.done:
			if oldest == "" || v.at.Before(o.m[oldest].at) {
				oldest = ref
			}
		default:
		}
	}
	delete(o.m, oldest)
	return oldest != ""
}
