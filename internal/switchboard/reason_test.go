package switchboard_test

import (
	"context"
	"testing"

	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

// mover is a call whose parties can be moved, as far as aside and recall let them.
type mover struct {
	*call
	aside, recall error
}

func (m *mover) Keep(bool) bool                { return true }
func (m *mover) PutAside(voice.LegID) error    { return m.aside }
func (m *mover) Dismiss(tell func(), _ string) { tell() }
func (m *mover) Recall(context.Context) (voice.DialResult, error) {
	return voice.DialResult{}, m.recall
}
func (m *mover) Give(context.Context, voice.LegID, string) (voice.Party, error) {
	return nil, voice.Errorf("test", voice.HungUp, "the party that was to go on has hung up")
}
func (m *mover) Join(context.Context, voice.Party) (voice.DialResult, error) {
	return voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal}, nil
}

// answers takes down nothing.
type deaf struct{}

func (deaf) Decline(string)     {}
func (deaf) Accept()            {}
func (deaf) Result(voice.Cause) {}

// TestReasonsOfTransfers has parties leave while they are moved.
func TestReasonsOfTransfers(t *testing.T) {
	t.Parallel()
	gone := voice.Errorf("test", voice.HungUp, "it has hung up")
	for _, tt := range []struct {
		name  string
		moves mover
		want  voice.EndReason
	}{
		{"who was to be transferred has left", mover{aside: gone}, voice.EndPartnerGone},
		{"nobody answers, and who transferred has left", mover{recall: voice.Errorf("test", voice.NotExist, "it has left")}, voice.EndTransferFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			s := w.board(t)
			c := newCall(voice.CallInfo{From: "+46700000001", To: "+4610000005"}, sim.Script{})
			tt.moves.call = c
			talks := make(chan struct{}, 2)
			c.dial = func(ctx context.Context, spec voice.DialSpec) (voice.DialResult, error) {
				talks <- struct{}{}
				if len(talks) == 2 { // whom the transfer is to
					return voice.DialResult{End: voice.DialBusy, Cause: voice.CauseBusy}, nil
				}
				<-ctx.Done()
				return voice.DialResult{}, voice.E("test", voice.Unavailable, context.Cause(ctx))
			}
			go s.Arrive(&tt.moves)
			for len(talks) == 0 {
				select {
				case <-c.over:
					t.Fatal("it ended at once")
				default:
				}
			}
			c.talks(&talk{with: voice.Target{Kind: voice.ToExtension, ID: "101"}, over: make(chan struct{})})
			s.Refer(voice.Referral{By: voice.Place{Call: c.Info().ID, Leg: "b1", Extension: "101"}, To: "101", Answer: deaf{}})
			<-c.over
			if e := c.last(); e.Data["reason"] != string(tt.want) {
				t.Errorf("ended for %q: %s", e.Data["reason"], e.Text)
			}
		})
	}
}

// TestForbidden refuses who may not call.
func TestForbidden(t *testing.T) {
	t.Parallel()
	w := usual()
	w.down = voice.Errorf("test", voice.Permission, "this caller may not")
	c := newCall(voice.CallInfo{To: "+4610000001"}, sim.Script{})
	w.board(t).Arrive(c)
	if e := c.last(); e.Data["reason"] != string(voice.EndForbidden) || c.ending(t).Cause != voice.CauseRejected {
		t.Errorf("ended %+v", e)
	}
}

// last gives the last event so far.
func (c *call) last() voice.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events[len(c.events)-1]
}

var _ switchboard.Mover = (*mover)(nil)
