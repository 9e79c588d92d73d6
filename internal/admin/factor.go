package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
	"time"

	"tandem/internal/auth"
	"tandem/internal/voice"
)

// Recovery codes, for whoever has lost the device: 80 random bits each, of which the
// SHA-256 is kept.
const (
	recoveryCodes = 10
	recoveryBytes = 10
	recoveryText  = 16 // characters without dashes
)

// FactorNeeded says what a log-in asks for after the password: "passkey" when the
// person has one, "code" of the person's second factor, "enrol" when the account wants
// one that the person has not, or "".
func (a *Admin) FactorNeeded(ctx context.Context, u voice.User) (string, error) {
	switch {
	case u.Passkeys > 0:
		return "passkey", nil
	case u.SecondFactor:
		return "code", nil
	}
	t, err := a.Store.Tenant(ctx, u.Tenant)
	if err != nil || !t.SecondFactor.Covers(u.Role) {
		return "", err
	}
	return "enrol", nil
}

// BeginFactor draws a secret for the person's device. Exists when there is a confirmed
// second factor already.
func (a *Admin) BeginFactor(ctx context.Context, u voice.User) (voice.Enrolment, error) {
	secret := auth.NewTOTPSecret()
	err := a.Store.BeginSecondFactor(ctx, voice.SecondFactor{Tenant: u.Tenant, User: u.ID, Created: a.now(),
		Sealed: a.Seal(factorRow(u), []byte(secret))})
	if err != nil {
		return voice.Enrolment{}, err
	}
	name := u.Email
	if name == "" {
		name = u.Called()
	}
	return voice.Enrolment{Secret: secret, URI: auth.TOTPURI("Tandem", name, secret)}, nil
}

func factorRow(u voice.User) string { return "factor/" + string(u.Tenant) + "/" + string(u.ID) }

// ConfirmFactor makes what was begun count, by a code of the device, and gives the
// recovery codes. Error kinds: Permission for a wrong code, Limit after too many,
// NotExist when none was begun.
func (a *Admin) ConfirmFactor(ctx context.Context, u voice.User, code string) (recovery []string, err error) {
	f, err := a.Store.SecondFactor(ctx, u.Tenant, u.ID)
	if err != nil {
		return nil, err
	}
	if f.Confirmed {
		return nil, voice.Errorf("admin.ConfirmFactor", voice.Exists, "the second factor is confirmed already")
	}
	var step int64
	err = a.try(ctx, u, func() (ok bool, err error) {
		step, ok, err = a.stepOf(u, f, code)
		return ok, err
	})
	if err != nil {
		return nil, err
	}
	recovery, hashes := newRecovery()
	return recovery, a.Store.ConfirmSecondFactor(ctx, u.Tenant, u.ID, step, hashes)
}

// CheckFactor takes a code of the device or a recovery code, each once. Permission
// when it is wrong or was used, Limit after too many.
func (a *Admin) CheckFactor(ctx context.Context, u voice.User, code string) error {
	f, err := a.Store.SecondFactor(ctx, u.Tenant, u.ID)
	if err != nil {
		return err
	}
	used := ""
	err = a.try(ctx, u, func() (bool, error) {
		if text := plainCode(code); len(text) == recoveryText {
			used = "used a recovery code of"
			return taken(a.Store.TakeRecovery(ctx, u.Tenant, u.ID, recoveryHash(text)))
		}
		step, ok, err := a.stepOf(u, f, code)
		if !ok || err != nil {
			return false, err
		}
		return taken(a.Store.TakeStep(ctx, u.Tenant, u.ID, step))
	})
	switch {
	case voice.IsKind(err, voice.Permission):
		_ = a.Note(ctx, u, "second factor failed") // what is asked for is refused either way
	case err == nil && used != "":
		return a.Note(ctx, u, used)
	}
	return err
}

// taken reads what the store says to the taking of a code.
func taken(err error) (bool, error) {
	if voice.IsKind(err, voice.Conflict) || voice.IsKind(err, voice.NotExist) {
		return false, nil
	}
	return err == nil, err
}

// stepOf finds the step whose code it is.
func (a *Admin) stepOf(u voice.User, f voice.SecondFactor, code string) (int64, bool, error) {
	secret, err := a.Unseal(factorRow(u), f.Sealed)
	if err != nil {
		return 0, false, voice.E("admin.SecondFactor", voice.Internal, err)
	}
	step, ok := auth.FindTOTP(string(secret), plainCode(code), a.now())
	return step, ok, nil
}

func (a *Admin) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// try looks at a guess of the person's code, unless there were too many.
func (a *Admin) try(ctx context.Context, u voice.User, check func() (bool, error)) error {
	actor, _ := voice.ActorOf(ctx)
	return a.Codes.Try(string(u.ID), actor.Source, check)
}

// RenewRecovery replaces the recovery codes; it takes a code as CheckFactor does.
func (a *Admin) RenewRecovery(ctx context.Context, u voice.User, code string) ([]string, error) {
	if err := a.CheckFactor(ctx, u, code); err != nil {
		return nil, err
	}
	recovery, hashes := newRecovery()
	if err := a.Store.PutRecovery(ctx, u.Tenant, u.ID, hashes); err != nil {
		return nil, err
	}
	return recovery, a.Note(ctx, u, "renewed the recovery codes of")
}

// RemoveFactor ends the person's own second factor; it takes a code as CheckFactor does.
func (a *Admin) RemoveFactor(ctx context.Context, u voice.User, code string) error {
	if err := a.CheckFactor(ctx, u, code); err != nil {
		return err
	}
	return a.Store.DeleteSecondFactor(ctx, u.Tenant, u.ID)
}

// ResetFactor ends a person's second factor without a code: an administrator does, for
// somebody who has lost everything. The person's log-ins end.
func (a *Admin) ResetFactor(ctx context.Context, u voice.User) error {
	if _, err := a.Store.EndSessions(ctx, u.Tenant, u.ID, "", ""); err != nil {
		return err
	}
	return a.Store.DeleteSecondFactor(ctx, u.Tenant, u.ID)
}

// RemovePasskeys ends all passkeys of a person: an administrator does, for somebody who
// has lost them. NotExist when there is none.
func (a *Admin) RemovePasskeys(ctx context.Context, u voice.User) error {
	if _, err := a.Store.EndSessions(ctx, u.Tenant, u.ID, "", ""); err != nil {
		return err
	}
	return a.Store.DeletePasskeys(ctx, u.Tenant, u.ID)
}

// RemoveOwnerPasskeys does the same for an account's owner, from the server's host.
func (a *Admin) RemoveOwnerPasskeys(ctx context.Context, account voice.TenantID) error {
	t, err := a.tenant(ctx, "admin.RemoveOwnerPasskeys", account)
	if err != nil {
		return err
	}
	owner, err := a.owner(ctx, t.ID)
	if err != nil {
		return err
	}
	return a.RemovePasskeys(ctx, owner)
}

// ResetOwnerFactor does the same for an account's owner, from the server's host.
func (a *Admin) ResetOwnerFactor(ctx context.Context, account voice.TenantID) error {
	t, err := a.tenant(ctx, "admin.ResetOwnerFactor", account)
	if err != nil {
		return err
	}
	owner, err := a.owner(ctx, t.ID)
	if err != nil {
		return err
	}
	return a.ResetFactor(ctx, owner)
}

// plainCode is a code as it is compared: people type spaces, dashes and capitals.
func plainCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code[:min(len(code), 64)]))
}

func newRecovery() (codes, hashes []string) {
	for range recoveryCodes {
		b := make([]byte, recoveryBytes)
		rand.Read(b)
		text := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hashes = append(hashes, recoveryHash(text))
	}
	return codes, hashes
}

func recoveryHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
