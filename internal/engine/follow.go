package engine

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// maxTrunkRedirects is how often trunks may send one call on.
const maxTrunkRedirects = 5

// following is what was rung for one target, so that a call does not go in circles.
type following struct {
	phones, trunks int
	seen           []string
}

// follow gives what a redirection (3xx) leads to, where policy lets it be
// followed: a trunk's to numbers at that trunk, a telephone's to what its account
// may dial. The timeline says what became of each place.
func (c *Call) follow(ctx context.Context, id voice.LegID, w *way, hop sipua.Target, to []string, f *following) []sipua.Target {
	for _, contact := range to {
		hops, err := c.followOne(ctx, w, hop, contact, f)
		if err != nil {
			c.Note(voice.Event{Kind: voice.EventSIP, Leg: id, Text: "the redirection to " + contact + " is not followed: " + voice.Reason(err)})
			continue
		}
		c.Note(voice.Event{Kind: voice.EventSIP, Leg: id, Text: "the redirection to " + contact + " is followed"})
		return hops
	}
	return nil
}

func (c *Call) followOne(ctx context.Context, w *way, hop sipua.Target, contact string, f *following) ([]sipua.Target, error) {
	const op = "engine.Dial"
	user, host, err := redirection(contact)
	if err != nil {
		return nil, err
	}
	if slices.Contains(f.seen, user) {
		return nil, voice.Errorf(op, voice.Conflict, "it was rung already")
	}
	var hops []sipua.Target
	switch {
	case hop.Trunk != nil:
		hops, err = c.followTrunk(hop, user, host, f)
	case hop.Binding != nil:
		hops, err = c.followPhone(ctx, w, hop, user, host, f)
	default:
		err = voice.Errorf(op, voice.Permission, "a SIP address may not send calls on")
	}
	if err != nil {
		return nil, err
	}
	f.seen = append(f.seen, user)
	return hops, nil
}

// redirection reads where a Contact leads: a user or number, and at which host.
func redirection(contact string) (user, host string, err error) {
	scheme, rest, _ := strings.Cut(contact, ":")
	switch strings.ToLower(scheme) {
	case "tel":
		user, _, _ = strings.Cut(rest, ";")
		return user, "", nil
	case "sip":
		rest, _, _ = strings.Cut(rest, "?")
		user, rest, ok := strings.Cut(rest, "@")
		if !ok || user == "" {
			break
		}
		user, _, _ = strings.Cut(user, ";")
		host, _, _ = strings.Cut(rest, ";")
		return user, host, nil
	}
	return "", "", voice.Errorf("engine.Dial", voice.Invalid, "it is no address of a person")
}

// followTrunk sends a call on at the trunk that asks for it.
func (c *Call) followTrunk(hop sipua.Target, user, host string, f *following) ([]sipua.Target, error) {
	const op = "engine.Dial"
	k := *hop.Trunk
	switch {
	case !k.Redirects:
		return nil, voice.Errorf(op, voice.Permission, "trunk %s may not redirect calls", k.Name)
	case f.trunks >= maxTrunkRedirects:
		return nil, voice.Errorf(op, voice.Limit, "the call was redirected %d times", f.trunks)
	case host != "" && !sameHost(host, k.Host) && !slices.ContainsFunc(hop.Places, func(p sipua.Place) bool { return sameHost(host, p.Addr.Addr().String()) }):
		return nil, voice.Errorf(op, voice.Permission, "%s is not trunk %s", host, k.Name)
	}
	n, err := voice.ParseE164(user)
	if err != nil {
		return nil, voice.Errorf(op, voice.Invalid, "%s is no full number", user)
	}
	if err := k.MayDial(n); err != nil {
		return nil, err
	}
	f.trunks++
	next := hop
	next.User, next.Places = string(n), nil
	next.Diversions = sentOn(hop, hop.User)
	return []sipua.Target{next}, nil
}

// followPhone sends a call on for a telephone, within what its account may dial.
func (c *Call) followPhone(ctx context.Context, w *way, hop sipua.Target, user, host string, f *following) ([]sipua.Target, error) {
	const op = "engine.Dial"
	switch most := c.e.cfg.Redirects; {
	case most == 0:
		return nil, voice.Errorf(op, voice.Permission, "telephones may not redirect calls here (limits.redirects)")
	case f.phones >= most:
		return nil, voice.Errorf(op, voice.Limit, "the call was redirected %d times", f.phones)
	case host != "" && !c.e.agent.Load().Ours(host, hop.Places[0].Addr.Addr()):
		return nil, voice.Errorf(op, voice.Permission, "%s is not this server", host)
	}
	t := voice.Target{Kind: voice.ToExtension, ID: user}
	if n, err := voice.ParseE164(user); err == nil && (strings.HasPrefix(user, "+") || strings.HasPrefix(user, "00")) {
		t = voice.Target{Kind: voice.ToNumber, ID: string(n)}
	}
	if w.release != nil && t.Kind == voice.ToNumber {
		return nil, voice.Errorf(op, voice.Limit, "it has been sent to a number already")
	}
	// Who calls is the account's to show, whoever sends the call on.
	ways, err := c.ways(ctx, t, voice.DialSpec{})
	if err != nil {
		return nil, err
	}
	f.phones++
	var hops []sipua.Target
	for _, more := range ways {
		if more.release != nil {
			w.release = more.release
		}
		for _, h := range more.hops {
			if h.Trunk != nil && h.Trunk.Identity {
				h.Diversions = sentOn(h, hop.Binding.Extension)
			}
			hops = append(hops, h)
		}
	}
	return hops, nil
}

// sentOn adds who sent a call on to those before.
func sentOn(hop sipua.Target, from string) []sipua.Diversion {
	if hop.Trunk == nil || !hop.Trunk.Identity {
		return nil
	}
	return append(slices.Clone(hop.Diversions), sipua.Diversion{Number: from, Reason: "unconditional"})
}

// sameHost compares hosts without their ports.
func sameHost(a, b string) bool {
	bare := func(s string) string {
		if host, _, err := net.SplitHostPort(s); err == nil {
			s = host
		}
		s = strings.ToLower(strings.Trim(s, "[]"))
		if ip, err := netip.ParseAddr(s); err == nil {
			s = ip.Unmap().String()
		}
		return s
	}
	return bare(a) == bare(b)
}
