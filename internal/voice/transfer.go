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

// The ends of Transfer.
const (
	TransferDone     TransferEnd = "transferred" // the target has answered; the caller's leg to us is over
	TransferRefused  TransferEnd = "refused"     // the caller's side takes no REFER, or policy forbids it
	TransferBusy     TransferEnd = "busy"
	TransferNoAnswer TransferEnd = "no answer"
	TransferFailed   TransferEnd = "failed"
)

// TransferResult is what came of Transfer.
type TransferResult struct {
	End   TransferEnd
	Cause Cause
	Words string
}

// Transferrer transfers the caller. When the target was not reached the caller
// is still there. Error kind HungUp when the caller leaves.
type Transferrer interface {
	Transfer(ctx context.Context, s TransferSpec) (TransferResult, error)
}
