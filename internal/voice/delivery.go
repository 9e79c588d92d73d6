package voice

import (
	"context"
	"time"
)

// DeliveryID names a delivery.
type DeliveryID string

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryQueued DeliveryState = "queued"
	DeliveryDone   DeliveryState = "delivered"
	DeliveryDead   DeliveryState = "dead" // given up; Words says why
)

// Delivery is a request that waits to be sent to somebody's server: a webhook,
// or an SMS to the gateway. Deliveries of one call to one endpoint keep their order.
type Delivery struct {
	ID       DeliveryID
	Tenant   TenantID
	Call     CallID // "" = about no call
	Seq      int64  // order; drawn by the store
	Endpoint string // what is kept in order together: "telphin/event/12"
	Purpose  string // in words, for the timeline: "event dial-in"
	Method   string // GET or POST
	URL      string
	Headers  map[string]string
	Type     string // of Body
	Body     string // of a GET: ""; what it says is in the URL
	Operator bool   // the address is the operator's own, not a tenant's
	// Signature names how it is signed when it is sent: "hoiio/" and the application;
	// "" = as the account has set for all.
	Signature string
	// Tries bounds the attempts; 1 = not sent again.
	Tries    int
	State    DeliveryState
	Attempts int
	Next     time.Time // not before
	Words    string    // what the last attempt came to
	Created  time.Time
}

// Endpoint is where deliveries of an account wait to be sent to.
type Endpoint struct {
	Tenant TenantID
	Name   string // Delivery.Endpoint
	// Failing says that what was sent there lately failed: it is tried apart from
	// others, so that they don't wait for it.
	Failing bool
	Held    time.Time // it asked for nothing before it; zero = it did not
}

// Outbox is what waits of one account: when the first of it is due at endpoints
// that are well, and at those that are failing; zero = nothing waits there.
type Outbox struct {
	Tenant        TenantID
	Next, Failing time.Time
}

// FullTries is how often a delivery is tried that its receiver lets be sent
// again: over three days in all.
const FullTries = 12

// DeliveryAttempt is one attempt to send a delivery.
type DeliveryAttempt struct {
	Delivery DeliveryID
	N        int // 1, 2, 3 …
	Tenant   TenantID
	At       time.Time
	Latency  time.Duration
	Status   int               // of the answer; 0 = none came
	Headers  map[string]string // those of this attempt's signature
	Signed   string            // the exact text that was signed, cut at MaxShown
	Answer   string            // beginning of the answer's body, on one line
	Words    string            // what came of it
}

// MaxShown bounds what is kept of an attempt's text, in bytes.
const MaxShown = 4 << 10

// DeliveryFilter narrows a list of deliveries; zero fields do not.
type DeliveryFilter struct {
	Call     CallID
	State    DeliveryState
	Endpoint string
	Before   int64 // Seq below it
	Limit    int   // 0 = 100
}

// DeliveryStore is the outbox of deliveries. One process works it.
type DeliveryStore interface {
	// CreateDeliveries queues ds in their order, in one transaction.
	CreateDeliveries(ctx context.Context, ds []Delivery) error
	// Outboxes lists the accounts of which anything is queued.
	Outboxes(ctx context.Context) ([]Outbox, error)
	// DueEndpoints lists the endpoints of an account, well or failing, at which
	// something is due at now and that are not held any more, those first that have
	// waited longest.
	DueEndpoints(ctx context.Context, t TenantID, failing bool, now time.Time, limit int) ([]Endpoint, error)
	// DueDeliveries lists what is queued for an endpoint of an account and has a Next
	// that is not after now: of each call the oldest alone, in order of Next and Seq.
	DueDeliveries(ctx context.Context, t TenantID, endpoint string, now time.Time, limit int) ([]Delivery, error)
	// UpdateDelivery stores state, attempts, next and words.
	UpdateDelivery(ctx context.Context, d Delivery) error
	// SaveAttempts stores attempts and, as UpdateDelivery, the deliveries that they
	// were of, and what is known of endpoints, in one transaction. Deliveries that are
	// gone meanwhile are passed over; an endpoint is forgotten once nothing waits there.
	SaveAttempts(ctx context.Context, ds []Delivery, as []DeliveryAttempt, es []Endpoint) error
	// ExpireDeliveries removes those created before it that wait no more, with their
	// attempts.
	ExpireDeliveries(ctx context.Context, before time.Time) error
}

// DeliveryLog is the outbox as people see it.
type DeliveryLog interface {
	Delivery(ctx context.Context, t TenantID, id DeliveryID) (Delivery, error)
	// Deliveries lists a tenant's, newest first.
	Deliveries(ctx context.Context, t TenantID, f DeliveryFilter) ([]Delivery, error)
	// Attempts lists those of a delivery, oldest first.
	Attempts(ctx context.Context, t TenantID, id DeliveryID) ([]DeliveryAttempt, error)
	// Resend has a delivery sent at now, whatever became of it: once more when it is
	// over, and with the attempts left when it waits.
	Resend(ctx context.Context, t TenantID, id DeliveryID, now time.Time) error
}
