package voice

import (
	"context"
	"time"
)

// CaptureState is where a capture stands.
type CaptureState string

// The states. A row exists before the first packet is written.
const (
	CaptureActive   CaptureState = "capturing"
	CaptureFinished CaptureState = "finished"
	CapturePartial  CaptureState = "partial" // the server ended during it; the file is readable
	CaptureFailed   CaptureState = "failed"  // there is no file, or it breaks off
)

// Capture is what is kept of the packets of a call: SIP as we saw it, RTP and RTCP as on
// the wire, in a file of the pcapng format.
type Capture struct {
	ID      CaptureID
	Tenant  TenantID
	Call    CallID
	State   CaptureState
	Blob    string
	Size    int64 // bytes
	SHA256  string
	Packets int64  // in the file
	Lost    int64  // that are not in it because it was written too slowly
	Words   string // why it ended
	Created time.Time
	Ended   time.Time // zero = it goes on
}

// CaptureFilter narrows a list; zero fields do not.
type CaptureFilter struct {
	Tenant TenantID // "" = all, for the server's own care only
	Call   CallID
	State  CaptureState
	Over   bool      // only those that don't go on
	Before time.Time // created before it
	Limit  int       // 0 = 100
}

// CaptureStore keeps captures.
type CaptureStore interface {
	CreateCapture(ctx context.Context, c Capture) error
	Capture(ctx context.Context, t TenantID, id CaptureID) (Capture, error)
	// Captures lists captures, the oldest first.
	Captures(ctx context.Context, f CaptureFilter) ([]Capture, error)
	// UpdateCapture replaces all but id, tenant, call and creation.
	UpdateCapture(ctx context.Context, c Capture) error
	// DeleteCapture removes a capture's row. The blob is the caller's to delete.
	DeleteCapture(ctx context.Context, t TenantID, id CaptureID) error
}

// CaptureUsage is what an account's captures take.
type CaptureUsage struct {
	Bytes  int64 // of those that are over
	Active int   // that go on
}

// Capturer captures the packets of a call. Any goroutine may use it.
type Capturer interface {
	// StartCapture begins a capture of all legs, with the SIP messages that brought the
	// call where it is new, and returns. Conflict when one is being made, Limit when as
	// many are as may be, Unavailable when the storage refuses. It ends with the call,
	// or at a bound of size or time, if not before.
	StartCapture(ctx context.Context) (CaptureID, error)
	// StopCapture ends it and returns when its file is complete. NotExist when none is
	// being made.
	StopCapture(ctx context.Context) error
}
