package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Bounds of a Journal.
const (
	JournalQueue = 100_000               // events waiting, some 30 MB at most
	journalBatch = 500                   // events in one transaction
	journalDelay = 20 * time.Millisecond // how long the first event waits for company
	journalWrite = 15 * time.Second      // one try
	retryFirst   = 100 * time.Millisecond
	retryLast    = 5 * time.Second
)

// eventWriter is where a journal writes; Store is one.
type eventWriter interface {
	AppendEvents(ctx context.Context, events []voice.Event) error
}

// Journal takes events of calls without ever waiting and stores them in
// batches. While the database is away it keeps them, up to its bound, and
// tries again; what does not fit is dropped, counted and reported.
type Journal struct {
	to    eventWriter
	log   *slog.Logger
	bound int

	mu      sync.Mutex
	queue   []voice.Event // oldest first; the goroutine alone removes
	dropped uint64
	told    uint64 // drops already reported
	closed  bool

	wake    chan struct{}   // in: an event came; holds one
	flushes chan chan error // in: answer when all that came before is stored
	closing chan struct{}   // closed by Close
	done    chan struct{}   // closed when the goroutine has ended
	cancel  context.CancelFunc
}

// NewJournal starts a journal that keeps at most bound events waiting (0 =
// JournalQueue). log is told of drops and of a database that is away.
func NewJournal(to eventWriter, bound int, log *slog.Logger) *Journal {
	if bound <= 0 {
		bound = JournalQueue
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	j := &Journal{
		to: to, log: log, bound: bound, cancel: cancel,
		wake: make(chan struct{}, 1), flushes: make(chan chan error),
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	go func() {
		defer close(j.done)
		j.run(ctx)
	}()
	return j
}

// Append takes an event. It never waits; e is dropped when the queue is full
// or the journal closed.
func (j *Journal) Append(e voice.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || len(j.queue) >= j.bound {
		j.dropped++
		return
	}
	j.queue = append(j.queue, e)
	if len(j.queue) == 1 {
		select {
		case j.wake <- struct{}{}:
		default:
		}
	}
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
				company, wake = time.After(journalDelay), nil
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

// drain stores all that waits, in batches.
func (j *Journal) drain(ctx context.Context) error {
	for {
		j.mu.Lock()
		batch := slices.Clone(j.queue[:min(len(j.queue), journalBatch)])
		j.mu.Unlock()
		if len(batch) == 0 {
			return nil
		}
		refused, err := j.store(ctx, batch)
		if err != nil {
			return err
		}
		j.mu.Lock()
		clear(j.queue[:len(batch)]) // let go of their texts
		j.queue = j.queue[len(batch):]
		j.dropped += uint64(refused)
		j.mu.Unlock()
	}
}

// store writes a batch. When the database refuses it for another reason than
// being away, it writes the events one by one and leaves out what is refused,
// so that one bad event can't hold up all others.
func (j *Journal) store(ctx context.Context, batch []voice.Event) (refused int, err error) {
	try := func(events []voice.Event) error {
		ctx, cancel := context.WithTimeout(ctx, journalWrite)
		defer cancel()
		return j.to.AppendEvents(ctx, events)
	}
	err = try(batch)
	if err == nil || voice.IsKind(err, voice.Unavailable) {
		return 0, err
	}
	for i := range batch {
		err := try(batch[i : i+1])
		if voice.IsKind(err, voice.Unavailable) {
			return 0, err
		}
		if err != nil {
			refused++
			j.log.Error("event refused by the database", "call", batch[i].Call, "seq", batch[i].Seq, "error", err)
		}
	}
	return refused, nil
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
