package httpapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Bounds of what runs flows in virtual time: tests, replays and what is listened to.
const (
	benchAtOnce  = 2 // on this server, so that calls keep the other processors
	benchAccount = 4 // of one account, those that wait among them
	benchWait    = 20 * time.Second
	listenTime   = 60 * time.Second // for one sound, in real time
	replayTime   = 30 * time.Second // for the calls of one request
)

// bench lets in as many runs at once as the server can spare.
type bench struct {
	seats chan struct{}
	mu    sync.Mutex
	of    map[voice.TenantID]int
}

func newBench() *bench {
	return &bench{seats: make(chan struct{}, benchAtOnce), of: map[voice.TenantID]int{}}
}

// enter waits for a place. leave gives it back. Limit when the account has enough
// there, or none gets free in time.
func (b *bench) enter(ctx context.Context, t voice.TenantID) (leave func(), err error) {
	const op = "httpapi.bench"
	b.mu.Lock()
	full := b.of[t] >= benchAccount
	if !full {
		b.of[t]++
	}
	b.mu.Unlock()
	if full {
		return nil, voice.Errorf(op, voice.Limit, "%d tests, replays and sounds of the account are being made already; wait for one of them", benchAccount)
	}
	gone := func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.of[t]--; b.of[t] == 0 {
			delete(b.of, t)
		}
	}
	wait := time.NewTimer(benchWait)
	defer wait.Stop()
	select {
	case b.seats <- struct{}{}:
		return func() { <-b.seats; gone() }, nil
	case <-wait.C:
		err = voice.Errorf(op, voice.Limit, "others test, replay and listen on this server just now; try again in a while")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	gone()
	return nil, err
}

// within runs f in a place, and ends it after a time.
func within[R any](ctx context.Context, a *API, t voice.TenantID, most time.Duration, what string, f func(context.Context) (R, error)) (R, error) {
	var none R
	leave, err := a.bench.enter(ctx, t)
	if err != nil {
		return none, err
	}
	defer leave()
	late := errors.New(what + " takes more than " + most.String())
	ctx, stop := context.WithTimeoutCause(ctx, most, late)
	defer stop()
	r, err := f(ctx)
	if err != nil && errors.Is(context.Cause(ctx), late) {
		return none, voice.Errorf("httpapi.bench", voice.Limit, "%s", late)
	}
	return r, err
}

// within is within for what has no result of its own.
func (a *API) within(ctx context.Context, t voice.TenantID, most time.Duration, what string, f func(context.Context) error) error {
	_, err := within(ctx, a, t, most, what, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return err
}
