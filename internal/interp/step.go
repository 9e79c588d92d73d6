package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// step runs one step.
func (r *run) step(ctx context.Context, s flow.Step) (outcome, error) {
	if r.gone {
		if needsCaller(s) {
			end := r.callerLeft("the recording")
			return outcome{end: &end}, nil
		}
		ctx = context.WithoutCancel(ctx)
	}
	switch s := s.(type) {
	case flow.Answer:
		return outcome{exit: flow.Next}, r.answer(ctx)
	case flow.Play:
		return r.play(ctx, s)
	case flow.PlayRecording:
		return r.playRecording(ctx)
	case flow.Gather:
		return r.gather(ctx, s)
	case flow.Dial:
		return r.dial(ctx, s)
	case flow.Goto:
		return r.goTo(ctx, s)
	case flow.Count:
		return r.count(s), nil
	case flow.Reset:
		return r.reset(s), nil
	case flow.Record:
		return r.record(ctx, s)
	case flow.Deliver:
		return r.deliver(ctx, s)
	case flow.SaveSound:
		return r.saveSound(ctx, s)
	case flow.Wait:
		return r.wait(ctx, s)
	case flow.Hangup:
		return r.hang(s), nil
	case nil:
		end := r.fail("node %s has no step", r.node.ID)
		return outcome{end: &end}, nil
	}
	end := r.fail("a step of kind %s can't be run", s.Kind())
	return outcome{end: &end}, nil
}

// needsCaller reports whether a step makes no sense once the caller has left.
func needsCaller(s flow.Step) bool {
	switch s.(type) {
	case flow.Answer, flow.Play, flow.PlayRecording, flow.Gather, flow.Dial, flow.Record, flow.Wait, flow.Hangup:
		return true
	}
	return false
}

// variable gives a variable of the run.
func (r *run) variable(name, op string) (string, error) {
	v, ok := r.vars[name]
	if !ok || v == "" {
		return "", voice.Errorf(op, voice.NotExist, "variable %s is not set", name)
	}
	return v, nil
}
