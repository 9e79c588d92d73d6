package switchboard

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Bounds of the writer of records.
const (
	maxQueuedCDRs = 50_000                // records that wait for the store
	cdrBatch      = 500                   // records in one transaction
	cdrDelay      = 10 * time.Millisecond // how long the first waits for company
	cdrWrite      = 30 * time.Second
	cdrRetryFirst = 100 * time.Millisecond
	cdrRetryLast  = 5 * time.Second
)

// cdrWriter stores records off the call path, in order, by one goroutine. While
// the store is away they are kept in memory up to a bound; nothing that a call
// does ever waits for the store.
type cdrWriter struct {
	store CDRStore
	log   *slog.Logger

	mu      sync.Mutex
	queue   []queued // oldest first; the goroutine alone removes
	place   map[voice.CallID]int
	puts    uint64
	waiting []flushWaiter
	closed  bool

	wake    chan struct{} // in: a record came; holds one
	closing chan struct{} // closed by close
	done    chan struct{} // closed when the goroutine has ended
	abandon context.CancelFunc
}

type queued struct {
	cdr voice.CDR
	put uint64 // its number among all that were put
}

type flushWaiter struct {
	upTo   uint64
	stored chan<- struct{}
}

func startCDRWriter(store CDRStore, log *slog.Logger) *cdrWriter {
	ctx, abandon := context.WithCancel(context.Background())
	w := &cdrWriter{
		store: store, log: log, place: map[voice.CallID]int{}, abandon: abandon,
		wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
	}
	go func() {
		defer close(w.done)
		w.run(ctx)
	}()
	return w
}

// put queues a record; of several of one call that wait the last counts. A
// record of a call that is still up may be left out when there is no room.
func (w *cdrWriter) put(c voice.CDR) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.puts++
	if i, ok := w.place[c.Call]; ok {
		w.queue[i].cdr = c
		return
	}
	if full := len(w.queue) >= maxQueuedCDRs; full || w.closed {
		if full && c.End.IsZero() {
			return
		}
		w.log.Error("call record lost: it came after the end or the queue is full", "call", c.Call, "from", c.From, "to", c.To,
			"start", c.Start, "end", c.End, "cause", c.Cause)
		return
	}
	w.place[c.Call] = len(w.queue)
	w.queue = append(w.queue, queued{c, w.puts})
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *cdrWriter) run(ctx context.Context) {
	for closing := w.closing; ; {
		batch := w.take()
		w.write(ctx, batch)
		w.written()
		if len(batch) == cdrBatch || len(batch) > 0 && closing == nil {
			continue
		}
		if closing == nil {
			return
		}
		select {
		case <-w.wake:
			w.company(closing)
		case <-closing:
			closing = nil
		}
	}
}

// company lets further records join the first for a while: each transaction
// waits for the disk, however many it holds.
func (w *cdrWriter) company(closing <-chan struct{}) {
	t := time.NewTimer(cdrDelay)
	defer t.Stop()
	for !w.hurried() {
		select {
		case <-w.wake:
		case <-closing:
			return
		case <-t.C:
			return
		}
	}
}

// hurried says whether somebody waits for the records, or there are enough.
func (w *cdrWriter) hurried() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) > 0 || len(w.queue) >= cdrBatch
}

func (w *cdrWriter) take() []voice.CDR {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.queue), cdrBatch)
	batch := make([]voice.CDR, n)
	for i, q := range w.queue[:n] {
		batch[i] = q.cdr
	}
	w.queue = append(w.queue[:0], w.queue[n:]...)
	clear(w.place)
	for i, q := range w.queue {
		w.place[q.cdr.Call] = i
	}
	return batch
}

// written tells those who wait that what was put before them is stored.
func (w *cdrWriter) written() {
	w.mu.Lock()
	defer w.mu.Unlock()
	still := w.waiting[:0]
	for _, f := range w.waiting {
		if len(w.queue) > 0 && w.queue[0].put <= f.upTo {
			still = append(still, f)
			continue
		}
		close(f.stored)
	}
	w.waiting = still
}

// write stores the batch, again and again while the store refuses it. It gives
// up a record that the store calls invalid, and all of them when ctx ends.
func (w *cdrWriter) write(ctx context.Context, batch []voice.CDR) {
	pause := cdrRetryFirst
	for len(batch) > 0 {
		once, cancel := context.WithTimeout(ctx, cdrWrite)
		err := w.store.PutCDRs(once, batch)
		cancel()
		switch {
		case err == nil:
			return
		case voice.IsKind(err, voice.Invalid) && len(batch) > 1:
			for i := range batch { // one of them is at fault; the others are not
				w.write(ctx, batch[i:i+1])
			}
			return
		case voice.IsKind(err, voice.Invalid) || ctx.Err() != nil:
			for _, c := range batch {
				w.log.Error("call record given up", "call", c.Call, "from", c.From, "to", c.To, "start", c.Start, "end", c.End, "cause", c.Cause, "err", err)
			}
			return
		}
		w.log.Error("call records not stored, trying again", "count", len(batch), "in", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, cdrRetryLast)
	}
}

// flush waits until everything put before it is stored.
func (w *cdrWriter) flush(ctx context.Context) error {
	stored := make(chan struct{})
	w.mu.Lock()
	w.waiting = append(w.waiting, flushWaiter{w.puts, stored})
	w.mu.Unlock()
	select { // an idle writer answers in an empty turn
	case w.wake <- struct{}{}:
	default:
	}
	select {
	case <-stored:
		return nil
	case <-w.done:
		return errors.New("switchboard.Flush: the switchboard is closed")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close stores what is queued and ends; when ctx ends first, what is left is
// given up in words.
func (w *cdrWriter) close(ctx context.Context) error {
	w.mu.Lock()
	first := !w.closed
	w.closed = true
	w.mu.Unlock()
	if first {
		close(w.closing)
	}
	defer w.abandon()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		w.abandon()
		<-w.done
		return ctx.Err()
	}
}
