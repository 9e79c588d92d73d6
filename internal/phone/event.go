package phone

import (
	"fmt"
	"time"
)

// EventKind says what an Event is about.
type EventKind string

// The kinds of events on a timeline.
const (
	KindSent     EventKind = "sent"      // a SIP request or response of ours
	KindReceived EventKind = "received"  // a SIP request or response of the far end
	KindMedia    EventKind = "media"     // audio agreed, started or changed
	KindKeySent  EventKind = "key"       // a key pressed here
	KindKeyHeard EventKind = "key heard" // a key of the far end
	KindPlay     EventKind = "play"      // sound played to the far end
	KindEnded    EventKind = "ended"     // the call is over
)

// Event is one fact about a call or a registration.
type Event struct {
	Time   time.Time     // by the local clock
	At     time.Duration // since the call began
	Kind   EventKind
	CallID string // SIP Call-ID
	Method string // of a request, or of the request a response answers
	Status int    // of a response, else 0
	Text   string // in words
}

// String gives the event as one line without its time.
func (e Event) String() string {
	switch {
	case e.Status != 0:
		return fmt.Sprintf("%s %d %s (%s)", e.Kind, e.Status, e.Text, e.Method)
	case e.Method != "" && e.Text != "":
		return fmt.Sprintf("%s %s: %s", e.Kind, e.Method, e.Text)
	case e.Method != "":
		return fmt.Sprintf("%s %s", e.Kind, e.Method)
	}
	return fmt.Sprintf("%s: %s", e.Kind, e.Text)
}

// RefusedError is the answer of a far end that did not take a request.
type RefusedError struct {
	What       string        // "call", "registration", "transfer"
	Status     int           // SIP status, 300 to 699
	Phrase     string        // its reason phrase
	RetryAfter time.Duration // when a refused call may be tried again; 0 = not said
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s refused: %d %s", e.What, e.Status, e.Phrase)
}
