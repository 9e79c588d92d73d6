package notify

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"tandem/internal/clock"
	"tandem/internal/voice"
)

// Config is what a Worker works with.
type Config struct {
	Store voice.DeliveryStore
	// Tenants sends to addresses that tenants gave, Operator to the operator's.
	// They bound time and follow no redirects.
	Tenants, Operator *http.Client
	// Prepare makes of an operator's delivery the request that is sent, with the
	// secrets that are not stored; nil = as it is.
	Prepare func(voice.Delivery) (voice.Delivery, error)
	// Sign gives the headers that sign a delivery at now, and the exact text that
	// was signed; "" = it is not signed. nil = nothing is signed.
	Sign func(ctx context.Context, d voice.Delivery, now time.Time) (headers map[string]string, signed string, err error)
	// Gone is told of a delivery whose endpoint says that it is there no more (410).
	Gone func(ctx context.Context, d voice.Delivery)
	// Pauses are those before each further attempt, nil = Schedule's. Timeout bounds
	// one attempt, 0 = AttemptTime.
	Pauses  []time.Duration
	Timeout time.Duration
	Clock   clock.Clock // nil = the machine's
	Log     *slog.Logger
	// Note puts what came of an attempt on the timeline of a call, which may be
	// over. Several goroutines call it; nil = nobody wants to know.
	Note func(voice.Event)
}

// Bounds.
const (
	// MaxSending bounds the requests under way, MaxPerEndpoint those to one
	// endpoint, MaxPerFailing those to one that failed lately, MaxPerTenant those of
	// one account. MaxOwn of an account may be under way whatever others have, up to
	// MaxInAll of all.
	MaxSending     = 128
	MaxPerEndpoint = 8
	MaxPerFailing  = 2
	MaxPerTenant   = 48
	MaxOwn         = 2
	MaxInAll       = 512
	// MaxPace bounds the attempts that one endpoint sees within a second.
	MaxPace = 50
	// AttemptTime bounds one attempt.
	AttemptTime = 10 * time.Second
	// MaxRetryAfter bounds how long an endpoint may ask to be spared.
	MaxRetryAfter = 12 * time.Hour

	maxKnown   = 20_000           // endpoints of which is known how they answer
	maxTold    = 10_000           // endpoints with something new that wait to be looked at
	storePause = 10 * time.Second // after the store failed
	busyPause  = time.Second      // while everything that is due is under way
	minRest    = 2 * time.Millisecond
	maxRest    = 20 * time.Millisecond
	idle       = time.Hour           // look again, whatever the store said
	storeTime  = 10 * time.Second    // to write an outcome while closing
	grace      = 3 * time.Second     // for requests under way when closing
	keepFor    = 30 * 24 * time.Hour // what was delivered or given up
	pruneEvery = time.Hour           // remove what is older
)

// Schedule gives the pauses before each further attempt: three days in all.
func Schedule() []time.Duration {
	return []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour,
		12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 8*time.Hour + 24*time.Minute + 55*time.Second,
	}
}

// Worker works the outbox of deliveries.
type Worker struct {
	cfg     Config
	kick    chan struct{} // in: there may be something to do
	ended   chan outcome  // from the attempts to the goroutine
	closing chan struct{} // closed when no attempt is to begin any more
	ctx     context.Context
	cancel  context.CancelCauseFunc // ends the attempts under way
	done    chan struct{}           // closed when the goroutine is over

	mu   sync.Mutex
	news []place // endpoints that were told to have something new

	// Of the goroutine alone.
	sending map[voice.DeliveryID]bool // under way, or what came of it is not stored yet
	traffic *traffic
	flying  int // requests under way
	unsaved []outcome
	parked  map[place]time.Time // endpoints that the store is to list no more as due, or not as well; held until
	told    *line               // endpoints to be looked at before others
	again   map[place]time.Time // when those come into told that were proven and failed
	turn    voice.TenantID      // whose turn it was first in the last round
	looked  time.Duration       // how long the last look at the store took
	pruned  time.Time
}

// outcome is what came of an attempt, if one was made.
type outcome struct {
	delivery voice.Delivery
	attempt  *voice.DeliveryAttempt
	spare    time.Time // the endpoint asks for nothing before it; zero = it does not
	trust    trust     // of the endpoint when it was begun
}

// Start begins to work the outbox.
func Start(cfg Config) *Worker {
	if cfg.Clock == nil {
		cfg.Clock = clock.Real()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Pauses == nil {
		cfg.Pauses = Schedule()
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = AttemptTime
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	w := &Worker{
		cfg: cfg, ctx: ctx, cancel: cancel,
		kick: make(chan struct{}, 1), ended: make(chan outcome), closing: make(chan struct{}), done: make(chan struct{}),
		sending: map[voice.DeliveryID]bool{}, traffic: newTraffic(), parked: map[place]time.Time{}, told: newLine(), again: map[place]time.Time{},
	}
	go w.run()
	return w
}

// Kick says that the outbox has something new. It never blocks.
func (w *Worker) Kick() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// Queued says that ds are in the outbox now. They are looked for before anything
// else that is due. It never blocks.
func (w *Worker) Queued(ds []voice.Delivery) {
	w.mu.Lock()
	for _, d := range ds {
		if p := placeOf(d); len(w.news) < maxTold && (len(w.news) == 0 || w.news[len(w.news)-1] != p) {
			w.news = append(w.news, p)
		}
	}
	w.mu.Unlock()
	w.Kick()
}

// Close begins what is due, and nothing any more then, gives what is under way a
// moment, breaks it off, and returns when the outcomes are stored. It is called once.
func (w *Worker) Close() {
	close(w.closing)
	<-w.done
	w.cancel(nil)
}

func (w *Worker) run() {
	defer close(w.done)
	for {
		next, err := w.round()
		if err != nil {
			w.cfg.Log.Error("outbox of webhooks", "err", err)
			next = w.cfg.Clock.Now().Add(storePause)
		}
		if !w.wait(next) {
			break
		}
	}
	if _, err := w.round(); err != nil { // what was queued just now: the last words of calls
		w.cfg.Log.Error("outbox of webhooks", "err", err)
	}
	w.finish()
}

// wait returns at next, at a kick, or when an attempt has ended; false when the
// worker closes.
func (w *Worker) wait(next time.Time) bool {
	pause := idle
	if !next.IsZero() {
		pause = min(idle, next.Sub(w.cfg.Clock.Now()))
	}
	t := w.cfg.Clock.NewTimer(pause)
	defer t.Stop()
	if !next.IsZero() && !next.After(w.cfg.Clock.Now()) { // it came while the timer was set
		return w.gather()
	}
	select {
	case <-t.C():
	case <-w.kick:
	case o := <-w.ended:
		w.landed(o)
	case <-w.closing:
		return false
	}
	return w.gather()
}

// gather lets whatever else ends meanwhile join, so that it costs no look at the
// store of its own, for as long as the last look took; false when the worker closes.
// Something new ends that.
func (w *Worker) gather() bool {
	var rest <-chan time.Time
	if w.looked >= minRest {
		rest = time.After(min(w.looked, maxRest)) // of the machine's time, which looking costs
	}
	for {
		select {
		case o := <-w.ended:
			w.landed(o)
			continue
		case <-w.closing:
			return false
		default:
		}
		if rest == nil {
			return true
		}
		select {
		case o := <-w.ended:
			w.landed(o)
		case <-w.closing:
			return false
		case <-w.kick:
			rest = nil
		case <-rest:
			return true
		}
	}
}

// landed notes that an attempt is over; its outcome is stored by the next round.
func (w *Worker) landed(o outcome) {
	p := placeOf(o.delivery)
	w.flying--
	w.traffic.end(p, o.trust)
	if !o.spare.IsZero() {
		w.traffic.held[p] = o.spare
	}
	if o.attempt != nil {
		w.traffic.learn(p, o.delivery.State == voice.DeliveryDone)
		if at, has := w.again[p]; o.delivery.State == voice.DeliveryQueued && w.traffic.trust(p) == proven &&
			(!has && len(w.again) < maxTold || has && o.delivery.Next.Before(at)) {
			w.again[p] = o.delivery.Next
		}
	}
	w.unsaved = append(w.unsaved, o)
}

// save stores outcomes, all that there are in one transaction, and what is known
// of their endpoints. Those that took what they got have more, perhaps.
func (w *Worker) save(ctx context.Context) error {
	if len(w.unsaved)+len(w.parked) == 0 {
		return nil
	}
	ds := make([]voice.Delivery, len(w.unsaved))
	var as []voice.DeliveryAttempt
	at := maps.Clone(w.parked)
	for i, o := range w.unsaved {
		ds[i] = o.delivery
		if o.attempt != nil {
			as = append(as, *o.attempt)
			at[placeOf(o.delivery)] = w.traffic.held[placeOf(o.delivery)]
		}
	}
	es := make([]voice.Endpoint, 0, len(at))
	for p, held := range at {
		es = append(es, voice.Endpoint{Tenant: p.tenant, Name: p.endpoint, Failing: w.traffic.trust(p) == failing, Held: held})
	}
	if err := w.cfg.Store.SaveAttempts(ctx, ds, as, es); err != nil {
		return err
	}
	for _, d := range ds {
		delete(w.sending, d.ID)
		if d.State == voice.DeliveryDone {
			w.told.add(placeOf(d))
		}
	}
	w.unsaved = nil
	clear(w.parked)
	return nil
}

// finish waits for what is under way and stores what came of it.
func (w *Worker) finish() {
	t := w.cfg.Clock.NewTimer(grace)
	defer t.Stop()
	for w.flying > 0 {
		select {
		case o := <-w.ended:
			w.landed(o)
		case <-t.C():
			w.cancel(errors.New(interrupted))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	if err := w.save(ctx); err != nil {
		w.cfg.Log.Error("outcomes of webhooks not stored; they are sent again", "webhooks", len(w.unsaved), "err", err)
	}
}
