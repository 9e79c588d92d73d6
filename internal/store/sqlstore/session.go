package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

const sessionColumns = `id, hash, tenant, user_id, created, expires, seen, source, agent`

func scanSession(r row) (s voice.WebSession, err error) {
	return s, r.Scan(&s.ID, &s.Hash, &s.Tenant, &s.User, timeCol{&s.Created}, timeCol{&s.Expires}, timeCol{&s.Seen}, &s.Source, &s.Agent)
}

// CreateSession implements voice.SessionStore.
func (s *Store) CreateSession(ctx context.Context, w voice.WebSession, most int) error {
	n := names{parent: "user " + string(w.User)}
	return s.transact(ctx, "store.CreateSession", recordWrite, n, func(x tx) error {
		if _, err := x.exec(ctx, `INSERT INTO web_sessions (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			w.ID, w.Hash, w.Tenant, w.User, micros(w.Created), micros(w.Expires), micros(w.Seen), w.Source, short(w.Agent)); err != nil {
			return err
		}
		_, err := x.exec(ctx, `DELETE FROM web_sessions WHERE tenant = $1 AND user_id = $2 AND id <> $3 AND id NOT IN
			(SELECT id FROM web_sessions WHERE tenant = $1 AND user_id = $2 AND id <> $3 ORDER BY created DESC, id LIMIT $4)`,
			w.Tenant, w.User, w.ID, max(most-1, 0))
		return err
	})
}

// SessionByHash implements voice.SessionStore.
func (s *Store) SessionByHash(ctx context.Context, hash string, now time.Time) (voice.WebSession, error) {
	return one(ctx, s, "store.SessionByHash", "the log-in", scanSession,
		`SELECT `+sessionColumns+` FROM web_sessions WHERE hash = $1 AND expires > $2`, hash, micros(now))
}

// Sessions implements voice.SessionStore.
func (s *Store) Sessions(ctx context.Context, t voice.TenantID, u voice.UserID, now time.Time) ([]voice.WebSession, error) {
	return many(ctx, s, "store.Sessions", scanSession,
		`SELECT `+sessionColumns+` FROM web_sessions WHERE tenant = $1 AND user_id = $2 AND expires > $3 ORDER BY created DESC, id`, t, u, micros(now))
}

// MarkSessionSeen implements voice.SessionStore.
func (s *Store) MarkSessionSeen(ctx context.Context, hash string, at time.Time) error {
	return s.change(ctx, "store.MarkSessionSeen", relaxedWrite, names{}, "the log-in", `UPDATE web_sessions SET seen = $2 WHERE hash = $1`, hash, micros(at))
}

// EndSessions implements voice.SessionStore.
func (s *Store) EndSessions(ctx context.Context, t voice.TenantID, u voice.UserID, only, but string) (n int, err error) {
	err = s.transact(ctx, "store.EndSessions", recordWrite, names{}, func(x tx) error {
		gone, err := x.exec(ctx, `DELETE FROM web_sessions WHERE tenant = $1 AND user_id = $2 AND ($3 = '' OR id = $3) AND id <> $4`, t, u, only, but)
		n = int(gone)
		return err
	})
	return n, err
}
