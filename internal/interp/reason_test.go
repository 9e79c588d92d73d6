package interp_test

import (
	"context"
	"testing"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/interp/interptest"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// dialEnds is a call whose dials come to what it says.
type dialEnds struct {
	*sim.Call
	result voice.DialResult
}

func (d dialEnds) Dial(context.Context, voice.DialSpec) (voice.DialResult, error) {
	return d.result, nil
}

// TestReasonsOfDials is a flow that does nothing but dial, and has no way on.
func TestReasonsOfDials(t *testing.T) {
	p := &flow.Program{App: "A", Entry: "dial", Nodes: []flow.Node{{ID: "dial", Step: flow.Dial{To: voice.Destination{Kind: voice.ToExtension, ID: "101"}}}}}
	for _, tt := range []struct {
		result voice.DialResult
		want   voice.EndReason
	}{
		{voice.DialResult{End: voice.DialBusy, Cause: voice.CauseBusy}, voice.EndBusy},
		{voice.DialResult{End: voice.DialNoAnswer, Cause: voice.CauseNoAnswer}, voice.EndNoAnswer},
		{voice.DialResult{End: voice.DialFailed, Cause: voice.CauseRejected}, voice.EndRejected},
		{voice.DialResult{End: voice.DialFailed, Cause: voice.CauseNotFound}, voice.EndUnreachable},
		{voice.DialResult{End: voice.DialFailed, Cause: voice.CausePolicy}, voice.EndUnreachable},
		{voice.DialResult{End: voice.DialMaxDuration, Cause: voice.CauseMaxDuration}, voice.EndTalkTime},
		{voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal}, voice.EndFarHungUp},
		{voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseMedia}, voice.EndFarNoAudio},
	} {
		res := interp.Run(t.Context(), p, dialEnds{sim.New(sim.Script{}), tt.result}, &interptest.MemoryHost{}, interp.Options{})
		if res.Reason != tt.want {
			t.Errorf("%+v ends for %q (%s), want %q", tt.result, res.Reason, res.Words, tt.want)
		}
	}
}
