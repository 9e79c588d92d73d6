package engine

import (
	"sync"
	"time"

	"tandem/internal/voice"
)

// timeline numbers a call's events and hands them on. The call's goroutine and
// the SIP stack's both note on it.
type timeline struct {
	sink func(voice.Event) // never blocks

	mu     sync.Mutex
	id     voice.CallID
	tenant voice.TenantID
	seq    int
}

func (t *timeline) setTenant(id voice.TenantID) {
	t.mu.Lock()
	t.tenant = id
	t.mu.Unlock()
}

// Note fills in call, tenant, sequence number and, when it is zero, the time.
func (t *timeline) Note(e voice.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	e.Call, e.Tenant, e.Seq = t.id, t.tenant, t.seq
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.At = e.At.Truncate(time.Microsecond)
	t.sink(e) // under the lock, so that the sink sees them in order of Seq
}
