package sim

import (
	"tandem/internal/voice"
)

// CDR is what is kept of the call, as it ended with a cause, in words. Of one that
// was placed, the first that is dialled is its own party.
func (c *Call) CDR(info voice.CallInfo, placed bool, cause voice.Cause, words string) *voice.CDR {
	now := c.Now()
	r := &voice.CDR{Call: info.ID, Tenant: info.Tenant, Direction: info.Direction, From: info.From, FromName: info.FromName, To: info.To, Start: info.Start,
		Answered: c.Answered(), End: now, Cause: cause, Words: words, Tag: info.Tag, Order: info.Order}
	r.Legs = []voice.LegRecord{{ID: "a", To: info.To, Start: r.Start, Answered: r.Answered, End: now, Cause: r.Cause, Words: r.Words}}
	for _, e := range c.Events() {
		last := &r.Legs[len(r.Legs)-1]
		switch e.Kind {
		case voice.EventDialStarted:
			if placed {
				placed = false
				continue
			}
			r.Legs = append(r.Legs, voice.LegRecord{ID: voice.LegID("b" + string(rune('0'+len(r.Legs)%10))), To: e.Data["to"], Start: e.At, End: now, Cause: voice.CauseCancelled})
		case voice.EventLegAnswered:
			if e.Leg != "a" {
				last.Answered = e.At
			}
		case voice.EventDialFailed:
			if cause := e.Data["cause"]; cause != "" && last.ID != "a" {
				last.Cause, last.End = voice.Cause(cause), e.At
			}
		case voice.EventLegEnded:
			if e.Leg != "a" {
				last.Cause, last.End = voice.CauseNormal, e.At
			}
		}
	}
	return r
}
