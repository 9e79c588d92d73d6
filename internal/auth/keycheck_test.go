package auth_test

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

func TestKeyCheckerCountsFailures(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	now := clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	bearers := auth.NewBearers(store, now)
	k := auth.NewKeyChecker(bearers, now)
	key, err := bearers.Issue(t.Context(), "api", voice.Token{Name: "ours"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	other, err := bearers.Issue(t.Context(), "api", voice.Token{Name: "theirs"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	const source = "192.0.2.1:4000"
	if a, err := k.Check(t.Context(), "api", key, source); err != nil || a.Name != "ours" {
		t.Fatalf("the right key: %v %v", a, err)
	}
	if _, err := k.Check(t.Context(), "telphin", key, source); !voice.IsKind(err, voice.Permission) {
		t.Errorf("a key of another kind: %v", err)
	}
	for range auth.FailuresPerSource {
		if _, err := k.Check(t.Context(), "api", voice.NewSecret(), source); !voice.IsKind(err, voice.Permission) {
			t.Fatalf("a wrong key: %v", err)
		}
	}
	if _, err := k.Check(t.Context(), "api", voice.NewSecret(), source); !voice.IsKind(err, voice.Limit) {
		t.Errorf("after %d wrong keys: %v", auth.FailuresPerSource, err)
	}
	if _, err := k.Check(t.Context(), "api", other, source); !voice.IsKind(err, voice.Limit) {
		t.Errorf("a key that was never right from there: %v", err)
	}
	if _, err := k.Check(t.Context(), "api", key, source); err != nil {
		t.Errorf("a key that was right from there before: %v", err)
	}
	if _, err := k.Check(t.Context(), "api", other, "192.0.2.2:4000"); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	now.Advance(2 * time.Minute)
	if _, err := k.Check(t.Context(), "api", other, source); err != nil {
		t.Errorf("two minutes later: %v", err)
	}
}

// Many requests at once with one right key are not taken for guesses.
func TestKeyCheckerTakesManyAtOnce(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	now := clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	bearers := auth.NewBearers(store, now)
	k := auth.NewKeyChecker(bearers, now)
	key, err := bearers.Issue(t.Context(), "api", voice.Token{Name: "ours"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	const source = "192.0.2.1:4000"
	if _, err := k.Check(t.Context(), "api", key, source); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var refused atomic.Int32
	for range 100 {
		wg.Go(func() {
			if _, err := k.Check(t.Context(), "api", key, source); err != nil {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if n := refused.Load(); n != 0 {
		t.Errorf("%d of 100 were refused", n)
	}
	if _, err := k.Check(t.Context(), "api", voice.NewSecret(), source); !voice.IsKind(err, voice.Permission) {
		t.Errorf("a wrong key: %v", err)
	}
}
