package engine

import (
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// assert takes what a trusted trunk says of the caller and of who was called
// first; of others nothing counts but their From.
func assert(info *voice.CallInfo, inc *sipua.Incoming) {
	if number, name, private, ok := inc.Asserted(); ok {
		switch {
		case private: // RFC 3325 §9.3: it is not for whom we call
			info.From, info.FromName = anonymous, ""
		case number != "":
			info.From = number
			if name != "" {
				info.FromName = name
			}
		}
	}
	if list := inc.Diversions(); len(list) > 0 {
		info.FirstCalled, info.Diverted = list[0].Number, list[0].Reason
	}
}

// diversions gives where a call that goes on through k was sent on from. Only a
// trunk that is trusted with identities is told, and an extension's own call was
// sent on by nobody.
func (c *Call) diversions(k voice.Trunk) []sipua.Diversion {
	info := c.Info()
	if !k.Identity || c.a == nil || c.a.inc == nil || info.Extension != "" {
		return nil
	}
	reason := "unconditional"
	switch c.failed {
	case voice.CauseBusy:
		reason = "user-busy"
	case voice.CauseNoAnswer:
		reason = "no-answer"
	case voice.CauseUnavailable:
		reason = "unavailable"
	}
	return append(c.a.inc.Diversions(), sipua.Diversion{Number: info.To, Reason: reason})
}

// throughTrunk makes the hop of a number through a trunk.
func (c *Call) throughTrunk(k voice.Trunk, n voice.E164, s voice.DialSpec) sipua.Target {
	from, name := c.shownTo(k, s)
	hop := sipua.Target{Trunk: &k, User: string(n), From: from, FromName: name, MaxForwards: c.hopsLeft(), Silence: trunkSilence}
	if !k.Identity {
		return hop
	}
	hop.Diversions = c.diversions(k)
	if hop.Identity = from; from == "" {
		s.CallerID, s.CallerName = "", ""
		hop.Private = true
		hop.Identity, _ = c.shownTo(k, s)
	}
	return hop
}
