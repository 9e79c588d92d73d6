package interp

import (
	"cmp"
	"context"
	"slices"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// commanded takes a command that waits, between two steps, and gives where the
// flow goes on: in its program, and then at next.
func (r *run) commanded(next flow.NodeID) flow.NodeID {
	if r.gone {
		return next
	}
	c := r.mailbox.take(false)
	if c == nil {
		return next
	}
	r.noteCommand(c)
	if c.Replace {
		r.disarm()
		r.stack, r.depth = nil, 0
		return r.enter(c.Program)
	}
	waiting := r.frame
	waiting.resume = next
	r.stack = append(r.stack, waiting)
	return r.enter(c.Program)
}

func (r *run) noteCommand(c *flow.Command) {
	r.call.Note(voice.Event{Kind: voice.EventStep, Origin: r.origin(), Text: "command: " + cmp.Or(c.Text, c.Program.Name)})
}

// brokenOff reports whether a step has ended because a command took its place.
func brokenOff(ctx, step context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && voice.IsKind(context.Cause(step), voice.Interrupted) &&
		!voice.IsKind(err, voice.HungUp) && !voice.IsKind(err, voice.Expired)
}

// passed is the usual way on of a step that a command has broken off.
func (r *run) passed(s flow.Step) outcome {
	can := s.Exits()
	if play, is := s.(flow.Play); is && play.BargeIn && r.collect.armed() && r.wired(flow.Cut) {
		return outcome{exit: flow.Cut, words: "cut by a key"}
	}
	if _, record := s.(flow.Record); record && r.recording.ID != "" {
		return outcome{exit: flow.Recorded, words: "broken off by a command"}
	}
	for _, e := range []flow.Exit{flow.Next, flow.Completed, flow.NoInput, flow.NotRecorded, flow.Failed} {
		if slices.Contains(can, e) {
			return outcome{exit: e, words: "broken off by a command"}
		}
	}
	return outcome{exit: flow.Next, words: "broken off by a command"}
}

// await waits for a command and carries it out.
func (r *run) awaitCommand(ctx context.Context, s flow.Await) (outcome, error) {
	if s.Ring && !r.answered {
		if err := r.call.Ring(ctx); err != nil {
			return outcome{}, err
		}
	}
	s.Idle = cmp.Or(s.Idle, flow.MaxIdle)
	r.mailbox.ready(s.Name)
	waiting, free := r.mailbox.until(ctx, true)
	defer free()
	err := r.idle(waiting, s)
	switch {
	case voice.IsKind(err, voice.HungUp), voice.IsKind(err, voice.Expired), err != nil && waiting.Err() == nil:
		r.mailbox.take(true)
		return outcome{}, err
	case err != nil && context.Cause(ctx) != nil && !voice.IsKind(context.Cause(ctx), voice.Interrupted):
		return outcome{}, err
	}
	c := r.mailbox.take(true)
	if c == nil {
		return outcome{exit: flow.NoInput, words: "no command in " + s.Idle.String()}, nil
	}
	r.noteCommand(c)
	return outcome{program: c.Program, returns: !c.Replace, alone: c.Replace}, nil
}

// idle lets time pass until ctx ends or the idle time is over.
func (r *run) idle(ctx context.Context, s flow.Await) error {
	if music := r.prompts(s.Music, nil); len(music) > 0 {
		if err := r.answer(ctx); err != nil {
			return err
		}
		res, err := r.call.Play(ctx, voice.PlaySpec{Prompts: music, Loop: true, For: s.Idle})
		if err != nil || res.End == voice.PlayStopped {
			return err
		}
	}
	return r.call.Wait(ctx, s.Idle)
}

// notice notes what an application is to be told.
func (r *run) notice(s flow.Notice) outcome {
	if s.Ready != "" {
		r.mailbox.ready(s.Ready)
	}
	data := r.expandAll(s.Fields)
	data["dialect"] = s.Dialect
	if r.gone {
		data["gone"] = "true" // the caller has left: no command can follow
	}
	r.call.Note(voice.Event{Kind: voice.EventNotice, Origin: r.origin(), Text: "the " + s.Dialect + " application is told", Data: data})
	return outcome{exit: flow.Next}
}
