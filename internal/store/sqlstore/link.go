package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// PutLink implements auth.LinkStore.
func (s *Store) PutLink(ctx context.Context, hash, purpose string, t voice.TenantID, u voice.UserID, expires time.Time) error {
	return s.insert(ctx, "store.PutLink", recordWrite, names{},
		`INSERT INTO links (hash, purpose, tenant, user_id, expires) VALUES ($1, $2, $3, $4, $5)`,
		hash, purpose, t, u, micros(expires))
}

// TakeLink implements auth.LinkStore. Of several that come at once, one gets it.
func (s *Store) TakeLink(ctx context.Context, hash, purpose string, now time.Time) (voice.TenantID, voice.UserID, error) {
	const op = "store.TakeLink"
	type owner struct {
		tenant voice.TenantID
		user   voice.UserID
	}
	var taken []owner
	err := s.transact(ctx, op, recordWrite, names{}, func(x tx) (err error) {
		taken, err = collect(ctx, x, func(r row) (o owner, err error) { return o, r.Scan(&o.tenant, &o.user) },
			`DELETE FROM links WHERE hash = $1 AND purpose = $2 AND expires > $3 RETURNING tenant, user_id`,
			hash, purpose, micros(now))
		return err
	})
	if err != nil {
		return "", "", err
	}
	if len(taken) == 0 {
		return "", "", voice.Errorf(op, voice.NotExist, "the link was used before or has expired")
	}
	return taken[0].tenant, taken[0].user, nil
}

// DropLinks implements auth.LinkStore.
func (s *Store) DropLinks(ctx context.Context, purpose string, t voice.TenantID, u voice.UserID) error {
	return s.insert(ctx, "store.DropLinks", recordWrite, names{},
		`DELETE FROM links WHERE tenant = $1 AND user_id = $2 AND purpose = $3`, t, u, purpose)
}
