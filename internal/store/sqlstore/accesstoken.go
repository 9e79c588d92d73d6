package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

const accessTokenColumns = `hash, kind, tenant, user_id, token, name, scopes, created, expires, used`

// alive is the condition that the credential of an access token, if it was
// issued for one, is still there.
const alive = `(token = '' OR EXISTS (
	SELECT 1 FROM tokens WHERE tokens.tenant = access_tokens.tenant AND tokens.id = access_tokens.token))`

func scanAccessToken(r row) (a voice.AccessToken, err error) {
	err = r.Scan(&a.Hash, &a.Kind, &a.Tenant, &a.User, &a.Token, &a.Name, jsonCol{&a.Scopes},
		timeCol{&a.Created}, timeCol{&a.Expires}, timeCol{&a.Used})
	return a, err
}

// CreateAccessToken implements voice.AccessTokenStore. NotExist when it is for
// a credential that the tenant has not.
func (s *Store) CreateAccessToken(ctx context.Context, a voice.AccessToken) error {
	const op = "store.CreateAccessToken"
	if a.Hash == "" || a.Kind == "" {
		return voice.InvalidField(op, "hash", "an access token needs a hash and a kind")
	}
	n := names{taken: map[string]string{"access_tokens_hash": "the access token"}}
	return s.transact(ctx, op, recordWrite, n, func(x tx) error {
		if a.Token != "" {
			have, err := collect(ctx, x, func(r row) (one int, err error) { return one, r.Scan(&one) },
				`SELECT 1 FROM tokens WHERE tenant = $1 AND id = $2`, a.Tenant, a.Token)
			if err != nil {
				return err
			}
			if len(have) == 0 {
				return voice.Errorf(op, voice.NotExist, "credential %s does not exist", a.Token)
			}
		}
		_, err := x.exec(ctx,
			`INSERT INTO access_tokens (`+accessTokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			a.Hash, a.Kind, a.Tenant, a.User, a.Token, a.Name, jsonText(a.Scopes),
			micros(a.Created), micros(a.Expires), micros(a.Used))
		return err
	})
}

// AccessToken implements voice.AccessTokenStore.
func (s *Store) AccessToken(ctx context.Context, kind, hash string) (voice.AccessToken, error) {
	return one(ctx, s, "store.AccessToken", "the access token", scanAccessToken,
		`SELECT `+accessTokenColumns+` FROM access_tokens WHERE kind = $1 AND hash = $2 AND `+alive, kind, hash)
}

// AccessTokens implements voice.AccessTokenStore.
func (s *Store) AccessTokens(ctx context.Context, t voice.TenantID, kind string) ([]voice.AccessToken, error) {
	return many(ctx, s, "store.AccessTokens", scanAccessToken,
		`SELECT `+accessTokenColumns+` FROM access_tokens WHERE tenant = $1 AND kind = $2 AND `+alive+` ORDER BY created, hash`, t, kind)
}

// DeleteAccessToken implements voice.AccessTokenStore.
func (s *Store) DeleteAccessToken(ctx context.Context, t voice.TenantID, hash string) error {
	return s.change(ctx, "store.DeleteAccessToken", recordWrite, names{}, "the access token",
		`DELETE FROM access_tokens WHERE tenant = $1 AND hash = $2`, t, hash)
}

// ExpireAccessTokens implements voice.AccessTokenStore.
func (s *Store) ExpireAccessTokens(ctx context.Context, at time.Time) error {
	return s.insert(ctx, "store.ExpireAccessTokens", relaxedWrite, names{},
		`DELETE FROM access_tokens WHERE expires > 0 AND expires < $1`, micros(at))
}

// MarkAccessTokenUsed notes the last use of an access token. One that is gone
// is no error.
func (s *Store) MarkAccessTokenUsed(ctx context.Context, t voice.TenantID, hash string, at time.Time) error {
	return s.insert(ctx, "store.MarkAccessTokenUsed", relaxedWrite, names{},
		`UPDATE access_tokens SET used = $3 WHERE tenant = $1 AND hash = $2`, t, hash, micros(at))
}
