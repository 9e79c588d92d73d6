package interp

import (
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// hang ends the run; Run itself hangs up.
func (r *run) hang(s flow.Hangup) outcome {
	end := Result{Reason: voice.EndFlowHungUp, Cause: s.Cause, Words: s.Words}
	if end.Cause == "" {
		end.Cause = voice.CauseNormal
	}
	if end.Words == "" {
		end.Words = "the flow hung up at " + string(r.node.ID)
	}
	return outcome{end: &end}
}
