package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

// SecondFactor implements voice.FactorStore.
func (s *Store) SecondFactor(ctx context.Context, t voice.TenantID, u voice.UserID) (voice.SecondFactor, error) {
	scan := func(r row) (f voice.SecondFactor, err error) {
		return f, r.Scan(&f.Tenant, &f.User, &f.Sealed, &f.Confirmed, &f.Step, timeCol{&f.Created}, &f.RecoveryLeft)
	}
	return one(ctx, s, "store.SecondFactor", "a second factor of user "+string(u), scan,
		`SELECT tenant, user_id, sealed, confirmed, last_step, created, (SELECT COUNT(*) FROM recovery_codes r WHERE r.user_id = f.user_id)
		FROM second_factors f WHERE tenant = $1 AND user_id = $2`, t, u)
}

// BeginSecondFactor implements voice.FactorStore.
func (s *Store) BeginSecondFactor(ctx context.Context, f voice.SecondFactor) error {
	n := names{taken: map[string]string{"second_factors_user": "the second factor of user " + string(f.User)}, parent: "user " + string(f.User)}
	return s.transact(ctx, "store.BeginSecondFactor", recordWrite, n, func(x tx) error {
		if _, err := x.exec(ctx, `DELETE FROM second_factors WHERE tenant = $1 AND user_id = $2 AND NOT confirmed`, f.Tenant, f.User); err != nil {
			return err
		}
		_, err := x.exec(ctx, `INSERT INTO second_factors (user_id, tenant, sealed, confirmed, last_step, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			f.User, f.Tenant, f.Sealed, false, f.Step, micros(f.Created))
		return err
	})
}

// ConfirmSecondFactor implements voice.FactorStore.
func (s *Store) ConfirmSecondFactor(ctx context.Context, t voice.TenantID, u voice.UserID, step int64, recovery []string) error {
	const op = "store.ConfirmSecondFactor"
	return s.transact(ctx, op, recordWrite, names{}, func(x tx) error {
		err := x.must(ctx, op, "a second factor that waits to be confirmed",
			`UPDATE second_factors SET confirmed = $3, last_step = $4 WHERE tenant = $1 AND user_id = $2 AND NOT confirmed`, t, u, true, step)
		if err != nil {
			return err
		}
		return x.putRecovery(ctx, t, u, recovery)
	})
}

// DeleteSecondFactor implements voice.FactorStore.
func (s *Store) DeleteSecondFactor(ctx context.Context, t voice.TenantID, u voice.UserID) error {
	return s.change(ctx, "store.DeleteSecondFactor", recordWrite, names{}, "a second factor of user "+string(u),
		`DELETE FROM second_factors WHERE tenant = $1 AND user_id = $2`, t, u) // with its recovery codes
}

// TakeStep implements voice.FactorCodeStore.
func (s *Store) TakeStep(ctx context.Context, t voice.TenantID, u voice.UserID, step int64) error {
	const op = "store.TakeStep"
	return s.transact(ctx, op, recordWrite, names{}, func(x tx) error {
		n, err := x.exec(ctx, `UPDATE second_factors SET last_step = $3 WHERE tenant = $1 AND user_id = $2 AND confirmed AND last_step < $3`, t, u, step)
		if err == nil && n == 0 {
			err = voice.Errorf(op, voice.Conflict, "the code was used before")
		}
		return err
	})
}

// TakeRecovery implements voice.FactorCodeStore.
func (s *Store) TakeRecovery(ctx context.Context, t voice.TenantID, u voice.UserID, hash string) error {
	return s.change(ctx, "store.TakeRecovery", recordWrite, names{}, "the recovery code",
		`DELETE FROM recovery_codes WHERE tenant = $1 AND user_id = $2 AND hash = $3`, t, u, hash)
}

// PutRecovery implements voice.FactorCodeStore.
func (s *Store) PutRecovery(ctx context.Context, t voice.TenantID, u voice.UserID, hashes []string) error {
	return s.transact(ctx, "store.PutRecovery", recordWrite, names{parent: "the second factor"}, func(x tx) error {
		return x.putRecovery(ctx, t, u, hashes)
	})
}

func (t tx) putRecovery(ctx context.Context, tenant voice.TenantID, u voice.UserID, hashes []string) error {
	if _, err := t.exec(ctx, `DELETE FROM recovery_codes WHERE tenant = $1 AND user_id = $2`, tenant, u); err != nil {
		return err
	}
	for _, h := range hashes {
		if _, err := t.exec(ctx, `INSERT INTO recovery_codes (user_id, tenant, hash) VALUES ($1, $2, $3)`, u, tenant, h); err != nil {
			return err
		}
	}
	return nil
}
