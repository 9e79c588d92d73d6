package tracing

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"tandem/internal/voice"
)

// Bounds of what waits and of sending.
const (
	queueLength = 8192 // events, and spans
	batchLength = 512  // spans
	batchTime   = 2 * time.Second
	sendTime    = 10 * time.Second
	logEvery    = time.Minute
)

// Config is how calls are traced.
type Config struct {
	Endpoint string // URL: http://host:4318/v1/traces
	Headers  map[string]string
	Share    int // percent of the calls, 1 to 100
	Client   *http.Client
	Version  string
	Log      *slog.Logger
	// Batch is how long spans wait to be sent together; 0 = 2 s.
	Batch time.Duration
}

// Tracer follows calls.
type Tracer struct {
	share    uint64
	queue    chan voice.Event // in
	closing  chan struct{}
	once     sync.Once
	done     sync.WaitGroup
	provider *sdk.TracerProvider
	dropped  atomic.Uint64
	unsent   atomic.Uint64
}

// Start begins to trace calls; nothing is sent before the first is over. An
// endpoint that does not answer is no error: its spans are dropped and counted.
func Start(cfg Config) (*Tracer, error) {
	if cfg.Batch <= 0 {
		cfg.Batch = batchTime
	}
	out, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(cfg.Endpoint), otlptracehttp.WithHeaders(cfg.Headers),
		otlptracehttp.WithHTTPClient(cfg.Client), otlptracehttp.WithTimeout(sendTime))
	if err != nil {
		return nil, voice.E("tracing.Start", voice.Invalid, err)
	}
	t := &Tracer{share: uint64(max(cfg.Share, 0)), queue: make(chan voice.Event, queueLength), closing: make(chan struct{})}
	t.provider = sdk.NewTracerProvider(
		sdk.WithSampler(sdk.AlwaysSample()), sdk.WithIDGenerator(ids{}),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "tandem"), attribute.String("service.version", cfg.Version))),
		sdk.WithSpanProcessor(newBatch(out, cfg, &t.unsent)),
	)
	spans := newSpans(t.provider.Tracer("tandem"))
	t.done.Go(func() { t.run(spans) })
	return t, nil
}

// Follow takes an event of a call. It never waits.
func (t *Tracer) Follow(e voice.Event) {
	if !t.Takes(e.Call) {
		return
	}
	select {
	case <-t.closing:
		return
	default:
	}
	select {
	case t.queue <- e:
	default:
		t.dropped.Add(1)
	}
}

// Takes says whether a call is among those that are traced.
func (t *Tracer) Takes(id voice.CallID) bool {
	if t.share >= 100 {
		return true
	}
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[24:])%100 < t.share
}

// Dropped gives how many events are in no trace because too many waited, and
// spans that the receiver did not take.
func (t *Tracer) Dropped() uint64 { return t.dropped.Load() + t.unsent.Load() }

func (t *Tracer) run(s *spans) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case e := <-t.queue:
			s.take(e)
		case now := <-tick.C:
			s.forget(now)
		case <-t.closing:
			for {
				select {
				case e := <-t.queue:
					s.take(e)
				default:
					s.end(time.Now())
					return
				}
			}
		}
	}
}

// Close ends the spans that are open and sends what there is, until ctx is done.
func (t *Tracer) Close(ctx context.Context) {
	t.once.Do(func() { close(t.closing) })
	t.done.Wait()
	_ = t.provider.Shutdown(ctx) // what is not sent is dropped and counted
}

// IDOf gives the id of a call's trace.
func IDOf(id voice.CallID) trace.TraceID {
	sum := sha256.Sum256([]byte(id))
	return trace.TraceID(sum[:16])
}
