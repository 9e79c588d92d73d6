package storetest

import (
	"fmt"
	"testing"

	"tandem/internal/voice"
)

// testSessions tests voice.SessionStore, and what ends log-ins.
func testSessions(t *testing.T, s Store) {
	ctx := t.Context()
	for _, id := range []string{"11", "12"} {
		ok(t, s.CreateUser(ctx, user(ours, voice.UserID(id), int(id[1]-'0'))))
	}
	session := func(n int, u voice.UserID) voice.WebSession {
		return voice.WebSession{ID: fmt.Sprint("s", n, u), Hash: fmt.Sprint("h", n, u), Tenant: ours, User: u, Created: moment(n), Expires: moment(n + 100), Seen: moment(n),
			Source: "192.0.2.1", Agent: "Mozilla/5.0"}
	}
	begin := func(n int, u voice.UserID) {
		t.Helper()
		ok(t, s.CreateSession(ctx, session(n, u), 3))
	}
	left := func(what string, u voice.UserID, wanted ...string) {
		t.Helper()
		list := read(s.Sessions(ctx, ours, u, moment(50)))(t)
		same(t, what, ids(list, func(w voice.WebSession) string { return w.ID }), wanted)
	}
	want(t, "of nobody", s.CreateSession(ctx, session(1, "99"), 3), voice.NotExist)
	begin(1, "11")
	begin(1, "12")
	same(t, "found", read(s.SessionByHash(ctx, "h111", moment(100)))(t), session(1, "11"))
	want(t, "after its end", second(s.SessionByHash(ctx, "h111", moment(101))), voice.NotExist)
	want(t, "unknown", second(s.SessionByHash(ctx, "s111", moment(2))), voice.NotExist)
	ok(t, s.MarkSessionSeen(ctx, "h111", moment(9)))
	same(t, "seen", read(s.SessionByHash(ctx, "h111", moment(10)))(t).Seen, moment(9))
	same(t, "of another account", len(read(s.Sessions(ctx, theirs, "11", moment(2)))(t)), 0)

	for n := 2; n <= 4; n++ {
		begin(n, "11")
	}
	left("the newest three stay", "11", "s411", "s311", "s211")
	left("another's are another's", "12", "s112")
	same(t, "those of another account", read(s.EndSessions(ctx, theirs, "11", "", ""))(t), 0)
	same(t, "one that is another's", read(s.EndSessions(ctx, ours, "12", "s411", ""))(t), 0)
	same(t, "one", read(s.EndSessions(ctx, ours, "11", "s311", ""))(t), 1)
	same(t, "all but one", read(s.EndSessions(ctx, ours, "11", "", "s411"))(t), 1)
	left("it stays", "11", "s411")

	k := voice.Token{ID: "k", Tenant: ours, User: "11", Kind: "owner", Name: "a@example.com", Hash: "old", Created: moment(1)}
	ok(t, s.CreateToken(ctx, k))
	other := voice.Token{ID: "o", Tenant: ours, User: "11", Kind: "hoiio", Name: "n", Hash: "old", Created: moment(1)}
	ok(t, s.CreateToken(ctx, other))
	k.Used, other.Hash = moment(3), "new"
	ok(t, s.UpdateToken(ctx, k))
	ok(t, s.UpdateToken(ctx, other))
	left("the same password, and another secret", "11", "s411")
	k.Hash = "new"
	ok(t, s.UpdateToken(ctx, k))
	left("another password", "11")
	left("of another user", "12", "s112")
	begin(5, "11")
	ok(t, s.DeleteToken(ctx, ours, "o"))
	left("another secret is gone", "11", "s511")
	ok(t, s.DeleteToken(ctx, ours, "k"))
	left("the password is gone", "11")
	begin(6, "11")
	ok(t, s.DeleteUser(ctx, ours, "11"))
	want(t, "with the user", second(s.SessionByHash(ctx, "h611", moment(7))), voice.NotExist)
}
