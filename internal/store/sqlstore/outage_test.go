package sqlstore_test

import (
	"context"
	"database/sql"
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
	s := open(t, sqlstore.Options{PostgresURL: url})
	ctx := t.Context()
	ok(t, s.CreateTenant(ctx, voice.Tenant{ID: "1"}))
	raw, err := sql.Open("pgx", url)
	ok(t, err)
	defer raw.Close()
	for range 5 {
		_, err := raw.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE pid <> pg_backend_pid() AND query LIKE '%tenants%' OR query LIKE '%commit%' AND pid <> pg_backend_pid()`)
		ok(t, err)
		err = s.UpdateTenant(ctx, voice.Tenant{ID: "1", Name: "x"})
		if err != nil {
			want(t, "write on a cut connection", err, voice.Unavailable)
		}
		if _, err := s.Tenants(ctx); err != nil {
			want(t, "read on a cut connection", err, voice.Unavailable)
		}
	}
	ok(t, s.UpdateTenant(ctx, voice.Tenant{ID: "1", Name: "y"}))
}
