package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"tandem/internal/voice"
)

// write is one kind of write transaction.
type write int

const (
	configWrite  write = iota // durable, and counted by ChangeCount
	recordWrite               // durable
	relaxedWrite              // a power cut may lose the last few
)

// tx is a write transaction. Its texts are made storable on the way in.
type tx struct {
	*sql.Tx
	ready *prepared // of the transaction's pool; nil on PostgreSQL
	// novel notes the statements that were not prepared: that needs the pool's
	// one connection, which the transaction has.
	novel *[]string
	notes *[]voice.AuditEntry // for the audit log, written as the transaction ends
}

// exec runs a statement, notes in the audit log what somebody changes by it, and gives
// how many rows it touched.
func (t tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	entries, err := t.noted(ctx, query, args)
	if err != nil {
		return 0, err
	}
	n, err := t.run(ctx, query, args)
	if err != nil || n == 0 {
		return n, err
	}
	for _, e := range entries {
		t.noteEntry(e)
	}
	return n, nil
}

// run runs a statement.
func (t tx) run(ctx context.Context, query string, args []any) (int64, error) {
	var res sql.Result
	var err error
	switch {
	case t.ready == nil:
		res, err = t.ExecContext(ctx, query, storable(args)...)
	default:
		if st := t.ready.known(query); st != nil {
			res, err = t.StmtContext(ctx, st).ExecContext(ctx, storable(args)...)
			break
		}
		*t.novel = append(*t.novel, query)
		res, err = t.ExecContext(ctx, query, storable(args)...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// brief gives the context for statements that touch one row each: on SQLite they are
// not broken off, since its driver starts a goroutine for each that can be.
func (t tx) brief(ctx context.Context) context.Context {
	if t.ready == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// must runs a statement that has to touch a row; otherwise missing says what
// does not exist.
func (t tx) must(ctx context.Context, op, missing, query string, args ...any) error {
	n, err := t.exec(ctx, query, args...)
	if err == nil && n == 0 {
		err = voice.Errorf(op, voice.NotExist, "%s does not exist", missing)
	}
	return err
}

// names give words for what the database refuses, so that people can read it.
type names struct {
	taken  map[string]string // unique index → what is taken
	parent string            // what the row belongs to
}

// transact runs fn in a transaction of its kind and commits. Errors come back
// in voice's kinds.
func (s *Store) transact(ctx context.Context, op string, kind write, n names, fn func(t tx) error) error {
	if s.gate != nil {
		select {
		case s.gate <- struct{}{}:
			defer func() { <-s.gate }()
		case <-ctx.Done():
			return explain(op, names{}, context.Cause(ctx))
		}
	}
	db := s.full
	if kind == relaxedWrite {
		db = s.relaxed
	}
	t, err := begin(ctx, db)
	if err != nil {
		return explain(op, n, err)
	}
	ready, novel := s.ready[db], []string(nil)
	if err := s.fill(ctx, tx{t, ready, &novel, new([]voice.AuditEntry)}, kind, fn); err != nil {
		t.Rollback() // its own failure adds nothing: the connection is dropped then
		return explain(op, n, err)
	}
	if kind == configWrite {
		s.changes.Add(1)
		defer s.changes.Add(1) // what was read before the commit is not kept after it
	}
	err = t.Commit()
	for _, query := range novel {
		ready.prepare(ctx, query)
	}
	return explain(op, n, err)
}

// begin begins a transaction. On SQLite it waits its turn after other
// processes, which SQLite itself would do without regard to ctx.
func begin(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	for from := time.Now(); ; {
		t, err := db.BeginTx(ctx, nil)
		if err == nil || !locked(err) || time.Since(from) > busyTimeout {
			return t, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

func (s *Store) fill(ctx context.Context, t tx, kind write, fn func(t tx) error) error {
	if kind == relaxedWrite && !s.lite {
		if _, err := t.ExecContext(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
			return err
		}
	}
	if err := fn(t); err != nil {
		return err
	}
	if err := t.chainAudit(ctx); err != nil {
		return err
	}
	if kind != configWrite {
		return nil
	}
	_, err := t.exec(ctx, `UPDATE revision SET n = n + 1 WHERE id = 1`)
	return err
}

// insert runs one statement in a transaction of its own.
func (s *Store) insert(ctx context.Context, op string, kind write, n names, query string, args ...any) error {
	return s.transact(ctx, op, kind, n, func(t tx) error {
		_, err := t.exec(ctx, query, args...)
		return err
	})
}

// insertNumbered inserts what has a serial number, which becomes the last
// argument of query.
func (s *Store) insertNumbered(ctx context.Context, op string, n names, own int64, query string, args ...any) error {
	return s.transact(ctx, op, configWrite, n, func(t tx) error {
		number, err := serial(ctx, t, own)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, query, append(slices.Clip(args), number)...)
		return err
	})
}

// outdated says why an update of one version found nothing: query gives the
// version that is stored.
func outdated(ctx context.Context, x tx, op, what string, version int64, query string, args ...any) error {
	have, err := collect(ctx, x, func(r row) (v int64, err error) { return v, r.Scan(&v) }, query, args...)
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return voice.Errorf(op, voice.NotExist, "%s does not exist", what)
	}
	return voice.Errorf(op, voice.Conflict, "%s was changed meanwhile: it is at version %d, not %d", what, have[0], version)
}

// change runs one statement that has to touch a row in a transaction of its own.
func (s *Store) change(ctx context.Context, op string, kind write, n names, missing, query string, args ...any) error {
	return s.transact(ctx, op, kind, n, func(t tx) error {
		return t.must(ctx, op, missing, query, args...)
	})
}
