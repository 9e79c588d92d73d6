package sqlstore

import (
	"context"
	"encoding/base64"
	"time"

	"tandem/internal/voice"
)

const passkeyColumns = `id, tenant, user_id, name, party, credential, public_key, transports, sign_count, synced, created, used`

func scanPasskey(r row) (p voice.Passkey, err error) {
	var credential, key string
	err = r.Scan(&p.ID, &p.Tenant, &p.User, &p.Name, &p.Party, &credential, &key, jsonCol{&p.Transports}, &p.Count, &p.Synced, timeCol{&p.Created}, timeCol{&p.Used})
	if err != nil {
		return p, err
	}
	if p.Credential, err = base64.RawURLEncoding.DecodeString(credential); err != nil {
		return p, err
	}
	p.PublicKey, err = base64.RawURLEncoding.DecodeString(key)
	return p, err
}

func base64Text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// AddPasskey implements voice.PasskeyStore.
func (s *Store) AddPasskey(ctx context.Context, p voice.Passkey) error {
	const op = "store.AddPasskey"
	n := names{taken: map[string]string{"passkeys_credential": "the passkey", "passkeys_id": "passkey id " + string(p.ID)}, parent: "user " + string(p.User)}
	return s.transact(ctx, op, recordWrite, n, func(x tx) error {
		// The person's row is held, so that of two requests the second counts what the first added.
		if err := x.must(ctx, op, "user "+string(p.User), `UPDATE users SET serial = serial WHERE tenant = $1 AND id = $2`, p.Tenant, p.User); err != nil {
			return err
		}
		have, err := collect(ctx, x, func(r row) (n int, err error) { return n, r.Scan(&n) }, `SELECT COUNT(*) FROM passkeys WHERE tenant = $1 AND user_id = $2`, p.Tenant, p.User)
		if err != nil {
			return err
		}
		if have[0] >= voice.MaxPasskeys {
			return voice.Errorf(op, voice.Limit, "there are %d passkeys, which is the most; remove one first", have[0])
		}
		_, err = x.exec(ctx, `INSERT INTO passkeys (`+passkeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			p.ID, p.Tenant, p.User, p.Name, p.Party, base64Text(p.Credential), base64Text(p.PublicKey), jsonText(p.Transports), int64(p.Count), p.Synced, micros(p.Created), micros(p.Used))
		return err
	})
}

// Passkeys implements voice.PasskeyStore.
func (s *Store) Passkeys(ctx context.Context, t voice.TenantID, u voice.UserID) ([]voice.Passkey, error) {
	return many(ctx, s, "store.Passkeys", scanPasskey,
		`SELECT `+passkeyColumns+` FROM passkeys WHERE tenant = $1 AND user_id = $2 ORDER BY created, id`, t, u)
}

// RenamePasskey implements voice.PasskeyStore.
func (s *Store) RenamePasskey(ctx context.Context, t voice.TenantID, u voice.UserID, id voice.PasskeyID, name string) error {
	return s.change(ctx, "store.RenamePasskey", recordWrite, names{}, "passkey "+string(id),
		`UPDATE passkeys SET name = $4 WHERE tenant = $1 AND user_id = $2 AND id = $3`, t, u, id, name)
}

// DeletePasskey implements voice.PasskeyStore.
func (s *Store) DeletePasskey(ctx context.Context, t voice.TenantID, u voice.UserID, id voice.PasskeyID) error {
	return s.change(ctx, "store.DeletePasskey", recordWrite, names{}, "passkey "+string(id),
		`DELETE FROM passkeys WHERE tenant = $1 AND user_id = $2 AND id = $3`, t, u, id)
}

// DeletePasskeys implements voice.PasskeyStore.
func (s *Store) DeletePasskeys(ctx context.Context, t voice.TenantID, u voice.UserID) error {
	return s.change(ctx, "store.DeletePasskeys", recordWrite, names{}, "a passkey of user "+string(u),
		`DELETE FROM passkeys WHERE tenant = $1 AND user_id = $2`, t, u)
}

// PasskeyByCredential implements voice.PasskeyUseStore.
func (s *Store) PasskeyByCredential(ctx context.Context, credential []byte) (voice.Passkey, error) {
	return one(ctx, s, "store.PasskeyByCredential", "the passkey", scanPasskey,
		`SELECT `+passkeyColumns+` FROM passkeys WHERE credential = $1`, base64Text(credential))
}

// UsePasskey implements voice.PasskeyUseStore.
func (s *Store) UsePasskey(ctx context.Context, t voice.TenantID, id voice.PasskeyID, count uint32, at time.Time) error {
	const op = "store.UsePasskey"
	return s.transact(ctx, op, recordWrite, names{}, func(x tx) error {
		n, err := x.exec(ctx, `UPDATE passkeys SET sign_count = $3, used = $4 WHERE tenant = $1 AND id = $2 AND (sign_count < $3 OR sign_count = 0 AND $3 = 0)`,
			t, id, int64(count), micros(at))
		if err != nil || n > 0 {
			return err
		}
		have, err := collect(ctx, x, func(r row) (n int64, err error) { return n, r.Scan(&n) }, `SELECT sign_count FROM passkeys WHERE tenant = $1 AND id = $2`, t, id)
		switch {
		case err != nil:
			return err
		case len(have) == 0:
			return voice.Errorf(op, voice.NotExist, "passkey %s does not exist", id)
		}
		return voice.Errorf(op, voice.Conflict, "the passkey's counter is at %d, and %d is not more", have[0], count)
	})
}
