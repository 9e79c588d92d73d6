package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

// Bounds of the connections.
const (
	sqliteReaders = 4
	postgresConns = 16
	// busyTimeout is how long a write waits for another process's, in all;
	// busyStep is how long SQLite waits before the caller's context is asked.
	busyTimeout    = 10 * time.Second
	busyStep       = 100 * time.Millisecond
	connectTimeout = 10 * time.Second
	// walPages is after how many pages the log of SQLite goes into the database, 16 MB of
	// them: a page that many calls have written goes there once, with one sync.
	walPages = 4096
)

func openSQLite(ctx context.Context, path string, log *slog.Logger) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// SQLite gives its side files the mode of the database, so make that one first.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	s := &Store{lite: true, gate: make(chan struct{}, 1)}
	if err := s.openSQLitePools(ctx, path, log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) openSQLitePools(ctx context.Context, path string, log *slog.Logger) error {
	unlock, err := lockFile(ctx, path+".lock") // one process sets up at a time
	if err != nil {
		return err
	}
	defer unlock()
	checkpoint := fmt.Sprintf("wal_autocheckpoint(%d)", walPages)
	durable := []string{"journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)", checkpoint}
	relaxed := []string{"journal_mode(WAL)", "foreign_keys(1)", "synchronous(NORMAL)", checkpoint}
	setUp, err := sqlitePool(path, 1, true, busyTimeout, durable)
	if err != nil {
		return err
	}
	if err = setUp.PingContext(ctx); err == nil {
		err = migrate(ctx, setUp, s.lite, log)
	}
	if err = errors.Join(err, setUp.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if s.full, err = sqlitePool(path, 1, true, busyStep, durable); err != nil {
		return err
	}
	if s.relaxed, err = sqlitePool(path, 1, true, busyStep, relaxed); err != nil {
		return err
	}
	if s.read, err = sqlitePool(path, sqliteReaders, false, busyTimeout, []string{"query_only(1)"}); err != nil {
		return err
	}
	s.ready = map[*sql.DB]*prepared{}
	for _, db := range []*sql.DB{s.full, s.relaxed, s.read} {
		s.ready[db] = newPrepared(db)
	}
	return nil
}

// sqlitePool opens a pool of at most n connections that are never dropped.
func sqlitePool(path string, n int, writes bool, busy time.Duration, pragmas []string) (*sql.DB, error) {
	q := url.Values{
		"_busy_timeout": {fmt.Sprint(busy.Milliseconds())},
		"_pragma":       pragmas,
	}
	if writes {
		q.Set("_txlock", "immediate") // take the lock at the start: no dead end when a read turns into a write
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

func openPostgres(ctx context.Context, address string, log *slog.Logger) (*Store, error) {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns / 2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{full: db, relaxed: db, read: db}
	ping, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := db.PingContext(ping); err != nil {
		return nil, errors.Join(fmt.Errorf("reach PostgreSQL: %w", err), db.Close())
	}
	if err := migrate(ctx, db, s.lite, log); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}
