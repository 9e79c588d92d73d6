package sim

import (
	"cmp"
	"context"
	"time"

	"tandem/internal/voice"
)

// Referred is what comes of a REFER to the caller's side. The zero value is one
// that takes none.
type Referred struct {
	End   voice.TransferEnd // TransferRefused = it says no when it is asked
	After time.Duration     // until that is known
}

// Transfer implements voice.Transferrer.
func (c *Call) Transfer(ctx context.Context, s voice.TransferSpec) (voice.TransferResult, error) {
	if err := c.ready(ctx, "sim.Transfer", false); err != nil {
		return voice.TransferResult{}, err
	}
	to := s.Target.String()
	does := c.script.Refer
	if does.End == "" {
		return voice.TransferResult{End: voice.TransferRefused, Cause: voice.CausePolicy, Words: "the caller's side takes no REFER"}, nil
	}
	c.answer()
	c.noteTransfer(voice.EventTransferStarted, "the caller's side is asked to call "+to, to, nil)
	longest := cmp.Or(s.MaxTime, voice.DefaultReferTime)
	if does.After >= longest {
		does = Referred{End: voice.TransferNoAnswer, After: longest}
	}
	if err := c.pass(ctx, does.After, "being transferred"); err != nil {
		end := voice.TransferFailed
		if voice.IsKind(err, voice.HungUp) {
			end = voice.TransferLeft
		}
		c.noteTransfer(voice.EventTransferEnded, "transfer to "+to+" ended: "+voice.Reason(err), to, &end)
		return voice.TransferResult{}, err
	}
	res := voice.TransferResult{End: does.End, Words: string(does.End), Asked: true}
	switch does.End {
	case voice.TransferDone:
		res.Cause, res.Words = voice.CauseNormal, "transferred to "+to
	case voice.TransferBusy:
		res.Cause = voice.CauseBusy
	case voice.TransferNoAnswer:
		res.Cause = voice.CauseNoAnswer
	case voice.TransferRefused:
		res.Cause = voice.CauseRejected
	default:
		res.Cause = voice.CauseFailed
	}
	c.noteTransfer(voice.EventTransferEnded, "transfer to "+to+" ended: "+res.Words, to, &res.End)
	if res.End == voice.TransferDone {
		c.end(Ending{Cause: res.Cause, Words: res.Words})
	}
	return res, nil
}

func (c *Call) noteTransfer(kind voice.EventKind, text, to string, end *voice.TransferEnd) {
	data := map[string]string{"to": to, "how": "refer"}
	if end != nil {
		data["end"] = string(*end)
	}
	c.Note(voice.Event{Kind: kind, Leg: "a", Text: text, Data: data})
}
