package sipua

import (
	"context"
	"net/netip"

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
