package switchboard

import (
	"context"
	"log/slog"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// open stores the record of a call that is up, so that a crash leaves a trace
// of it that the next start can close.
func (s *Switchboard) open(c Call, p *flow.Program) {
	s.setApp(c.Info().ID, p.App)
	cdr := s.record(c)
	s.cdrs.put(cdr)
}

// close stores the final record. result is nil for a call that was refused.
func (s *Switchboard) close(c Call, result *interp.Result) {
	cdr := s.record(c)
	sum := c.Summary()
	cdr.End = time.Now()
	cdr.Cause, cdr.Words = sum.Cause, sum.Words
	if result != nil && (cdr.Cause == "" || cdr.Words == "") {
		cdr.Cause, cdr.Words = result.Cause, result.Words
	}
	c.Note(voice.Event{Kind: voice.EventCallEnded, At: cdr.End, Text: "call ended: " + cdr.Words,
		Data: map[string]string{"cause": string(cdr.Cause)}})
	s.cdrs.put(cdr)
}

func (s *Switchboard) record(c Call) voice.CDR {
	info, sum := c.Info(), c.Summary()
	return voice.CDR{
		Call: info.ID, Tenant: info.Tenant, Direction: info.Direction,
		From: info.From, FromName: info.FromName, To: info.To, App: s.appOf(info.ID),
		Start: info.Start, Answered: sum.Answered, Legs: sum.Legs,
	}
}

// maxQueuedCDRs bounds the records that wait for the store; beyond it put waits,
// which holds up only the end of calls, never their media.
const maxQueuedCDRs = 10_000

// cdrRetry is the pause after the store refused a batch.
const cdrRetry = time.Second

// cdrWriter stores records off the call path, in order, by one goroutine.
type cdrWriter struct {
	store CDRStore
	log   *slog.Logger
	in    chan cdrItem
	done  chan struct{}
}

type cdrItem struct {
	cdr     voice.CDR
	flushed chan<- struct{} // set on a flush mark instead of a record
}

func startCDRWriter(store CDRStore, log *slog.Logger) *cdrWriter {
	w := &cdrWriter{store: store, log: log, in: make(chan cdrItem, maxQueuedCDRs), done: make(chan struct{})}
	go w.run()
	return w
}

func (w *cdrWriter) put(c voice.CDR) { w.in <- cdrItem{cdr: c} }

func (w *cdrWriter) run() {
	defer close(w.done)
	for item := range w.in {
		batch, marks := w.collect(item)
		w.write(batch)
		for _, m := range marks {
			close(m)
		}
	}
}

// collect takes what is waiting, and of several records of one call the last.
func (w *cdrWriter) collect(first cdrItem) (batch []voice.CDR, marks []chan<- struct{}) {
	const most = 500
	at := map[voice.CallID]int{}
	add := func(item cdrItem) {
		if item.flushed != nil {
			marks = append(marks, item.flushed)
			return
		}
		if i, ok := at[item.cdr.Call]; ok {
			batch[i] = item.cdr
			return
		}
		at[item.cdr.Call] = len(batch)
		batch = append(batch, item.cdr)
	}
	add(first)
	for len(batch) < most {
		select {
		case item, ok := <-w.in:
			if !ok {
				return batch, marks
			}
			add(item)
		default:
			return batch, marks
		}
	}
	return batch, marks
}

// write stores the batch, again and again while the store refuses it: records
// are kept in memory, up to the queue's bound, until it is back.
func (w *cdrWriter) write(batch []voice.CDR) {
	for attempt := 1; len(batch) > 0; attempt++ {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := w.store.PutCDRs(ctx, batch)
		cancel()
		if err == nil {
			return
		}
		w.log.Error("call records not stored, trying again", "count", len(batch), "attempt", attempt, "err", err)
		if voice.IsKind(err, voice.Invalid) || attempt >= 60 {
			w.log.Error("call records given up", "count", len(batch))
			return
		}
		time.Sleep(cdrRetry)
	}
}

// flush waits until everything put before it is stored.
func (w *cdrWriter) flush(ctx context.Context) error {
	mark := make(chan struct{})
	select {
	case w.in <- cdrItem{flushed: mark}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-mark:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *cdrWriter) close(ctx context.Context) error {
	close(w.in)
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
