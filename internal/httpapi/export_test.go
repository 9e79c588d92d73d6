package httpapi

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// MaxOrders is how many orders are remembered.
const MaxOrders = maxOrders

// Orders opens what is remembered of orders to tests.
type Orders struct{ orders }

// Once carries an order out unless it was before.
func (o *Orders) Once(ctx context.Context, ref string, what any, now time.Time, begin func() (voice.CallID, error)) (voice.CallID, bool, error) {
	return o.once(ctx, ref, what, now, begin)
}
