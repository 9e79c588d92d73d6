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
