package switchboard

import (
	"context"

	"tandem/internal/voice"
)

// StartCapture captures the packets of a tenant's live call. Errors as voice.Capturer's,
// NotExist also when no such call is up.
func (s *Switchboard) StartCapture(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.CaptureID, error) {
	k, err := able[voice.Capturer](s, "switchboard.StartCapture", t, id)
	if err != nil {
		return "", err
	}
	return k.StartCapture(ctx)
}

// StopCapture ends that.
func (s *Switchboard) StopCapture(ctx context.Context, t voice.TenantID, id voice.CallID) error {
	k, err := able[voice.Capturer](s, "switchboard.StopCapture", t, id)
	if err != nil {
		return err
	}
	return k.StopCapture(ctx)
}

// captures begins the capture of a call whose account, or order, wants one. What hinders
// it is on the timeline, and is no reason not to take the call.
func (s *Switchboard) captures(ctx context.Context, c Call, ordered bool) {
	k, can := c.(voice.Capturer)
	if !can {
		return
	}
	if !ordered {
		t, err := s.cfg.Tenants.Tenant(ctx, c.Info().Tenant)
		if err != nil {
			c.Note(voice.Event{Kind: voice.EventCaptureFailed, Text: "whether the call's packets are to be captured is not known: " + voice.Reason(err)})
			return
		}
		if !t.CaptureCalls {
			return
		}
	}
	_, _ = k.StartCapture(ctx)
}
