package storetest

import (
	"testing"

	"tandem/internal/voice"
)

func testAccessTokens(t *testing.T, s Store) {
	ctx := t.Context()
	for _, k := range []voice.Token{
		{ID: "k1", Tenant: ours, User: "11", Kind: "telphin", Name: "app1", Hash: "h", Created: moment(0)},
		{ID: "k2", Tenant: theirs, Kind: "telphin", Name: "app2", Hash: "h", Created: moment(0)},
	} {
		ok(t, s.CreateToken(ctx, k))
	}
	a := voice.AccessToken{
		Hash: "aa", Kind: "telphin", Tenant: ours, User: "11", Token: "k1", Name: "n", Scopes: []string{"all"},
		Created: moment(2), Expires: moment(60), Used: moment(3),
	}
	key := voice.AccessToken{Hash: "bb", Kind: "api", Tenant: ours, User: "12", Name: "script", Created: moment(1)}
	b := a
	b.Hash, b.Created, b.Expires = "cc", moment(1), moment(90)
	for _, x := range []voice.AccessToken{a, key, b} {
		ok(t, s.CreateAccessToken(ctx, x))
	}
	same(t, "read back", read(s.AccessToken(ctx, "telphin", "aa"))(t), a)
	same(t, "without a credential", read(s.AccessToken(ctx, "api", "bb"))(t), key)
	same(t, "by creation", read(s.AccessTokens(ctx, ours, "telphin"))(t), []voice.AccessToken{b, a})
	same(t, "the other's", read(s.AccessTokens(ctx, theirs, "telphin"))(t), nil)
	want(t, "another kind", second(s.AccessToken(ctx, "api", "aa")), voice.NotExist)
	want(t, "taken", s.CreateAccessToken(ctx, a), voice.Exists)
	want(t, "no hash", s.CreateAccessToken(ctx, voice.AccessToken{Kind: "api", Tenant: ours}), voice.Invalid)
	foreign := a
	foreign.Hash, foreign.Token = "dd", "k2"
	want(t, "another account's credential", s.CreateAccessToken(ctx, foreign), voice.NotExist)

	ok(t, s.ExpireAccessTokens(ctx, moment(61)))
	want(t, "expired", second(s.AccessToken(ctx, "telphin", "aa")), voice.NotExist)
	same(t, "others stay", len(read(s.AccessTokens(ctx, ours, "telphin"))(t))+len(read(s.AccessTokens(ctx, ours, "api"))(t)), 2)
	want(t, "delete another account's", s.DeleteAccessToken(ctx, theirs, "bb"), voice.NotExist)
	ok(t, s.DeleteAccessToken(ctx, ours, "bb"))
	want(t, "delete again", s.DeleteAccessToken(ctx, ours, "bb"), voice.NotExist)
	testVoidAccessTokens(t, s, b)
}

// testVoidAccessTokens takes from tokens what they were issued for.
func testVoidAccessTokens(t *testing.T, s Store, b voice.AccessToken) {
	ctx := t.Context()
	k := read(s.TokenByName(ctx, "telphin", "app1"))(t)
	k.Scopes = []string{"x"}
	ok(t, s.UpdateToken(ctx, k))
	same(t, "same secret", read(s.AccessToken(ctx, "telphin", b.Hash))(t), b)
	k.Hash = "new"
	ok(t, s.UpdateToken(ctx, k))
	want(t, "new secret", second(s.AccessToken(ctx, "telphin", b.Hash)), voice.NotExist)

	ok(t, s.CreateAccessToken(ctx, b))
	ok(t, s.DeleteToken(ctx, ours, k.ID))
	want(t, "credential gone", second(s.AccessToken(ctx, "telphin", b.Hash)), voice.NotExist)
	ok(t, s.CreateToken(ctx, k))
	want(t, "and it does not come back with it", second(s.AccessToken(ctx, "telphin", b.Hash)), voice.NotExist)

	ok(t, s.CreateUser(ctx, user(ours, "21", 1)))
	ok(t, s.CreateAccessToken(ctx, voice.AccessToken{Hash: "ee", Kind: "api", Tenant: ours, User: "21"}))
	ok(t, s.CreateAccessToken(ctx, voice.AccessToken{Hash: "ff", Kind: "api", Tenant: ours, User: "22"}))
	ok(t, s.DeleteUser(ctx, ours, "21"))
	same(t, "those of the user went", ids(read(s.AccessTokens(ctx, ours, "api"))(t),
		func(a voice.AccessToken) string { return a.Hash }), []string{"ff"})
}
