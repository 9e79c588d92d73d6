package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// writer is a database that can be away or refuse single events.
type writer struct {
	mu      sync.Mutex
	away    bool
	refuse  int              // Seq that is refused
	bad     voice.DeliveryID // that is refused
	batches [][]int
	written []voice.CallBatch
	block   chan struct{} // when set, writes wait for it or for their context
}

func (w *writer) WriteCalls(ctx context.Context, b voice.CallBatch) error {
	if w.block != nil {
		select {
		case <-w.block:
		case <-ctx.Done():
			return voice.E("test", voice.Unavailable, ctx.Err())
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		return voice.Errorf("test", voice.Unavailable, "away")
	}
	var batch []int
	for _, e := range b.Events {
		if e.Seq == w.refuse {
			return errors.New("refused")
		}
		batch = append(batch, e.Seq)
	}
	if slices.ContainsFunc(b.Deliveries, func(d voice.Delivery) bool { return d.ID == w.bad }) {
		return errors.New("refused")
	}
	w.batches, w.written = append(w.batches, batch), append(w.written, b)
	return nil
}

func (w *writer) set(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = away
}

// stored gives what arrived, and in how many batches.
func (w *writer) stored() ([]int, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Concat(w.batches...), len(w.batches)
}

func appendAll(j *sqlstore.Journal, from, to int) {
	for n := from; n <= to; n++ {
		j.Append(voice.Event{Call: "c", Seq: n})
	}
}

func upTo(n int) []int {
	var list []int
	for i := range n {
		list = append(list, i+1)
	}
	return list
}

func TestJournalBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writer{}
		j := sqlstore.NewJournal(w, 0, nil)
		appendAll(j, 1, 1200)
		time.Sleep(time.Second)
		synctest.Wait()
		if got, batches := w.stored(); !slices.Equal(got, upTo(1200)) || batches != 3 {
			t.Errorf("%d events in %d batches", len(got), batches)
		}
		appendAll(j, 1201, 1201)
		ok(t, j.Flush(t.Context())) // does not wait for company
		if got, _ := w.stored(); len(got) != 1201 {
			t.Errorf("after flush %d events are stored", len(got))
		}
		appendAll(j, 1202, 1203)
		ok(t, j.Close(t.Context()))
		ok(t, j.Close(t.Context()))
		if got, _ := w.stored(); !slices.Equal(got, upTo(1203)) {
			t.Errorf("after close %d events are stored", len(got))
		}
		appendAll(j, 1204, 1204)
		want(t, "flush after close", j.Flush(t.Context()), voice.Conflict)
		if d := j.Dropped(); d != 1 {
			t.Errorf("%d dropped after close", d)
		}
	})
}

func TestJournalOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writer{away: true}
		j := sqlstore.NewJournal(w, 100, nil)
		appendAll(j, 1, 60)
		want(t, "flush while away", j.Flush(t.Context()), voice.Unavailable)
		time.Sleep(time.Minute)
		appendAll(j, 61, 150) // 100 fit
		if j.Waiting() != 100 || j.Dropped() != 50 {
			t.Errorf("%d wait, %d dropped", j.Waiting(), j.Dropped())
		}
		w.set(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got, _ := w.stored(); !slices.Equal(got, upTo(100)) || j.Waiting() != 0 {
			t.Errorf("%d stored, %d wait", len(got), j.Waiting())
		}
		ok(t, j.Close(t.Context()))
	})
}

func TestJournalClosesWhileTheDatabaseIsAway(t *testing.T) {
	for name, w := range map[string]*writer{"refusing": {away: true}, "hanging": {block: nil}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if name == "hanging" {
					w.block = make(chan struct{})
				}
				j := sqlstore.NewJournal(w, 0, nil)
				appendAll(j, 1, 3)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				from := time.Now()
				want(t, "close", j.Close(ctx), voice.Unavailable)
				if d := time.Since(from); d != 2*time.Second {
					t.Errorf("close took %v", d)
				}
			})
		})
	}
}

func TestJournalLeavesOutWhatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writer{refuse: 7}
		j := sqlstore.NewJournal(w, 0, nil)
		appendAll(j, 1, 10)
		ok(t, j.Close(t.Context()))
		if got, _ := w.stored(); !slices.Equal(got, []int{1, 2, 3, 4, 5, 6, 8, 9, 10}) || j.Dropped() != 1 {
			t.Errorf("stored %v, dropped %d", got, j.Dropped())
		}
	})
}

func TestJournalOnTheStore(t *testing.T) {
	s := openSQLite(t, filepath.Join(t.TempDir(), "t.db"))
	j := sqlstore.NewJournal(s, 0, nil)
	var wg sync.WaitGroup
	for call := range 8 {
		wg.Go(func() {
			for n := range 300 {
				j.Append(voice.Event{Call: voice.CallID(fmt.Sprint(call)), Seq: n + 1, At: start})
			}
		})
	}
	wg.Wait()
	ok(t, j.Flush(t.Context()))
	for call := range 8 {
		if events, err := s.Events(t.Context(), voice.CallID(fmt.Sprint(call))); err != nil || len(events) != 300 {
			t.Errorf("call %d has %d events, %v", call, len(events), err)
		}
	}
	ok(t, j.Close(t.Context()))
}

func BenchmarkJournalAppend(b *testing.B) {
	j := sqlstore.NewJournal(&writer{}, 1<<30, nil)
	e := voice.Event{Call: "c", Text: "x"}
	for b.Loop() {
		j.Append(e)
	}
	if err := j.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// teller makes a delivery of every event, and may fail.
type teller struct {
	away   atomic.Bool
	slow   time.Duration
	asked  int
	queued int
}

func (l *teller) Follow(e voice.Event, c *voice.CDR) func(context.Context) ([]voice.Delivery, error) {
	return func(ctx context.Context) ([]voice.Delivery, error) {
		l.asked++
		if l.away.Load() {
			return nil, voice.Errorf("test", voice.Unavailable, "away")
		}
		select {
		case <-time.After(l.slow):
		case <-ctx.Done():
			return nil, voice.E("test", voice.Unavailable, ctx.Err())
		}
		id := fmt.Sprint("d", e.Seq)
		if c != nil {
			id += " with record"
		}
		return []voice.Delivery{{ID: voice.DeliveryID(id), Call: e.Call}}, nil
	}
}

func (l *teller) Queued([]voice.Delivery) { l.queued++ }

// together gives what was written with each event, by its Seq.
func (w *writer) together(t *testing.T) map[int]string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[int]string{}
	for _, b := range w.written {
		for _, e := range b.Events {
			words := ""
			for _, d := range b.Deliveries {
				if d.ID == voice.DeliveryID(fmt.Sprint("d", e.Seq)) || d.ID == voice.DeliveryID(fmt.Sprint("d", e.Seq, " with record")) {
					words += string(d.ID)
				}
			}
			for _, c := range b.CDRs {
				if e.Kind == voice.EventCallEnded && c.Call == e.Call {
					words += ", record"
				}
			}
			all[e.Seq] = words
		}
	}
	return all
}

// recorded says whether a record with these words was written.
func (w *writer) recorded(words string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.written, func(b voice.CallBatch) bool {
		return slices.ContainsFunc(b.CDRs, func(c voice.CDR) bool { return c.Words == words })
	})
}

// TestJournalWritesTogether looks that an event, its deliveries and, at the end
// of a call, its record are one batch, whatever is refused or away meanwhile.
func TestJournalWritesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := &writer{bad: "d3", refuse: 5}, &teller{}
		j := sqlstore.NewJournal(w, 0, nil)
		j.Tell(l)
		j.Record(voice.CDR{Call: "c", Words: "open"})
		appendAll(j, 1, 3)
		j.Record(voice.CDR{Call: "c", Words: "over", End: time.Now()})
		appendAll(j, 4, 5)
		time.Sleep(time.Second)
		if w.recorded("over") || !w.recorded("open") {
			t.Error("the final record was written before the last event, or the first was not")
		}
		w.set(true)
		j.Append(voice.Event{Call: "c", Seq: 6, Kind: voice.EventCallEnded})
		time.Sleep(time.Minute)
		w.set(false)
		ok(t, j.Close(t.Context()))
		got := w.together(t)
		want := map[int]string{1: "d1", 2: "d2", 3: "", 4: "d4", 6: "d6 with record, record"}
		if !maps.Equal(got, want) {
			t.Errorf("written together: %v, want %v", got, want)
		}
		if l.queued == 0 || l.asked != 6 {
			t.Errorf("kicked %d times, rendered %d times", l.queued, l.asked)
		}
	})
}

// TestJournalWhileNothingIsRendered has look-ups fail for a while: the events
// wait with them, so that nothing is lost, but no longer than patience lasts.
func TestJournalWhileNothingIsRendered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := &writer{}, &teller{}
		j := sqlstore.NewJournal(w, 0, nil)
		j.Tell(l)
		l.away.Store(true)
		appendAll(j, 1, 3)
		time.Sleep(20 * time.Second)
		if got, _ := w.stored(); len(got) > 0 {
			t.Errorf("stored without what others are told: %v", got)
		}
		l.away.Store(false)
		time.Sleep(10 * time.Second)
		if got := w.together(t); !maps.Equal(got, map[int]string{1: "d1", 2: "d2", 3: "d3"}) {
			t.Errorf("afterwards: %v", got)
		}
		l.away.Store(true)
		appendAll(j, 4, 1000)
		time.Sleep(50 * time.Second)
		if got, _ := w.stored(); len(got) != 1000 {
			t.Errorf("%d of 1000 events are stored while look-ups fail for good", len(got))
		}
		l.away.Store(false)
		appendAll(j, 1001, 1001)
		ok(t, j.Close(t.Context()))
		if got := w.together(t); got[1000] != "" || got[1001] != "d1001" {
			t.Errorf("at the end: %q %q", got[1000], got[1001])
		}
	})
}

// TestJournalRendersInSlices has slow look-ups: what is rendered is stored.
func TestJournalRendersInSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := &writer{}, &teller{slow: 100 * time.Millisecond}
		j := sqlstore.NewJournal(w, 0, nil)
		j.Tell(l)
		appendAll(j, 1, 100)
		time.Sleep(5 * time.Second)
		if got, batches := w.stored(); len(got) < 40 || batches < 10 {
			t.Errorf("after 5 s %d events in %d batches", len(got), batches)
		}
		ok(t, j.Close(t.Context()))
	})
}
