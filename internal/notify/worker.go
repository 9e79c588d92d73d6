package notify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
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
	// endpoint, MaxPerTenant those of one account.
	MaxSending     = 64
	MaxPerEndpoint = 8
	MaxPerTenant   = 24
	// MaxPace bounds the attempts that one endpoint sees within a second.
	MaxPace = 50
	// AttemptTime bounds one attempt.
	AttemptTime = 10 * time.Second
	// MaxRetryAfter bounds how long an endpoint may ask to be spared.
	MaxRetryAfter = 12 * time.Hour

	batch      = 1000
	storePause = 10 * time.Second // after the store failed
	busyPause  = time.Second      // while everything that is due is under way
	minRest    = 2 * time.Millisecond
	maxRest    = 200 * time.Millisecond
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

	// Of the goroutine alone.
	sending map[voice.DeliveryID]bool // under way, or what came of it is not stored yet
	per     map[string]int            // requests under way by endpoint, and by account
	flying  int                       // requests under way
	unsaved []outcome
	pace    map[string][]time.Time // by endpoint, when its latest MaxPace attempts began
	held    map[string]time.Time   // endpoints that asked to be spared, until when
	looked  time.Duration          // how long the last look at the store took
	pruned  time.Time
}

// outcome is what came of an attempt, if one was made.
type outcome struct {
	delivery voice.Delivery
	attempt  *voice.DeliveryAttempt
	spare    time.Time // the endpoint asks for nothing before it; zero = it does not
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
		sending: map[voice.DeliveryID]bool{}, per: map[string]int{},
		pace: map[string][]time.Time{}, held: map[string]time.Time{},
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
		case <-rest:
			return true
		}
	}
}

// landed notes that an attempt is over; its outcome is stored by the next round.
func (w *Worker) landed(o outcome) {
	w.flying--
	for _, at := range places(o.delivery) {
		if w.per[at]--; w.per[at] == 0 {
			delete(w.per, at)
		}
	}
	if !o.spare.IsZero() {
		w.held[places(o.delivery)[0]] = o.spare
	}
	w.unsaved = append(w.unsaved, o)
}

// round stores outcomes, begins everything that is due and gives when to come
// again. A delivery is not begun while it is under way, nor before what became
// of it the last time is stored.
func (w *Worker) round() (next time.Time, err error) {
	begun := time.Now()
	defer func() { w.looked = time.Since(begun) }()
	if err := w.save(w.ctx); err != nil {
		return time.Time{}, err
	}
	now := w.cfg.Clock.Now()
	if now.Sub(w.pruned) >= pruneEvery {
		w.pruned = now
		if err := w.cfg.Store.ExpireDeliveries(w.ctx, now.Add(-keepFor)); err != nil {
			return time.Time{}, err
		}
	}
	w.forget(now)
	due, err := w.cfg.Store.DueDeliveries(w.ctx, now, batch)
	if err != nil {
		return time.Time{}, err
	}
	var sooner time.Time // when an endpoint that is spared may be sent to again
	for _, d := range due {
		at := places(d)
		if w.sending[d.ID] || w.flying >= MaxSending || w.per[at[0]] >= MaxPerEndpoint || w.per[at[1]] >= MaxPerTenant {
			continue // an attempt that ends brings the next round
		}
		if from := w.from(at[0]); from.After(now) {
			if sooner.IsZero() || from.Before(sooner) {
				sooner = from
			}
			continue
		}
		if err := w.begin(d, now); err != nil {
			return time.Time{}, err
		}
	}
	next, err = w.cfg.Store.NextDelivery(w.ctx)
	if err == nil && !next.IsZero() && !next.After(now) {
		next = now.Add(busyPause) // it is under way, or waits for what is
	}
	if err == nil && !sooner.IsZero() && (next.IsZero() || sooner.Before(next)) {
		next = sooner
	}
	return next, err
}

// from gives when the next attempt at an endpoint may begin.
func (w *Worker) from(endpoint string) time.Time {
	from := w.held[endpoint]
	if p := w.pace[endpoint]; len(p) >= MaxPace {
		if paced := p[0].Add(time.Second); paced.After(from) {
			from = paced
		}
	}
	return from
}

// forget lets go of what held endpoints back.
func (w *Worker) forget(now time.Time) {
	for endpoint, until := range w.held {
		if !until.After(now) {
			delete(w.held, endpoint)
		}
	}
	for endpoint, p := range w.pace {
		if p[len(p)-1].Add(time.Second).Before(now) {
			delete(w.pace, endpoint)
		}
	}
}

// begin begins an attempt. The last one of an operator's delivery is noted before
// it is made, so that a crash in the middle does not make it one more: a text
// message costs money. A webhook is sent again then.
func (w *Worker) begin(d voice.Delivery, now time.Time) error {
	last := d.Attempts+1 >= d.Tries
	switch {
	case d.Attempts > 0 && d.Attempts >= d.Tries:
		d.State, d.Words = voice.DeliveryDead, interrupted
		w.sending[d.ID] = true
		w.unsaved = append(w.unsaved, outcome{delivery: d})
		return w.save(w.ctx)
	case last && d.Operator:
		d.Attempts++
		if err := w.cfg.Store.UpdateDelivery(w.ctx, d); err != nil {
			return err
		}
		d.Attempts--
	}
	w.sending[d.ID] = true
	at := places(d)
	for _, at := range at {
		w.per[at]++
	}
	p := append(w.pace[at[0]], now)
	w.pace[at[0]] = p[max(0, len(p)-MaxPace):]
	w.flying++
	go func() { w.ended <- w.attempt(d, last) }() // the goroutine takes it, also when it closes
	return nil
}

// save stores outcomes, all that there are in one transaction.
func (w *Worker) save(ctx context.Context) error {
	if len(w.unsaved) == 0 {
		return nil
	}
	ds := make([]voice.Delivery, len(w.unsaved))
	var as []voice.DeliveryAttempt
	for i, o := range w.unsaved {
		ds[i] = o.delivery
		if o.attempt != nil {
			as = append(as, *o.attempt)
		}
	}
	if err := w.cfg.Store.SaveAttempts(ctx, ds, as); err != nil {
		return err
	}
	for _, d := range ds {
		delete(w.sending, d.ID)
	}
	w.unsaved = nil
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

// places are where a delivery counts: for MaxPerEndpoint, and for MaxPerTenant.
func places(d voice.Delivery) [2]string {
	return [2]string{string(d.Tenant) + " " + d.Endpoint, string(d.Tenant)}
}
