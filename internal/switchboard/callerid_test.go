package switchboard_test

import (
	"context"
	"testing"

	"tandem/internal/sim"
	"tandem/internal/voice"
)

// TestCallerIDOfExtensions shows outside parties what the user chose, and no
// number that is not the user's to show.
func TestCallerIDOfExtensions(t *testing.T) {
	t.Parallel()
	for show, want := range map[string]string{
		"auto": "", "": "", "none": "none",
		"+4610000001": "+4610000001", "+46700000009": "+46700000009", // the account's, the user's own telephone
		"+4610000002": "", "+4699999999": "", "no number": "", // another account's, nobody's, none
	} {
		w := usual()
		w.shows = map[voice.UserID]string{"of 101": show}
		c := newCall(voice.CallInfo{Tenant: ours, Extension: "101", To: "+46850000000"}, sim.Script{})
		c.dial = func(_ context.Context, s voice.DialSpec) (voice.DialResult, error) {
			if s.CallerID != want {
				t.Errorf("%q shows %q, want %q", show, s.CallerID, want)
			}
			return voice.DialResult{End: voice.DialCompleted}, nil
		}
		w.board(t).Arrive(c)
		if e := c.ending(t); e.Cause != voice.CauseNormal {
			t.Errorf("%q: ended %+v", show, e)
		}
	}
}

// TestForwardsShowOwnNumbers has a user whose rule for forwarding names the
// number of somebody else.
func TestForwardsShowOwnNumbers(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{"+4610000001": "+4610000001", "none": "none", "+4610000002": "", "+4699999999": "", "President": ""} {
		w := usual()
		w.forwardAs = rule
		c := newCall(voice.CallInfo{To: "+4610000005"}, sim.Script{})
		c.dial = func(_ context.Context, s voice.DialSpec) (voice.DialResult, error) {
			if s.CallerID != want {
				t.Errorf("%q shows %q, want %q", rule, s.CallerID, want)
			}
			return voice.DialResult{End: voice.DialCompleted}, nil
		}
		w.board(t).Arrive(c)
	}
}
