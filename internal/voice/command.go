package voice

import (
	"context"
	"strings"
	"time"
)

// CommandMode says when a live call carries a command out.
type CommandMode string

// The modes. What sounds over a call, or is recorded beside its flow, is no
// command to the flow: see Overlayer and Taper.
const (
	CommandNext    CommandMode = "next"    // after the present step
	CommandInstead CommandMode = "instead" // the present step is broken off for it
)

// MaxCommands bounds the commands that wait in the mailbox of one call.
const MaxCommands = 20

// OverSpec is sound that a leg hears over whatever it hears otherwise.
type OverSpec struct {
	Leg     LegID    // "" = the caller's
	Prompts []Prompt // in turn, without a gap
	Mix     bool     // mixed with what else there is; otherwise it covers that
	Loop    bool     // again and again
}

// Overlayer lets prompts sound over a leg's sound. Any goroutine may use it.
type Overlayer interface {
	// PlayOver begins the prompts, in place of what it began on that leg before, and
	// returns. NotExist when there is no such leg, Unavailable when none of them can
	// be had.
	PlayOver(ctx context.Context, s OverSpec) error
	// StopOver ends them. NotExist when nothing sounds over that leg.
	StopOver(ctx context.Context, leg LegID) error
}

// TapeSpec is a recording of a whole call, made beside its flow: what the caller
// says, and what the caller hears, from now on, across bridges and transfers.
type TapeSpec struct {
	User      UserID
	Mixed     bool              // in one channel; otherwise the caller left, the rest right
	MaxLength time.Duration     // 0 = MaxRecordLength
	Data      map[string]string // what else the events of the recording say; nil = nothing
}

// TapeOrder is what becomes of a recording beside the flow.
type TapeOrder string

// The orders.
const (
	TapeStop   TapeOrder = "stop"
	TapePause  TapeOrder = "pause" // silence is recorded instead
	TapeResume TapeOrder = "resume"
)

// Taper records a call beside its flow. Any goroutine may use it.
type Taper interface {
	// StartTape begins a recording and returns. Conflict when one is being made,
	// Unavailable when the storage refuses. It ends with the call, if not before.
	StartTape(ctx context.Context, s TapeSpec) (RecordingID, error)
	// OrderTape pauses, resumes or stops it. NotExist when none is being made,
	// Conflict when it is paused, or not, already.
	OrderTape(ctx context.Context, o TapeOrder) error
}

// FarParty names, to a Holder, whom the caller talks with, whatever leg that is.
const FarParty LegID = "far"

// Holder puts one party of a talk on hold. Any goroutine may use it.
type Holder interface {
	// HoldTalk lets a party ("" = the caller, or FarParty) hear music, again and again (none = the
	// built-in music), and nothing else, and not be heard, until ResumeTalk or the
	// end of the talk. A party that is held already hears the new music. Conflict when
	// nobody talks, NotExist when there is no such leg in the talk, Unavailable when
	// none of the music can be had.
	HoldTalk(ctx context.Context, leg LegID, music []Prompt) error
	// ResumeTalk ends that. Conflict when the party is not held or nobody talks,
	// NotExist when there is no such leg.
	ResumeTalk(ctx context.Context, leg LegID) error
}

// KeySender presses keys for a leg. Any goroutine may use it.
type KeySender interface {
	// SendKeys sends keys (0-9 * # A-D, W = 1 s, w and comma = 0.5 s of pause) and
	// returns when they are on their way. NotExist when there is no such leg.
	SendKeys(ctx context.Context, leg LegID, keys string) error
}

// KeyWatcher lets a run see keys whatever the call does.
type KeyWatcher interface {
	// WatchKeys gives each key of the caller to f first, in the call's goroutine,
	// during steps, ringing and talks alike; true = f has taken it, and nothing else
	// gets it. nil ends that.
	WatchKeys(f func(key byte) bool)
}

// HiddenKey stands for a key that is secret, wherever keys are written down.
const HiddenKey = "x"

// Hidden gives what stands for secret digits: their number.
func Hidden(d Digits) string { return strings.Repeat(HiddenKey, len(d)) }

// Concealer keeps keys out of what is written down.
type Concealer interface {
	// Conceal hides the keys that the caller presses from now on, or no longer.
	// While they are hidden a Gather takes only keys that were hidden when they
	// were pressed; others that came before it are dropped.
	Conceal(on bool)
}

// MachineSpec is how an answering machine is told from a person.
type MachineSpec struct {
	MaxTime time.Duration // 0 = DefaultMachineTime
}

// DefaultMachineTime is how long a party is listened to at the most.
const DefaultMachineTime = 4 * time.Second

// AnsweredBy is who has answered.
type AnsweredBy string

// Who has answered.
const (
	AnsweredByHuman   AnsweredBy = "human"
	AnsweredByMachine AnsweredBy = "machine"
	AnsweredByUnknown AnsweredBy = "unknown"
)

// MachineDetector listens to the caller, or the first party of a call that we
// began, and says who that is. Error kind HungUp when the party leaves.
type MachineDetector interface {
	DetectMachine(ctx context.Context, s MachineSpec) (AnsweredBy, error)
}
