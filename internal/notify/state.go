package notify

import (
	"slices"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// Bounds of what is kept of a call.
const (
	maxHeld   = 32 // events before it is known whose call it is
	maxListed = 100
	maxDigits = 1000
)

// call is what is known of a live call.
type call struct {
	state  dialect.CallState
	leg    voice.LegID    // the caller's, or the first party's of a call that we began
	held   []dialect.Fact // until it is known whose call it is
	known  bool           // whose call it is
	wanted bool           // its account wants to be told
}

// follow keeps the state of the call that i is about, and gives what is to be
// sent. Calls that were up before anybody wanted to be told are passed over.
func (p *Pump) follow(i item) []voice.Delivery {
	if i.cdr != nil {
		if c := p.calls[i.cdr.Call]; c != nil {
			c.state.CDR = i.cdr
		}
		return nil
	}
	e := i.event
	c := p.calls[e.Call]
	if c == nil {
		if e.Kind != voice.EventCallArrived || len(p.calls) >= pumpCalls {
			return nil
		}
		c = &call{leg: "a"}
		p.calls[e.Call] = c
	}
	c.note(e)
	var ds []voice.Delivery
	switch {
	case e.Tenant == "":
		if len(c.held) < maxHeld {
			c.held = append(c.held, fact(e, c.state))
		}
	case !c.known:
		c.known, c.wanted = true, p.wanted[e.Tenant]
		if c.wanted {
			if p.cfg.Expect != nil {
				p.cfg.Expect(e.Call)
			}
			for _, f := range c.held {
				f.Event.Tenant, f.Call.Info.Tenant = e.Tenant, e.Tenant
				ds = append(ds, p.render(f)...)
			}
		}
		c.held = nil
		fallthrough
	default:
		if c.wanted {
			ds = append(ds, p.render(fact(e, c.state))...)
		}
	}
	if e.Kind == voice.EventCallEnded {
		delete(p.calls, e.Call)
	}
	return ds
}

// fact gives a copy of the state, which a dialect may keep.
func fact(e voice.Event, s dialect.CallState) dialect.Fact {
	s.Apps, s.Recordings = slices.Clone(s.Apps), slices.Clone(s.Recordings)
	return dialect.Fact{Event: e, Call: s}
}

// note puts what an event says into the state of its call.
func (c *call) note(e voice.Event) {
	s := &c.state
	if e.Tenant != "" {
		s.Info.Tenant = e.Tenant
	}
	d := e.Data
	switch e.Kind {
	case voice.EventCallArrived:
		s.Info = voice.CallInfo{
			ID: e.Call, Tenant: e.Tenant, Direction: voice.CallDirection(d["direction"]), From: d["from"], FromName: d["from_name"],
			To: d["to"], ToDomain: d["domain"], Trunk: voice.TrunkID(d["trunk"]), Extension: d["extension"], Source: d["source"],
			Start: e.At, Tag: d["tag"], Order: d["order"],
		}
	case voice.EventCallAnswered:
		if s.Answered.IsZero() {
			s.Answered = e.At
		}
		if e.Leg != "" {
			c.leg = e.Leg
		}
	case voice.EventAppEntered:
		s.App = voice.AppID(d["app"])
		if s.App != "" && len(s.Apps) < maxListed {
			s.Apps = append(s.Apps, s.App)
		}
	case voice.EventDialStarted:
		s.Dialled, s.AnsweredBy = d["to"], ""
	case voice.EventLegAnswered:
		s.AnsweredBy = d["with"]
	case voice.EventDigit:
		if e.Leg == c.leg && len(s.Digits) < maxDigits {
			s.Digits += d["digit"]
		}
	case voice.EventRecordingFinished:
		if id := voice.RecordingID(d["recording"]); id != "" && len(s.Recordings) < maxListed {
			s.Recordings = append(s.Recordings, id)
		}
	}
}
