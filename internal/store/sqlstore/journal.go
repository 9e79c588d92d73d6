package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Bounds of a Journal.
const (
	JournalQueue = 100_000                // events waiting, some 30 MB at most
	finalRecords = 50_000                 // last events with their records, waiting beyond that
	journalBatch = 500                    // events in one transaction
	journalDelay = 20 * time.Millisecond  // how long the first event waits for company, at least
	journalRush  = 100 * time.Millisecond // and at most, while very many come
	journalWrite = 15 * time.Second       // one try
	retryFirst   = 100 * time.Millisecond
	retryLast    = 5 * time.Second
)

// callWriter is where a journal writes; Store is one.
type callWriter interface {
	WriteCalls(ctx context.Context, b voice.CallBatch) error
}

// Teller makes of the events of calls what others are to be told. The journal's
// goroutine alone calls it.
type Teller interface {
	// Follow takes the next event of a timeline, and the call's record beside its
	// last one, and gives what renders the deliveries that it asks for; nil = nobody
	// is to be told. An error means that rendering may be tried again.
	Follow(e voice.Event, c *voice.CDR) func(ctx context.Context) ([]voice.Delivery, error)
	// Queued says that ds were stored.
	Queued(ds []voice.Delivery)
}

// Journal takes events and records of calls without ever waiting, and stores
// them in batches: an event, the record that goes with it and the deliveries it
// asks for in one transaction. While the database is away it keeps them, up to
// its bound, and tries again; what does not fit is dropped, counted and reported.
type Journal struct {
	to    callWriter
	log   *slog.Logger
	bound int
	tell  Teller // nil = nobody is told anything

	mu      sync.Mutex
	queue   []entry                    // oldest first; the goroutine alone removes
	ending  map[voice.CallID]voice.CDR // final records that wait for their last event
	dropped uint64
	told    uint64 // drops already reported
	closed  bool

	waiting []entry   // of the goroutine alone: a copy of the head of the queue
	ready   []unit    // of the goroutine alone: the head of the queue, followed
	unwell  time.Time // of the goroutine alone: since when rendering fails; zero = it does not
	latest  int       // of the goroutine alone: events that were stored after the latest wait

	wake    chan struct{}   // in: an event came; holds one
	flushes chan chan error // in: answer when all that came before is stored
	closing chan struct{}   // closed by Close
	done    chan struct{}   // closed when the goroutine has ended
	cancel  context.CancelFunc
}

// entry is what waits: an event, a record, or a call's last event with its
// record.
type entry struct {
	event voice.Event // Seq 0 = none
	cdr   *voice.CDR
}

// NewJournal starts a journal that keeps at most bound events waiting (0 =
// JournalQueue). log is told of drops and of a database that is away.
func NewJournal(to callWriter, bound int, log *slog.Logger) *Journal {
	if bound <= 0 {
		bound = JournalQueue
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	j := &Journal{
		to: to, log: log, bound: bound, cancel: cancel, ending: map[voice.CallID]voice.CDR{},
		wake: make(chan struct{}, 1), flushes: make(chan chan error),
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	go func() {
		defer close(j.done)
		j.run(ctx)
	}()
	return j
}

// Tell has t followed by events, before the first of them.
func (j *Journal) Tell(t Teller) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tell = t
}

// Append takes an event. It never waits; e is dropped when the queue is full
// or the journal closed.
func (j *Journal) Append(e voice.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x, bound := entry{event: e}, j.bound
	if e.Kind == voice.EventCallEnded {
		if c, ok := j.ending[e.Call]; ok {
			delete(j.ending, e.Call)
			x.cdr, bound = &c, bound+finalRecords
		}
	}
	if !j.put(x, bound) {
		j.dropped++
		if c := x.cdr; c != nil {
			j.log.Error("call record lost", "call", c.Call, "from", c.From, "to", c.To, "start", c.Start, "end", c.End, "cause", c.Cause)
		}
	}
}

// Record takes the record of a call. One with an end waits for the call's last
// event, and is stored with it; one without may be left out when there is no room.
func (j *Journal) Record(c voice.CDR) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !c.End.IsZero() {
		j.ending[c.Call] = c
		return
	}
	j.put(entry{cdr: &c}, j.bound)
}

// put queues x where fewer than bound wait. The caller holds j.mu.
func (j *Journal) put(x entry, bound int) bool {
	if j.closed || len(j.queue) >= bound {
		return false
	}
	j.queue = append(j.queue, x)
	if len(j.queue) == 1 {
		select {
		case j.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// Dropped gives how many events were dropped so far.
func (j *Journal) Dropped() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dropped
}

// Waiting gives how many events are not stored yet.
func (j *Journal) Waiting() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue)
}

// Flush returns when all events appended before it are stored, or with the
// reason why they are not yet.
func (j *Journal) Flush(ctx context.Context) error {
	const op = "journal.Flush"
	answer := make(chan error, 1)
	select {
	case j.flushes <- answer:
	case <-j.done:
		return voice.Errorf(op, voice.Conflict, "the journal is closed")
	case <-ctx.Done():
		return voice.E(op, voice.Unavailable, context.Cause(ctx))
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return voice.E(op, voice.Unavailable, context.Cause(ctx))
	}
}

// Close stores what waits and ends the goroutine. When ctx ends first, the
// rest is lost and the error says how much.
func (j *Journal) Close(ctx context.Context) error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.closing)
	}
	j.mu.Unlock()
	select {
	case <-j.done:
	case <-ctx.Done():
		j.cancel()
		<-j.done
	}
	j.cancel()
	if n := j.Waiting(); n > 0 {
		return voice.Errorf("journal.Close", voice.Unavailable, "%d events were not stored", n)
	}
	return nil
}

// run stores events until the journal is closed and empty, or ctx ends.
func (j *Journal) run(ctx context.Context) {
	closing := j.closing
	pause := time.Duration(0) // until the next try; 0 = the last one worked
	for {
		var answer chan error
		var company <-chan time.Time
		wake := j.wake
		if pause > 0 {
			company, wake = time.After(pause), nil
		}
		for waiting := true; waiting; {
			select {
			case <-wake:
				company, wake = time.After(j.delay()), nil
				continue
			case <-company:
			case answer = <-j.flushes:
			case <-closing:
				closing = nil // from now on only the pause between tries counts
			case <-ctx.Done():
				return
			}
			waiting = false
		}
		err := j.drain(ctx)
		if answer != nil {
			answer <- err
		}
		pause = j.report(err, pause)
		if closing == nil && err == nil {
			return
		}
	}
}

// delay is how long the first event waits for company: longer when many came of late,
// since what came of one call in one batch costs little more than one event.
func (j *Journal) delay() time.Duration {
	const few = 25
	return min(max(journalDelay, journalDelay*time.Duration(j.latest)/few), journalRush)
}

// report logs what changed and gives the pause before the next try.
func (j *Journal) report(err error, pause time.Duration) time.Duration {
	j.mu.Lock()
	fresh := j.dropped - j.told
	j.told = j.dropped
	j.mu.Unlock()
	if fresh > 0 {
		j.log.Error("events dropped from timelines", "dropped", fresh)
	}
	switch {
	case err == nil && pause > 0:
		j.log.Info("timelines are stored again")
		return 0
	case err == nil:
		return 0
	case pause == 0:
		if !errors.Is(err, context.Canceled) {
			j.log.Error("timelines can't be stored; trying again", "error", err)
		}
		return retryFirst
	}
	return min(2*pause, retryLast)
}
