package interp

import (
	"context"
	"fmt"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// dial resolves the destination and makes its attempts in turn until one is
// answered, goes on elsewhere or hangs up. The failure of the last decides.
func (r *run) dial(ctx context.Context, s flow.Dial) (outcome, error) {
	to := s.To
	if s.ToVar != "" {
		id, err := r.variable(s.ToVar, "interp.dial")
		if err != nil {
			return outcome{}, err
		}
		to.ID = id
	}
	route, err := r.host.Route(ctx, to)
	if err != nil {
		if ctx.Err() != nil || voice.IsKind(err, voice.HungUp) {
			return outcome{}, err
		}
		r.noteError(to.String() + " can't be called: " + voice.Reason(err))
		return r.notReached(voice.DialResult{End: voice.DialFailed, Cause: voice.CauseNotFound,
			Words: to.String() + " can't be called"}), nil
	}
	last := voice.DialResult{End: voice.DialFailed, Cause: voice.CauseNotFound, Words: "nobody to call for " + to.String()}
	if len(route.Attempts) == 0 {
		r.noteError(last.Words)
	}
	for i, a := range route.Attempts {
		r.noteStep(r.node, "", fmt.Sprintf("%s: try %d of %d for %s: %s",
			r.node.ID, i+1, len(route.Attempts), to, attemptWords(a)))
		out, res, err := r.attempt(ctx, s, to, a)
		if err != nil {
			return outcome{}, err
		}
		if out != nil {
			return *out, nil
		}
		last = res
	}
	return r.notReached(last), nil
}

// attempt makes one attempt. A nil outcome means that it failed, and why.
func (r *run) attempt(ctx context.Context, s flow.Dial, to voice.Destination, a voice.Attempt) (*outcome, voice.DialResult, error) {
	switch {
	case a.Disconnect:
		end := Result{Cause: voice.CauseNormal, Words: attemptWords(a) + " for " + to.String()}
		return &outcome{end: &end}, voice.DialResult{}, nil
	case a.App != "":
		p, err := r.lookUp(ctx, a.App)
		if err == nil {
			return &outcome{program: p}, voice.DialResult{}, nil
		}
		if ctx.Err() != nil {
			return nil, voice.DialResult{}, err
		}
		r.noteError(voice.Reason(err))
		return nil, voice.DialResult{End: voice.DialFailed, Cause: voice.CauseNotFound, Words: voice.Reason(err)}, nil
	}
	res, err := r.call.Dial(ctx, dialSpec(s, a))
	if err != nil {
		if ctx.Err() != nil || voice.IsKind(err, voice.HungUp) {
			return nil, res, err
		}
		r.noteError(attemptWords(a) + " failed: " + voice.Reason(err))
		return nil, voice.DialResult{End: voice.DialFailed, Cause: voice.CauseFailed, Words: voice.Reason(err)}, nil
	}
	switch res.End {
	case voice.DialCompleted:
		r.answered = true
		return &outcome{exit: flow.Completed, words: "talked with " + res.Answered.String() + " for " + res.Talked.String()}, res, nil
	case voice.DialMaxDuration:
		r.answered = true
		return &outcome{exit: flow.MaxDuration, words: "time limit of the call with " + res.Answered.String() + " reached",
			unwired: voice.CauseMaxDuration}, res, nil
	}
	r.noteStep(r.node, "", fmt.Sprintf("%s: %s: %s", r.node.ID, attemptWords(a), failureWords(res)))
	return nil, res, nil
}

// dialSpec is what the step says, and where it says nothing what the attempt says.
func dialSpec(s flow.Dial, a voice.Attempt) voice.DialSpec {
	spec := voice.DialSpec{Targets: a.Targets, RingTime: s.RingTime, MaxDuration: s.MaxDuration,
		CallerID: s.CallerID, Text: attemptWords(a)}
	if spec.RingTime <= 0 {
		spec.RingTime = a.RingTime
	}
	if spec.CallerID == "" {
		spec.CallerID = a.CallerID
	}
	return spec
}

// notReached is the exit of a dial that nobody answered. A caller who was never
// answered gets the far end's own cause if the flow ends there.
func (r *run) notReached(res voice.DialResult) outcome {
	out := outcome{exit: flow.Failed, words: failureWords(res)}
	switch res.End {
	case voice.DialBusy:
		out.exit = flow.Busy
	case voice.DialNoAnswer:
		out.exit = flow.NoAnswer
	}
	if !r.answered {
		out.unwired = res.Cause
	}
	return out
}

func failureWords(res voice.DialResult) string {
	if res.Words == "" || res.Words == string(res.End) {
		return string(res.End)
	}
	return string(res.End) + " (" + res.Words + ")"
}

func attemptWords(a voice.Attempt) string {
	switch {
	case a.Text != "":
		return a.Text
	case a.Disconnect:
		return "hang up"
	case a.App != "":
		return "go on in app " + string(a.App)
	case len(a.Targets) == 0:
		return "nobody"
	}
	words := a.Targets[0].String()
	for _, t := range a.Targets[1:] {
		words += ", " + t.String()
	}
	return words
}
