package sqlstore

import (
	"context"
	"time"
)

// Counts is how much of some things there is, of all accounts.
type Counts struct {
	Phones     int64 // registered contacts
	Deliveries int64 // that wait to be sent
}

// Counts counts them.
func (s *Store) Counts(ctx context.Context, now time.Time) (Counts, error) {
	return one(ctx, s, "store.Counts", "nothing was counted",
		func(r row) (c Counts, err error) { err = r.Scan(&c.Phones, &c.Deliveries); return c, err },
		`SELECT (SELECT COUNT(*) FROM bindings WHERE expires > $1), (SELECT COUNT(*) FROM deliveries WHERE state = 'queued')`, micros(now))
}
