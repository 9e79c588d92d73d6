package admin

import (
	"context"
	"net/netip"
	"slices"

	"tandem/internal/voice"
)

// SetRescue chooses the app that goes on with callers whose flow can't; "" = none.
// Error kinds: Invalid with the flag in Field.
func (a *Admin) SetRescue(ctx context.Context, account voice.TenantID, app voice.AppID) (voice.Tenant, error) {
	const op = "admin.SetRescue"
	t, err := a.tenant(ctx, op, account)
	if err != nil {
		return t, err
	}
	if app != "" {
		if _, err := a.Store.App(ctx, t.ID, app); voice.IsKind(err, voice.NotExist) {
			return t, voice.InvalidField(op, "rescue", "account %s has no app %s", t.ID, app)
		} else if err != nil {
			return t, err
		}
	}
	t.Rescue = app
	return t, a.Store.UpdateTenant(ctx, t)
}

// LimitsChange changes limits of an account; nil = stays, 0 = the default.
type LimitsChange struct {
	OutboundCalls, OutboundPerMinute, InboundCalls, InboundPerSecond, InboundPerMinute, CallsPerSecond, MaxQueued *int
}

// SetLimits changes what an account may do at once, and gives the account. Error
// kinds: Invalid with the flag in Field.
func (a *Admin) SetLimits(ctx context.Context, account voice.TenantID, c LimitsChange) (voice.Tenant, error) {
	const op = "admin.SetLimits"
	t, err := a.tenant(ctx, op, account)
	if err != nil {
		return t, err
	}
	changed := false
	for _, l := range []struct {
		field string
		v     *int
		most  int
		to    *int
	}{
		{"outbound-calls", c.OutboundCalls, voice.MaxOutboundCalls, &t.Limits.OutboundCalls},
		{"outbound-per-minute", c.OutboundPerMinute, voice.MaxOutboundCalls, &t.Limits.OutboundPerMinute},
		{"inbound-calls", c.InboundCalls, voice.MaxInboundCalls, &t.Limits.InboundCalls},
		{"inbound-per-second", c.InboundPerSecond, voice.MaxInboundRate, &t.Limits.InboundPerSecond},
		{"inbound-per-minute", c.InboundPerMinute, voice.MaxInboundCalls, &t.Limits.InboundPerMinute},
		{"calls-per-second", c.CallsPerSecond, voice.MaxCallsPerSecond, &t.Limits.CallsPerSecond},
		{"max-queued", c.MaxQueued, voice.MaxMaxQueued, &t.Limits.MaxQueued},
	} {
		if l.v == nil {
			continue
		}
		if *l.v < 0 || *l.v > l.most {
			return t, voice.InvalidField(op, l.field, "%d is not between 0 and %d", *l.v, l.most)
		}
		*l.to, changed = *l.v, true
	}
	if !changed {
		return t, nil
	}
	return t, a.Store.UpdateTenant(ctx, t)
}

// Allow adds to the networks that an account's URLs may lead to although they are
// not public, or takes them from there, and gives what they are then. Error kinds:
// Invalid with the flag in Field.
func (a *Admin) Allow(ctx context.Context, account voice.TenantID, nets []string, remove bool) ([]netip.Prefix, error) {
	const op = "admin.Allow"
	t, err := a.tenant(ctx, op, account)
	if err != nil {
		return nil, err
	}
	for _, s := range nets {
		n, err := voice.ParseNetwork(s)
		if err != nil {
			return nil, err
		}
		has := slices.Contains(t.Allow, n)
		switch {
		case remove && !has:
			return nil, voice.InvalidField(op, "network", "account %s is not allowed %s", t.ID, n)
		case remove:
			t.Allow = slices.DeleteFunc(t.Allow, func(o netip.Prefix) bool { return o == n })
		case !has:
			t.Allow = append(t.Allow, n)
		}
	}
	if len(t.Allow) > voice.MaxNetworks {
		return nil, voice.InvalidField(op, "network", "an account has at most %d networks", voice.MaxNetworks)
	}
	if len(nets) == 0 {
		return t.Allow, nil
	}
	return t.Allow, a.Store.AllowNetworks(ctx, t.ID, t.Allow)
}
