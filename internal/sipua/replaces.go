package sipua

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

// maxGone bounds how many calls that are over are remembered, so that whoever
// wants to take one over hears that it is.
const maxGone = 1024

// Replaces names the dialog whose place a new call is to take (RFC 3891), as
// the one who gets the INVITE sees it: ToTag is our tag, FromTag the peer's.
type Replaces struct {
	CallID, ToTag, FromTag string
	EarlyOnly              bool // only while the dialog is not answered
}

// Replaces gives the dialog that the call wants to take the place of, nil when
// it is a call like others. The Handler sees one only when Config.TakesOver
// allowed it; it answers the call and ends the one that Agent.Match gives.
func (i *Incoming) Replaces() *Replaces { return i.replaces }

// Match gives the dialog that r names, answered or not, begun by either side;
// nil when there is none or it is over.
func (a *Agent) Match(r Replaces) *Dialog {
	d := a.named(r)
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == stateEnded {
		return nil
	}
	return d
}

// named gives the dialog that r names, over or not, as long as it is kept.
func (a *Agent) named(r Replaces) *Dialog {
	a.mu.Lock()
	d := a.dialogs[dialogKey(r.CallID, r.ToTag)]
	a.mu.Unlock()
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !sameTag(d.remoteTag, r.FromTag) {
		return nil
	}
	return d
}

// sameTag compares a peer's tag with one in Replaces, where "0" also stands for
// no tag (RFC 3891 §3).
func sameTag(have, named string) bool { return have == named || have == "" && named == "0" }

// takeover judges an INVITE with Replaces by RFC 3891 §3; a code refuses it.
// Who may not take the call over is told what one without a match is told.
func (a *Agent) takeover(inc *Incoming) (code int, reason string) {
	r := *inc.replaces
	d := a.named(r)
	if d == nil && a.wasUp(r) {
		return 603, "Decline"
	}
	if d == nil || a.cfg.TakesOver == nil || !a.cfg.TakesOver(inc, d) {
		return 481, "Call/Transaction Does Not Exist"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.state == stateEnded:
		return 603, "Decline"
	case d.state == stateUp && r.EarlyOnly:
		return 486, "Busy Here"
	case d.state == stateEarly && d.inc != nil:
		return 481, "Call/Transaction Does Not Exist" // only one that we began
	}
	return 0, ""
}

// replacesOf reads the Replaces header of a request; nil when it has none.
func replacesOf(req *sip.Request) (r *Replaces, ok bool) {
	list := req.GetHeaders("replaces")
	switch {
	case len(list) == 0:
		return nil, true
	case len(list) > 1 || len(req.GetHeaders("join")) > 0:
		return nil, false
	}
	return parseReplaces(list[0].Value())
}

// parseReplaces reads the value of a Replaces header (RFC 3891 §6.1).
func parseReplaces(value string) (*Replaces, bool) {
	id, params, _ := strings.Cut(value, ";")
	r := &Replaces{CallID: strings.TrimSpace(id)}
	if len(value) > maxReferTo || !isCallID(r.CallID) {
		return nil, false
	}
	for p := range strings.SplitSeq(params, ";") {
		name, value, given := strings.Cut(strings.TrimSpace(p), "=")
		value = strings.TrimSpace(value)
		tag := &r.ToTag
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "to-tag":
		case "from-tag":
			tag = &r.FromTag
		case "early-only":
			r.EarlyOnly = true
			if given {
				return nil, false
			}
			continue
		default:
			continue
		}
		if *tag != "" || !transact.ValidToken(value) {
			return nil, false
		}
		*tag = value
	}
	if r.ToTag == "" || r.FromTag == "" {
		return nil, false
	}
	return r, true
}

// isCallID reports whether s may be a Call-ID: visible ASCII without separators.
func isCallID(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == ',' || s[i] == ';' {
			return false
		}
	}
	return s != ""
}

// wasUp reports whether r names a call that was answered and is over.
func (a *Agent) wasUp(r Replaces) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	tag, ok := a.gone.tags[dialogKey(r.CallID, r.ToTag)]
	return ok && sameTag(tag, r.FromTag)
}

// ring remembers the newest calls that are over. Its owner locks it.
type ring struct {
	tags map[string]string // the peer's tag by dialogKey
	keys []string
	next int
}

func (g *ring) add(key, remoteTag string) {
	if g.tags == nil {
		g.tags = map[string]string{}
	}
	if len(g.keys) < maxGone {
		g.keys = append(g.keys, key)
	} else {
		delete(g.tags, g.keys[g.next])
		g.keys[g.next] = key
		g.next = (g.next + 1) % maxGone
	}
	g.tags[key] = remoteTag
}
