package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
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
	refuse  int // Seq that is refused
	batches [][]int
	block   chan struct{} // when set, writes wait for it or for their context
}

func (w *writer) AppendEvents(ctx context.Context, events []voice.Event) error {
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
	for _, e := range events {
		if e.Seq == w.refuse {
			return errors.New("refused")
		}
		batch = append(batch, e.Seq)
	}
	w.batches = append(w.batches, batch)
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
