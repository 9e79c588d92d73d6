package interp

import (
	"context"

	"tandem/internal/flow"
)

// subflow runs another app and comes back to this node.
func (r *run) subflow(ctx context.Context, s flow.Subflow) (outcome, error) {
	p, err := r.lookUp(ctx, s.App)
	if err != nil {
		return outcome{}, err
	}
	return outcome{program: p, returns: true}, nil
}
