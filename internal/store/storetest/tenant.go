package storetest

import (
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
		Limits: voice.Limits{OutboundCalls: 3, OutboundPerMinute: 5, InboundCalls: 7}, Created: moment(n),
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
	a.Limits = voice.Limits{}
	ok(t, s.UpdateTenant(ctx, a))
	same(t, "updated", read(s.Tenant(ctx, ours))(t), a)
	same(t, "the other one", read(s.Tenant(ctx, theirs))(t), b)
}
