package interp

import (
	"context"
	"errors"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

var errArrived = errors.New("what was waited for has come")

// comfort is what the caller hears while the outside is waited for, again and
// again: none = the built-in music. Nobody who is not answered hears it, and
// nobody before flow.ComfortAfter, unless it is wanted at once.
type comfort struct {
	music []voice.Prompt
	now   bool // from the beginning, after answering the call
}

// builtIn is what comforts where nothing else does.
func builtIn() []voice.Prompt { return []voice.Prompt{{Kind: voice.PromptMusic}} }

// await does f beside the call and waits for it, with something to hear.
// When the caller leaves or the flow's time is over f's context is cancelled. f
// has returned when await does.
func (r *run) await(ctx context.Context, c comfort, f func(context.Context)) error {
	if r.gone {
		f(ctx)
		return nil
	}
	if c.now {
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
	err := r.pass(ctx, waiting, c, done)
	stop()
	<-done
	return err
}

// pass lets time go by until done closes; waiting ends just before.
func (r *run) pass(ctx, waiting context.Context, c comfort, done <-chan struct{}) error {
	if r.up() {
		if !c.now && !closed(done) {
			if err := r.passTime(ctx, waiting, flow.ComfortAfter); err != nil {
				return err
			}
		}
		if err := r.soothe(ctx, c, done); err != nil {
			return err
		}
	}
	for !closed(done) && waiting.Err() == nil {
		if err := r.passTime(ctx, waiting, flow.MaxRequestTime); err != nil {
			return err
		}
	}
	return nil
}

// passTime lets time go by until waiting ends.
func (r *run) passTime(ctx, waiting context.Context, d time.Duration) error {
	err := r.call.Wait(waiting, d)
	if waiting.Err() != nil && ctx.Err() == nil && !voice.IsKind(err, voice.HungUp) && !voice.IsKind(err, voice.Expired) {
		return nil
	}
	return err
}

// soothe plays until done closes, or nothing can be played.
func (r *run) soothe(ctx context.Context, c comfort, done <-chan struct{}) error {
	choices := [][]voice.Prompt{c.music, builtIn()}
	if c.now { // no more than what is asked for
		choices = choices[:1]
	}
	for _, music := range choices {
		if len(music) == 0 || closed(done) {
			continue
		}
		if err := r.answer(ctx); err != nil {
			return err
		}
		res, err := r.call.Play(ctx, voice.PlaySpec{Prompts: music, Loop: true, Until: done})
		if err != nil || res.End != voice.PlayFailed {
			return err
		}
	}
	return nil
}

// up reports whether there is somebody who hears us.
func (r *run) up() bool { return r.answered || r.info.Direction == voice.Outbound }

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
