package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync/atomic"

	"tandem/internal/secret"
	"tandem/internal/voice"
)

// Options say which database to open. Exactly one of SQLitePath and
// PostgresURL is set.
type Options struct {
	SQLitePath  string       // file; made with its folder when missing
	PostgresURL string       // "postgres://user:password@host/database"
	Secrets     *secret.Box  // seals trunk passwords; nil refuses to store any
	Logger      *slog.Logger // nil = silent; told of migrations only
}

// Store implements the store contracts of voice and auth.
type Store struct {
	read    *sql.DB               // many connections
	full    *sql.DB               // durable writes
	relaxed *sql.DB               // writes that a power cut may lose the last of
	ready   map[*sql.DB]*prepared // on SQLite; never changed after Open
	secrets *secret.Box
	lite    bool

	changes atomic.Uint64
	gate    chan struct{} // in and out: holds one token while a SQLite write runs; nil on PostgreSQL
}

// The contracts that Store keeps.
var (
	_ voice.TenantStore    = (*Store)(nil)
	_ voice.UserStore      = (*Store)(nil)
	_ voice.TokenStore     = (*Store)(nil)
	_ voice.SettingStore   = (*Store)(nil)
	_ voice.NumberStore    = (*Store)(nil)
	_ voice.AppStore       = (*Store)(nil)
	_ voice.SoundStore     = (*Store)(nil)
	_ voice.ExtensionStore = (*Store)(nil)
	_ voice.BindingStore   = (*Store)(nil)
	_ voice.TrunkStore     = (*Store)(nil)
	_ voice.CallStore      = (*Store)(nil)
	_ voice.RecordingStore = (*Store)(nil)
	_ voice.MessageStore   = (*Store)(nil)
	_ voice.MailStore      = (*Store)(nil)
	_ voice.ResourceStore  = (*Store)(nil)
	_ voice.DeliveryStore  = (*Store)(nil)

	_ voice.AccessTokenStore = (*Store)(nil)
	_ voice.AuditStore       = (*Store)(nil)
	_ voice.AuditChainStore  = (*Store)(nil)
	_ voice.SessionStore     = (*Store)(nil)

	_ voice.ExtensionPolicyStore = (*Store)(nil)
)

// Open opens the database and brings its tables up to date. Errors:
// Unavailable when it can't be reached or is not ours to use.
func Open(ctx context.Context, o Options) (*Store, error) {
	const op = "sqlstore.Open"
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var s *Store
	var err error
	switch {
	case (o.SQLitePath == "") == (o.PostgresURL == ""):
		return nil, voice.Errorf(op, voice.Invalid, "give either a SQLite file or a PostgreSQL address")
	case o.SQLitePath != "":
		s, err = openSQLite(ctx, o.SQLitePath, o.Logger)
	default:
		s, err = openPostgres(ctx, o.PostgresURL, o.Logger)
	}
	if err != nil {
		return nil, voice.E(op, voice.Unavailable, err)
	}
	s.secrets = o.Secrets
	return s, nil
}

// Close closes the database. Writes under way end first.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.relaxed, s.full} { // the durable writer last: it tidies the WAL
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// ChangeCount gives a number that grows with every change of configuration
// (tenants, users, credentials, settings, numbers, apps, sounds, extensions,
// trunks, resources), by whichever process. It is cheap enough to ask every second.
func (s *Store) ChangeCount(ctx context.Context) (int64, error) {
	return one(ctx, s, "store.ChangeCount", "the revision row is missing",
		func(r row) (n int64, err error) { return n, r.Scan(&n) },
		`SELECT n FROM revision WHERE id = 1`)
}

// Changes gives a number that grows with every change of configuration by this
// Store, and costs nothing to ask. It has grown before the change can be read.
func (s *Store) Changes() uint64 { return s.changes.Load() }

// Check reads through the database and tells what is wrong with it. On SQLite
// it reads every page; on PostgreSQL it asks whether the server answers.
func (s *Store) Check(ctx context.Context) error {
	const op = "store.Check"
	if !s.lite {
		_, err := s.ChangeCount(ctx)
		return err
	}
	words, err := one(ctx, s, op, "no answer",
		func(r row) (w string, err error) { return w, r.Scan(&w) }, `PRAGMA integrity_check(1)`)
	if err == nil && words != "ok" {
		err = voice.Errorf(op, voice.Internal, "the database file is damaged: %s", words)
	}
	return err
}
