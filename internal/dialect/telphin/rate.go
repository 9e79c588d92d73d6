package telphin

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"tandem/internal/voice"
)

// maxRated bounds the accounts whose requests are counted at once.
const maxRated = 100_000

// rates counts the requests of each account in the present hour.
type rates struct {
	mu    sync.Mutex
	hour  time.Time
	count map[voice.TenantID]int
}

// take counts one request and says in h how many are left, as the vendor does. The
// error is the refusal of one too many.
func (r *rates) take(h http.Header, t voice.TenantID, limit int, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	hour := now.Truncate(time.Hour)
	if !hour.Equal(r.hour) || r.count == nil || len(r.count) > maxRated {
		r.hour, r.count = hour, map[voice.TenantID]int{}
	}
	r.count[t]++
	left := hour.Add(time.Hour).Sub(now)
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-r.count[t])))
	h.Set("X-RateLimit-Reset", strconv.Itoa(int(left/time.Second)))
	if r.count[t] > limit {
		return failf(http.StatusTooManyRequests, statusRate, "the limit of %d requests an hour is reached", limit)
	}
	return nil
}
