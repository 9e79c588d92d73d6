package interp

import (
	"context"

	"tandem/internal/flow"
)

// deliver hands the last recording to a mailbox. Once begun it is not given up
// because the server stops: the message would be lost.
func (r *run) deliver(ctx context.Context, s flow.Deliver) (outcome, error) {
	rec, err := r.lastRecording("interp.deliver")
	if err != nil {
		return outcome{}, err
	}
	if err := r.host.Deliver(context.WithoutCancel(ctx), s.Mailbox, rec); err != nil {
		return outcome{}, err
	}
	return outcome{exit: flow.Next, words: flow.Words(s) + ": done"}, nil
}
