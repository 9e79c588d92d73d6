package notify

import (
	"maps"
	"slices"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// Bounds of what is kept of a call.
const (
	maxHeld   = 32 // events before it is known whose call it is
	maxListed = 100
	maxDigits = 1000
	maxKeys   = 100  // of CallState.Data
	maxValue  = 4096 // bytes of each; one that is longer is left out
)

// call is what is known of a live call.
type call struct {
	state  dialect.CallState
	leg    voice.LegID    // the caller's, or the first party's of a call that we began
	held   []dialect.Fact // until it is known whose call it is
	known  bool           // whose call it is
	wanted bool           // its account wants to be told
}

// follow keeps the state of the call that e is about, and gives what somebody is
// to be told. Calls that were up before anybody wanted to be told are passed over.
func (p *Pump) follow(e voice.Event, cdr *voice.CDR) []dialect.Fact {
	c := p.calls[e.Call]
	if c == nil {
		if e.Kind != voice.EventCallArrived || len(p.calls) >= pumpCalls {
			return nil
		}
		c = &call{leg: "a"}
		p.calls[e.Call] = c
	}
	if cdr != nil {
		c.state.CDR = cdr
	}
	c.note(e)
	var facts []dialect.Fact
	switch {
	case e.Tenant == "":
		if len(c.held) < maxHeld {
			c.held = append(c.held, fact(e, c.state))
		}
	case !c.known:
		c.known, c.wanted = true, p.wanted == nil || p.wanted[e.Tenant]
		if c.wanted {
			if p.cfg.Expect != nil {
				p.cfg.Expect(e.Call)
			}
			for _, f := range c.held {
				f.Event.Tenant, f.Call.Info.Tenant = e.Tenant, e.Tenant
				facts = append(facts, f)
			}
		}
		c.held = nil
		fallthrough
	default:
		if c.wanted {
			facts = append(facts, fact(e, c.state))
		}
	}
	if e.Kind == voice.EventCallEnded {
		delete(p.calls, e.Call)
	}
	return facts
}

// fact gives a copy of the state, which a dialect may keep.
func fact(e voice.Event, s dialect.CallState) dialect.Fact {
	s.Apps, s.Recordings, s.Data = slices.Clone(s.Apps), slices.Clone(s.Recordings), maps.Clone(s.Data)
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
		if s.Info.Order != "" {
			rest := maps.Clone(d)
			for _, key := range []string{"direction", "from", "from_name", "to", "domain", "trunk", "extension", "source", "tag", "order"} {
				delete(rest, key) // they are in Info
			}
			c.keep(rest)
		}
	case voice.EventCallOrdered, voice.EventNotice:
		c.keep(d)
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

// keep puts what an order or a notice says into the state, of each key the latest.
func (c *call) keep(d map[string]string) {
	if c.state.Data == nil && len(d) > 0 {
		c.state.Data = map[string]string{}
	}
	for _, key := range slices.Sorted(maps.Keys(d)) { // sorted, so that a replay keeps the same
		_, known := c.state.Data[key]
		if len(key)+len(d[key]) <= maxValue && (known || len(c.state.Data) < maxKeys) {
			c.state.Data[key] = d[key]
		}
	}
}
