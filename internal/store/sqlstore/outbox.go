package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// The table outbox has a row for each endpoint where deliveries wait, with when
// to look there; deliveries.head marks those whose turn it is. Both are kept by
// whoever writes deliveries, so that a look costs what is sent and not what waits.

// lockOutbox has everybody else who queues or changes deliveries wait until the
// transaction ends: whose turn it is depends on rows that another may be adding.
func lockOutbox(ctx context.Context, x tx) error {
	_, err := draw(ctx, x, deliveryCounter, 0)
	return err
}

// firstInOrder is the Seq of the delivery whose turn it is of a call, $1, and an
// endpoint, $2, of an account, $3.
const firstInOrder = `(SELECT MIN(e.seq) FROM deliveries AS e WHERE e.state = 'queued' AND e.call = $1 AND e.endpoint = $2 AND e.tenant = $3)`

// nextTurn sees to it that it is somebody's turn, of those of d's call and endpoint
// that wait.
func nextTurn(ctx context.Context, x tx, d voice.Delivery) error {
	_, err := x.exec(ctx, `UPDATE deliveries SET head = TRUE WHERE NOT head AND seq = `+firstInOrder, d.Call, d.Endpoint, d.Tenant)
	return err
}

// place is an endpoint of an account.
type place struct {
	tenant   voice.TenantID
	endpoint string
}

// places are the endpoints that a transaction touches.
type places map[place]bool

// look notes when to look at each of them.
func (p places) look(ctx context.Context, x tx) error {
	for at := range p {
		n, err := x.exec(ctx, `INSERT INTO outbox (tenant, endpoint, next_at, failing, held)
			SELECT tenant, endpoint, next_at, FALSE, 0 FROM deliveries
			WHERE head AND tenant = $1 AND endpoint = $2 ORDER BY next_at, seq LIMIT 1
			ON CONFLICT (tenant, endpoint) DO UPDATE
			SET next_at = CASE WHEN outbox.held > excluded.next_at THEN outbox.held ELSE excluded.next_at END`, at.tenant, at.endpoint)
		if err == nil && n == 0 {
			_, err = x.exec(ctx, `DELETE FROM outbox WHERE tenant = $1 AND endpoint = $2`, at.tenant, at.endpoint)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Outboxes implements voice.DeliveryStore. It goes from account to account in the
// index and reads none of their rows but the first.
func (s *Store) Outboxes(ctx context.Context) ([]voice.Outbox, error) {
	return many(ctx, s, "store.Outboxes", func(r row) (o voice.Outbox, err error) {
		return o, r.Scan(&o.Tenant, timeCol{&o.Next}, timeCol{&o.Failing})
	}, `WITH RECURSIVE account (tenant) AS (
			SELECT MIN(tenant) FROM outbox
			UNION ALL
			SELECT (SELECT MIN(o.tenant) FROM outbox AS o WHERE o.tenant > account.tenant) FROM account WHERE account.tenant IS NOT NULL
		)
		SELECT tenant,
			COALESCE((SELECT o.next_at FROM outbox AS o WHERE o.tenant = account.tenant AND o.failing = FALSE ORDER BY o.next_at LIMIT 1), 0),
			COALESCE((SELECT o.next_at FROM outbox AS o WHERE o.tenant = account.tenant AND o.failing = TRUE ORDER BY o.next_at LIMIT 1), 0)
		FROM account WHERE tenant IS NOT NULL ORDER BY tenant`)
}

// DueEndpoints implements voice.DeliveryStore; limit 0 = 100.
func (s *Store) DueEndpoints(ctx context.Context, t voice.TenantID, failing bool, now time.Time, limit int) ([]voice.Endpoint, error) {
	return many(ctx, s, "store.DueEndpoints", func(r row) (e voice.Endpoint, err error) {
		return e, r.Scan(&e.Tenant, &e.Name, &e.Failing, timeCol{&e.Held})
	}, `SELECT tenant, endpoint, failing, held FROM outbox
		WHERE tenant = $1 AND failing = $2 AND next_at <= $3 ORDER BY next_at, endpoint LIMIT $4`, t, failing, micros(now), bound(limit, 100))
}

// DueDeliveries implements voice.DeliveryStore; limit 0 = 100.
func (s *Store) DueDeliveries(ctx context.Context, t voice.TenantID, endpoint string, now time.Time, limit int) ([]voice.Delivery, error) {
	return many(ctx, s, "store.DueDeliveries", scanDelivery,
		`SELECT `+deliveryColumns+` FROM deliveries
		WHERE head AND tenant = $1 AND endpoint = $2 AND next_at <= $3 ORDER BY next_at, seq LIMIT $4`,
		t, endpoint, micros(now), bound(limit, 100))
}
