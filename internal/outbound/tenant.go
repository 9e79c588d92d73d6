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

// ResolveURL is CheckURL for the account that voice.WithTenant names in ctx, and looks
// the host up too. Errors besides: Permission when one of its addresses is forbidden,
// NotExist when it has none, Unavailable when it can't be looked up.
func (p *Policy) ResolveURL(ctx context.Context, raw string) error {
	p, err := p.forTenant(ctx)
	if err != nil {
		return err
	}
	u, err := p.CheckURL(raw)
	if err != nil {
		return err
	}
	port := portOf(u)
	_, err = p.resolve(ctx, u.Hostname(), func(a netip.Addr) error { return p.CheckAddr(netip.AddrPortFrom(a, port)) })
	return err
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
