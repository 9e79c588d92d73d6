package voice

import "time"

// LiveState is what a live call is doing.
type LiveState string

// The states of a live call.
const (
	LiveWaiting  LiveState = "waiting"  // ordered and not begun: it waits for room
	LiveRinging  LiveState = "ringing"  // not answered yet
	LiveAnswered LiveState = "answered" // in its flow
	LiveDialling LiveState = "dialling" // a destination is rung
	LiveQueued   LiveState = "queued"
	LiveTalking  LiveState = "talking"
)

// LiveCall is a snapshot of a call that is up.
type LiveCall struct {
	Info     CallInfo
	App      AppID // the app that answered
	State    LiveState
	Answered time.Time
	With     string // whom the caller talks with or who is rung, in words
	WithID   Target // the same, when there is one
	Since    time.Time
	Queue    string
	Tag      string // CallInfo's
	// Awaits names the await step in which the call waits for commands; "" = it
	// does something else.
	Awaits string
	// Command is the text of the command that was taken last; "" = none was.
	Command string
}

// SuperviseMode is how somebody joins a live call.
type SuperviseMode string

// The modes.
const (
	Monitor SuperviseMode = "monitor" // hears both
	Whisper SuperviseMode = "whisper" // hears both, is heard by the called side alone
	Barge   SuperviseMode = "barge"   // hears both, is heard by both
)

// Valid reports whether m is one of the modes.
func (m SuperviseMode) Valid() bool { return m == Monitor || m == Whisper || m == Barge }

// Talk is a caller and a called party who are joined. Any goroutine may use it.
type Talk interface {
	With() Target          // the called party
	Since() time.Time      // when they were joined
	Over() <-chan struct{} // closes when they are parted
}
