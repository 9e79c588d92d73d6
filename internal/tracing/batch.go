package tracing

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// batch is a span processor that sends spans together. The SDK's either loses spans
// without a word when too many wait, or waits itself, for ever at its end.
type batch struct {
	out    sdk.SpanExporter
	log    *slog.Logger
	every  time.Duration
	unsent *atomic.Uint64

	mu      sync.Mutex
	waiting []sdk.ReadOnlySpan
	told    time.Time // when it was last said that something is not sent

	wake    chan struct{} // in: a whole batch waits; holds one
	closing chan struct{}
	once    sync.Once
	ctx     context.Context
	cancel  context.CancelFunc // ends what is being sent
	done    sync.WaitGroup
}

func newBatch(out sdk.SpanExporter, cfg Config, unsent *atomic.Uint64) *batch {
	b := &batch{out: out, log: cfg.Log, every: cfg.Batch, unsent: unsent, wake: make(chan struct{}, 1), closing: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.done.Go(b.run)
	return b
}

// OnStart implements sdk.SpanProcessor.
func (b *batch) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd implements sdk.SpanProcessor. It never waits.
func (b *batch) OnEnd(s sdk.ReadOnlySpan) {
	b.mu.Lock()
	n := len(b.waiting)
	if n < queueLength {
		b.waiting = append(b.waiting, s)
	}
	b.mu.Unlock()
	switch {
	case n >= queueLength:
		b.unsent.Add(1)
	case n+1 >= batchLength:
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

func (b *batch) run() {
	tick := time.NewTicker(b.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-b.wake:
		case <-b.closing:
			b.send()
			return
		}
		b.send()
	}
}

// send sends what waits.
func (b *batch) send() {
	for {
		b.mu.Lock()
		n := min(len(b.waiting), batchLength)
		spans := b.waiting[:n:n]
		b.waiting = b.waiting[n:]
		b.mu.Unlock()
		if n == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(b.ctx, sendTime)
		err := b.out.ExportSpans(ctx, spans)
		cancel()
		if err != nil {
			b.failed(n, err)
		}
	}
}

func (b *batch) failed(n int, err error) {
	b.unsent.Add(uint64(n))
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); b.log != nil && now.Sub(b.told) >= logEvery {
		b.told = now
		b.log.Warn("traces not sent", "spans", n, "err", err)
	}
}

// ForceFlush implements sdk.SpanProcessor.
func (b *batch) ForceFlush(context.Context) error { return nil }

// Shutdown implements sdk.SpanProcessor: what waits is sent until ctx is done.
func (b *batch) Shutdown(ctx context.Context) error {
	b.once.Do(func() { close(b.closing) })
	stop := context.AfterFunc(ctx, b.cancel)
	defer stop()
	b.done.Wait()
	b.cancel()
	return b.out.Shutdown(ctx)
}
