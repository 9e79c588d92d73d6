package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

const trunkColumns = `id, tenant, name, host, transport, username, sealed, register, priority, prefixes, caller_id, refer, created,
	proxy, identity, redirects, tls_name, tls_ca, tls_cert, tls_key, srtp`

func scanTrunk(r row) (k voice.Trunk, err error) {
	err = r.Scan(&k.ID, &k.Tenant, &k.Name, &k.Host, &k.Transport, &k.Username, &k.Password, &k.Register, &k.Priority,
		jsonCol{&k.Prefixes}, &k.CallerID, &k.Refer, timeCol{&k.Created},
		&k.Proxy, &k.Identity, &k.Redirects, &k.TLSName, &k.TLSCA, &k.TLSCert, &k.TLSKey, &k.SRTP)
	return k, err
}

func trunkNames(k voice.Trunk) names {
	return names{
		taken: map[string]string{
			"trunks_id":          "trunk id " + string(k.ID),
			"trunks_tenant_name": "trunk name " + k.Name,
		},
		parent: "account " + string(k.Tenant),
	}
}

// sealTrunk gives k with its secrets as they are stored: "" or sealed for its row.
func (s *Store) sealTrunk(op string, k voice.Trunk) (voice.Trunk, error) {
	for row, secret := range trunkSecrets(&k) {
		switch {
		case *secret == "":
			continue
		case s.secrets == nil:
			return k, voice.Errorf(op, voice.Unavailable, "no key to seal the password with")
		}
		*secret = s.secrets.Seal(row, []byte(*secret))
	}
	return k, nil
}

func (s *Store) openTrunk(op string, k voice.Trunk) (voice.Trunk, error) {
	for row, secret := range trunkSecrets(&k) {
		switch {
		case *secret == "":
			continue
		case s.secrets == nil:
			return k, voice.Errorf(op, voice.Unavailable, "no key to open the password of trunk %s with", k.Name)
		}
		plain, err := s.secrets.Open(row, *secret)
		if err != nil {
			return k, voice.Errorf(op, voice.Internal, "password of trunk %s: %w", k.Name, err)
		}
		*secret = string(plain)
	}
	return k, nil
}

// trunkSecrets gives what is sealed of a trunk, by the names that it is sealed for.
func trunkSecrets(k *voice.Trunk) map[string]*string {
	row := "trunk/" + string(k.Tenant) + "/" + string(k.ID)
	return map[string]*string{row: &k.Password, row + "/key": &k.TLSKey}
}

// AddTrunk implements voice.TrunkStore. Exists when the tenant has the name.
func (s *Store) AddTrunk(ctx context.Context, k voice.Trunk) error {
	const op = "store.AddTrunk"
	if k.ID == "" || k.Host == "" {
		return voice.InvalidField(op, "host", "a trunk needs an id and a host")
	}
	stored, err := s.sealTrunk(op, k)
	if err != nil {
		return err
	}
	return s.insert(ctx, op, configWrite, trunkNames(k),
		`INSERT INTO trunks (`+trunkColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		k.ID, k.Tenant, k.Name, k.Host, k.Transport, k.Username, stored.Password, k.Register, k.Priority,
		jsonText(k.Prefixes), k.CallerID, k.Refer, micros(k.Created), k.Proxy, k.Identity, k.Redirects,
		k.TLSName, k.TLSCA, k.TLSCert, stored.TLSKey, k.SRTP)
}

// Trunks implements voice.TrunkStore.
func (s *Store) Trunks(ctx context.Context, t voice.TenantID) ([]voice.Trunk, error) {
	const op = "store.Trunks"
	list, err := many(ctx, s, op, scanTrunk,
		`SELECT `+trunkColumns+` FROM trunks WHERE ($1 = '' OR tenant = $1) ORDER BY priority, created, id`, t)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i], err = s.openTrunk(op, list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// UpdateTrunk implements voice.TrunkStore: everything but id, tenant and creation.
func (s *Store) UpdateTrunk(ctx context.Context, k voice.Trunk) error {
	const op = "store.UpdateTrunk"
	stored, err := s.sealTrunk(op, k)
	if err != nil {
		return err
	}
	return s.change(ctx, op, configWrite, trunkNames(k), "trunk "+string(k.ID),
		`UPDATE trunks SET name = $3, host = $4, transport = $5, username = $6, sealed = $7, register = $8, priority = $9,
			prefixes = $10, caller_id = $11, refer = $12, proxy = $13, identity = $14, redirects = $15,
			tls_name = $16, tls_ca = $17, tls_cert = $18, tls_key = $19, srtp = $20
		WHERE tenant = $1 AND id = $2`,
		k.Tenant, k.ID, k.Name, k.Host, k.Transport, k.Username, stored.Password, k.Register, k.Priority,
		jsonText(k.Prefixes), k.CallerID, k.Refer, k.Proxy, k.Identity, k.Redirects,
		k.TLSName, k.TLSCA, k.TLSCert, stored.TLSKey, k.SRTP)
}

// RemoveTrunk implements voice.TrunkStore.
func (s *Store) RemoveTrunk(ctx context.Context, t voice.TenantID, id voice.TrunkID) error {
	return s.change(ctx, "store.RemoveTrunk", configWrite, names{}, "trunk "+string(id),
		`DELETE FROM trunks WHERE tenant = $1 AND id = $2`, t, id)
}
