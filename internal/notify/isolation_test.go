package notify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/notify"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// readStore counts the rows that a worker reads.
type readStore struct {
	*sqlstore.Store
	rows atomic.Int64
}

func (s *readStore) Outboxes(ctx context.Context) ([]voice.Outbox, error) {
	list, err := s.Store.Outboxes(ctx)
	s.rows.Add(int64(len(list)))
	return list, err
}

func (s *readStore) DueEndpoints(ctx context.Context, t voice.TenantID, failing bool, now time.Time, limit int) ([]voice.Endpoint, error) {
	list, err := s.Store.DueEndpoints(ctx, t, failing, now, limit)
	s.rows.Add(int64(len(list)))
	return list, err
}

func (s *readStore) DueDeliveries(ctx context.Context, t voice.TenantID, endpoint string, now time.Time, limit int) ([]voice.Delivery, error) {
	list, err := s.Store.DueDeliveries(ctx, t, endpoint, now, limit)
	s.rows.Add(int64(len(list)))
	return list, err
}

// TestDeadEndpoints has an account with thousands of endpoints that don't answer:
// what is new for one that does comes there, of another account and of the same,
// and the worker reads for it what it sends and not what waits.
func TestDeadEndpoints(t *testing.T) {
	const dead, fresh = 5_000, 20
	r := newRig(t)
	store := &readStore{Store: r.store}
	r.cfg.Store, r.cfg.Tenants = store, r.server.Client() // all are on one host here, which the policy's client bounds too
	var begun atomic.Int64
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun.Add(1)
		<-release
	}))
	defer hanging.Close()
	defer close(release)
	var many []voice.Delivery
	for i := range dead {
		d := r.delivery(voice.CallID(fmt.Sprint("c", i)), fmt.Sprint("dead", i), "x", voice.FullTries)
		d.URL = hanging.URL
		many = append(many, d)
	}
	r.queue(many...)
	r.start()
	for begun.Load() < notify.MaxPerTenant/2 {
		<-time.After(time.Millisecond)
	}
	store.rows.Store(0)
	for i := range fresh {
		for _, account := range []voice.TenantID{"1", "2"} {
			quick := r.delivery("q", "quick", fmt.Sprint("quick", i), 1)
			quick.Tenant = account
			r.queue(quick)
			if got := in(t, "what is new", r.got); !strings.HasSuffix(got, quick.Body) {
				t.Fatalf("%q came", got)
			}
		}
	}
	// Each round of those reads two accounts and the endpoints for which there is
	// room, or that are in use.
	if rows := store.rows.Load(); rows > 2*fresh*4*notify.MaxPerTenant {
		t.Errorf("%d rows were read for %d deliveries", rows, 2*fresh)
	}
	if n := begun.Load(); n > notify.MaxPerTenant {
		t.Errorf("%d requests hang", n)
	}
}

// TestFailingApart has endpoints that failed: they are tried again a few at a
// time, also after a restart, and leave room for those of which nothing is known.
func TestFailingApart(t *testing.T) {
	r := newRig(t)
	r.cfg.Tenants = r.server.Client()
	var mu sync.Mutex
	refuse, release := true, make(chan struct{})
	r.answer = func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		now := refuse
		mu.Unlock()
		if strings.HasPrefix(req.URL.Path, "/dead") {
			w.WriteHeader(500)
			if !now {
				<-release
			}
		}
	}
	defer sync.OnceFunc(func() { close(release) })()
	var many []voice.Delivery
	for i := range 2 * notify.MaxPerTenant {
		many = append(many, r.delivery("c1", fmt.Sprint("dead", i), "dead", 5))
	}
	r.queue(many...)
	r.start()
	for range many {
		in(t, "the first attempt", r.got)
	}
	for _, d := range many {
		r.state(d.ID, func(d voice.Delivery) bool { return d.Attempts == 1 })
	}
	r.stop()
	mu.Lock()
	refuse = false
	mu.Unlock()
	r.clock.Advance(notify.Schedule()[0])
	r.start()
	for range notify.MaxPerTenant / 4 {
		in(t, "the second attempt", r.got)
	}
	for i := range notify.MaxPerTenant / 4 { // more would be more than their share
		r.queue(r.delivery("c2", fmt.Sprint("new", i), "new", 1))
		if got := in(t, "one of which nothing is known", r.got); !strings.HasSuffix(got, "new") {
			t.Fatalf("%q came: those that failed have more than their share", got)
		}
	}
}

// TestFlakyEndpoint has an endpoint that took what it got and then failed once,
// among many of its account that don't answer: its turn comes when it is due.
func TestFlakyEndpoint(t *testing.T) {
	r := newRig(t)
	r.cfg.Tenants = r.server.Client()
	release := make(chan struct{})
	var flaky atomic.Int64
	r.answer = func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/slow") {
			<-release
		} else if flaky.Add(1) == 2 {
			w.WriteHeader(500)
		}
	}
	defer sync.OnceFunc(func() { close(release) })()
	r.start()
	first := r.delivery("c1", "flaky", "first", 3)
	r.queue(first)
	in(t, "the first", r.got)
	r.state(first.ID, is(voice.DeliveryDone))
	var many []voice.Delivery
	for i := range 4 * notify.MaxPerTenant {
		many = append(many, r.delivery("c1", fmt.Sprint("slow", i), "slow", 3))
	}
	r.queue(many...)
	for range notify.MaxPerTenant * 3 / 4 { // of whom nothing is known, and what they are to get is new
		in(t, "a slow request", r.got)
	}
	second := r.delivery("c2", "flaky", "second", 3)
	r.queue(second)
	in(t, "what fails", r.got)
	r.state(second.ID, func(d voice.Delivery) bool { return d.Attempts == 1 })
	r.clock.Advance(notify.Schedule()[0])
	if got := in(t, "the second attempt", r.got); !strings.HasSuffix(got, "second") {
		t.Fatalf("%q came", got)
	}
	r.state(second.ID, is(voice.DeliveryDone))
}
