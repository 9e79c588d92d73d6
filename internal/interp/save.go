package interp

import (
	"context"

	"tandem/internal/flow"
)

// save keeps a record. Once begun it is not given up because the server stops.
func (r *run) save(ctx context.Context, s flow.Save) (outcome, error) {
	if err := r.host.Keep(context.WithoutCancel(ctx), s.Topic, r.expandAll(s.Fields)); err != nil {
		return outcome{}, err
	}
	return outcome{exit: flow.Next, words: flow.Words(s) + ": done"}, nil
}
