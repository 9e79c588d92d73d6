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
