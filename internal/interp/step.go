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
			return r.left("the recording"), nil
		}
		ctx = context.WithoutCancel(ctx)
	}
	switch s.(type) {
	case flow.Play:
		return r.play(ctx, s)
	case flow.Gather:
		return r.gather(ctx, s)
	}
	return r.callStep(ctx, s)
}

// callStep runs the steps of the call but those in which most calls spend their time:
// they are by themselves, for the room that all others together take of a stack.
func (r *run) callStep(ctx context.Context, s flow.Step) (outcome, error) {
	switch s := s.(type) {
	case flow.Answer:
		return outcome{exit: flow.Next}, r.answer(ctx)
	case flow.PlayRecording:
		return r.playRecording(ctx)
	case flow.Dial:
		return r.dial(ctx, s)
	case flow.Transfer:
		return r.transfer(ctx, s)
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
	}
	return r.otherStep(ctx, s)
}

// otherStep runs the steps of variables and of the outside.
func (r *run) otherStep(ctx context.Context, s flow.Step) (outcome, error) {
	switch s := s.(type) {
	case flow.Set:
		return r.setVariable(s), nil
	case flow.If:
		return r.compare(s), nil
	case flow.Hours:
		return r.hours(ctx, s)
	case flow.SetCaller:
		return r.setCaller(s), nil
	case flow.Save:
		return r.save(ctx, s)
	case flow.Request:
		return r.request(ctx, s)
	case flow.Fetch:
		return r.fetch(ctx, s)
	case flow.Subflow:
		return r.subflow(ctx, s)
	case flow.Return:
		return outcome{back: true, exit: s.Exit}, nil
	case flow.SMS:
		return r.sms(ctx, s)
	case flow.Listen:
		return r.listen(ctx, s)
	case flow.Queue:
		return r.queue(ctx, s)
	case flow.Await:
		return r.awaitCommand(ctx, s)
	case flow.Notice:
		return r.notice(s), nil
	case flow.Conference:
		return r.conference(ctx, s)
	case flow.Tape:
		return r.tape(ctx, s)
	case flow.DetectMachine:
		return r.detectMachine(ctx, s)
	case flow.Collect:
		return r.collectStep(ctx, s)
	case nil:
		end := r.fail(voice.EndFlowBroken, "node %s has no step", r.node.ID)
		return outcome{end: &end}, nil
	}
	end := r.fail(voice.EndFlowBroken, "a step of kind %s can't be run", s.Kind())
	return outcome{end: &end}, nil
}

// left ends the run because the caller has left during what words say.
func (r *run) left(during string) outcome {
	end := r.callerLeft(during)
	return outcome{end: &end}
}

// needsCaller reports whether a step makes no sense once the caller has left.
func needsCaller(s flow.Step) bool {
	switch s.(type) {
	case flow.Answer, flow.Play, flow.PlayRecording, flow.Gather, flow.Dial, flow.Transfer, flow.Record, flow.Wait, flow.Hangup, flow.Listen, flow.Queue, flow.Conference, flow.Await, flow.DetectMachine:
		return true
	}
	return false
}
