package interp

import (
	"context"

	"tandem/internal/flow"
)

// saveSound makes the last recording the audio of a sound.
func (r *run) saveSound(ctx context.Context, s flow.SaveSound) (outcome, error) {
	rec, err := r.lastRecording("interp.saveSound")
	if err != nil {
		return outcome{}, err
	}
	if err := r.host.SaveSound(context.WithoutCancel(ctx), s.Sound, rec); err != nil {
		return outcome{}, err
	}
	return outcome{exit: flow.Next, words: flow.Words(s) + ": done"}, nil
}
