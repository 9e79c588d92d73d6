package sqlstore

import (
	"context"
	"net/netip"

	"tandem/internal/voice"
)

const tenantColumns = `id, name, language, timezone, country, currency, limits, rescue, allow_nets, created, second_factor, capture_calls`

func scanTenant(r row) (t voice.Tenant, err error) {
	err = r.Scan(&t.ID, &t.Name, &t.Language, &t.Timezone, &t.Country, &t.Currency, jsonCol{&t.Limits}, &t.Rescue, jsonCol{&t.Allow}, timeCol{&t.Created}, &t.SecondFactor, &t.CaptureCalls)
	if len(t.Allow) == 0 {
		t.Allow = nil
	}
	return t, err
}

// CreateTenant implements voice.TenantStore.
func (s *Store) CreateTenant(ctx context.Context, t voice.Tenant) error {
	const op = "store.CreateTenant"
	if t.ID == "" {
		return voice.InvalidField(op, "id", "an account needs an id")
	}
	return s.insert(ctx, op, configWrite, names{taken: map[string]string{"tenants_id": "account id " + string(t.ID)}},
		`INSERT INTO tenants (`+tenantColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		t.ID, t.Name, t.Language, t.Timezone, t.Country, t.Currency, jsonText(t.Limits), t.Rescue, networks(t.Allow), micros(t.Created), t.SecondFactor, t.CaptureCalls)
}

// Tenant implements voice.TenantStore.
func (s *Store) Tenant(ctx context.Context, id voice.TenantID) (voice.Tenant, error) {
	return one(ctx, s, "store.Tenant", "account "+string(id), scanTenant,
		`SELECT `+tenantColumns+` FROM tenants WHERE id = $1`, id)
}

// Tenants implements voice.TenantStore: in order of creation.
func (s *Store) Tenants(ctx context.Context) ([]voice.Tenant, error) {
	return many(ctx, s, "store.Tenants", scanTenant,
		`SELECT `+tenantColumns+` FROM tenants ORDER BY created, id`)
}

// UpdateTenant implements voice.TenantStore.
func (s *Store) UpdateTenant(ctx context.Context, t voice.Tenant) error {
	return s.change(ctx, "store.UpdateTenant", configWrite, names{}, "account "+string(t.ID),
		`UPDATE tenants SET name = $2, language = $3, timezone = $4, country = $5, currency = $6, limits = $7, rescue = $8, second_factor = $9, capture_calls = $10 WHERE id = $1`,
		t.ID, t.Name, t.Language, t.Timezone, t.Country, t.Currency, jsonText(t.Limits), t.Rescue, t.SecondFactor, t.CaptureCalls)
}

// AllowNetworks implements voice.TenantStore.
func (s *Store) AllowNetworks(ctx context.Context, id voice.TenantID, nets []netip.Prefix) error {
	return s.change(ctx, "store.AllowNetworks", configWrite, names{}, "account "+string(id),
		`UPDATE tenants SET allow_nets = $2 WHERE id = $1`, id, networks(nets))
}

// networks is a list of networks as a column.
func networks(nets []netip.Prefix) any {
	if nets == nil {
		nets = []netip.Prefix{}
	}
	return jsonText(nets)
}
