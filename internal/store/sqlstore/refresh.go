package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// StartRefresh implements auth.RefreshStore.
func (s *Store) StartRefresh(ctx context.Context, family string, token voice.Token, current string, expires time.Time) error {
	return s.insert(ctx, "store.StartRefresh", recordWrite, names{},
		`INSERT INTO refresh_families (id, tenant, user_id, token, current, expires, revoked)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		family, token.Tenant, token.User, token.ID, current, micros(expires), false)
}

// TurnRefresh implements auth.RefreshStore.
func (s *Store) TurnRefresh(ctx context.Context, family, current, next string, now, expires time.Time) error {
	const op = "store.TurnRefresh"
	turned := false
	err := s.transact(ctx, op, recordWrite, names{}, func(x tx) error {
		n, err := x.exec(ctx,
			`UPDATE refresh_families SET current = $3, expires = $4
			WHERE id = $1 AND current = $2 AND revoked = $5 AND expires > $6`,
			family, current, next, micros(expires), false, micros(now))
		if turned = n > 0; err != nil || turned {
			return err
		}
		_, err = x.exec(ctx, `UPDATE refresh_families SET revoked = $3 WHERE id = $1 AND current <> $2`, family, current, true)
		return err
	})
	if err == nil && !turned {
		err = voice.Errorf(op, voice.Permission, "the refresh token was used before, was revoked or has expired")
	}
	return err
}

// RevokeRefresh implements auth.RefreshStore.
func (s *Store) RevokeRefresh(ctx context.Context, family string) error {
	return s.insert(ctx, "store.RevokeRefresh", recordWrite, names{},
		`UPDATE refresh_families SET revoked = $2 WHERE id = $1`, family, true)
}
