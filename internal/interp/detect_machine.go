package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// detectMachine listens to the party and leaves by who it is.
func (r *run) detectMachine(ctx context.Context, s flow.DetectMachine) (outcome, error) {
	if err := r.answer(ctx); err != nil {
		return outcome{}, err
	}
	by, err := r.call.DetectMachine(ctx, voice.MachineSpec{MaxTime: s.MaxTime})
	if err != nil {
		return outcome{}, err
	}
	r.set(flow.VarAnsweredBy, string(by))
	return outcome{exit: flow.Exit(by)}, nil
}
