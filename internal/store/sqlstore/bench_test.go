package sqlstore_test

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

func benchmarkStore(b *testing.B) *sqlstore.Store {
	b.Helper()
	s, err := sqlstore.Open(b.Context(), sqlstore.Options{SQLitePath: filepath.Join(b.TempDir(), "t.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func BenchmarkPutCDR(b *testing.B) {
	s := benchmarkStore(b)
	for n := 0; b.Loop(); n++ {
		c := voice.CDR{Call: voice.CallID(strconv.Itoa(n)), Tenant: "1", Start: start, Legs: make([]voice.LegRecord, 2)}
		if err := s.PutCDR(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendEvents stores one event per turn, in batches as a Journal does:
// four of a call come together.
func BenchmarkAppendEvents(b *testing.B) {
	s := benchmarkStore(b)
	var batch []voice.Event
	for n := 0; b.Loop(); n++ {
		batch = append(batch, voice.Event{
			Call: voice.CallID(strconv.Itoa(n / 4 * 7919 % 1000003)), Seq: n%4 + 1, At: start.Add(time.Duration(n)), Kind: voice.EventSIP, Text: "INVITE received",
			Data: map[string]string{"dir": "in", "method": "INVITE"},
		})
		if len(batch) == 200 {
			if err := s.AppendEvents(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
}

func BenchmarkNumberByE164(b *testing.B) {
	s := benchmarkStore(b)
	if err := s.CreateTenant(b.Context(), voice.Tenant{ID: "1"}); err != nil {
		b.Fatal(err)
	}
	if err := s.AddNumber(b.Context(), voice.Number{E164: "+46850000000", Tenant: "1"}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.NumberByE164(b.Context(), "+46850000000"); err != nil {
			b.Fatal(err)
		}
	}
}
