package sipua

import (
	"context"
	"net/netip"

	"tandem/internal/voice"
)

// Toward gives the address that a call to t would be sent to, so that its
// caller can offer the address of this machine that is nearest to it.
func (a *Agent) Toward(ctx context.Context, t Target) (netip.Addr, error) {
	_, dest, err := a.place(ctx, t)
	if err != nil {
		return netip.Addr{}, failed("sipua.Toward", &Failure{Reason: err.Error(), Cause: voice.CauseUnavailable})
	}
	return dest.Addr.Addr(), nil
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
