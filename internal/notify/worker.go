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

	batch      = 1000
	storePause = 10 * time.Second    // after the store failed
	busyPause  = time.Second         // while everything that is due is under way
	idle       = time.Hour           // look again, whatever the store said
	storeTime  = 10 * time.Second    // to write an outcome while closing
	grace      = 3 * time.Second     // for requests under way when closing
	keepFor    = 30 * 24 * time.Hour // what was delivered or given up
	pruneEvery = time.Hour           // remove what is older
)

// Schedule gives the pauses before each further attempt: three days in all.
func Schedule() []time.Duration {
	return []time.Duration{
		5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
		4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 8*time.Hour + 17*time.Minute,
	}
}

// Worker works the outbox of deliveries.
type Worker struct {
	cfg     Config
	kick    chan struct{}       // in: there may be something to do
	ended   chan voice.Delivery // from the attempts to the goroutine
	closing chan struct{}       // closed when no attempt is to begin any more
	ctx     context.Context
	cancel  context.CancelCauseFunc // ends the attempts under way
	done    chan struct{}           // closed when the goroutine is over

	// Of the goroutine alone.
	sending map[voice.DeliveryID]bool // under way, or what came of it is not stored yet
	per     map[string]int            // requests under way by endpoint, and by account
	flying  int                       // requests under way
	unsaved []voice.Delivery          // what came of attempts
	pruned  time.Time
}

// Start begins to work the outbox.
func Start(cfg Config) *Worker {
	if cfg.Clock == nil {
		cfg.Clock = clock.Real()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	w := &Worker{
		cfg: cfg, ctx: ctx, cancel: cancel,
		kick: make(chan struct{}, 1), ended: make(chan voice.Delivery), closing: make(chan struct{}), done: make(chan struct{}),
		sending: map[voice.DeliveryID]bool{}, per: map[string]int{},
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
	select {
	case <-t.C():
	case <-w.kick:
	case d := <-w.ended:
		w.landed(d)
	case <-w.closing:
		return false
	}
	for { // whatever else ended meanwhile costs no look at the store of its own
		select {
		case d := <-w.ended:
			w.landed(d)
		default:
			return true
		}
	}
}

// landed notes that an attempt is over; its outcome is stored by the next round.
func (w *Worker) landed(d voice.Delivery) {
	w.flying--
	for _, at := range places(d) {
		if w.per[at]--; w.per[at] == 0 {
			delete(w.per, at)
		}
	}
	w.unsaved = append(w.unsaved, d)
}

// round stores outcomes, begins everything that is due and gives when to come
// again. A delivery is not begun while it is under way, nor before what became
// of it the last time is stored.
func (w *Worker) round() (next time.Time, err error) {
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
	due, err := w.cfg.Store.DueDeliveries(w.ctx, now, batch)
	if err != nil {
		return time.Time{}, err
	}
	for _, d := range due {
		at := places(d)
		if w.sending[d.ID] || w.flying >= MaxSending || w.per[at[0]] >= MaxPerEndpoint || w.per[at[1]] >= MaxPerTenant {
			continue // an attempt that ends brings the next round
		}
		if err := w.begin(d, now); err != nil {
			return time.Time{}, err
		}
	}
	next, err = w.cfg.Store.NextDelivery(w.ctx)
	if err == nil && !next.IsZero() && !next.After(now) {
		next = now.Add(busyPause) // it is under way, or waits for what is
	}
	return next, err
}

// begin begins an attempt. The last one that a delivery has is noted before it
// is made, so that a crash in the middle does not make it one more.
func (w *Worker) begin(d voice.Delivery, now time.Time) error {
	last := d.Attempts+1 >= d.Tries
	switch {
	case d.Attempts > 0 && d.Attempts >= d.Tries:
		d.State, d.Words = voice.DeliveryDead, interrupted
		w.sending[d.ID] = true
		w.unsaved = append(w.unsaved, d)
		return w.save(w.ctx)
	case last:
		d.Attempts++
		if err := w.cfg.Store.UpdateDelivery(w.ctx, d); err != nil {
			return err
		}
		d.Attempts--
	}
	w.sending[d.ID] = true
	for _, at := range places(d) {
		w.per[at]++
	}
	w.flying++
	go func() { w.ended <- w.attempt(d, last) }() // the goroutine takes it, also when it closes
	return nil
}

// save stores outcomes.
func (w *Worker) save(ctx context.Context) error {
	for len(w.unsaved) > 0 {
		d := w.unsaved[0]
		if err := w.cfg.Store.UpdateDelivery(ctx, d); err != nil && !voice.IsKind(err, voice.NotExist) {
			return err
		}
		delete(w.sending, d.ID)
		w.unsaved = w.unsaved[1:]
	}
	return nil
}

// finish waits for what is under way and stores what came of it.
func (w *Worker) finish() {
	t := w.cfg.Clock.NewTimer(grace)
	defer t.Stop()
	for w.flying > 0 {
		select {
		case d := <-w.ended:
			w.landed(d)
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
