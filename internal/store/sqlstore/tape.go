package sqlstore

import (
	"context"
	"encoding/base64"
	"time"

	"tandem/internal/voice"
)

// Tape is what is kept of a call for its replay.
type Tape struct {
	Call   voice.CallID
	Tenant voice.TenantID
	Start  time.Time
	Data   []byte
}

// PutTapes keeps tapes, in one transaction. One that is kept already is replaced. A
// power cut may lose the latest.
func (s *Store) PutTapes(ctx context.Context, tapes []Tape) error {
	return s.transact(ctx, "store.PutTapes", relaxedWrite, names{}, func(x tx) error {
		ctx := x.brief(ctx)
		for _, t := range tapes {
			_, err := x.exec(ctx, `INSERT INTO tapes (call, tenant, started, data) VALUES ($1, $2, $3, $4)
				ON CONFLICT (call) DO UPDATE SET tenant = excluded.tenant, started = excluded.started, data = excluded.data`,
				t.Call, t.Tenant, micros(t.Start), base64.StdEncoding.EncodeToString(t.Data))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Tapes lists the tapes of a tenant's calls ("" = of all) that began at or after a
// time, the oldest first, past the call of a place in the list (zero = from its
// beginning); at most limit.
func (s *Store) Tapes(ctx context.Context, t voice.TenantID, after time.Time, past voice.CDRPlace, limit int) ([]Tape, error) {
	return many(ctx, s, "store.Tapes", func(r row) (x Tape, err error) {
		var data string
		if err = r.Scan(&x.Call, &x.Tenant, timeCol{&x.Start}, &data); err == nil {
			x.Data, err = base64.StdEncoding.DecodeString(data)
		}
		return x, err
	}, `SELECT call, tenant, started, data FROM tapes WHERE ($1 = '' OR tenant = $1) AND started >= $2 AND (started, call) > ($3, $4) ORDER BY started, call LIMIT $5`,
		t, micros(after), micros(past.Start), past.Call, limit)
}

// DropTapes removes the tapes of calls that began before a time.
func (s *Store) DropTapes(ctx context.Context, before time.Time) error {
	return s.transact(ctx, "store.DropTapes", recordWrite, names{}, func(x tx) error {
		_, err := x.exec(ctx, `DELETE FROM tapes WHERE started < $1`, micros(before))
		return err
	})
}
