package notify_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/notify"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// benchRig is a worker on a real clock with an outbox that is full already.
type benchRig struct {
	store  *sqlstore.Store
	worker *notify.Worker
	served atomic.Int64 // requests that were answered 200
	quick  chan string  // ids of what came to /quick
	good   string       // address of a server that answers
}

// newBenchRig queues n deliveries to as many endpoints as of says, of ten
// accounts or one, at the addresses that at gives, and starts a worker.
func newBenchRig(b *testing.B, n, endpoints, accounts int, at func(r *benchRig, i int) string) *benchRig {
	b.Helper()
	s, err := sqlstore.Open(b.Context(), sqlstore.Options{SQLitePath: filepath.Join(b.TempDir(), "t.db")})
	if err != nil {
		b.Fatal(err)
	}
	r := &benchRig{store: s, quick: make(chan string, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/quick" {
			r.quick <- req.URL.RawQuery
			return
		}
		r.served.Add(1)
	}))
	r.good = server.URL
	now := time.Now()
	var ds []voice.Delivery
	for i := range n {
		e := i % endpoints
		ds = append(ds, voice.Delivery{
			ID: voice.DeliveryID(voice.NewID("d")), Tenant: voice.TenantID(fmt.Sprint("t", e%accounts)), Call: voice.CallID(fmt.Sprint("c", i)),
			Endpoint: fmt.Sprint("e", e), Purpose: "event", Method: "POST", URL: at(r, e), Body: "x", Tries: voice.FullTries, Next: now, Created: now,
		})
	}
	if err := s.CreateDeliveries(b.Context(), ds); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	r.worker = notify.Start(notify.Config{Store: s, Tenants: client, Operator: client})
	b.Cleanup(func() {
		r.worker.Close()
		client.CloseIdleConnections()
		server.Close()
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return r
}

// fresh queues a delivery of an account to an endpoint that answers and gives
// how long after its commit it came there.
func (r *benchRig) fresh(b *testing.B, t voice.TenantID, call string) time.Duration {
	b.Helper()
	d := voice.Delivery{
		ID: voice.DeliveryID(voice.NewID("d")), Tenant: t, Call: voice.CallID(call), Endpoint: "quick", Purpose: "event",
		Method: "POST", URL: r.good + "/quick?" + call, Tries: 1, Next: time.Now(), Created: time.Now(),
	}
	if err := r.store.CreateDeliveries(b.Context(), []voice.Delivery{d}); err != nil {
		b.Fatal(err)
	}
	from := time.Now()
	r.worker.Queued([]voice.Delivery{d})
	for {
		select {
		case id := <-r.quick:
			if id == call {
				return time.Since(from)
			}
		case <-time.After(30 * time.Second):
			b.Fatal("the fresh delivery did not come")
		}
	}
}

// BenchmarkFresh measures how long a delivery to an endpoint that answers takes
// from its commit, while n endpoints of one account that don't answer are due.
func BenchmarkFresh(b *testing.B) {
	hanging, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		b.Fatal(err)
	}
	defer hanging.Close()
	for _, kind := range []string{"hanging", "refused"} {
		at := "http://" + hanging.Addr().String()
		if kind == "refused" {
			at = "http://127.0.0.1:1/"
		}
		for _, n := range []int{1_000, 10_000, 100_000} {
			for _, t := range []voice.TenantID{"t0", "other"} {
				b.Run(fmt.Sprintf("%s/due=%d/account=%s", kind, n, t), func(b *testing.B) {
					r := newBenchRig(b, n, n, 1, func(*benchRig, int) string { return at })
					var took []time.Duration
					r.fresh(b, t, "first")
					i := 0
					for b.Loop() {
						i++
						took = append(took, r.fresh(b, t, fmt.Sprint("q", i)))
						<-time.After(10 * time.Millisecond)
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
					b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
				})
			}
		}
	}
}

// BenchmarkBacklog measures how many deliveries a second leave an outbox where n
// are due, to a thousand endpoints of ten accounts that all answer.
func BenchmarkBacklog(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("due=%d", n), func(b *testing.B) {
			r := newBenchRig(b, n, 1000, 10, func(r *benchRig, _ int) string { return r.good + "/" })
			ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
			defer cancel()
			begun := time.Now()
			for r.served.Load() < int64(n) && ctx.Err() == nil {
				<-time.After(time.Millisecond)
			}
			b.ReportMetric(float64(r.served.Load())/time.Since(begun).Seconds(), "sent/s")
		})
	}
}
