package storetest

import (
	"testing"

	"tandem/internal/voice"
)

func testTokens(t *testing.T, s Store) {
	ctx := t.Context()
	a := voice.Token{
		ID: "k1", Tenant: ours, User: "11", Kind: "sonetel", Name: "Anna@example.com", Hash: "$argon2id$x",
		Scopes: []string{"user.read", "user.write"}, Created: moment(1), Expires: moment(100), Used: moment(2),
	}
	b := voice.Token{ID: "k2", Tenant: ours, Kind: "hoiio", Name: "AppId", Hash: "h", Sealed: "k:sealed", Created: moment(0)}
	operator := voice.Token{ID: "k3", Kind: "owner", Name: "owner", Hash: "h", Created: moment(0)}
	for _, k := range []voice.Token{a, b, operator} {
		ok(t, s.CreateToken(ctx, k))
	}
	same(t, "by name", read(s.TokenByName(ctx, "sonetel", "anna@EXAMPLE.com"))(t), a)
	same(t, "by name without account", read(s.TokenByName(ctx, "owner", "owner"))(t), operator)
	same(t, "list by creation", read(s.Tokens(ctx, ours))(t), []voice.Token{b, a})
	same(t, "the other's list", read(s.Tokens(ctx, theirs))(t), nil)
	same(t, "accounts", read(s.TokenTenants(ctx, "hoiio"))(t), []voice.TenantID{ours})
	same(t, "accounts of no kind", read(s.TokenTenants(ctx, "owner"))(t), nil)
	for what, name := range map[string][2]string{
		"another kind": {"telphin", "anna@example.com"}, "unknown": {"sonetel", "bert@example.com"}, "case of an id": {"hoiio", "appid"},
	} {
		_, err := s.TokenByName(ctx, name[0], name[1])
		want(t, what, err, voice.NotExist)
	}
	err := s.CreateToken(ctx, voice.Token{ID: "k4", Tenant: theirs, Kind: "sonetel", Name: "ANNA@example.com"})
	want(t, "name taken", err, voice.Exists)
	mentions(t, err, "name ANNA@example.com for sonetel is taken")
	want(t, "id taken", s.CreateToken(ctx, voice.Token{ID: "k1", Tenant: theirs, Kind: "x", Name: "y"}), voice.Exists)
	ok(t, s.CreateToken(ctx, voice.Token{ID: "k5", Tenant: theirs, Kind: "telphin", Name: "anna@example.com"}))

	a.Hash, a.Sealed, a.Scopes, a.Expires, a.Used = "new", "k:new", nil, moment(200), moment(50)
	ok(t, s.UpdateToken(ctx, a))
	same(t, "updated", read(s.TokenByName(ctx, "sonetel", a.Name))(t), a)
	want(t, "update unknown", s.UpdateToken(ctx, voice.Token{ID: "k9", Tenant: ours}), voice.NotExist)
	ok(t, s.DeleteToken(ctx, ours, "k1"))
	want(t, "delete again", s.DeleteToken(ctx, ours, "k1"), voice.NotExist)
}
