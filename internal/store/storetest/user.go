package storetest

import (
	"testing"
	"time"

	"tandem/internal/voice"
)

func user(t voice.TenantID, id voice.UserID, n int) voice.User {
	return voice.User{
		ID: id, Tenant: t, FirstName: "Anna", LastName: "Öberg", Email: string(id) + "@example.com", Role: voice.RoleAdmin, Operator: true,
		Extension: "1" + string(id), Location: "SE", ShowID: "auto", Created: moment(n),
		Phones: []voice.Phone{{ID: "p1", Number: "+46850000000", Name: "mobile", Type: "mobile", Receives: true, Primary: true}},
		Incoming: voice.CallSettings{
			First:  voice.CallRule{Action: "ring", To: "myphones", Show: "caller", RingTime: 30 * time.Second},
			Second: voice.CallRule{Action: "forward", To: "voicemail"},
		},
	}
}

func testUsers(t *testing.T, s Store) {
	ctx := t.Context()
	a, b, c := user(ours, "11", 2), user(ours, "12", 1), user(theirs, "13", 3)
	c.Extension = a.Extension // free in another account
	for _, u := range []voice.User{a, b, c} {
		ok(t, s.CreateUser(ctx, u))
	}
	same(t, "read back", read(s.User(ctx, ours, "11"))(t), a)
	same(t, "list by creation", read(s.Users(ctx, ours))(t), []voice.User{b, a})

	again := user(ours, "11", 4)
	again.Email, again.Extension = "", ""
	want(t, "id taken", s.CreateUser(ctx, again), voice.Exists)
	mail := user(theirs, "14", 4)
	mail.Email, mail.Extension = "11@EXAMPLE.com", ""
	err := s.CreateUser(ctx, mail)
	want(t, "e-mail taken in another account, in capitals", err, voice.Exists)
	mentions(t, err, "e-mail address 11@EXAMPLE.com is taken")
	short := user(ours, "15", 4)
	short.Extension = a.Extension
	err = s.CreateUser(ctx, short)
	want(t, "extension taken", err, voice.Exists)
	mentions(t, err, "extension 111 is taken")
	want(t, "no such account", s.CreateUser(ctx, user("999", "16", 4)), voice.NotExist)
	want(t, "no id", s.CreateUser(ctx, voice.User{Tenant: ours}), voice.Invalid)

	for _, id := range []voice.UserID{"17", "18"} { // "" is never taken
		u := user(ours, id, 9)
		u.Email, u.Extension = "", ""
		ok(t, s.CreateUser(ctx, u))
	}

	a.FirstName, a.LastName, a.Email, a.Role, a.Extension = "Åsa", "Ek", "asa@example.com", voice.RoleRegular, ""
	a.Location, a.Phones, a.Incoming, a.ShowID = "IN", nil, voice.CallSettings{}, "none"
	ok(t, s.UpdateUser(ctx, a))
	same(t, "updated", read(s.User(ctx, ours, "11"))(t), a)
	a.Email = b.Email
	want(t, "update to a taken e-mail", s.UpdateUser(ctx, a), voice.Exists)
	want(t, "update unknown", s.UpdateUser(ctx, user(ours, "99", 1)), voice.NotExist)
}

func testUserDeletion(t *testing.T, s Store) {
	ctx := t.Context()
	gone, stays := user(ours, "11", 1), user(ours, "12", 2)
	gone.Extension, stays.Extension = "101", "102"
	for _, u := range []voice.User{gone, stays} {
		ok(t, s.CreateUser(ctx, u))
	}
	theirsToo := voice.Extension{Tenant: theirs, Number: "101", Username: "t101", User: "11", Created: moment(1)}
	ok(t, s.AddExtension(ctx, theirsToo))
	for _, e := range []voice.Extension{
		{Tenant: ours, Number: "101", Username: "o101"}, // the user's by its number
		{Tenant: ours, Number: "103", Username: "o103", User: gone.ID},
		{Tenant: ours, Number: "102", Username: "o102", User: stays.ID},
	} {
		ok(t, s.AddExtension(ctx, e))
		ok(t, s.PutBinding(ctx, voice.Binding{Tenant: ours, Extension: e.Number, Contact: "sip:x", Expires: moment(99)}))
	}
	ok(t, s.CreateToken(ctx, voice.Token{ID: "k1", Tenant: ours, User: gone.ID, Kind: "sonetel", Name: gone.Email}))
	ok(t, s.CreateToken(ctx, voice.Token{ID: "k2", Tenant: ours, User: stays.ID, Kind: "sonetel", Name: stays.Email}))
	ok(t, s.CreateToken(ctx, voice.Token{ID: "k3", Tenant: ours, Kind: "hoiio", Name: "app"}))

	want(t, "delete another account's", s.DeleteUser(ctx, theirs, gone.ID), voice.NotExist)
	ok(t, s.DeleteUser(ctx, ours, gone.ID))
	want(t, "delete again", s.DeleteUser(ctx, ours, gone.ID), voice.NotExist)
	_, err := s.User(ctx, ours, gone.ID)
	want(t, "read deleted", err, voice.NotExist)
	same(t, "extensions left", ids(read(s.Extensions(ctx, ours))(t), func(e voice.Extension) string { return e.Number }), []string{"102"})
	same(t, "registrations left", ids(read(s.Bindings(ctx, ours, "", moment(0)))(t), func(b voice.Binding) string { return b.Extension }), []string{"102"})
	same(t, "credentials left", ids(read(s.Tokens(ctx, ours))(t), func(k voice.Token) voice.TokenID { return k.ID }), []voice.TokenID{"k2", "k3"})
	same(t, "the other account's", read(s.Extension(ctx, theirs, "101"))(t), theirsToo)
}
