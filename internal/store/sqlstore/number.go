package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

const numberColumns = `e164, tenant, dest_kind, dest_id, created, serial`

func scanNumber(r row) (n voice.Number, err error) {
	err = r.Scan(&n.E164, &n.Tenant, &n.Dest.Kind, &n.Dest.ID, timeCol{&n.Created}, &n.Serial)
	return n, err
}

// AddNumber implements voice.NumberStore.
func (s *Store) AddNumber(ctx context.Context, n voice.Number) error {
	const op = "store.AddNumber"
	if n.E164 == "" {
		return voice.InvalidField(op, "number", "a number needs digits")
	}
	words := names{
		taken:  map[string]string{"numbers_e164": "number " + string(n.E164), "numbers_serial": "the number's id"},
		parent: "account " + string(n.Tenant),
	}
	return s.insertNumbered(ctx, op, words, n.Serial,
		`INSERT INTO numbers (`+numberColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		n.E164, n.Tenant, n.Dest.Kind, n.Dest.ID, micros(n.Created))
}

// NumberByE164 implements voice.NumberStore.
func (s *Store) NumberByE164(ctx context.Context, e voice.E164) (voice.Number, error) {
	return one(ctx, s, "store.NumberByE164", "number "+string(e), scanNumber,
		`SELECT `+numberColumns+` FROM numbers WHERE e164 = $1`, e)
}

// Numbers implements voice.NumberStore.
func (s *Store) Numbers(ctx context.Context, t voice.TenantID) ([]voice.Number, error) {
	return many(ctx, s, "store.Numbers", scanNumber,
		`SELECT `+numberColumns+` FROM numbers WHERE tenant = $1 ORDER BY e164`, t)
}

// UpdateNumber implements voice.NumberStore.
func (s *Store) UpdateNumber(ctx context.Context, n voice.Number) error {
	return s.change(ctx, "store.UpdateNumber", configWrite, names{}, "number "+string(n.E164),
		`UPDATE numbers SET dest_kind = $3, dest_id = $4 WHERE tenant = $1 AND e164 = $2`,
		n.Tenant, n.E164, n.Dest.Kind, n.Dest.ID)
}

// RemoveNumber implements voice.NumberStore.
func (s *Store) RemoveNumber(ctx context.Context, t voice.TenantID, e voice.E164) error {
	return s.change(ctx, "store.RemoveNumber", configWrite, names{}, "number "+string(e),
		`DELETE FROM numbers WHERE tenant = $1 AND e164 = $2`, t, e)
}
