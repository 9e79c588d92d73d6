package storetest

import (
	"testing"

	"tandem/internal/voice"
)

func testNumbers(t *testing.T, s Store) {
	ctx := t.Context()
	a := voice.Number{E164: "+46850000002", Tenant: ours, Dest: voice.Destination{Kind: voice.ToApp, ID: "VA1"}, Created: moment(1)}
	b := voice.Number{E164: "+46850000001", Tenant: ours, Created: moment(2)}
	for _, n := range []voice.Number{a, b} {
		ok(t, s.AddNumber(ctx, n))
	}
	same(t, "whoever owns it", read(s.NumberByE164(ctx, a.E164))(t), a)
	same(t, "ascending", read(s.Numbers(ctx, ours))(t), []voice.Number{b, a})
	same(t, "the other's", read(s.Numbers(ctx, theirs))(t), nil)
	_, err := s.NumberByE164(ctx, "+1999")
	want(t, "unknown", err, voice.NotExist)
	err = s.AddNumber(ctx, voice.Number{E164: a.E164, Tenant: theirs})
	want(t, "taken by another account", err, voice.Exists)
	mentions(t, err, "number +46850000002 is taken")
	want(t, "no such account", s.AddNumber(ctx, voice.Number{E164: "+46850000009", Tenant: "999"}), voice.NotExist)
	want(t, "no digits", s.AddNumber(ctx, voice.Number{Tenant: ours}), voice.Invalid)

	a.Dest = voice.Destination{Kind: voice.ToUser, ID: "11"}
	ok(t, s.UpdateNumber(ctx, a))
	same(t, "updated", read(s.NumberByE164(ctx, a.E164))(t), a)
	want(t, "update unknown", s.UpdateNumber(ctx, voice.Number{E164: "+1999", Tenant: ours}), voice.NotExist)
	ok(t, s.RemoveNumber(ctx, ours, a.E164))
	want(t, "remove again", s.RemoveNumber(ctx, ours, a.E164), voice.NotExist)
	ok(t, s.AddNumber(ctx, voice.Number{E164: a.E164, Tenant: theirs}))
}
