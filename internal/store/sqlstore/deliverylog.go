package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// Delivery implements voice.DeliveryLog.
func (s *Store) Delivery(ctx context.Context, t voice.TenantID, id voice.DeliveryID) (voice.Delivery, error) {
	return one(ctx, s, "store.Delivery", "delivery "+string(id), scanDelivery,
		`SELECT `+deliveryColumns+` FROM deliveries WHERE tenant = $1 AND id = $2`, t, id)
}

// Deliveries implements voice.DeliveryLog; limit 0 = 100.
func (s *Store) Deliveries(ctx context.Context, t voice.TenantID, f voice.DeliveryFilter) ([]voice.Delivery, error) {
	q := query{text: `SELECT ` + deliveryColumns + ` FROM deliveries`}
	q.and(`tenant = `, t)
	if f.Call != "" {
		q.and(`call = `, f.Call)
	}
	if f.State != "" {
		q.and(`state = `, f.State)
	}
	if f.Endpoint != "" {
		q.and(`endpoint = `, f.Endpoint)
	}
	if f.Before > 0 {
		q.and(`seq < `, f.Before)
	}
	q.end(` ORDER BY seq DESC LIMIT `, bound(f.Limit, 100))
	return many(ctx, s, "store.Deliveries", scanDelivery, q.text, q.args...)
}

// Attempts implements voice.DeliveryLog.
func (s *Store) Attempts(ctx context.Context, t voice.TenantID, id voice.DeliveryID) ([]voice.DeliveryAttempt, error) {
	return many(ctx, s, "store.Attempts", func(r row) (a voice.DeliveryAttempt, err error) {
		var micros int64
		err = r.Scan(&a.Delivery, &a.N, &a.Tenant, timeCol{&a.At}, &micros, &a.Status, jsonCol{&a.Headers}, &a.Signed, &a.Answer, &a.Words)
		a.Latency = time.Duration(micros) * time.Microsecond
		return a, err
	}, `SELECT `+attemptColumns+` FROM delivery_attempts WHERE tenant = $1 AND delivery = $2 ORDER BY n`, t, id)
}

// Resend implements voice.DeliveryLog.
func (s *Store) Resend(ctx context.Context, t voice.TenantID, id voice.DeliveryID, now time.Time) error {
	return s.changeDelivery(ctx, "store.Resend", t, id,
		`UPDATE deliveries SET state = 'queued', next_at = $3,
			tries = CASE WHEN state = 'queued' AND tries > attempts THEN tries ELSE attempts + 1 END
		WHERE tenant = $1 AND id = $2`, t, id, micros(now))
}
