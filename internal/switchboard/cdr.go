package switchboard

import (
	"cmp"
	"time"

	"tandem/internal/interp"
	"tandem/internal/voice"
)

// open keeps the record of a call that is up, so that a crash leaves a trace
// of it that the next start can close.
func (s *Switchboard) open(c Call) { s.cfg.CDRs.Record(s.record(c)) }

// close keeps the final record, and notes the call's last event.
func (s *Switchboard) close(c Call, result interp.Result) {
	cdr := s.record(c)
	sum := c.Summary()
	cdr.End = time.Now()
	cdr.Cause, cdr.Words = sum.Cause, sum.Words
	if cdr.Cause == "" || cdr.Words == "" {
		cdr.Cause, cdr.Words = result.Cause, result.Words
	}
	if cdr.Reason = cmp.Or(sum.Reason, result.Reason); cdr.Reason == "" {
		s.cfg.Logger.Error("a call ended without a reason", "call", cdr.Call, "words", cdr.Words)
		cdr.Reason = voice.EndFault
	}
	s.handTape(s.liveCall(cdr.Call))
	s.cfg.CDRs.Record(cdr)
	c.Note(voice.Event{Kind: voice.EventCallEnded, At: cdr.End, Text: "call ended: " + cdr.Words,
		Data: map[string]string{"cause": string(cdr.Cause), "reason": string(cdr.Reason)}})
}

func (s *Switchboard) record(c Call) voice.CDR {
	info, sum := c.Info(), c.Summary()
	return voice.CDR{
		Call: info.ID, Tenant: info.Tenant, Direction: info.Direction,
		From: info.From, FromName: info.FromName, To: info.To, App: s.appOf(info.ID),
		Start: info.Start, Answered: sum.Answered, Legs: sum.Legs, Tag: info.Tag, Order: info.Order,
	}
}
