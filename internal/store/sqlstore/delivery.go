package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

const deliveryColumns = `id, tenant, call, seq, endpoint, purpose, method, url, headers, type, body, by_operator, tries, state,
	attempts, next_at, words, created, signature`

// firstInOrder is the condition that no delivery of the same call and endpoint
// waits before d.
const firstInOrder = `NOT EXISTS (
	SELECT 1 FROM deliveries AS e
	WHERE e.state = 'queued' AND e.call = d.call AND e.endpoint = d.endpoint AND e.tenant = d.tenant AND e.seq < d.seq)`

func scanDelivery(r row) (d voice.Delivery, err error) {
	err = r.Scan(&d.ID, &d.Tenant, &d.Call, &d.Seq, &d.Endpoint, &d.Purpose, &d.Method, &d.URL, jsonCol{&d.Headers}, &d.Type, &d.Body,
		&d.Operator, &d.Tries, &d.State, &d.Attempts, timeCol{&d.Next}, &d.Words, timeCol{&d.Created}, &d.Signature)
	return d, err
}

// CreateDeliveries implements voice.DeliveryStore. What has no state is queued.
func (s *Store) CreateDeliveries(ctx context.Context, ds []voice.Delivery) error {
	const op = "store.CreateDeliveries"
	if len(ds) == 0 {
		return nil
	}
	n := names{taken: map[string]string{"deliveries_id": "the id of a delivery"}}
	return s.transact(ctx, op, recordWrite, n, func(x tx) error { return putDeliveries(ctx, x, op, ds, "") })
}

// putDeliveries queues ds in their order. again says what becomes of one that
// is there already.
func putDeliveries(ctx context.Context, x tx, op string, ds []voice.Delivery, again string) error {
	if len(ds) == 0 {
		return nil
	}
	seq, err := draw(ctx, x, deliveryCounter, len(ds))
	if err != nil {
		return err
	}
	for i, d := range ds {
		if d.ID == "" || d.Endpoint == "" {
			return voice.InvalidField(op, "id", "a delivery needs an id and an endpoint")
		}
		if d.State == "" {
			d.State = voice.DeliveryQueued
		}
		if _, err := x.exec(ctx,
			`INSERT INTO deliveries (`+deliveryColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`+again,
			d.ID, d.Tenant, d.Call, seq+int64(i), d.Endpoint, d.Purpose, d.Method, d.URL, jsonText(d.Headers), d.Type, d.Body,
			d.Operator, d.Tries, d.State, d.Attempts, due(d.Next, d.Created), d.Words, micros(d.Created), d.Signature); err != nil {
			return err
		}
	}
	return nil
}

// DueDeliveries implements voice.DeliveryStore; limit 0 = 100. An endpoint with
// many calls waiting gives only the first few, and so does an account with many
// endpoints, so that they leave room for others.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]voice.Delivery, error) {
	return many(ctx, s, "store.DueDeliveries", scanDelivery,
		`SELECT `+deliveryColumns+` FROM deliveries WHERE seq IN (
			SELECT seq FROM (
				SELECT seq, ROW_NUMBER() OVER (PARTITION BY tenant ORDER BY seq) AS nth FROM (
					SELECT d.seq, d.tenant, ROW_NUMBER() OVER (PARTITION BY d.tenant, d.endpoint ORDER BY d.seq) AS place
					FROM deliveries AS d
					WHERE d.state = 'queued' AND d.next_at <= $1 AND `+firstInOrder+`
				) AS waiting WHERE place <= $2
			) AS fair WHERE nth <= $3 ORDER BY seq LIMIT $4
		) ORDER BY seq`,
		micros(now), voice.DueOfEndpoint, voice.DueOfTenant, bound(limit, 100))
}

const updateDelivery = `UPDATE deliveries SET state = $3, attempts = $4, next_at = $5, words = $6 WHERE tenant = $1 AND id = $2`

// UpdateDelivery implements voice.DeliveryStore.
func (s *Store) UpdateDelivery(ctx context.Context, d voice.Delivery) error {
	return s.change(ctx, "store.UpdateDelivery", recordWrite, names{}, "delivery "+string(d.ID),
		updateDelivery, d.Tenant, d.ID, d.State, d.Attempts, due(d.Next, d.Created), d.Words)
}

const attemptColumns = `delivery, n, tenant, at, latency, status, headers, signed, answer, words`

// SaveAttempts implements voice.DeliveryStore.
func (s *Store) SaveAttempts(ctx context.Context, ds []voice.Delivery, as []voice.DeliveryAttempt) error {
	return s.transact(ctx, "store.SaveAttempts", recordWrite, names{}, func(x tx) error {
		for _, d := range ds {
			if _, err := x.exec(ctx, updateDelivery, d.Tenant, d.ID, d.State, d.Attempts, due(d.Next, d.Created), d.Words); err != nil {
				return err
			}
		}
		for _, a := range as {
			if _, err := x.exec(ctx,
				`INSERT INTO delivery_attempts (`+attemptColumns+`)
				SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT),
					CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS TEXT), CAST($10 AS TEXT)
				WHERE EXISTS (SELECT 1 FROM deliveries WHERE tenant = $3 AND id = $1)
				ON CONFLICT (delivery, n) DO NOTHING`,
				a.Delivery, a.N, a.Tenant, micros(a.At), int64(a.Latency/time.Microsecond), a.Status, jsonText(a.Headers), a.Signed, a.Answer, a.Words); err != nil {
				return err
			}
		}
		return nil
	})
}

// NextDelivery implements voice.DeliveryStore.
func (s *Store) NextDelivery(ctx context.Context) (time.Time, error) {
	return one(ctx, s, "store.NextDelivery", "a queue", func(r row) (next time.Time, err error) {
		return next, r.Scan(timeCol{&next})
	}, `SELECT COALESCE(MIN(next_at), 0) FROM deliveries AS d WHERE state = 'queued' AND `+firstInOrder)
}

// ExpireDeliveries implements voice.DeliveryStore.
func (s *Store) ExpireDeliveries(ctx context.Context, before time.Time) error {
	return s.transact(ctx, "store.ExpireDeliveries", relaxedWrite, names{}, func(x tx) error {
		_, err := x.exec(ctx, `DELETE FROM delivery_attempts WHERE delivery IN (SELECT id FROM deliveries WHERE state <> 'queued' AND created < $1)`, micros(before))
		if err == nil {
			_, err = x.exec(ctx, `DELETE FROM deliveries WHERE state <> 'queued' AND created < $1`, micros(before))
		}
		return err
	})
}
