package switchboard_test

import (
	"context"
	"testing"

	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// TestTransferIsSeenAndEnded has a caller's telephone asked to call an extension:
// the live call says so, and an order ends it.
func TestTransferIsSeenAndEnded(t *testing.T) {
	t.Parallel()
	w := usual()
	w.programs["menu"] = program("menu", flow.Transfer{To: voice.Destination{Kind: voice.ToExtension, ID: "101"}, How: flow.TransferByRefer})
	s := w.board(t)
	c := newCall(voice.CallInfo{From: "+46700000001", To: "+4610000001"}, sim.Script{})
	asked := make(chan struct{})
	c.refer = func(ctx context.Context, spec voice.TransferSpec) (voice.TransferResult, error) {
		if spec.Target.ID != "101" {
			t.Errorf("asked for %s", spec.Target)
		}
		close(asked)
		<-ctx.Done()
		return voice.TransferResult{}, voice.E("test", voice.Unavailable, context.Cause(ctx))
	}
	go s.Arrive(c)
	<-asked
	live := s.LiveCalls(ours)
	if len(live) != 1 || live[0].State != voice.LiveDialling || live[0].With != "transfer to extension 101" || live[0].WithID.ID != "101" {
		t.Errorf("live: %+v", live)
	}
	if err := s.Hangup(t.Context(), ours, c.Info().ID, "enough"); err != nil {
		t.Fatal(err)
	}
	<-c.over
	if sum := c.Summary(); sum.Cause != voice.CauseNormal || sum.Words != "enough" {
		t.Errorf("ended: %+v", sum)
	}
}
