package storetest

import (
	"testing"

	"tandem/internal/voice"
)

// testFactors tests voice.FactorStore and voice.FactorCodeStore.
func testFactors(t *testing.T, s Store) {
	ctx := t.Context()
	ok(t, s.CreateUser(ctx, user(ours, "11", 1)))
	f := voice.SecondFactor{Tenant: ours, User: "11", Sealed: "k:old", Created: moment(1)}
	want(t, "none", read2(s.SecondFactor(ctx, ours, "11")), voice.NotExist)
	want(t, "confirm none", s.ConfirmSecondFactor(ctx, ours, "11", 1, nil), voice.NotExist)
	want(t, "of nobody", s.BeginSecondFactor(ctx, voice.SecondFactor{Tenant: ours, User: "99"}), voice.NotExist)
	ok(t, s.BeginSecondFactor(ctx, f))
	f.Sealed = "k:new"
	ok(t, s.BeginSecondFactor(ctx, f))
	same(t, "begun anew", read(s.SecondFactor(ctx, ours, "11"))(t), f)
	same(t, "not asked for", read(s.User(ctx, ours, "11"))(t).SecondFactor, false)
	want(t, "a code before it is confirmed", s.TakeStep(ctx, ours, "11", 5), voice.Conflict)
	want(t, "confirmed in another account", s.ConfirmSecondFactor(ctx, theirs, "11", 7, nil), voice.NotExist)
	ok(t, s.ConfirmSecondFactor(ctx, ours, "11", 7, []string{"h1", "h2"}))
	f.Confirmed, f.Step, f.RecoveryLeft = true, 7, 2
	same(t, "confirmed", read(s.SecondFactor(ctx, ours, "11"))(t), f)
	same(t, "asked for", read(s.Users(ctx, ours))(t)[0].SecondFactor, true)
	want(t, "confirmed twice", s.ConfirmSecondFactor(ctx, ours, "11", 9, nil), voice.NotExist)
	want(t, "begun over it", s.BeginSecondFactor(ctx, f), voice.Exists)

	want(t, "the step again", s.TakeStep(ctx, ours, "11", 7), voice.Conflict)
	want(t, "in another account", s.TakeStep(ctx, theirs, "11", 8), voice.Conflict)
	ok(t, s.TakeStep(ctx, ours, "11", 9))
	want(t, "a step before", s.TakeStep(ctx, ours, "11", 8), voice.Conflict)
	want(t, "a recovery code in another account", s.TakeRecovery(ctx, theirs, "11", "h1"), voice.NotExist)
	ok(t, s.TakeRecovery(ctx, ours, "11", "h1"))
	want(t, "again", s.TakeRecovery(ctx, ours, "11", "h1"), voice.NotExist)
	ok(t, s.PutRecovery(ctx, ours, "11", []string{"h3"}))
	want(t, "a replaced one", s.TakeRecovery(ctx, ours, "11", "h2"), voice.NotExist)
	same(t, "left", read(s.SecondFactor(ctx, ours, "11"))(t).RecoveryLeft, 1)

	want(t, "deleted in another account", s.DeleteSecondFactor(ctx, theirs, "11"), voice.NotExist)
	ok(t, s.DeleteSecondFactor(ctx, ours, "11"))
	want(t, "a code of what is gone", s.TakeRecovery(ctx, ours, "11", "h3"), voice.NotExist)
	ok(t, s.BeginSecondFactor(ctx, voice.SecondFactor{Tenant: ours, User: "11", Sealed: "k:x", Created: moment(2)}))
	ok(t, s.DeleteUser(ctx, ours, "11"))
	want(t, "with the user", read2(s.SecondFactor(ctx, ours, "11")), voice.NotExist)
}

// read2 gives the error alone.
func read2[T any](_ T, err error) error { return err }
