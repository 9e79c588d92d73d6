package sqlstore

import (
	"context"
	"strings"
	"time"

	"tandem/internal/voice"
)

const tokenColumns = `id, tenant, user_id, kind, name, hash, scopes, sealed, created, expires, used`

func scanToken(r row) (t voice.Token, err error) {
	err = r.Scan(&t.ID, &t.Tenant, &t.User, &t.Kind, &t.Name, &t.Hash, jsonCol{&t.Scopes}, &t.Sealed,
		timeCol{&t.Created}, timeCol{&t.Expires}, timeCol{&t.Used})
	return t, err
}

// nameKey is what a credential is found by: the case of an e-mail address does
// not count, that of any other name does.
func nameKey(name string) string {
	if strings.Contains(name, "@") {
		return emailKey(name)
	}
	return name
}

// CreateToken implements voice.TokenStore. Exists when the kind has the name.
func (s *Store) CreateToken(ctx context.Context, t voice.Token) error {
	const op = "store.CreateToken"
	if t.ID == "" || t.Name == "" {
		return voice.InvalidField(op, "name", "a credential needs an id and a name")
	}
	n := names{taken: map[string]string{
		"tokens_id":            "credential id " + string(t.ID),
		"tokens_kind_name_key": "name " + t.Name + " for " + t.Kind,
	}}
	return s.insert(ctx, op, configWrite, n,
		`INSERT INTO tokens (`+tokenColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		t.ID, t.Tenant, t.User, t.Kind, t.Name, t.Hash, jsonText(t.Scopes), t.Sealed,
		micros(t.Created), micros(t.Expires), micros(t.Used), nameKey(t.Name))
}

// TokenByName implements voice.TokenStore. The case of e-mail addresses does not count.
func (s *Store) TokenByName(ctx context.Context, kind, name string) (voice.Token, error) {
	return one(ctx, s, "store.TokenByName", "credential "+name, scanToken,
		`SELECT `+tokenColumns+` FROM tokens WHERE kind = $1 AND name_key = $2`, kind, nameKey(name))
}

// Tokens implements voice.TokenStore: in order of creation.
func (s *Store) Tokens(ctx context.Context, t voice.TenantID) ([]voice.Token, error) {
	return many(ctx, s, "store.Tokens", scanToken,
		`SELECT `+tokenColumns+` FROM tokens WHERE tenant = $1 ORDER BY created, id`, t)
}

// TokenTenants implements voice.TokenStore.
func (s *Store) TokenTenants(ctx context.Context, kind string) ([]voice.TenantID, error) {
	return many(ctx, s, "store.TokenTenants", func(r row) (t voice.TenantID, err error) {
		return t, r.Scan(&t)
	}, `SELECT DISTINCT tenant FROM tokens WHERE kind = $1 AND tenant <> '' ORDER BY tenant`, kind)
}

// endLogins ends the log-ins of the user whose password a credential is.
const endLogins = `DELETE FROM web_sessions WHERE tenant = $1 AND EXISTS (SELECT 1 FROM tokens
	WHERE tokens.tenant = $1 AND tokens.id = $2 AND tokens.kind = 'owner' AND tokens.user_id = web_sessions.user_id`

// UpdateToken implements voice.TokenStore. A changed hash ends the access and
// refresh tokens that were given for the old secret, a changed password the log-ins.
func (s *Store) UpdateToken(ctx context.Context, t voice.Token) error {
	const op = "store.UpdateToken"
	return s.transact(ctx, op, configWrite, names{}, func(x tx) error {
		if _, err := x.exec(ctx,
			`UPDATE refresh_families SET revoked = $4 WHERE tenant = $1 AND token = $2
				AND EXISTS (SELECT 1 FROM tokens WHERE tenant = $1 AND id = $2 AND hash <> $3)`,
			t.Tenant, t.ID, t.Hash, true); err != nil {
			return err
		}
		if _, err := x.exec(ctx,
			`DELETE FROM access_tokens WHERE tenant = $1 AND token = $2
				AND EXISTS (SELECT 1 FROM tokens WHERE tokens.tenant = $1 AND id = $2 AND tokens.hash <> $3)`,
			t.Tenant, t.ID, t.Hash); err != nil {
			return err
		}
		if _, err := x.exec(ctx, endLogins+` AND tokens.hash <> $3)`, t.Tenant, t.ID, t.Hash); err != nil {
			return err
		}
		return x.must(ctx, op, "credential "+string(t.ID),
			`UPDATE tokens SET hash = $3, scopes = $4, expires = $5, used = $6, sealed = $7 WHERE tenant = $1 AND id = $2`,
			t.Tenant, t.ID, t.Hash, jsonText(t.Scopes), micros(t.Expires), micros(t.Used), t.Sealed)
	})
}

// MarkTokenUsed notes the last use of a credential and nothing else, so that
// it can't undo a change of the secret made meanwhile.
func (s *Store) MarkTokenUsed(ctx context.Context, t voice.TenantID, id voice.TokenID, at time.Time) error {
	return s.change(ctx, "store.MarkTokenUsed", relaxedWrite, names{}, "credential "+string(id),
		`UPDATE tokens SET used = $3 WHERE tenant = $1 AND id = $2`, t, id, micros(at))
}

// DeleteToken implements voice.TokenStore. Its access and refresh tokens go with it, with a
// password the log-ins.
func (s *Store) DeleteToken(ctx context.Context, t voice.TenantID, id voice.TokenID) error {
	const op = "store.DeleteToken"
	return s.transact(ctx, op, configWrite, names{}, func(x tx) error {
		if _, err := x.exec(ctx, endLogins+`)`, t, id); err != nil {
			return err
		}
		if err := x.must(ctx, op, "credential "+string(id),
			`DELETE FROM tokens WHERE tenant = $1 AND id = $2`, t, id); err != nil {
			return err
		}
		if _, err := x.exec(ctx, `DELETE FROM access_tokens WHERE tenant = $1 AND token = $2`, t, id); err != nil {
			return err
		}
		_, err := x.exec(ctx, `DELETE FROM refresh_families WHERE tenant = $1 AND token = $2`, t, id)
		return err
	})
}
