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
}

// Notifier renders facts as the webhooks that accounts have asked for.
type Notifier interface {
	// Deliveries gives what is to be sent, at best nothing.
	Deliveries(ctx context.Context, f Fact) ([]voice.Delivery, error)
}
