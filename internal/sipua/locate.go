package sipua

import (
	"context"
	"net/netip"
	"slices"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// Locate gives the places that a call to t may be sent to, in the order in which
// Dial would try them, so that its caller can judge them (Target.Places) and
// offer the address of this machine that is nearest to the first. Error kind
// Unavailable around a *Failure when there is none.
func (a *Agent) Locate(ctx context.Context, t Target) ([]Place, error) {
	_, _, places, err := a.place(ctx, t)
	if err != nil {
		return nil, failed("sipua.Locate", &Failure{Reason: err.Error(), Cause: voice.CauseUnavailable})
	}
	return places, nil
}

// PeerAddr gives the address that the peer's signalling comes from.
func (d *Dialog) PeerAddr() netip.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dest.Addr.Addr()
}

// Proxied says whether signalling comes through a proxy, so that its address tells
// nothing of where the peer is: the peer's request passed one, or one will stay on
// the way.
func (d *Dialog) Proxied() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.routes) > 0 || d.inc != nil && len(d.inc.in.Req.GetHeaders("via")) > 1
}

// Secure says whether the signalling between the peer and us is encrypted, so that
// keys may be in it. On the way of a call that we make it says so of where the
// INVITE goes now.
func (d *Dialog) Secure() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return transact.Secure(d.dest.Transport)
}

// Secure says whether the signalling to each of the places is encrypted, so that
// what is offered there may hold keys.
func Secure(places []Place) bool {
	return len(places) > 0 && !slices.ContainsFunc(places, func(p Place) bool { return !transact.Secure(p.Transport) })
}
