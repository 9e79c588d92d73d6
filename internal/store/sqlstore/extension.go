package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

const extensionColumns = `tenant, number, username, realm, ha1_md5, ha1_sha256, user_id, created, srtp, serial`

func scanExtension(r row) (e voice.Extension, err error) {
	err = r.Scan(&e.Tenant, &e.Number, &e.Username, &e.Realm, &e.HA1MD5, &e.HA1SHA256, &e.User, timeCol{&e.Created}, &e.SRTP, &e.Serial)
	return e, err
}

// AddExtension implements voice.ExtensionStore. Exists when the tenant has the
// number or the installation the username.
func (s *Store) AddExtension(ctx context.Context, e voice.Extension) error {
	const op = "store.AddExtension"
	if e.Number == "" || e.Username == "" {
		return voice.InvalidField(op, "number", "an extension needs a number and a username")
	}
	n := names{
		taken: map[string]string{
			"extensions_tenant_number": "extension " + e.Number,
			"extensions_username":      "SIP username " + e.Username,
			"extensions_serial":        "the number of the extension",
		},
		parent: "account " + string(e.Tenant),
	}
	return s.insertNumbered(ctx, op, n, e.Serial,
		`INSERT INTO extensions (`+extensionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.Tenant, e.Number, e.Username, e.Realm, e.HA1MD5, e.HA1SHA256, e.User, micros(e.Created), e.SRTP)
}

// Extension implements voice.ExtensionStore.
func (s *Store) Extension(ctx context.Context, t voice.TenantID, number string) (voice.Extension, error) {
	return one(ctx, s, "store.Extension", "extension "+number, scanExtension,
		`SELECT `+extensionColumns+` FROM extensions WHERE tenant = $1 AND number = $2`, t, number)
}

// ExtensionByUsername implements voice.ExtensionStore.
func (s *Store) ExtensionByUsername(ctx context.Context, username string) (voice.Extension, error) {
	return one(ctx, s, "store.ExtensionByUsername", "SIP username "+username, scanExtension,
		`SELECT `+extensionColumns+` FROM extensions WHERE username = $1`, username)
}

// Extensions implements voice.ExtensionStore: by number.
func (s *Store) Extensions(ctx context.Context, t voice.TenantID) ([]voice.Extension, error) {
	return many(ctx, s, "store.Extensions", scanExtension,
		`SELECT `+extensionColumns+` FROM extensions WHERE tenant = $1 ORDER BY number`, t)
}

// SetExtensionSRTP implements voice.ExtensionPolicyStore.
func (s *Store) SetExtensionSRTP(ctx context.Context, t voice.TenantID, number, srtp string) error {
	return s.change(ctx, "store.SetExtensionSRTP", configWrite, names{}, "extension "+number,
		`UPDATE extensions SET srtp = $3 WHERE tenant = $1 AND number = $2`, t, number, srtp)
}

// RemoveExtension implements voice.ExtensionStore. Its registrations go by cascade.
func (s *Store) RemoveExtension(ctx context.Context, t voice.TenantID, number string) error {
	return s.change(ctx, "store.RemoveExtension", configWrite, names{}, "extension "+number,
		`DELETE FROM extensions WHERE tenant = $1 AND number = $2`, t, number)
}
