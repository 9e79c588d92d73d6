package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

// Setting implements voice.SettingStore.
func (s *Store) Setting(ctx context.Context, key string) (string, error) {
	return one(ctx, s, "store.Setting", "setting "+key, func(r row) (v string, err error) { return v, r.Scan(&v) },
		`SELECT value FROM settings WHERE name = $1`, key)
}

// PutSetting implements voice.SettingStore.
func (s *Store) PutSetting(ctx context.Context, key, value string) error {
	return s.insert(ctx, "store.PutSetting", configWrite, names{},
		`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		key, value)
}

// InitSetting implements voice.SettingStore. Of several that come at once, all
// get the value of the first.
func (s *Store) InitSetting(ctx context.Context, key, value string) (string, error) {
	const op = "store.InitSetting"
	if had, err := s.Setting(ctx, key); !voice.IsKind(err, voice.NotExist) {
		return had, err
	}
	if err := s.insert(ctx, op, configWrite, names{},
		`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, key, value); err != nil {
		return "", err
	}
	return s.Setting(ctx, key)
}
