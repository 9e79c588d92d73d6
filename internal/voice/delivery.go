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

// DueOfEndpoint bounds how many deliveries of one endpoint are given as due at
// once, so that a slow one leaves room for others.
const DueOfEndpoint = 16

// DueOfTenant bounds likewise those of one account, whatever their endpoints.
const DueOfTenant = 200

// DeliveryStore is the outbox of deliveries. One process works it.
type DeliveryStore interface {
	// CreateDeliveries queues ds in their order, in one transaction.
	CreateDeliveries(ctx context.Context, ds []Delivery) error
	// DueDeliveries lists queued deliveries whose Next is not after now: of each
	// call and endpoint the oldest alone, of each endpoint at most DueOfEndpoint,
	// of each account at most DueOfTenant, in order of Seq.
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]Delivery, error)
	// UpdateDelivery stores state, attempts, next and words.
	UpdateDelivery(ctx context.Context, d Delivery) error
	// NextDelivery gives the earliest Next among queued ones that wait for no other
	// of their call and endpoint; zero when there is none.
	NextDelivery(ctx context.Context) (time.Time, error)
	// Deliveries lists a tenant's, newest first; call "" = all.
	Deliveries(ctx context.Context, t TenantID, call CallID, limit int) ([]Delivery, error)
	// ExpireDeliveries removes those created before it that wait no more.
	ExpireDeliveries(ctx context.Context, before time.Time) error
}
