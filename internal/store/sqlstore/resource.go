package sqlstore

import (
	"context"
	"encoding/json"
	"strconv"

	"tandem/internal/voice"
)

const (
	resourceFields  = `serial, tenant, kind, name, data, version, created, updated`
	resourceColumns = `serial, tenant, kind, COALESCE(name, ''), data, version, created, updated`
)

func scanResource(r row) (v voice.Resource, err error) {
	var data string
	err = r.Scan(&v.Serial, &v.Tenant, &v.Kind, &v.Name, &data, &v.Version, timeCol{&v.Created}, timeCol{&v.Updated})
	if data != "" {
		v.Data = json.RawMessage(data)
	}
	return v, err
}

func resourceNames(r voice.Resource) names {
	return names{
		taken:  map[string]string{"resources_tenant_kind_name": "name " + r.Name},
		parent: "account " + string(r.Tenant),
	}
}

// fits refuses what is no resource: without a kind, or with too much data.
func fits(op string, r voice.Resource) error {
	switch {
	case r.Kind == "":
		return voice.InvalidField(op, "kind", "a resource needs a kind")
	case len(r.Data) > voice.MaxResourceData:
		return voice.Errorf(op, voice.Limit, "a %s may have %d bytes, this one has %d", r.Kind, voice.MaxResourceData, len(r.Data))
	}
	return nil
}

// CreateResource implements voice.ResourceStore. The version begins with 1
// when r has none.
func (s *Store) CreateResource(ctx context.Context, r voice.Resource) (voice.Resource, error) {
	const op = "store.CreateResource"
	if err := fits(op, r); err != nil {
		return voice.Resource{}, err
	}
	r.Version = max(r.Version, 1)
	err := s.transact(ctx, op, configWrite, resourceNames(r), func(x tx) (err error) {
		if r.Serial, err = serial(ctx, x, r.Serial); err != nil {
			return err
		}
		_, err = x.exec(ctx, `INSERT INTO resources (`+resourceFields+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.Serial, r.Tenant, r.Kind, orNull(r.Name), string(r.Data), r.Version, micros(r.Created), micros(r.Updated))
		return err
	})
	if err != nil {
		return voice.Resource{}, err
	}
	return r, nil
}

// Resource implements voice.ResourceStore.
func (s *Store) Resource(ctx context.Context, t voice.TenantID, kind string, serial int64) (voice.Resource, error) {
	return one(ctx, s, "store.Resource", resourceWords(kind, serial), scanResource,
		`SELECT `+resourceColumns+` FROM resources WHERE tenant = $1 AND kind = $2 AND serial = $3`, t, kind, serial)
}

// Resources implements voice.ResourceStore.
func (s *Store) Resources(ctx context.Context, t voice.TenantID, f voice.ResourceFilter) ([]voice.Resource, error) {
	q := query{text: `SELECT ` + resourceColumns + ` FROM resources`}
	if t != "" {
		q.and(`tenant = `, t)
	}
	if f.Kind != "" {
		q.and(`kind = `, f.Kind)
	}
	if f.Name != "" {
		q.and(`name = `, f.Name)
	}
	if f.After != 0 {
		q.and(`serial > `, f.After)
	}
	q.end(` ORDER BY serial LIMIT `, bound(f.Limit, 1000))
	return many(ctx, s, "store.Resources", scanResource, q.text, q.args...)
}

// UpdateResource implements voice.ResourceStore. Updated is stored too.
func (s *Store) UpdateResource(ctx context.Context, r voice.Resource) (int64, error) {
	const op = "store.UpdateResource"
	if err := fits(op, r); err != nil {
		return 0, err
	}
	err := s.transact(ctx, op, configWrite, resourceNames(r), func(x tx) error {
		n, err := x.exec(ctx,
			`UPDATE resources SET name = $5, data = $6, updated = $7, version = version + 1
			WHERE tenant = $1 AND kind = $2 AND serial = $3 AND version = $4`,
			r.Tenant, r.Kind, r.Serial, r.Version, orNull(r.Name), string(r.Data), micros(r.Updated))
		if err != nil || n > 0 {
			return err
		}
		return outdated(ctx, x, op, resourceWords(r.Kind, r.Serial), r.Version,
			`SELECT version FROM resources WHERE tenant = $1 AND kind = $2 AND serial = $3`, r.Tenant, r.Kind, r.Serial)
	})
	if err != nil {
		return 0, err
	}
	return r.Version + 1, nil
}

// DeleteResource implements voice.ResourceStore.
func (s *Store) DeleteResource(ctx context.Context, t voice.TenantID, kind string, serial int64) error {
	return s.change(ctx, "store.DeleteResource", configWrite, names{}, resourceWords(kind, serial),
		`DELETE FROM resources WHERE tenant = $1 AND kind = $2 AND serial = $3`, t, kind, serial)
}

func resourceWords(kind string, serial int64) string {
	return kind + " " + strconv.FormatInt(serial, 10)
}
