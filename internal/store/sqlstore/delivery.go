package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

const deliveryColumns = `id, tenant, call, seq, endpoint, purpose, method, url, headers, type, body, by_operator, tries, state,
	attempts, next_at, words, created, signature`

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
	at := places{}
	for i, d := range ds {
		if d.ID == "" || d.Endpoint == "" {
			return voice.InvalidField(op, "id", "a delivery needs an id and an endpoint")
		}
		if d.State == "" {
			d.State = voice.DeliveryQueued
		}
		if _, err := x.exec(ctx,
			`INSERT INTO deliveries (`+deliveryColumns+`, head)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $14 = 'queued' AND NOT EXISTS (
				SELECT 1 FROM deliveries AS e WHERE e.state = 'queued' AND e.call = $3 AND e.endpoint = $5 AND e.tenant = $2))`+again,
			d.ID, d.Tenant, d.Call, seq+int64(i), d.Endpoint, d.Purpose, d.Method, d.URL, jsonText(d.Headers), d.Type, d.Body,
			d.Operator, d.Tries, d.State, d.Attempts, due(d.Next, d.Created), d.Words, micros(d.Created), d.Signature); err != nil {
			return err
		}
		at[place{d.Tenant, d.Endpoint}] = true
	}
	return at.look(ctx, x)
}

const updateDelivery = `UPDATE deliveries SET state = $3, attempts = $4, next_at = $5, words = $6, head = head AND $3 = 'queued'
	WHERE tenant = $1 AND id = $2`

// UpdateDelivery implements voice.DeliveryStore.
func (s *Store) UpdateDelivery(ctx context.Context, d voice.Delivery) error {
	return s.changeDelivery(ctx, "store.UpdateDelivery", d.Tenant, d.ID,
		updateDelivery, d.Tenant, d.ID, d.State, d.Attempts, due(d.Next, d.Created), d.Words)
}

// changeDelivery runs one statement that has to touch a delivery, and sees to the
// order of its call and endpoint.
func (s *Store) changeDelivery(ctx context.Context, op string, t voice.TenantID, id voice.DeliveryID, query string, args ...any) error {
	return s.transact(ctx, op, recordWrite, names{}, func(x tx) error {
		if err := lockOutbox(ctx, x); err != nil {
			return err
		}
		if err := x.must(ctx, op, "delivery "+string(id), query, args...); err != nil {
			return err
		}
		d, err := collect(ctx, x, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries WHERE tenant = $1 AND id = $2`, t, id)
		if err != nil {
			return err
		}
		// It may have come back before others: sent again, after it was over.
		if _, err := x.exec(ctx, `UPDATE deliveries SET head = FALSE
			WHERE head AND state = 'queued' AND call = $1 AND endpoint = $2 AND tenant = $3 AND seq > `+firstInOrder,
			d[0].Call, d[0].Endpoint, d[0].Tenant); err != nil {
			return err
		}
		if err := nextTurn(ctx, x, d[0]); err != nil {
			return err
		}
		return places{{d[0].Tenant, d[0].Endpoint}: true}.look(ctx, x)
	})
}

const attemptColumns = `delivery, n, tenant, at, latency, status, headers, signed, answer, words`

// SaveAttempts implements voice.DeliveryStore.
func (s *Store) SaveAttempts(ctx context.Context, ds []voice.Delivery, as []voice.DeliveryAttempt, es []voice.Endpoint) error {
	return s.transact(ctx, "store.SaveAttempts", recordWrite, names{}, func(x tx) error {
		if err := lockOutbox(ctx, x); err != nil {
			return err
		}
		at := places{}
		for _, d := range ds {
			if _, err := x.exec(ctx, updateDelivery, d.Tenant, d.ID, d.State, d.Attempts, due(d.Next, d.Created), d.Words); err != nil {
				return err
			}
			if d.State != voice.DeliveryQueued {
				if err := nextTurn(ctx, x, d); err != nil {
					return err
				}
			}
			at[place{d.Tenant, d.Endpoint}] = true
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
		for _, e := range es {
			if _, err := x.exec(ctx, `UPDATE outbox SET failing = $3, held = $4 WHERE tenant = $1 AND endpoint = $2`,
				e.Tenant, e.Name, e.Failing, micros(e.Held)); err != nil {
				return err
			}
			at[place{e.Tenant, e.Name}] = true
		}
		return at.look(ctx, x)
	})
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
