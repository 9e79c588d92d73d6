package switchboard_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

func arrive(s *switchboard.Switchboard, id string) {
	s.Arrive(newCall(voice.CallInfo{ID: voice.CallID(id), To: "+4610000001"}, sim.Script{}))
}

// TestRecordsWaitForTheStore has a store that is away for a minute: calls go on
// meanwhile, nothing is lost, and of each call only the last record is stored.
func TestRecordsWaitForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := usual()
		back := time.Now().Add(time.Minute)
		tries := 0
		w.refuse = func([]voice.CDR) error {
			if tries++; time.Now().Before(back) {
				return voice.Errorf("test", voice.Unavailable, "the database is away")
			}
			return nil
		}
		s := w.board(t)
		var calls sync.WaitGroup
		for i := range 20 {
			calls.Go(func() { arrive(s, string(rune('a'+i))) })
		}
		calls.Wait()
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if tries < 5 || tries > 60 {
			t.Errorf("tried %d times in a minute", tries)
		}
		seen := map[voice.CallID]int{}
		for _, c := range w.final() {
			seen[c.Call]++
		}
		if len(seen) != 20 || len(w.final()) != 20 {
			t.Errorf("final records: %v", seen)
		}
		if len(w.batches) > 3 {
			t.Errorf("20 records went in %d batches", len(w.batches))
		}
		if err := s.Flush(t.Context()); err != nil { // nothing waits
			t.Error(err)
		}
	})
}

// TestOneBadRecordDoesNotTakeOthersAlong has a store that calls one invalid.
func TestOneBadRecordDoesNotTakeOthersAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := usual()
		w.refuse = func(batch []voice.CDR) error {
			for _, c := range batch {
				if c.Call == "bad" {
					return voice.Errorf("test", voice.Invalid, "no such tenant")
				}
			}
			return nil
		}
		var log bytes.Buffer
		s := switchboard.New(switchboard.Config{Library: w, Router: w, Mailroom: w, Numbers: w, Extensions: w, Tenants: w, Users: w, CDRs: w,
			Logger: slog.New(slog.NewTextHandler(&log, nil))})
		w.mu.Lock() // holds the writer while the records come
		for _, id := range []string{"one", "bad", "two"} {
			arrive(s, id)
		}
		w.mu.Unlock()
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if f := w.final(); len(f) != 2 {
			t.Errorf("records: %+v", f)
		}
		if !strings.Contains(log.String(), "call record given up") || !strings.Contains(log.String(), "call=bad") {
			t.Errorf("log: %s", &log)
		}
	})
}

// TestCloseGivesUpInWords has a store that does not come back.
func TestCloseGivesUpInWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := usual()
		w.refuse = func([]voice.CDR) error { return voice.Errorf("test", voice.Unavailable, "the database is away") }
		var log bytes.Buffer
		s := switchboard.New(switchboard.Config{Library: w, Router: w, Mailroom: w, Numbers: w, Extensions: w, Tenants: w, Users: w, CDRs: w,
			Logger: slog.New(slog.NewTextHandler(&log, nil))})
		arrive(s, "lost")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := s.Flush(ctx); err == nil {
			t.Error("flushed what was not stored")
		}
		ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := s.Close(ctx); err == nil {
			t.Error("closed without storing")
		}
		if !strings.Contains(log.String(), "call record given up") || !strings.Contains(log.String(), "call=lost") {
			t.Errorf("log: %s", &log)
		}
		arrive(s, "late")
		if err := s.Flush(t.Context()); err == nil {
			t.Error("flushed after the end")
		}
	})
}
