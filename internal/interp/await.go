package interp

import (
	"context"
	"errors"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

var errArrived = errors.New("what was waited for has come")

// await does f beside the call and waits for it, with music if there is any.
// When the caller leaves or the flow's time is over f's context is cancelled. f
// has returned when await does.
func (r *run) await(ctx context.Context, music []voice.Prompt, f func(context.Context)) error {
	if r.gone {
		f(ctx)
		return nil
	}
	if len(music) > 0 {
		if err := r.answer(ctx); err != nil {
			return err
		}
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	waiting, arrived := context.WithCancelCause(ctx)
	defer arrived(nil)
	done := r.host.Begin(func() {
		defer arrived(errArrived)
		f(inner)
	})
	err := r.pass(ctx, waiting, music, done)
	stop()
	<-done
	return err
}

// pass lets time go by until done closes; waiting ends just before.
func (r *run) pass(ctx, waiting context.Context, music []voice.Prompt, done <-chan struct{}) error {
	if len(music) > 0 && !closed(done) {
		if _, err := r.call.Play(ctx, voice.PlaySpec{Prompts: music, Loop: true, Until: done}); err != nil {
			return err
		}
	}
	for !closed(done) {
		err := r.call.Wait(waiting, flow.MaxRequestTime)
		switch {
		case waiting.Err() != nil && ctx.Err() == nil && !voice.IsKind(err, voice.HungUp) && !voice.IsKind(err, voice.Expired):
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
