package sqlstore

import (
	"context"
	"time"
)

// Tidy removes what has expired by now: registrations, refresh tokens, links, log-ins.
// The server calls it from time to time.
func (s *Store) Tidy(ctx context.Context, now time.Time) error {
	return s.transact(ctx, "store.Tidy", recordWrite, names{}, func(x tx) error {
		for _, table := range []string{"bindings", "refresh_families", "links", "web_sessions"} {
			if _, err := x.exec(ctx, `DELETE FROM `+table+` WHERE expires <= $1`, micros(now)); err != nil {
				return err
			}
		}
		return nil
	})
}
