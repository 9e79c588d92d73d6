package interp

import (
	"context"

	"tandem/internal/flow"
)

// wait lets time pass; it does not answer.
func (r *run) wait(ctx context.Context, s flow.Wait) (outcome, error) {
	if s.For > 0 {
		if err := r.call.Wait(ctx, s.For); err != nil {
			return outcome{}, err
		}
	}
	return outcome{exit: flow.Next}, nil
}
