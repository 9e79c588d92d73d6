package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// TestAnotherProcessHoldsTheFile holds SQLite's write lock from outside: reads
// go on, writes wait no longer than their caller, and work again afterwards.
func TestAnotherProcessHoldsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	s := openSQLite(t, path)
	ok(t, s.CreateTenant(t.Context(), voice.Tenant{ID: "1"}))
	raw, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	ok(t, err)
	defer raw.Close()
	hold, err := raw.BeginTx(t.Context(), nil)
	ok(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	want(t, "write", s.CreateTenant(ctx, voice.Tenant{ID: "2"}), voice.Unavailable)
	_, err = s.Tenant(t.Context(), "1")
	want(t, "read", err, "")
	ok(t, hold.Rollback())
	ok(t, s.CreateTenant(t.Context(), voice.Tenant{ID: "2"}))
}

// TestPostgresCutsConnections ends every connection of the store from outside.
func TestPostgresCutsConnections(t *testing.T) {
	url := postgresURL(t)
	name := "cut" + rand.Text()
	s := open(t, sqlstore.Options{PostgresURL: url + "&application_name=" + name})
	ctx := t.Context()
	ok(t, s.CreateTenant(ctx, voice.Tenant{ID: "1"}))
	raw, err := sql.Open("pgx", url)
	ok(t, err)
	defer raw.Close()
	for range 5 {
		var cut int
		ok(t, raw.QueryRowContext(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1`,
			name).Scan(&cut))
		if cut == 0 {
			t.Error("no connection was there to be cut")
		}
		// A cut connection may cost each of them one answer, in the right kind, and no more.
		for tries := 0; ; tries++ {
			_, err := s.Tenants(ctx)
			err = errors.Join(err, s.UpdateTenant(ctx, voice.Tenant{ID: "1", Name: "x"}))
			if err == nil {
				break
			}
			want(t, "cut connection", err, voice.Unavailable)
			if tries == 20 {
				t.Fatal("the store does not come back")
			}
		}
	}
}
