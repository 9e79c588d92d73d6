package storetest

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"tandem/internal/voice"
)

// testPasskeys tests voice.PasskeyStore and voice.PasskeyUseStore.
func testPasskeys(t *testing.T, s Store) {
	ctx := t.Context()
	ok(t, s.CreateUser(ctx, user(ours, "11", 1)))
	ok(t, s.CreateUser(ctx, user(ours, "12", 2)))
	key := func(id string, n int) voice.Passkey {
		return voice.Passkey{ID: voice.PasskeyID(id), Tenant: ours, User: "11", Name: "Anna's laptop", Party: "pbx.example", Credential: append([]byte{0, 255}, id...),
			PublicKey: bytes.Repeat([]byte{0xfe}, voice.MaxPublicKeyBytes), Transports: []string{"internal", "hybrid"}, Count: 1<<32 - 2, Synced: true, Created: moment(n)}
	}
	first, last := key("pk1", 1), key("pk2", 2)
	last.Transports, last.Count, last.Synced, last.Credential = nil, 0, false, bytes.Repeat([]byte{0x80}, voice.MaxCredentialBytes)
	same(t, "none", read(s.Passkeys(ctx, ours, "11"))(t), nil)
	same(t, "not counted", read(s.User(ctx, ours, "11"))(t).Passkeys, 0)
	ok(t, s.AddPasskey(ctx, last))
	ok(t, s.AddPasskey(ctx, first))
	same(t, "two", read(s.Passkeys(ctx, ours, "11"))(t), []voice.Passkey{first, last})
	same(t, "counted", read(s.Users(ctx, ours))(t)[0].Passkeys, 2)
	same(t, "of nobody else", read(s.Users(ctx, ours))(t)[1].Passkeys, 0)
	same(t, "by its credential", read(s.PasskeyByCredential(ctx, last.Credential))(t), last)
	want(t, "a credential of nobody", second(s.PasskeyByCredential(ctx, []byte{0, 255})), voice.NotExist)

	again := key("pk3", 3)
	again.User, again.Credential = "12", first.Credential
	want(t, "a credential that another has", s.AddPasskey(ctx, again), voice.Exists)
	nobody := key("pk3", 3)
	nobody.User = "99"
	want(t, "of nobody", s.AddPasskey(ctx, nobody), voice.NotExist)
	foreign := key("pk3", 3)
	foreign.Tenant = theirs
	want(t, "of a user of another account", s.AddPasskey(ctx, foreign), voice.NotExist)

	want(t, "renamed in another account", s.RenamePasskey(ctx, theirs, "11", "pk1", "x"), voice.NotExist)
	want(t, "renamed by another user", s.RenamePasskey(ctx, ours, "12", "pk1", "x"), voice.NotExist)
	ok(t, s.RenamePasskey(ctx, ours, "11", "pk1", "Key on the ring"))
	first.Name = "Key on the ring"

	want(t, "used in another account", s.UsePasskey(ctx, theirs, "pk1", 1<<32-1, moment(5)), voice.NotExist)
	ok(t, s.UsePasskey(ctx, ours, "pk1", 1<<32-1, moment(5)))
	first.Count, first.Used = 1<<32-1, moment(5)
	same(t, "used", read(s.PasskeyByCredential(ctx, first.Credential))(t), first)
	for _, count := range []uint32{1<<32 - 1, 7, 0} {
		want(t, fmt.Sprint("a counter that went back to ", count), s.UsePasskey(ctx, ours, "pk1", count, moment(6)), voice.Conflict)
	}
	ok(t, s.UsePasskey(ctx, ours, "pk2", 0, moment(6)))
	ok(t, s.UsePasskey(ctx, ours, "pk2", 0, moment(7))) // an authenticator that counts nothing
	ok(t, s.UsePasskey(ctx, ours, "pk2", 3, moment(8)))
	want(t, "one that counted once", s.UsePasskey(ctx, ours, "pk2", 0, moment(9)), voice.Conflict)
	last.Count, last.Used = 3, moment(8)
	same(t, "as before", read(s.Passkeys(ctx, ours, "11"))(t), []voice.Passkey{first, last})
	testPasskeyRaces(t, s, key)

	want(t, "removed in another account", s.DeletePasskey(ctx, theirs, "11", "pk1"), voice.NotExist)
	want(t, "removed by another user", s.DeletePasskey(ctx, ours, "12", "pk1"), voice.NotExist)
	ok(t, s.DeletePasskey(ctx, ours, "11", "pk1"))
	want(t, "used after it was removed", s.UsePasskey(ctx, ours, "pk1", 1<<32-1, moment(9)), voice.NotExist)
	want(t, "all in another account", s.DeletePasskeys(ctx, theirs, "11"), voice.NotExist)
	ok(t, s.DeletePasskeys(ctx, ours, "11"))
	want(t, "all again", s.DeletePasskeys(ctx, ours, "11"), voice.NotExist)
	ok(t, s.AddPasskey(ctx, first))
	ok(t, s.DeleteUser(ctx, ours, "11"))
	want(t, "with the user", second(s.PasskeyByCredential(ctx, first.Credential)), voice.NotExist)
}

// testPasskeyRaces tests that requests which come together are counted one after the other.
func testPasskeyRaces(t *testing.T, s Store, key func(string, int) voice.Passkey) {
	together := func(n int, do func(i int) error) (done int) {
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				if err := do(i); err == nil {
					mu.Lock()
					done++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		return done
	}
	same(t, "added to two, of those that came together", together(voice.MaxPasskeys+4, func(i int) error {
		return s.AddPasskey(t.Context(), key(fmt.Sprint("many", i), 10+i))
	}), voice.MaxPasskeys-2)
	want(t, "more than the most", s.AddPasskey(t.Context(), key("more", 99)), voice.Limit)
	other := key("other", 50)
	other.User, other.Count = "12", 0
	ok(t, s.AddPasskey(t.Context(), other))
	same(t, "taken of eight with one count", together(8, func(int) error { return s.UsePasskey(t.Context(), ours, "other", 4, moment(60)) }), 1)
	ok(t, s.DeletePasskeys(t.Context(), ours, "12"))
	for _, p := range read(s.Passkeys(t.Context(), ours, "11"))(t) {
		if p.ID != "pk1" && p.ID != "pk2" {
			ok(t, s.DeletePasskey(t.Context(), ours, "11", p.ID))
		}
	}
}
