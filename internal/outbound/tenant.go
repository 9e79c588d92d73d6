package outbound

import (
	"context"
	"net/http"
	"net/netip"

	"tandem/internal/voice"
)

// forTenant gives the policy as it is for whom a request is made, which
// voice.WithTenant has said: the networks that the operator allows that account
// may be reached as well.
func (p *Policy) forTenant(ctx context.Context) (*Policy, error) {
	t := voice.TenantOf(ctx)
	if t == "" || p.cfg.Allowed == nil {
		return p, nil
	}
	nets, err := p.cfg.Allowed(ctx, t)
	if err != nil {
		return nil, voice.Errorf("outbound.Allowed", voice.Unavailable, "the networks of account %s: %w", t, err)
	}
	if len(nets) == 0 {
		return p, nil
	}
	own := *p
	own.allow = nets
	return &own, nil
}

// transport gives what carries a request under p. Requests of accounts with
// networks of their own never share a connection: another account must not find
// one open that leads where it may not go.
func (g *guard) transport(p *Policy) *http.Transport {
	if p == nil || len(p.allow) == 0 {
		return g.next
	}
	t := newTransport(p.dial)
	t.DisableKeepAlives, t.ForceAttemptHTTP2 = true, false
	return t
}

func contains(nets []netip.Prefix, addr netip.Addr) bool {
	for _, n := range nets {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
