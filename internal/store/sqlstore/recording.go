package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

const recordingColumns = `id, tenant, call, user_id, purpose, state, blob_key, size, sha256, duration, channels,
	from_addr, to_addr, words, created, ended`

func scanRecording(r row) (v voice.Recording, err error) {
	err = r.Scan(&v.ID, &v.Tenant, &v.Call, &v.User, &v.Purpose, &v.State, &v.Blob, &v.Size, &v.SHA256,
		spanCol{&v.Duration}, &v.Channels, &v.From, &v.To, &v.Words, timeCol{&v.Created}, timeCol{&v.Ended})
	return v, err
}

// CreateRecording implements voice.RecordingStore.
func (s *Store) CreateRecording(ctx context.Context, v voice.Recording) error {
	const op = "store.CreateRecording"
	if v.ID == "" || v.Tenant == "" {
		return voice.InvalidField(op, "id", "a recording needs an id and an account")
	}
	return s.insert(ctx, op, recordWrite, names{taken: map[string]string{"recordings_id": "recording id " + string(v.ID)}},
		`INSERT INTO recordings (`+recordingColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		v.ID, v.Tenant, v.Call, v.User, v.Purpose, v.State, v.Blob, v.Size, v.SHA256, v.Duration.Microseconds(), v.Channels,
		v.From, v.To, v.Words, micros(v.Created), micros(v.Ended))
}

// Recording implements voice.RecordingStore.
func (s *Store) Recording(ctx context.Context, t voice.TenantID, id voice.RecordingID) (voice.Recording, error) {
	return one(ctx, s, "store.Recording", "recording "+string(id), scanRecording,
		`SELECT `+recordingColumns+` FROM recordings WHERE tenant = $1 AND id = $2`, t, id)
}

// Recordings implements voice.RecordingStore. BeforeID keeps those made before
// that recording, in either order.
func (s *Store) Recordings(ctx context.Context, t voice.TenantID, f voice.RecordingFilter) ([]voice.Recording, error) {
	q := query{text: `SELECT ` + recordingColumns + ` FROM recordings`}
	if !f.AllTenants {
		q.and(`tenant = `, t)
	}
	if f.User != "" {
		q.and(`user_id = `, f.User)
	}
	if f.Call != "" {
		q.and(`call = `, f.Call)
	}
	if f.Purpose != "" {
		q.and(`purpose = `, f.Purpose)
	}
	if f.State != "" {
		q.and(`state = `, f.State)
	}
	if !f.After.IsZero() {
		q.and(`created >= `, micros(f.After))
	}
	if !f.Before.IsZero() {
		q.and(`created <= `, micros(f.Before))
	}
	if f.BeforeID != "" {
		q.and(`(created, id) < (SELECT b.created, b.id FROM recordings b WHERE b.tenant = recordings.tenant AND b.id = `, f.BeforeID)
		q.text += `)`
	}
	order := ` ORDER BY created, id LIMIT `
	if f.NewestFirst {
		order = ` ORDER BY created DESC, id DESC LIMIT `
	}
	q.end(order, bound(f.Limit, 1000))
	return many(ctx, s, "store.Recordings", scanRecording, q.text, q.args...)
}

// UpdateRecording implements voice.RecordingStore: everything but id, tenant and creation.
func (s *Store) UpdateRecording(ctx context.Context, v voice.Recording) error {
	return s.change(ctx, "store.UpdateRecording", recordWrite, names{}, "recording "+string(v.ID),
		`UPDATE recordings SET call = $3, user_id = $4, purpose = $5, state = $6, blob_key = $7, size = $8, sha256 = $9,
			duration = $10, channels = $11, from_addr = $12, to_addr = $13, words = $14, ended = $15
		WHERE tenant = $1 AND id = $2`,
		v.Tenant, v.ID, v.Call, v.User, v.Purpose, v.State, v.Blob, v.Size, v.SHA256, v.Duration.Microseconds(), v.Channels,
		v.From, v.To, v.Words, micros(v.Ended))
}

// DeleteRecording implements voice.RecordingStore. The blob is the caller's to delete.
func (s *Store) DeleteRecording(ctx context.Context, t voice.TenantID, id voice.RecordingID) error {
	return s.change(ctx, "store.DeleteRecording", recordWrite, names{}, "recording "+string(id),
		`DELETE FROM recordings WHERE tenant = $1 AND id = $2`, t, id)
}
