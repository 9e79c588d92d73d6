package flow

import (
	"time"

	"tandem/internal/voice"
)

// Transfer hands the caller over for good: the caller's own side is asked to call
// the destination (REFER, RFC 3515) and we leave, or the destination is dialled
// and the two are bridged here. Where a REFER reaches the destination the call is
// over, and the flow with it; Completed is the end of a talk that is bridged here.
// A destination that is an app is gone on in, whatever How says.
type Transfer struct {
	To voice.Destination `json:"to"`
	// ToVar names a variable that holds the ID of the destination, instead of To.ID.
	ToVar string      `json:"to_var,omitempty"`
	How   TransferHow `json:"how,omitempty"`
	// RingTime is how long it may take until somebody answers; 0 =
	// voice.DefaultReferTime by REFER, and as Dial's otherwise.
	RingTime time.Duration `json:"ring_time,omitempty"`
	// Of a transfer that is dialled. One with Record is never made by REFER.
	CallerID    string        `json:"caller_id,omitempty"`
	MaxDuration time.Duration `json:"max_duration,omitempty"`
	Record      bool          `json:"record,omitempty"`
}

// TransferHow is the way in which a Transfer is made.
type TransferHow string

// The ways; "" = by REFER where the caller's side takes it, else dialled.
const (
	TransferByRefer TransferHow = "refer" // or not at all
	TransferByDial  TransferHow = "dial"
)

// Dialled gives the step that dials and bridges what s transfers to.
func (s Transfer) Dialled() Dial {
	return Dial{To: s.To, ToVar: s.ToVar, RingTime: s.RingTime, CallerID: s.CallerID, MaxDuration: s.MaxDuration, Record: s.Record}
}

func (Transfer) Kind() string { return "transfer" }

func (Transfer) Exits() []Exit { return []Exit{Completed, Busy, NoAnswer, Failed, MaxDuration} }
