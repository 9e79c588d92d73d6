package voice

import (
	"context"
	"time"
)

// FactorRule says whose log-in at the web app needs a second factor.
type FactorRule string

// The rules of an account.
const (
	FactorOff    FactorRule = ""       // who wants one has one
	FactorAdmins FactorRule = "admins" // administrators
	FactorAll    FactorRule = "all"
)

// Covers says whether the rule asks a person of the role for a second factor.
func (r FactorRule) Covers(role UserRole) bool {
	return r == FactorAll || r == FactorAdmins && role == RoleAdmin
}

// SecondFactor is what a person proves besides the password: codes of a device
// (RFC 6238), or one of the recovery codes.
type SecondFactor struct {
	Tenant       TenantID
	User         UserID
	Sealed       string // the secret that the device shares
	Confirmed    bool   // the device has shown a code; before that it is not asked for
	Step         int64  // of the last code that was taken, in 30 s since 1970
	RecoveryLeft int    // read only
	Created      time.Time
}

// Enrolment is what a device is given: the secret in base32, and the same as a URI
// for a QR code.
type Enrolment struct{ Secret, URI string }

// FactorStore keeps second factors, at most one of a person.
type FactorStore interface {
	// SecondFactor is NotExist when the person has begun none.
	SecondFactor(ctx context.Context, t TenantID, u UserID) (SecondFactor, error)
	// BeginSecondFactor takes the place of one that is not confirmed; Exists when it is.
	BeginSecondFactor(ctx context.Context, f SecondFactor) error
	// ConfirmSecondFactor makes it count, with the hashes of its recovery codes;
	// NotExist when there is none that waits for it.
	ConfirmSecondFactor(ctx context.Context, t TenantID, u UserID, step int64, recovery []string) error
	// DeleteSecondFactor is NotExist when there is none.
	DeleteSecondFactor(ctx context.Context, t TenantID, u UserID) error
}

// FactorCodeStore takes codes: each once, also of requests that come together.
type FactorCodeStore interface {
	// TakeStep takes the code of a step; Conflict when that or a later one was taken.
	TakeStep(ctx context.Context, t TenantID, u UserID, step int64) error
	// TakeRecovery takes a recovery code by its hash; NotExist when there is none.
	TakeRecovery(ctx context.Context, t TenantID, u UserID, hash string) error
	// PutRecovery replaces the recovery codes.
	PutRecovery(ctx context.Context, t TenantID, u UserID, hashes []string) error
}
