package sqlstore

import (
	"context"
	"encoding/json"

	"tandem/internal/voice"
)

const appColumns = `id, tenant, kind, type, name, shortcode, standing, document, version, created, updated, serial, canary`

func scanApp(r row) (a voice.App, err error) {
	var document, canary string
	err = r.Scan(&a.ID, &a.Tenant, &a.Kind, &a.Type, &a.Name, &a.Shortcode, &a.Default, &document, &a.Version,
		timeCol{&a.Created}, timeCol{&a.Updated}, &a.Serial, &canary)
	if document != "" {
		a.Document = json.RawMessage(document)
	}
	if canary != "" && err == nil {
		err = json.Unmarshal([]byte(canary), &a.Canary)
	}
	return a, err
}

// canaryText is how a canary is kept; "" = none.
func canaryText(c voice.Canary) (string, error) {
	if c.Percent == 0 {
		return "", nil
	}
	raw, err := json.Marshal(c)
	return string(raw), err
}

// CreateApp implements voice.AppStore. The version begins with 1 when a has none.
func (s *Store) CreateApp(ctx context.Context, a voice.App, slots []voice.Sound) error {
	const op = "store.CreateApp"
	if a.ID == "" {
		return voice.InvalidField(op, "id", "an app needs an id")
	}
	n := names{
		taken:  map[string]string{"apps_id": "app id " + string(a.ID), "sounds_id": "the id of a sound of the app", "apps_serial": "the number of the app"},
		parent: "account " + string(a.Tenant),
	}
	canary, err := canaryText(a.Canary)
	if err != nil {
		return voice.E(op, voice.Internal, err)
	}
	return s.transact(ctx, op, configWrite, n, func(x tx) error {
		number, err := serial(ctx, x, a.Serial)
		if err != nil {
			return err
		}
		if _, err := x.exec(ctx,
			`INSERT INTO apps (`+appColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			a.ID, a.Tenant, a.Kind, a.Type, a.Name, a.Shortcode, a.Default, string(a.Document), max(a.Version, 1),
			micros(a.Created), micros(a.Updated), number, canary); err != nil {
			return err
		}
		for _, slot := range slots {
			slot.Tenant, slot.App = a.Tenant, a.ID
			if err := insertSound(ctx, x, slot); err != nil {
				return err
			}
		}
		return nil
	})
}

// App implements voice.AppStore.
func (s *Store) App(ctx context.Context, t voice.TenantID, id voice.AppID) (voice.App, error) {
	return one(ctx, s, "store.App", "app "+string(id), scanApp,
		`SELECT `+appColumns+` FROM apps WHERE tenant = $1 AND id = $2`, t, id)
}

// Apps implements voice.AppStore.
func (s *Store) Apps(ctx context.Context, t voice.TenantID) ([]voice.App, error) {
	return many(ctx, s, "store.Apps", scanApp,
		`SELECT `+appColumns+` FROM apps WHERE tenant = $1 ORDER BY created, id`, t)
}

// UpdateApp implements voice.AppStore. Updated is stored too.
func (s *Store) UpdateApp(ctx context.Context, a voice.App) (int64, error) {
	const op = "store.UpdateApp"
	canary, err := canaryText(a.Canary)
	if err != nil {
		return 0, voice.E(op, voice.Internal, err)
	}
	err = s.transact(ctx, op, configWrite, names{}, func(x tx) error {
		n, err := x.exec(ctx,
			`UPDATE apps SET name = $4, shortcode = $5, document = $6, updated = $7, canary = $8, version = version + 1
			WHERE tenant = $1 AND id = $2 AND version = $3`,
			a.Tenant, a.ID, a.Version, a.Name, a.Shortcode, string(a.Document), micros(a.Updated), canary)
		if err != nil || n > 0 {
			return err
		}
		return outdated(ctx, x, op, "app "+string(a.ID), a.Version,
			`SELECT version FROM apps WHERE tenant = $1 AND id = $2`, a.Tenant, a.ID)
	})
	if err != nil {
		return 0, err
	}
	return a.Version + 1, nil
}

// DeleteApp implements voice.AppStore. Conflict when it is a default app.
func (s *Store) DeleteApp(ctx context.Context, t voice.TenantID, id voice.AppID) error {
	const op = "store.DeleteApp"
	return s.transact(ctx, op, configWrite, names{}, func(x tx) error {
		standing, err := collect(ctx, x, func(r row) (d bool, err error) { return d, r.Scan(&d) },
			`SELECT standing FROM apps WHERE tenant = $1 AND id = $2`, t, id)
		switch {
		case err != nil:
			return err
		case len(standing) == 0:
			return voice.Errorf(op, voice.NotExist, "app %s does not exist", id)
		case standing[0]:
			return voice.Errorf(op, voice.Conflict, "app %s was made with the account and can't be deleted", id)
		}
		if _, err := x.exec(ctx, `DELETE FROM sounds WHERE tenant = $1 AND app = $2`, t, id); err != nil {
			return err
		}
		_, err = x.exec(ctx, `DELETE FROM apps WHERE tenant = $1 AND id = $2`, t, id)
		return err
	})
}
