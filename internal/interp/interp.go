// Package interp runs a flow.Program against a call. One file per step type
// holds its executor.
//
// It is not an engine: it owns no media, no timer and no goroutine. Run works
// in its caller's goroutine and returns when the call's flow is over; the Call
// owns time (the timeouts of a gather are its business), so the same program
// runs on a SIP call and, in package sim, in virtual time. A Call and a Host
// belong to one run; programs may be shared.
package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Call is a live call as the steps use it: blocking methods that return when
// they are done and say why they ended. A step asks only for what it uses.
type Call interface {
	voice.Noter
	voice.Answerer
	voice.Ringer
	voice.Player
	voice.Gatherer
	voice.Recorder
	voice.Dialer
	voice.Transferrer
	voice.Waiter
	voice.Timer
	voice.Hanguper
	voice.Taper
	voice.Conferencer
	voice.MachineDetector
	voice.KeyWatcher
	voice.Concealer
}

// Host is what a run needs of the world around the call, for one tenant.
type Host interface {
	// Program gives the compiled program of an app; NotExist when there is none.
	Program(ctx context.Context, app voice.AppID) (*flow.Program, error)
	// Route resolves a destination for this call; NotExist when it is gone.
	Route(ctx context.Context, d voice.Destination) (voice.Route, error)
	// Extensions lists the short numbers that a caller may key.
	Extensions(ctx context.Context) ([]voice.Digits, error)
	// Deliver stores a voicemail message and queues its mail.
	Deliver(ctx context.Context, m voice.Mailbox, r voice.Recording) error
	// SaveSound makes a recording the audio of a sound.
	SaveSound(ctx context.Context, id voice.SoundID, r voice.Recording) error
	Account
	Outside
	Rota
}

// Account is what a run asks of the account.
type Account interface {
	// Timezone gives the account's time zone, an IANA name; "" = UTC.
	Timezone(ctx context.Context) (string, error)
	// MayShow reports whether outside parties may be shown a number as the caller's.
	MayShow(ctx context.Context, number string) (bool, error)
	// Rescue gives the program of the app that the account has chosen for callers
	// whose flow can't go on; nil when there is none.
	Rescue(ctx context.Context) (*flow.Program, error)
}

// Outside is whatever answers from outside the flow, and may be slow.
type Outside interface {
	voice.Requester
	voice.Messenger
	voice.Transcriber
	voice.Keeper
	voice.Queuer
	Fetcher
	// Discard removes a recording that has served its purpose.
	Discard(ctx context.Context, r voice.Recording) error
	// Begin does f beside the call; the channel closes when f has returned.
	Begin(f func()) <-chan struct{}
}

// Fetcher asks applications what to do next.
type Fetcher interface {
	// Fetch asks as f says, whose URL is expanded, for the app that is running,
	// and gives the program that the answer is, with the HTTP status (0 = there
	// was no answer). Errors: as voice.Requester's, and Invalid, with the reason
	// in words, when the answer is no program.
	Fetch(ctx context.Context, f flow.Fetch, app voice.AppID, vars map[string]string) (*flow.Program, int, error)
}

// Rota remembers, beyond the call, who of several answered last.
type Rota interface {
	// LastAnswered gives who answered last under a key; "" = nobody yet.
	LastAnswered(key string) string
	// Answered says that who has answered.
	Answered(key, who string)
}

// Result is how a run ended.
type Result struct {
	Cause voice.Cause
	Words string // the reason in words: "step limit of 1000 reached"
	// Reason is why; it is never empty when the run is over.
	Reason voice.EndReason
	Steps  int
}
