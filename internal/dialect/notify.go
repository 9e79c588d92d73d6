package dialect

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// Fact is something that happened on a call, with what is known of the call.
type Fact struct {
	Event voice.Event
	Call  CallState
}

// CallState is what is known of a call when something happens on it.
type CallState struct {
	Info       voice.CallInfo
	App        voice.AppID // the app entered last, or ""
	Apps       []voice.AppID
	Answered   time.Time  // zero = not yet
	Dialled    string     // destination rung last, in words
	AnsweredBy string     // who answered the last dial, in words
	Digits     string     // keys so far
	CDR        *voice.CDR // at call.ended
	Recordings []voice.RecordingID
	// Data is what the orders, commands and notices of the call have said so far
	// (voice.EventCallOrdered, voice.EventNotice), of each key the latest.
	Data map[string]string
}

// Subscriber is a Notifier whose subscriptions are resources. While an account
// has none of these kinds, the Notifier is not asked about its calls.
type Subscriber interface {
	Notifier
	SubscriptionKinds() []string // kinds of resource
}

// Notifier renders facts as the webhooks that accounts have asked for.
type Notifier interface {
	// Deliveries gives what is to be sent, at best nothing.
	// The facts of a call come in their order, and none waits for the call. Data of
	// their events: "from", "to", "direction", "extension", "trunk", "tag" and
	// "order" at call.arrived, "to" at dial.started, "with", "kind" and "id" at
	// leg.answered, "recording" at recording.finished. What a delivery does not say
	// of ID, Tenant, Call, State, Next and Created is filled in; Tries 0 means 1.
	Deliveries(ctx context.Context, f Fact) ([]voice.Delivery, error)
}

// Signer signs deliveries when they are sent, each attempt anew.
type Signer interface {
	// Sign gives the headers to be added, and the exact text that was signed. It is
	// asked for deliveries whose Signature begins with the dialect's kind and a
	// slash. An error keeps the delivery from being sent.
	Sign(ctx context.Context, d voice.Delivery, now time.Time) (headers map[string]string, signed string, err error)
}

// Retirer is a Notifier whose subscriptions can be switched off.
type Retirer interface {
	// Retire switches off the subscription behind an endpoint (voice.Delivery's) that
	// says that it is there no more; false when it is none of the dialect's own.
	// words say why, for people.
	Retire(ctx context.Context, t voice.TenantID, endpoint, words string) (bool, error)
}
