package admin_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/auth"
	"tandem/internal/voice"
)

// enrolled is an owner with a second factor; code gives the code of a step from the one
// that confirmed it.
func enrolled(t *testing.T, a *admin.Admin) (u voice.User, recovery []string, code func(int64) string) {
	t.Helper()
	now := time.Unix(1_800_000_000, 0)
	a.Now = func() time.Time { return now }
	_, u, err := a.CreateAccount(t.Context(), admin.AccountSpec{Name: "Acme", Email: "anna@acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := a.BeginFactor(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	code = func(step int64) string { return auth.TOTP(e.Secret, now.Unix()/30-1+step) }
	if u, err = a.Store.User(t.Context(), u.Tenant, u.ID); err != nil || u.SecondFactor {
		t.Fatalf("one that was only begun is asked for: %v", err)
	}
	if _, err := a.ConfirmFactor(t.Context(), u, code(9)); !voice.IsKind(err, voice.Permission) {
		t.Errorf("confirmed by a wrong code: %v", err)
	}
	if recovery, err = a.ConfirmFactor(t.Context(), u, code(0)); err != nil || len(recovery) != 10 {
		t.Fatalf("%v, %v", recovery, err)
	}
	if u, err = a.Store.User(t.Context(), u.Tenant, u.ID); err != nil || !u.SecondFactor {
		t.Fatalf("it is not asked for: %v", err)
	}
	return u, recovery, code
}

func TestFactorCodes(t *testing.T) {
	a := newAdmin(t)
	u, recovery, code := enrolled(t, a)
	f, err := a.Store.SecondFactor(t.Context(), u.Tenant, u.ID)
	if err != nil || f.RecoveryLeft != 10 || strings.Contains(f.Sealed, code(0)) || !strings.Contains(f.Sealed, ":") {
		t.Errorf("kept: %+v, %v", f, err)
	}
	check := func(what, code string, want voice.Kind) {
		t.Helper()
		if err := a.CheckFactor(t.Context(), u, code); voice.KindOf(err) != want {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	check("the code that confirmed it", code(0), voice.Permission)
	check("the next, with a space", code(1)[:3]+" "+code(1)[3:], "")
	check("the same again", code(1), voice.Permission)
	check("the one before", code(0), voice.Permission)
	check("a device that is ahead", code(2), "")
	check("after it, the one before", code(1), voice.Permission)
	check("one of later", code(3), voice.Permission)
	check("a recovery code in capitals without dashes", strings.ToUpper(strings.ReplaceAll(recovery[3], "-", "")), "")
	check("the same again", recovery[3], voice.Permission)
	if _, err := a.BeginFactor(t.Context(), u); !voice.IsKind(err, voice.Exists) {
		t.Errorf("another device without a code: %v", err)
	}
	fresh, err := a.RenewRecovery(t.Context(), u, recovery[4])
	if err != nil || len(fresh) != 10 {
		t.Fatal(err)
	}
	check("a code of the former ones", recovery[5], voice.Permission)
	if err := a.RemoveFactor(t.Context(), u, recovery[6]); !voice.IsKind(err, voice.Permission) {
		t.Errorf("removed without a code: %v", err)
	}
	if err := a.RemoveFactor(t.Context(), u, fresh[0]); err != nil {
		t.Fatal(err)
	}
	if u, _ = a.Store.User(t.Context(), u.Tenant, u.ID); u.SecondFactor {
		t.Error("it is asked for after it was removed")
	}
	log, err := a.Store.Audit(t.Context(), voice.AuditFilter{Tenant: u.Tenant, Action: "second factor failed", Limit: 100})
	if err != nil || len(log) != 8 || log[0].Object != string(u.ID) {
		t.Errorf("the log has %d failures (%v), want 8", len(log), err)
	}
}

// Of requests that come together with one code, one gets in.
func TestFactorCodeOnce(t *testing.T) {
	a := newAdmin(t)
	u, _, code := enrolled(t, a)
	var in, out int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := a.CheckFactor(t.Context(), u, code(1))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				in++
			} else if voice.IsKind(err, voice.Permission) {
				out++
			}
		})
	}
	all.Wait()
	if in != 1 || out != 7 {
		t.Errorf("%d got in and %d did not", in, out)
	}
}

func TestFactorGuesses(t *testing.T) {
	a := newAdmin(t)
	u, recovery, _ := enrolled(t, a)
	for i := range auth.FailuresPerName {
		if err := a.CheckFactor(t.Context(), u, strings.Repeat("1", i*100_000)); err == nil {
			t.Error("nonsense is taken")
		}
	}
	if err := a.CheckFactor(t.Context(), u, recovery[0]); !voice.IsKind(err, voice.Limit) {
		t.Errorf("after too many guesses: %v", err)
	}
	if err := a.ResetOwnerFactor(t.Context(), u.Tenant); err != nil {
		t.Fatal(err)
	}
	if next, err := a.FactorNeeded(t.Context(), voice.User{Tenant: u.Tenant, ID: u.ID, Role: u.Role}); next != "" || err != nil {
		t.Errorf("after the reset %q is asked for (%v)", next, err)
	}
	if err := a.ResetOwnerFactor(t.Context(), u.Tenant); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("reset twice: %v", err)
	}
}

// A passkey is a second factor, and is removed for whoever has lost it.
func TestPasskeyAsFactor(t *testing.T) {
	a := newAdmin(t)
	u, _, _ := enrolled(t, a)
	if err := a.RemoveOwnerPasskeys(t.Context(), u.Tenant); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("removed none: %v", err)
	}
	if err := a.Store.AddPasskey(t.Context(), voice.Passkey{ID: "pk1", Tenant: u.Tenant, User: u.ID, Name: "laptop", Credential: []byte{1}}); err != nil {
		t.Fatal(err)
	}
	asked := func(want string) {
		t.Helper()
		now, err := a.Store.User(t.Context(), u.Tenant, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if next, err := a.FactorNeeded(t.Context(), now); next != want || err != nil {
			t.Errorf("asked for %q (%v), want %q", next, err, want)
		}
	}
	asked("passkey")
	if err := a.ResetOwnerFactor(t.Context(), u.Tenant); err != nil {
		t.Fatal(err)
	}
	asked("passkey")
	if err := a.RemoveOwnerPasskeys(t.Context(), u.Tenant); err != nil {
		t.Fatal(err)
	}
	asked("")
}

func TestCheckPassword(t *testing.T) {
	a := newAdmin(t)
	_, u, err := a.CreateAccount(t.Context(), admin.AccountSpec{Name: "Acme", Email: "anna@acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what, password string, want voice.Kind) {
		t.Helper()
		if err := a.CheckPassword(t.Context(), u, password); voice.KindOf(err) != want {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	check("before there is one", "correct horse", voice.Permission)
	if err := a.Passwords.SetPassword(t.Context(), "owner", u, "correct horse"); err != nil {
		t.Fatal(err)
	}
	if err := a.Passwords.SetPassword(t.Context(), "sonetel", u, "another horse"); err != nil {
		t.Fatal(err)
	}
	u.Email = "anna@new.example" // she still logs in by the former
	check("right", "correct horse", "")
	check("that of a vendor's API", "another horse", voice.Permission)
	check("too long", strings.Repeat("x", admin.MaxPassword+1), voice.Permission)
	for range auth.FailuresPerName {
		_ = a.CheckPassword(t.Context(), u, "wrong")
	}
	check("after many wrong ones", "wrong", voice.Limit)
}

func TestFactorNeeded(t *testing.T) {
	a := newAdmin(t)
	id := account(t, a, "Acme")
	tn, err := a.Store.Tenant(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule  voice.FactorRule
		role  voice.UserRole
		has   bool
		asked string
	}{
		{voice.FactorOff, voice.RoleAdmin, false, ""}, {voice.FactorOff, voice.RoleRegular, true, "code"},
		{voice.FactorAdmins, voice.RoleAdmin, false, "enrol"}, {voice.FactorAdmins, voice.RoleRegular, false, ""},
		{voice.FactorAll, voice.RoleRegular, false, "enrol"}, {voice.FactorAll, voice.RoleAdmin, true, "code"},
	} {
		tn.SecondFactor = c.rule
		if err := a.Store.UpdateTenant(t.Context(), tn); err != nil {
			t.Fatal(err)
		}
		if got, err := a.FactorNeeded(t.Context(), voice.User{Tenant: id, Role: c.role, SecondFactor: c.has}); got != c.asked || err != nil {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}
