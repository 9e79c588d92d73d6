package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/store/storetest"
)

// postgresVariable names the database that the suite may make schemas in.
const postgresVariable = "TANDEM_TEST_POSTGRES"

func openSQLite(t *testing.T, path string) *sqlstore.Store {
	t.Helper()
	return open(t, sqlstore.Options{SQLitePath: path})
}

func open(t *testing.T, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	if o.Secrets == nil {
		o.Secrets = secret.New()
	}
	s, err := sqlstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// postgresURL gives an address whose tables are in a fresh schema, or skips.
func postgresURL(t *testing.T) string {
	t.Helper()
	base := os.Getenv(postgresVariable)
	if base == "" {
		t.Skip(postgresVariable + " is not set")
	}
	db, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	schema := "t" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestConformanceSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *storetest.Harness {
		return &storetest.Harness{Store: openSQLite(t, filepath.Join(t.TempDir(), "a b?c%20#d", "tandem.db"))}
	})
}

func TestConformancePostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *storetest.Harness {
		return &storetest.Harness{Store: open(t, sqlstore.Options{PostgresURL: postgresURL(t)})}
	})
}
