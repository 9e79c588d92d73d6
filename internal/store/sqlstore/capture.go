package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

const captureColumns = `id, tenant, call, state, blob_key, size, sha256, packets, lost, words, created, ended`

func scanCapture(r row) (v voice.Capture, err error) {
	err = r.Scan(&v.ID, &v.Tenant, &v.Call, &v.State, &v.Blob, &v.Size, &v.SHA256, &v.Packets, &v.Lost, &v.Words, timeCol{&v.Created}, timeCol{&v.Ended})
	return v, err
}

// CreateCapture implements voice.CaptureStore.
func (s *Store) CreateCapture(ctx context.Context, v voice.Capture) error {
	const op = "store.CreateCapture"
	if v.ID == "" || v.Tenant == "" {
		return voice.InvalidField(op, "id", "a capture needs an id and an account")
	}
	return s.insert(ctx, op, recordWrite, names{taken: map[string]string{"captures_id": "capture id " + string(v.ID)}},
		`INSERT INTO captures (`+captureColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		v.ID, v.Tenant, v.Call, v.State, v.Blob, v.Size, v.SHA256, v.Packets, v.Lost, v.Words, micros(v.Created), micros(v.Ended))
}

// Capture implements voice.CaptureStore.
func (s *Store) Capture(ctx context.Context, t voice.TenantID, id voice.CaptureID) (voice.Capture, error) {
	return one(ctx, s, "store.Capture", "capture "+string(id), scanCapture,
		`SELECT `+captureColumns+` FROM captures WHERE tenant = $1 AND id = $2`, t, id)
}

// Captures implements voice.CaptureStore.
func (s *Store) Captures(ctx context.Context, f voice.CaptureFilter) ([]voice.Capture, error) {
	q := query{text: `SELECT ` + captureColumns + ` FROM captures`}
	if f.Tenant != "" {
		q.and(`tenant = `, f.Tenant)
	}
	if f.Call != "" {
		q.and(`call = `, f.Call)
	}
	if f.State != "" {
		q.and(`state = `, f.State)
	}
	if f.Over {
		q.and(`state <> `, voice.CaptureActive)
	}
	if !f.Before.IsZero() {
		q.and(`created < `, micros(f.Before))
	}
	q.end(` ORDER BY created, id LIMIT `, bound(f.Limit, 100))
	return many(ctx, s, "store.Captures", scanCapture, q.text, q.args...)
}

// UpdateCapture implements voice.CaptureStore.
func (s *Store) UpdateCapture(ctx context.Context, v voice.Capture) error {
	return s.change(ctx, "store.UpdateCapture", recordWrite, names{}, "capture "+string(v.ID),
		`UPDATE captures SET state = $3, blob_key = $4, size = $5, sha256 = $6, packets = $7, lost = $8, words = $9, ended = $10 WHERE tenant = $1 AND id = $2`,
		v.Tenant, v.ID, v.State, v.Blob, v.Size, v.SHA256, v.Packets, v.Lost, v.Words, micros(v.Ended))
}

// DeleteCapture implements voice.CaptureStore.
func (s *Store) DeleteCapture(ctx context.Context, t voice.TenantID, id voice.CaptureID) error {
	return s.change(ctx, "store.DeleteCapture", recordWrite, names{}, "capture "+string(id),
		`DELETE FROM captures WHERE tenant = $1 AND id = $2`, t, id)
}

// CaptureUsage gives what the captures of an account take.
func (s *Store) CaptureUsage(ctx context.Context, t voice.TenantID) (voice.CaptureUsage, error) {
	return one(ctx, s, "store.CaptureUsage", "account "+string(t), func(r row) (u voice.CaptureUsage, err error) {
		err = r.Scan(&u.Bytes, &u.Active)
		return u, err
	}, `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN state = $2 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM captures WHERE tenant = $1`,
		t, voice.CaptureActive)
}
