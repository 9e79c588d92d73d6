// Package clock is the time that the rest of the program sees: the machine's
// (Real) or one that a test moves by hand (Virtual).
//
// It is not a scheduler and starts no goroutine. Both clocks may be used by
// many goroutines at once.
package clock

import (
	"context"
	"time"
)

// Clock tells and awaits time.
type Clock interface {
	// Now gives the present time.
	Now() time.Time
	// NewTimer gives a timer that fires once after d; at once when d is not positive.
	NewTimer(d time.Duration) Timer
	// Sleep lets d pass, or less when ctx ends first, and then gives ctx's cause.
	Sleep(ctx context.Context, d time.Duration) error
}

// Timer fires once.
type Timer interface {
	// C gives the channel that receives the time when the timer fires. out
	C() <-chan time.Time
	// Stop keeps the timer from firing; false when it has fired or was stopped.
	Stop() bool
}

// Real gives the machine's clock.
func Real() Clock { return realClock{} }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) NewTimer(d time.Duration) Timer { return realTimer{time.NewTimer(d)} }

func (c realClock) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, c, d) }

type realTimer struct{ t *time.Timer }

func (r realTimer) C() <-chan time.Time { return r.t.C }
func (r realTimer) Stop() bool          { return r.t.Stop() }

func sleep(ctx context.Context, c Clock, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	t := c.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
