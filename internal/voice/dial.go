package voice

import (
	"context"
	"time"
)

// DialSpec rings targets at once, the first to answer is bridged to the
// caller, the others are cancelled.
type DialSpec struct {
	Targets     []Target
	RingTime    time.Duration // 0 = DefaultRingTime
	MaxDuration time.Duration // of the bridge; 0 = DefaultMaxDuration
	CallerID    string        // "" = the caller's own where policy allows
	CallerName  string        // shown beside the caller ID, whatever that is; "" = the caller's own beside the caller's own number, else none
	// Music sounds to the caller instead of ringback, again and again.
	Music []Prompt
	// Whoever answers is sent SendDigits as keys (0-9 * #, W = 1 s, w = 0.5 s of
	// pause, at most MaxGatherDigits) and then hears Announce, before the caller,
	// who hears it ring on, is let in.
	Announce   []Prompt
	SendDigits string
	// OnAnswer is called, by the call's goroutine, when somebody has answered and
	// before the talk; nil = nobody is told. It does not block.
	OnAnswer func()
	// Record records the talk, the caller left and the called party right.
	Record bool
	// Machine is what becomes of a called party that is an answering machine.
	Machine MachineRule
	Text    string // in words, for the timeline
}

// MachineRule is what becomes of a called answering machine.
type MachineRule string

// The rules; "" = nobody looks whether it is one.
const (
	MachineHangup  MachineRule = "hangup"  // it is hung up: DialFailed, and AnsweredBy says why
	MachineConnect MachineRule = "connect" // the caller is let in all the same; the result says what it is
)

// DialEnd says what came of a dial.
type DialEnd string

// The ends of Dial.
const (
	DialCompleted   DialEnd = "completed" // answered, bridged, and the far end hung up
	DialBusy        DialEnd = "busy"
	DialNoAnswer    DialEnd = "no answer"
	DialFailed      DialEnd = "failed" // refused, unreachable, not registered, forbidden
	DialMaxDuration DialEnd = "max duration"
)

// DialResult is what came of Dial.
type DialResult struct {
	End      DialEnd
	Cause    Cause
	Words    string     // the reason in words: "486 Busy Here from 101"
	Answered Target     // who answered
	By       AnsweredBy // where DialSpec.Machine asked
	Talked   time.Duration
}

// Dialer dials and bridges; it returns when the bridge is over or no target
// answered. The caller hears ringback meanwhile. Error kind HungUp when the
// caller leaves: the other leg is ended first.
type Dialer interface {
	Dial(ctx context.Context, s DialSpec) (DialResult, error)
}
