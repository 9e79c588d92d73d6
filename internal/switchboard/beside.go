package switchboard

import (
	"context"

	"tandem/internal/voice"
)

// What sounds over a call, or is recorded of it, goes on beside its flow: the call
// itself does it, and no command waits for it.

// PlayOver lets a leg of a tenant's live call hear prompts over whatever it hears.
// Errors as voice.Overlayer's, NotExist also when no such call is up.
func (s *Switchboard) PlayOver(ctx context.Context, t voice.TenantID, id voice.CallID, spec voice.OverSpec) error {
	o, err := able[voice.Overlayer](s, "switchboard.PlayOver", t, id)
	if err != nil {
		return err
	}
	if err := o.PlayOver(ctx, spec); err != nil {
		return err
	}
	words := "covering"
	if spec.Mix {
		words = "mixed with"
	}
	s.ordered(id, "over", "sound over the call, "+words+" what is heard")
	return nil
}

// StopOver ends what PlayOver began on a leg.
func (s *Switchboard) StopOver(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID) error {
	o, err := able[voice.Overlayer](s, "switchboard.StopOver", t, id)
	if err != nil {
		return err
	}
	return o.StopOver(ctx, leg)
}

// SendKeys presses keys for a leg of a tenant's live call. Errors as
// voice.KeySender's, NotExist also when no such call is up.
func (s *Switchboard) SendKeys(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID, keys string) error {
	k, err := able[voice.KeySender](s, "switchboard.SendKeys", t, id)
	if err != nil {
		return err
	}
	return k.SendKeys(ctx, leg, keys)
}

// HoldTalk puts a party of the talk of a tenant's live call on hold. Errors as
// voice.Holder's, NotExist also when no such call is up.
func (s *Switchboard) HoldTalk(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID, music []voice.Prompt) error {
	h, err := able[voice.Holder](s, "switchboard.HoldTalk", t, id)
	if err != nil {
		return err
	}
	return h.HoldTalk(ctx, leg, music)
}

// ResumeTalk ends that.
func (s *Switchboard) ResumeTalk(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID) error {
	h, err := able[voice.Holder](s, "switchboard.ResumeTalk", t, id)
	if err != nil {
		return err
	}
	return h.ResumeTalk(ctx, leg)
}

// StartTape records a tenant's live call beside its flow. Errors as voice.Taper's,
// NotExist also when no such call is up.
func (s *Switchboard) StartTape(ctx context.Context, t voice.TenantID, id voice.CallID, spec voice.TapeSpec) (voice.RecordingID, error) {
	k, err := able[voice.Taper](s, "switchboard.StartTape", t, id)
	if err != nil {
		return "", err
	}
	return k.StartTape(ctx, spec)
}

// OrderTape pauses, resumes or stops that recording.
func (s *Switchboard) OrderTape(ctx context.Context, t voice.TenantID, id voice.CallID, o voice.TapeOrder) error {
	k, err := able[voice.Taper](s, "switchboard.OrderTape", t, id)
	if err != nil {
		return err
	}
	return k.OrderTape(ctx, o)
}

// able finds what a tenant's live call can do besides running its flow.
func able[T any](s *Switchboard, op string, t voice.TenantID, id voice.CallID) (T, error) {
	var can T
	lc, err := s.owned(op, t, id)
	if err != nil {
		return can, err
	}
	can, ok := lc.call.(T)
	if !ok {
		return can, voice.Errorf(op, voice.Unavailable, "this call can't do that")
	}
	return can, nil
}

func (s *Switchboard) ordered(id voice.CallID, order, words string) {
	if lc := s.liveCall(id); lc != nil {
		noteOrder(lc.call, "ordered: "+words, order, nil)
	}
}
