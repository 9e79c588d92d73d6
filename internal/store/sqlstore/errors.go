package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tandem/internal/voice"
)

// PostgreSQL error codes, appendix A of its manual.
const (
	pgUnique     = "23505"
	pgForeignKey = "23503"
)

// explain turns what the database says into voice's kinds; nil stays nil and
// an Error of voice stays as it is.
func explain(op string, n names, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*voice.Error](err); ok {
		return e
	}
	if index, ok := clash(err); ok {
		what := n.taken[index]
		if what == "" {
			what = "the same " + strings.ReplaceAll(index, "_", " ")
		}
		return voice.Errorf(op, voice.Exists, "%s is taken", what)
	}
	switch {
	case orphan(err):
		what := n.parent
		if what == "" {
			what = "what it belongs to"
		}
		return voice.Errorf(op, voice.NotExist, "%s does not exist", what)
	case away(err):
		return voice.Errorf(op, voice.Unavailable, "the database does not answer: %w", err)
	}
	return voice.E(op, voice.Internal, err)
}

// clash gives the unique index that err is about, as table_column_column.
func clash(err error) (string, bool) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.ConstraintName, e.Code == pgUnique
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || e.Code() != sqlite3.SQLITE_CONSTRAINT_UNIQUE && e.Code() != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return "", false
	}
	// "… UNIQUE constraint failed: users.tenant, users.extension (2067)"
	_, columns, _ := strings.Cut(e.Error(), "UNIQUE constraint failed: ")
	columns, _, _ = strings.Cut(columns, " (")
	table, _, _ := strings.Cut(columns, ".")
	return table + strings.ReplaceAll(strings.ReplaceAll(", "+columns, ", "+table+".", "_"), ",", ""), true
}

func orphan(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == pgForeignKey
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// locked reports whether err is that another process writes to the SQLite file.
func locked(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// away reports whether err may pass when tried again: the database is locked,
// gone, full, or the caller gave up waiting.
func away(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, driver.ErrBadConn) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code[:2] {
		case "08", "53", "57", "58", "40": // connection, resources, operator, system, serialization
			return true
		}
		return false
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
			sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM:
			return true
		}
		return false
	}
	return strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF")
}
