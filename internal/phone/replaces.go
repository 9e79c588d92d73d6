package phone

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Replaces names a call whose place a new one is to take (RFC 3891), as the
// one who gets the INVITE sees it: ToTag is its own tag.
type Replaces struct {
	CallID, ToTag, FromTag string
	EarlyOnly              bool // only while it is not answered
}

// Replaces names the call to its far end, for another call to take its place.
func (c *Call) Replaces() Replaces {
	c.mu.Lock()
	defer c.mu.Unlock()
	tag, _ := c.to.Params.Get("tag")
	return Replaces{CallID: c.id, ToTag: tag, FromTag: c.localTag}
}

// String gives the value of the header.
func (r Replaces) String() string {
	s := r.CallID + ";to-tag=" + r.ToTag + ";from-tag=" + r.FromTag
	if r.EarlyOnly {
		s += ";early-only"
	}
	return s
}

// escaped gives the value for the headers of a URI, RFC 3261 §19.1.1.
func (r Replaces) escaped() string { return url.QueryEscape(r.String()) }

func unescapeReplaces(s string) (Replaces, error) {
	s, err := url.PathUnescape(s)
	if err != nil {
		return Replaces{}, err
	}
	return readReplaces(s)
}

func readReplaces(s string) (r Replaces, err error) {
	for i, part := range strings.Split(s, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case i == 0:
			r.CallID = name
			if value != "" {
				r.CallID += "=" + value
			}
		case strings.EqualFold(name, "to-tag"):
			r.ToTag = value
		case strings.EqualFold(name, "from-tag"):
			r.FromTag = value
		case strings.EqualFold(name, "early-only"):
			r.EarlyOnly = true
		}
	}
	if r.CallID == "" || r.ToTag == "" || r.FromTag == "" {
		return r, errors.New("a Replaces needs a Call-ID and two tags")
	}
	return r, nil
}

// replaced finds the call that an INVITE is to take the place of; a status
// refuses it (RFC 3891 §3). Whoever knows the tags may.
func (p *Phone) replaced(req *sip.Request) (old *Call, status int, phrase string) {
	all := req.GetHeaders("Replaces")
	if len(all) == 0 {
		return nil, 0, ""
	}
	r, err := readReplaces(all[0].Value())
	if err != nil || len(all) > 1 {
		return nil, 400, "Bad Replaces"
	}
	old = p.find(r.CallID, r.ToTag)
	if old == nil {
		return nil, 481, "Call/Transaction Does Not Exist"
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	tag, _ := old.to.Params.Get("tag")
	up := old.isAnswered || old.accept != nil
	switch {
	case tag != r.FromTag || !up && !old.outgoing:
		return nil, 481, "Call/Transaction Does Not Exist"
	case old.ending != nil:
		return nil, 603, "Decline"
	case up && r.EarlyOnly:
		return nil, 486, "Busy Here"
	}
	return old, 0, ""
}

// replace answers a call at once and ends the one whose place it takes.
func (c *Call) replace(old *Call) {
	ctx, stop := context.WithTimeout(context.Background(), requestTime)
	defer stop()
	if err := c.Answer(ctx); err != nil {
		return // the ending tells it; the old call goes on
	}
	old.succeeded(c)
	old.note(Event{Kind: KindReceived, Method: "INVITE", Text: "another call takes the place of this one: " + c.id})
	old.Hangup(ctx) // its ending tells what came of it
}
