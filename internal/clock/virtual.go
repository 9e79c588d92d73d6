package clock

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Virtual is a clock that moves only when Advance is called. Make it with
// NewVirtual.
type Virtual struct {
	mu     sync.Mutex
	now    time.Time
	timers []*virtualTimer // armed, in order of due, then of making
	armed  chan struct{}   // closed and replaced whenever a timer is armed
}

// NewVirtual makes a clock that stands at start.
func NewVirtual(start time.Time) *Virtual {
	return &Virtual{now: start, armed: make(chan struct{})}
}

// Now gives the time the clock stands at.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// NewTimer arms a timer that fires when Advance reaches it.
func (v *Virtual) NewTimer(d time.Duration) Timer {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := &virtualTimer{clock: v, due: v.now.Add(d), c: make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- v.now
		return t
	}
	i, _ := slices.BinarySearchFunc(v.timers, t, func(a, b *virtualTimer) int {
		if a.due.After(b.due) {
			return 1
		}
		return -1
	})
	v.timers = slices.Insert(v.timers, i, t)
	close(v.armed)
	v.armed = make(chan struct{})
	return t
}

// Sleep waits until Advance has moved the clock by d, or ctx ends.
func (v *Virtual) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, v, d) }

// Advance moves the clock by d and fires every timer on the way, in order.
func (v *Virtual) Advance(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	end := v.now.Add(d)
	for len(v.timers) > 0 && !v.timers[0].due.After(end) {
		t := v.timers[0]
		v.timers = v.timers[1:]
		v.now = t.due
		t.c <- t.due // the only send: the buffer holds it
	}
	v.now = end
}

// AwaitTimers returns when at least n timers are armed, so that a test can
// advance the clock after a goroutine has begun to wait.
func (v *Virtual) AwaitTimers(ctx context.Context, n int) error {
	for {
		v.mu.Lock()
		have, armed := len(v.timers), v.armed
		v.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-armed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

type virtualTimer struct {
	clock *Virtual
	due   time.Time
	c     chan time.Time
}

func (t *virtualTimer) C() <-chan time.Time { return t.c }

func (t *virtualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	i := slices.Index(t.clock.timers, t)
	if i < 0 {
		return false
	}
	t.clock.timers = slices.Delete(t.clock.timers, i, i+1)
	return true
}
