package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// tape begins a recording of the whole call, or orders what becomes of it.
func (r *run) tape(ctx context.Context, s flow.Tape) (outcome, error) {
	var err error
	if s.Order == flow.TapeStart {
		var id voice.RecordingID
		id, err = r.call.StartTape(ctx, voice.TapeSpec{User: s.User, Mixed: s.Mixed, MaxLength: s.MaxLength})
		if err == nil && s.Into != "" {
			r.set(s.Into, string(id))
		}
	} else {
		err = r.call.OrderTape(ctx, voice.TapeOrder(s.Order))
	}
	switch {
	case err == nil:
		return outcome{exit: flow.Next}, nil
	case ctx.Err() != nil, voice.IsKind(err, voice.HungUp):
		return outcome{}, err
	}
	return outcome{exit: flow.Failed, words: voice.Reason(err)}, nil
}
