package sqlstore

import (
	"context"
	"math"

	"tandem/internal/voice"
)

// The counters.
const (
	serialCounter   = "serial"   // what vendors call by a number, of every kind
	deliveryCounter = "delivery" // the order of the outbox
)

// draw takes n numbers of a counter and gives the first. The counter stays
// locked until the transaction ends; a number that was rolled back is drawn again.
func draw(ctx context.Context, x tx, counter string, n int) (int64, error) {
	first, err := collect(ctx, x, func(r row) (v int64, err error) { return v, r.Scan(&v) },
		`UPDATE counters SET next_n = next_n + $2 WHERE name = $1 RETURNING next_n - $2`, counter, int64(n))
	if err != nil {
		return 0, err
	}
	if len(first) == 0 {
		return 0, voice.Errorf("store.draw", voice.Internal, "the counter %s is missing", counter)
	}
	return first[0], nil
}

// serial gives the number of a thing to be stored: its own when it has one,
// which is not drawn again then, else a new one.
func serial(ctx context.Context, x tx, own int64) (int64, error) {
	if own == 0 {
		return draw(ctx, x, serialCounter, 1)
	}
	if own < 0 || own == math.MaxInt64 {
		return 0, voice.InvalidField("store.serial", "id", "%d is no number of a thing", own)
	}
	_, err := x.exec(ctx, `UPDATE counters SET next_n = $2 WHERE name = $1 AND next_n < $2`, serialCounter, own+1)
	return own, err
}
