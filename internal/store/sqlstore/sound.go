package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

const soundColumns = `id, tenant, app, name, standard, ref, source, file_name, blob_key, size, duration, text, voice, created, updated, serial`

func scanSound(r row) (v voice.Sound, err error) {
	err = r.Scan(&v.ID, &v.Tenant, &v.App, &v.Name, &v.Standard, &v.Ref, &v.Source, &v.FileName, &v.Blob, &v.Size,
		spanCol{&v.Duration}, &v.Text, &v.Voice, timeCol{&v.Created}, timeCol{&v.Updated}, &v.Serial)
	return v, err
}

func insertSound(ctx context.Context, x tx, v voice.Sound) error {
	number, err := serial(ctx, x, v.Serial)
	if err != nil {
		return err
	}
	_, err = x.exec(ctx,
		`INSERT INTO sounds (`+soundColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		v.ID, v.Tenant, v.App, v.Name, v.Standard, v.Ref, v.Source, v.FileName, v.Blob, v.Size,
		v.Duration.Microseconds(), v.Text, v.Voice, micros(v.Created), micros(v.Updated), number)
	return err
}

// CreateSound implements voice.SoundStore.
func (s *Store) CreateSound(ctx context.Context, v voice.Sound) error {
	const op = "store.CreateSound"
	if v.ID == "" {
		return voice.InvalidField(op, "id", "a sound needs an id")
	}
	n := names{
		taken:  map[string]string{"sounds_id": "sound id " + string(v.ID), "sounds_serial": "the number of the sound"},
		parent: "account " + string(v.Tenant),
	}
	return s.transact(ctx, op, configWrite, n, func(x tx) error { return insertSound(ctx, x, v) })
}

// Sound implements voice.SoundStore.
func (s *Store) Sound(ctx context.Context, t voice.TenantID, id voice.SoundID) (voice.Sound, error) {
	return one(ctx, s, "store.Sound", "sound "+string(id), scanSound,
		`SELECT `+soundColumns+` FROM sounds WHERE tenant = $1 AND id = $2`, t, id)
}

// Sounds implements voice.SoundStore.
func (s *Store) Sounds(ctx context.Context, t voice.TenantID, app voice.AppID) ([]voice.Sound, error) {
	return many(ctx, s, "store.Sounds", scanSound,
		`SELECT `+soundColumns+` FROM sounds WHERE tenant = $1 AND ($2 = '' OR app = $2) ORDER BY ref, created, id`, t, app)
}

// UpdateSound implements voice.SoundStore: everything but id, tenant, app and creation.
func (s *Store) UpdateSound(ctx context.Context, v voice.Sound) error {
	return s.change(ctx, "store.UpdateSound", configWrite, names{}, "sound "+string(v.ID),
		`UPDATE sounds SET name = $3, standard = $4, ref = $5, source = $6, file_name = $7, blob_key = $8, size = $9,
			duration = $10, text = $11, voice = $12, updated = $13
		WHERE tenant = $1 AND id = $2`,
		v.Tenant, v.ID, v.Name, v.Standard, v.Ref, v.Source, v.FileName, v.Blob, v.Size,
		v.Duration.Microseconds(), v.Text, v.Voice, micros(v.Updated))
}

// DeleteSound implements voice.SoundStore.
func (s *Store) DeleteSound(ctx context.Context, t voice.TenantID, id voice.SoundID) error {
	return s.change(ctx, "store.DeleteSound", configWrite, names{}, "sound "+string(id),
		`DELETE FROM sounds WHERE tenant = $1 AND id = $2`, t, id)
}
