package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/clock"
)

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func TestVirtualFiresInOrder(t *testing.T) {
	v := clock.NewVirtual(start)
	late, early, never := v.NewTimer(3*time.Second), v.NewTimer(time.Second), v.NewTimer(2*time.Second)
	if !never.Stop() {
		t.Error("stopping an armed timer said false")
	}
	v.Advance(5 * time.Second)
	if got := <-early.C(); !got.Equal(start.Add(time.Second)) {
		t.Errorf("early fired at %v", got)
	}
	if got := <-late.C(); !got.Equal(start.Add(3 * time.Second)) {
		t.Errorf("late fired at %v", got)
	}
	if late.Stop() || never.Stop() {
		t.Error("stopping a timer that is over said true")
	}
	select {
	case <-never.C():
		t.Error("a stopped timer fired")
	default:
	}
	if got := v.Now(); !got.Equal(start.Add(5 * time.Second)) {
		t.Errorf("now is %v", got)
	}
	<-v.NewTimer(0).C()
}

func TestVirtualSleep(t *testing.T) {
	v := clock.NewVirtual(start)
	done := make(chan error)
	go func() { done <- v.Sleep(t.Context(), time.Minute) }()
	if err := v.AwaitTimers(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	v.Advance(time.Minute)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("the caller left")
	cancel(reason)
	if err := v.Sleep(ctx, time.Minute); !errors.Is(err, reason) {
		t.Errorf("sleep with an ended context gave %v", err)
	}
}

func TestRealSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Real()
		from := c.Now()
		if err := c.Sleep(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if d := c.Now().Sub(from); d != time.Hour {
			t.Errorf("slept %v", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("sleep gave %v", err)
		}
		timer := c.NewTimer(time.Second)
		if !timer.Stop() {
			t.Error("stop said false")
		}
	})
}
