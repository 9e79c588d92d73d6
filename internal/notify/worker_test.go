package notify_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/clock"
	"tandem/internal/notify"
	"tandem/internal/outbound"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// rig is a worker with its store, a virtual clock and a server that others own.
type rig struct {
	t      *testing.T
	store  *sqlstore.Store
	clock  *clock.Virtual
	server *httptest.Server
	answer func(w http.ResponseWriter, r *http.Request)
	got    chan string // "POST /path body" of every request
	noted  chan voice.Event
	cfg    notify.Config
	worker *notify.Worker
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, store: s, clock: clock.NewVirtual(time.Now().Truncate(time.Microsecond)),
		got: make(chan string, 1000), noted: make(chan voice.Event, 1000),
		answer: func(http.ResponseWriter, *http.Request) {},
	}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.got <- req.Method + " " + req.URL.String() + " " + string(body)
		r.answer(w, req)
	}))
	policy := outbound.New(outbound.Config{AllowLoopback: true})
	r.cfg = notify.Config{
		Store: s, Tenants: policy.Client(outbound.Webhook()), Operator: policy.Operator(5 * time.Second),
		Clock: r.clock, Note: func(e voice.Event) { r.noted <- e },
	}
	t.Cleanup(func() {
		r.server.Close()
		r.cfg.Tenants.CloseIdleConnections()
		r.cfg.Operator.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) start() {
	r.worker = notify.Start(r.cfg)
	r.t.Cleanup(r.stop)
}

func (r *rig) stop() {
	if r.worker != nil {
		r.worker.Close()
		r.worker = nil
	}
}

func (r *rig) delivery(call voice.CallID, endpoint, path string, tries int) voice.Delivery {
	return voice.Delivery{
		ID: voice.DeliveryID(voice.NewID("d")), Tenant: "1", Call: call, Endpoint: endpoint, Purpose: "event " + path, Method: "POST",
		URL: r.server.URL + "/" + path + "?token=secret", Type: "text/plain", Body: path,
		Tries: tries, Next: r.clock.Now(), Created: r.clock.Now(),
	}
}

func (r *rig) queue(ds ...voice.Delivery) {
	r.t.Helper()
	if err := r.store.CreateDeliveries(r.t.Context(), ds); err != nil {
		r.t.Fatal(err)
	}
	if r.worker != nil {
		r.worker.Queued(ds)
	}
}

// in takes one from a channel, within a time that no machine should need.
func in[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s did not come", what)
	}
	return v
}

// state waits until a delivery is in a state that ok likes.
func (r *rig) state(id voice.DeliveryID, ok func(voice.Delivery) bool) voice.Delivery {
	r.t.Helper()
	var last voice.Delivery
	for range 2000 {
		all, err := r.store.Deliveries(r.t.Context(), "1", voice.DeliveryFilter{Limit: 1000})
		if err != nil {
			r.t.Fatal(err)
		}
		last = all[slices.IndexFunc(all, func(d voice.Delivery) bool { return d.ID == id })]
		if ok(last) {
			return last
		}
		<-time.After(5 * time.Millisecond)
	}
	r.t.Fatalf("delivery stays %+v", last)
	return last
}

func is(s voice.DeliveryState) func(voice.Delivery) bool {
	return func(d voice.Delivery) bool { return d.State == s }
}

func TestDelivered(t *testing.T) {
	r := newRig(t)
	r.answer = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "thank\n you") }
	r.start()
	d := r.delivery("c1", "e", "dial-in", 1)
	d.Headers = map[string]string{"X-Event": "x", "Authorization": "Basic secret"}
	r.queue(d)
	if got := in(t, "the request", r.got); got != "POST /dial-in?token=secret dial-in" {
		t.Errorf("the server got %q", got)
	}
	e := in(t, "the event", r.noted)
	if e.Kind != voice.EventWebhookSent || e.Call != "c1" || e.Tenant != "1" || e.Data["status"] != "200" || e.Data["attempt"] != "1" ||
		e.Data["latency_ms"] == "" || e.Data["url"] != r.server.URL+"/dial-in?token=…" ||
		e.Data["method"] != "POST" || e.Data["body"] != "dial-in" || e.Data["headers"] != "Authorization: …\nContent-Type: text/plain\nX-Event: x" ||
		e.Data["answer"] != "thank you" || e.Data["delivery"] != string(d.ID) || strings.Contains(e.Text+fmt.Sprint(e.Data), "secret") {
		t.Errorf("noted %+v", e)
	}
	got := r.state(d.ID, is(voice.DeliveryDone))
	if got.Attempts != 1 || got.Words != "200" {
		t.Errorf("stored %+v", got)
	}
	as, err := r.store.Attempts(t.Context(), "1", d.ID)
	if err != nil || len(as) != 1 || as[0].N != 1 || as[0].Status != 200 || as[0].Answer != "thank you" || as[0].Words != "200" || !as[0].At.Equal(r.clock.Now()) {
		t.Errorf("attempts %+v, %v", as, err)
	}
}

// TestRetried has a server that fails until the third attempt, and what comes
// later wait for it.
func TestRetried(t *testing.T) {
	r := newRig(t)
	n := 0
	r.answer = func(w http.ResponseWriter, _ *http.Request) {
		if n++; n < 3 {
			w.WriteHeader(503)
		}
	}
	first, second := r.delivery("c1", "e", "first", 5), r.delivery("c1", "e", "second", 5)
	other := r.delivery("c2", "e", "other", 5)
	r.queue(first, second)
	r.start()
	in(t, "the first request", r.got)
	e := in(t, "the event", r.noted)
	if e.Kind != voice.EventWebhookFailed || e.Data["status"] != "503" || !strings.Contains(e.Text, "is tried again at") {
		t.Errorf("noted %+v", e)
	}
	d := r.state(first.ID, func(d voice.Delivery) bool { return d.Attempts == 1 })
	pauses := notify.Schedule()
	if !d.Next.Equal(r.clock.Now().Add(pauses[0])) || d.Words != "503" {
		t.Errorf("after the first attempt: %+v", d)
	}
	r.clock.Advance(pauses[0])
	if got := in(t, "the second attempt", r.got); !strings.HasSuffix(got, " first") {
		t.Errorf("%q came before what was queued first", got)
	}
	r.state(first.ID, func(d voice.Delivery) bool { return d.Attempts == 2 })
	r.queue(other) // another call's does not wait
	if got := in(t, "the other call's", r.got); !strings.HasSuffix(got, " other") {
		t.Errorf("%q came before the other call's", got)
	}
	r.clock.Advance(pauses[1])
	for _, want := range []string{" first", " second"} {
		if got := in(t, "the rest", r.got); !strings.HasSuffix(got, want) {
			t.Errorf("%q came, want %q", got, want)
		}
	}
	if d := r.state(second.ID, is(voice.DeliveryDone)); d.Attempts != 1 {
		t.Errorf("the second was sent %d times", d.Attempts)
	}
}

func TestGivenUp(t *testing.T) {
	r := newRig(t)
	r.answer = func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/elsewhere" {
			http.Redirect(w, req, "/target", http.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(400)
	}
	r.start()
	for _, tt := range []struct {
		d        voice.Delivery
		attempts int
		words    string
	}{
		{r.delivery("c1", "a", "once", 1), 1, "400"},
		{r.delivery("c1", "b", "twice", 2), 2, "given up after 2 attempts: 400"},
		{r.delivery("c1", "c", "elsewhere", 1), 1, "307"},
		{with(r.delivery("c1", "d", "x", 5), "http://192.0.2.1/hook"), 1, "not a public address"},
		{with(r.delivery("c1", "e", "x", 5), "ftp://example.com/"), 1, "must begin with"},
		{with(r.delivery("c1", "f", "x", 5), "http://[::1"), 1, "can't be read"},
		{with(r.delivery("c1", "g", "x", 1), "http://127.0.0.1:1/"), 1, "refused"},
	} {
		r.queue(tt.d)
		for range tt.attempts - 1 {
			r.state(tt.d.ID, func(d voice.Delivery) bool { return d.Attempts > 0 })
			r.clock.Advance(notify.Schedule()[0])
		}
		d := r.state(tt.d.ID, is(voice.DeliveryDead))
		if d.Attempts != tt.attempts || !strings.Contains(d.Words, tt.words) {
			t.Errorf("%s: %d attempts, %q; want %d, %q", tt.d.URL, d.Attempts, d.Words, tt.attempts, tt.words)
		}
		for range tt.attempts {
			if e := in(t, "the event", r.noted); e.Kind != voice.EventWebhookFailed {
				t.Errorf("noted %+v", e)
			}
		}
	}
}

func with(d voice.Delivery, url string) voice.Delivery { d.URL = url; return d }

// TestSlowEndpoint has one endpoint that does not answer, with many waiting,
// while another's go through.
func TestSlowEndpoint(t *testing.T) {
	r := newRig(t)
	release := make(chan struct{})
	r.answer = func(_ http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/slow") {
			<-release
		}
	}
	defer sync.OnceFunc(func() { close(release) })()
	var many []voice.Delivery
	for i := range 3 * notify.MaxPerEndpoint {
		many = append(many, r.delivery(voice.CallID(fmt.Sprint("c", i)), "slow", fmt.Sprint("slow", i), 1))
	}
	r.queue(many...)
	r.start()
	for range notify.MaxPerEndpoint {
		in(t, "a slow request", r.got)
	}
	for i := range 5 {
		quick := r.delivery("c1", "quick", fmt.Sprint("quick", i), 1)
		r.queue(quick)
		if got := in(t, "the quick one", r.got); !strings.HasSuffix(got, fmt.Sprint("quick", i)) {
			t.Fatalf("%q came: the slow endpoint has more than its share", got)
		}
		r.state(quick.ID, is(voice.DeliveryDone))
	}
}

// TestSlowAccount has one account whose many endpoints do not answer, while
// another account's goes through.
func TestSlowAccount(t *testing.T) {
	r := newRig(t)
	r.cfg.Tenants = r.server.Client() // all endpoints are on one host here, which the policy's bounds too
	release := make(chan struct{})
	r.answer = func(_ http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/slow") {
			<-release
		}
	}
	defer sync.OnceFunc(func() { close(release) })()
	var many []voice.Delivery
	for i := range 2 * notify.MaxPerTenant {
		many = append(many, r.delivery("c1", fmt.Sprint("slow", i), fmt.Sprint("slow", i), 1))
	}
	r.queue(many...)
	r.start()
	for range notify.MaxPerTenant / 2 { // of whom nothing is known
		in(t, "a slow request", r.got)
	}
	quick := r.delivery("c2", "quick", "quick", 1)
	quick.Tenant = "2"
	r.queue(quick)
	if got := in(t, "the quick one", r.got); !strings.HasSuffix(got, "quick") {
		t.Fatalf("%q came: the slow account has more than its share", got)
	}
}

// TestRestart ends a worker in the middle of requests and starts another.
func TestRestart(t *testing.T) {
	r := newRig(t)
	release := make(chan struct{})
	r.answer = func(_ http.ResponseWriter, req *http.Request) {
		select {
		case <-release:
		case <-req.Context().Done():
		}
	}
	again, once, message := r.delivery("c1", "a", "again", 3), r.delivery("c1", "b", "once", 1), r.delivery("c1", "sms", "sms", 1)
	message.Operator = true
	r.queue(again, once, message)
	r.start()
	for range 3 {
		in(t, "a request", r.got)
	}
	closed := make(chan struct{})
	go func() { r.stop(); close(closed) }()
	for done := false; !done; { // time for what is under way, then it is broken off
		select {
		case <-closed:
			done = true
		case <-time.After(5 * time.Millisecond):
			r.clock.Advance(time.Second)
		}
	}
	all, err := r.store.Deliveries(t.Context(), "1", voice.DeliveryFilter{Call: "c1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		switch {
		case (d.ID == again.ID || d.ID == once.ID) && (d.State != voice.DeliveryQueued || d.Attempts != 0):
			t.Errorf("a webhook is %+v", d)
		case d.ID == message.ID && (d.State != voice.DeliveryDead || !strings.Contains(d.Words, "the program ended")):
			t.Errorf("a text message that is sent once is %+v", d)
		}
	}
	close(release)
	r.start()
	for range 2 {
		if got := in(t, "the request after the restart", r.got); strings.HasSuffix(got, "sms") {
			t.Errorf("%q was sent after the restart", got)
		}
	}
	r.state(again.ID, is(voice.DeliveryDone))
	r.state(once.ID, is(voice.DeliveryDone))
}

// TestCrashDuringTheLastAttempt finds a text message whose only attempt was begun
// by a program that died.
func TestCrashDuringTheLastAttempt(t *testing.T) {
	r := newRig(t)
	d := r.delivery("c1", "a", "once", 1)
	d.Operator = true
	r.queue(d)
	d.State, d.Attempts = voice.DeliveryQueued, 1
	if err := r.store.UpdateDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	r.start()
	if got := r.state(d.ID, is(voice.DeliveryDead)); !strings.Contains(got.Words, "the program ended") {
		t.Errorf("it is %+v", got)
	}
	if len(r.got) > 0 {
		t.Errorf("it was sent again: %s", <-r.got)
	}
}

func TestScheduleReachesOverThreeDays(t *testing.T) {
	total := time.Duration(0)
	for _, p := range notify.Schedule() {
		total += p
	}
	if total != 72*time.Hour || len(notify.Schedule()) != voice.FullTries-1 {
		t.Errorf("%d attempts reach over %s", len(notify.Schedule())+1, total)
	}
}

// TestStoreAway has a store that fails once in a while: nothing is lost.
func TestStoreAway(t *testing.T) {
	r := newRig(t)
	flaky := &flakyStore{Store: r.store, refuse: 2}
	r.cfg.Store = flaky
	d := r.delivery("c1", "e", "x", 3)
	r.queue(d)
	r.start()
	in(t, "the request", r.got)
	for range 100 {
		if got, err := r.store.Deliveries(t.Context(), "1", voice.DeliveryFilter{Call: "c1", Limit: 1}); err == nil && got[0].State == voice.DeliveryDone {
			break
		}
		<-time.After(5 * time.Millisecond)
		r.clock.Advance(10 * time.Second)
	}
	r.state(d.ID, is(voice.DeliveryDone))
	if len(r.got) > 0 {
		t.Error("it was sent again while its outcome was not stored")
	}
}

type flakyStore struct {
	*sqlstore.Store
	mu     sync.Mutex
	refuse int
}

func (s *flakyStore) SaveAttempts(ctx context.Context, ds []voice.Delivery, as []voice.DeliveryAttempt, es []voice.Endpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse > 0 {
		s.refuse--
		return voice.Errorf("test", voice.Unavailable, "away")
	}
	return s.Store.SaveAttempts(ctx, ds, as, es)
}
