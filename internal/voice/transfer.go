package voice

import (
	"context"
	"time"
)

// TransferSpec sends the caller elsewhere by REFER (RFC 3515): the caller's own
// side calls the target, and we leave.
type TransferSpec struct {
	Target  Target
	MaxTime time.Duration // for the result; 0 = DefaultReferTime
}

// DefaultReferTime is how long the result of a REFER is waited for.
const DefaultReferTime = 60 * time.Second

// TransferEnd says what came of a transfer.
type TransferEnd string

// The ends of a transfer.
const (
	TransferDone     TransferEnd = "transferred" // the target has answered; by REFER the caller's leg to us is over
	TransferRefused  TransferEnd = "refused"     // the caller's side takes no REFER, or policy forbids it
	TransferBusy     TransferEnd = "busy"
	TransferNoAnswer TransferEnd = "no answer"
	TransferFailed   TransferEnd = "failed"
	TransferLeft     TransferEnd = "left" // the caller left before the result was known; on timelines alone
)

// TransferResult is what came of Transfer.
type TransferResult struct {
	End   TransferEnd
	Cause Cause
	Words string
	// Asked says that the caller's side was asked, and the call is answered.
	Asked bool
}

// Transferrer transfers the caller, who is answered first where the caller's side
// can be asked at all. When the target was not reached the caller is still there.
// Keys meanwhile are nobody's, and the flow's time does not count. Error kind HungUp
// when the caller leaves before the result is told.
type Transferrer interface {
	Transfer(ctx context.Context, s TransferSpec) (TransferResult, error)
}

// Referral is a party's wish that whom it talks with be transferred (RFC 3515).
type Referral struct {
	By       Place  // who wishes it
	To       string // what is to be dialled
	Attended bool   // With is to be joined with whom By talks with (Replaces, RFC 3891)
	With     Place  // the other call of who wishes it; zero = there is none such
	Answer   ReferralAnswer
}

// ReferralAnswer tells a party what becomes of its wish: Decline, or Accept and
// then, once, Result. None of them is wanted twice, nor harms.
type ReferralAnswer interface {
	Decline(words string) // nothing changes
	Accept()              // it is being seen to
	// Result says what came of it, CauseNormal for success. It waits for the party
	// to take it, a second or two at most.
	Result(cause Cause)
}

// Place is a leg in a call that is up.
type Place struct {
	Call      CallID
	Leg       LegID
	First     bool    // it is the call's first party
	Extension string  // whose telephone it is; "" = none of the account's
	Trunk     TrunkID // through which it came or is reached, if that may transfer (Trunk.Refer)
}

// Taker is a call that is to take the place of a leg in another.
type Taker interface {
	// Takes gives that leg; false for a call like others.
	Takes() (Place, bool)
}

// Party is somebody on the way from one call to another.
type Party interface {
	// String names it: "extension 102".
	String() string
	// End hangs it up, unless a call has taken it.
	End(cause Cause, words string)
}
