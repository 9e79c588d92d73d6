package storetest

import (
	"net/netip"
	"testing"

	"tandem/internal/voice"
)

func tenant(id voice.TenantID) voice.Tenant {
	n := 1
	if id == theirs {
		n = 2
	}
	return voice.Tenant{
		ID: id, Name: "Acme " + string(id), Language: "en", Timezone: "Europe/Stockholm", Country: "SE", Currency: "EUR",
		Limits: voice.Limits{OutboundCalls: 3, OutboundPerMinute: 5, InboundCalls: 7, InboundPerSecond: 4, InboundPerMinute: 60, CallsPerSecond: 2, MaxQueued: 9}, Created: moment(n),
		Rescue: "rescue", Allow: []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24"), netip.MustParsePrefix("fd00::/8")},
	}
}

func testTenants(t *testing.T, s Store) {
	ctx := t.Context()
	a, b := tenant(ours), tenant(theirs)
	same(t, "read back", read(s.Tenant(ctx, ours))(t), a)
	same(t, "list", read(s.Tenants(ctx))(t), []voice.Tenant{a, b})

	want(t, "same id again", s.CreateTenant(ctx, a), voice.Exists)
	want(t, "no id", s.CreateTenant(ctx, voice.Tenant{Name: "x"}), voice.Invalid)
	_, err := s.Tenant(ctx, "999")
	want(t, "unknown", err, voice.NotExist)
	want(t, "update unknown", s.UpdateTenant(ctx, voice.Tenant{ID: "999"}), voice.NotExist)

	a.Name, a.Language, a.Timezone, a.Country, a.Currency = "Beta", "sv", "Asia/Kolkata", "IN", "INR"
	a.Limits, a.Rescue, a.CaptureCalls = voice.Limits{}, "", true
	changed := a
	changed.Allow = nil // what an account's networks are is not changed with the rest
	ok(t, s.UpdateTenant(ctx, changed))
	same(t, "updated", read(s.Tenant(ctx, ours))(t), a)
	ok(t, s.AllowNetworks(ctx, ours, nil))
	a.Allow = nil
	same(t, "no networks", read(s.Tenant(ctx, ours))(t), a)
	a.Allow = []netip.Prefix{netip.MustParsePrefix("192.168.7.7/32")}
	ok(t, s.AllowNetworks(ctx, ours, a.Allow))
	same(t, "a network", read(s.Tenant(ctx, ours))(t), a)
	want(t, "networks of an unknown account", s.AllowNetworks(ctx, "999", a.Allow), voice.NotExist)
	same(t, "the other one", read(s.Tenant(ctx, theirs))(t), b)
}
