package voice

import (
	"context"
	"time"
)

// HTTPRequest is a request made for a call or an account.
type HTTPRequest struct {
	Tenant  TenantID
	Method  string
	URL     string
	Headers map[string]string
	Type    string // of Body
	Body    []byte
	Timeout time.Duration
}

// HTTPAnswer is what came back.
type HTTPAnswer struct {
	Status int
	Type   string // Content-Type
	Body   []byte // at most MaxHTTPAnswer bytes
}

// MaxHTTPAnswer bounds the answer to a request, in bytes.
const MaxHTTPAnswer = 1 << 20

// Requester makes HTTP requests under the outbound policy. An answer of any
// status is no error. Errors: Permission when policy forbids the address,
// Unavailable when nothing came in time, Limit when the answer is too long.
type Requester interface {
	Request(ctx context.Context, r HTTPRequest) (HTTPAnswer, error)
}

// Messenger sends text messages. Unavailable when there is no gateway, Invalid
// when to is no number that can get one.
type Messenger interface {
	SendSMS(ctx context.Context, t TenantID, call CallID, to, text string) error
}

// Transcriber turns a recording into text. Unavailable when there is no recogniser.
type Transcriber interface {
	Transcribe(ctx context.Context, r Recording, language string) (string, error)
}

// Keeper keeps records of the account about a call.
type Keeper interface {
	Keep(ctx context.Context, topic string, fields map[string]string) error
}

// Ticket is a caller's place in a queue.
type Ticket interface {
	// Position counts from 1; the first may be put through.
	Position() int
	// Moved gives a channel that closes when the position next changes.
	Moved() <-chan struct{}
	// Leave gives the place up. It may be called twice.
	Leave()
}

// Queuer lets callers wait in lines. Limit when the line has most callers
// already (0 = no bound).
type Queuer interface {
	JoinQueue(ctx context.Context, id string, most int) (Ticket, error)
}
