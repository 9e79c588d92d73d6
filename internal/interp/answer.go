package interp

import "context"

// answer answers the call once.
func (r *run) answer(ctx context.Context) error {
	if r.answered {
		return nil
	}
	if err := r.call.Answer(ctx); err != nil {
		return err
	}
	r.answered = true
	return nil
}
