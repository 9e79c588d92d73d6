package outbound

import (
	"context"
	"net/netip"
)

// CheckFor does all that comes before a URL is connected to, for the account of
// the context.
func CheckFor(ctx context.Context, p *Policy, raw string) error {
	own, err := p.forTenant(ctx)
	if err != nil {
		return err
	}
	u, err := own.CheckURL(raw)
	if err != nil {
		return err
	}
	_, err = own.resolve(ctx, u.Hostname(), func(a netip.Addr) error { return own.CheckAddr(netip.AddrPortFrom(a, 80)) })
	return err
}
