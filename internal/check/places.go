package check

import (
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// places looks at where a step sends a call.
func (c *checker) places(n *flow.Node) {
	list := destinations(n.Step)
	if q, ok := n.Step.(flow.Queue); ok && len(q.Members) == 0 {
		c.at(n, flow.Error, CodeNobody, "name its members", "the queue %s has no members, so nobody ever answers it", c.name(n))
	}
	for _, d := range list {
		if self := c.self(d); self != "" {
			c.at(n, flow.Error, CodeToSelf, "send the call elsewhere, or lead the exit back to a step of the flow", "%s: %s %s, where the call is already", c.name(n), d, self)
			continue
		}
		if why := c.forbidden(d); why != "" {
			c.at(n, flow.Error, CodeForbidden, "name another number, or have a trunk take it", "%s can't call %s: %s", c.name(n), d, why)
		} else if d.Kind == voice.ToNumber && c.in.World != nil && c.in.World.NoTrunks && !c.own(d) {
			c.at(n, flow.Warning, CodeForbidden, "add a trunk", "%s can't call %s: the account has no trunk yet", c.name(n), d)
		}
	}
	switch s := n.Step.(type) {
	case flow.Dial:
		c.shows(n, s.CallerID)
	case flow.Transfer:
		c.shows(n, s.CallerID)
	case flow.Goto:
		if s.App != "" && s.App == c.g.p.App && c.g.beforeWait(n) {
			c.at(n, flow.Error, CodeToSelf, "lead to a step of the flow instead", "%s begins this app anew, at once and for every caller, until the limit of %d apps ends the call", c.name(n), flow.MaxDepth)
		}
	}
}

// self says how a destination comes back to the app that is checked; "" = not.
func (c *checker) self(d voice.Destination) string {
	app := c.g.p.App
	if app == "" {
		return ""
	}
	if d.Kind == voice.ToApp && voice.AppID(d.ID) == app {
		return "is this app"
	}
	w := c.in.World
	if w == nil {
		return ""
	}
	if d.Kind == voice.ToNumber && w.Numbers != nil {
		if e, err := voice.ParseE164(d.ID); err == nil {
			if to, own := w.Numbers[e]; own && to.Kind == voice.ToApp && voice.AppID(to.ID) == app {
				return "is a number of the account that leads to this app"
			}
		}
	}
	u, ok := w.owner(d)
	if !ok {
		return ""
	}
	rule := u.Incoming.First
	if u.Incoming.App.Action != "" {
		rule = u.Incoming.App
	}
	if rule.To == "voiceapp" && voice.AppID(rule.ID) == app {
		return "sends calls to this app"
	}
	return ""
}

// own reports whether a number is the account's and is connected to something.
func (c *checker) own(d voice.Destination) bool {
	e, err := voice.ParseE164(d.ID)
	return err == nil && c.in.World != nil && !c.in.World.Numbers[e].IsZero()
}

// forbidden says why a destination may not be called; "" = it may, or nobody knows.
func (c *checker) forbidden(d voice.Destination) string {
	if d.Kind == voice.ToNumber {
		e, err := voice.ParseE164(d.ID)
		if err != nil {
			return voice.Reason(err)
		}
		if c.own(d) {
			return "" // it does not go out
		}
		if p := voice.HighRisk(e); p != "" && (c.in.World == nil || c.in.World.Forbids == nil) {
			return "it is in the high-risk range " + p + ", which a trunk must name in its prefixes"
		}
	}
	if c.in.World == nil || c.in.World.Forbids == nil {
		return ""
	}
	return c.in.World.Forbids(d)
}

// shows looks at a number to be shown as the caller's.
func (c *checker) shows(n *flow.Node, id string) {
	if id == "" || id == "none" || id == "anonymous" || id == "auto" || c.in.World == nil || c.in.World.Numbers == nil {
		return
	}
	e, err := voice.ParseE164(id)
	if _, own := c.in.World.Numbers[e]; err == nil && own {
		return
	}
	c.at(n, flow.Warning, CodeCallerID, "show a number of the account", "%s is to show %s, which is no number of the account and will not be shown unless it is a telephone of a user", c.name(n), id)
}

// beforeWait reports whether a node is reached before anything has waited.
func (g *graph) beforeWait(n *flow.Node) bool {
	if g.early == nil {
		g.early = g.flood(g.entry(), func(i int) bool { return timeless(g.nodes[i].Step) && !branches(g.nodes[i].Step) }, nil)
	}
	return g.early[g.index[n.ID]]
}

// branches reports whether a step may take several ways although nothing happened.
func branches(s flow.Step) bool {
	switch s.(type) {
	case flow.If, flow.Hours, flow.Count, flow.Request:
		return true
	}
	return false
}
