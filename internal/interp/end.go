package interp

import (
	"cmp"
	"context"
	"fmt"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// unwired is the end of a run whose exit leads nowhere.
func (r *run) unwired(out outcome) Result {
	res := Result{Reason: cmp.Or(out.why, voice.EndFlowOver), Cause: cmp.Or(out.unwired, voice.CauseNormal),
		Words: "end of the flow after " + string(r.node.ID) + ": " + out.reason()}
	switch {
	case r.gone && res.Cause == voice.CauseNormal:
		return r.callerLeft("the recording")
	case out.why == voice.EndFarNoAudio:
		res.Words = "the far end's audio stopped"
	case out.exit == flow.Completed:
		res.Words = "the far end hung up"
	}
	return res
}

// place names the present step for the reason of an end: "menu (gather)".
func (r *run) place() string {
	return string(r.node.ID) + " (" + r.node.Step.Kind() + ")"
}

func (r *run) callerLeft(during string) Result {
	return Result{Reason: voice.EndCallerHungUp, Cause: voice.CauseNormal, Words: "caller hung up during " + during}
}

// interrupted reports whether ctx ends the run, and how. What is left of a run
// whose caller hung up during a recording is carried out in any case: it does
// not wait for anybody and the message must not be lost.
func (r *run) interrupted(ctx context.Context) (Result, bool) {
	if ctx.Err() == nil || r.gone {
		return Result{}, false
	}
	cause := context.Cause(ctx)
	switch voice.KindOf(cause) {
	case voice.HungUp:
		r.gone = true
		if r.node == nil {
			return r.callerLeft("the set-up"), true
		}
		return r.callerLeft(r.place()), true
	case voice.Limit:
		return Result{Reason: voice.EndCallTime, Cause: voice.CauseMaxDuration, Words: voice.Reason(cause)}, true
	case voice.Ordered, voice.Redirected:
		return Result{Reason: voice.EndOrdered, Cause: voice.CauseNormal, Words: voice.Reason(cause)}, true
	}
	words := "the server is stopping"
	if cause != context.Canceled {
		words += ": " + voice.Reason(cause)
	}
	return Result{Reason: voice.EndStopping, Cause: voice.CauseShutdown, Words: words}, true
}

// fail notes that the flow can't go on and gives the end that it makes.
func (r *run) fail(why voice.EndReason, format string, args ...any) Result {
	words := fmt.Sprintf(format, args...)
	r.noteError(words)
	return Result{Reason: why, Cause: voice.CauseFailed, Words: words}
}

// hangup ends the call unless the caller has. It is not kept from it by a
// cancelled context: the Call bounds how long it takes.
func (r *run) hangup(ctx context.Context, res Result) Result {
	if r.gone {
		return res
	}
	err := r.call.Hangup(context.WithoutCancel(ctx), res.Cause, res.Words)
	if err != nil && !voice.IsKind(err, voice.HungUp) {
		r.noteError("hanging up failed: " + voice.Reason(err))
	}
	return res
}
