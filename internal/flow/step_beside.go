package flow

import (
	"time"

	"tandem/internal/voice"
)

// Tape begins, pauses, resumes or stops a recording of the whole call beside its
// flow: what the caller says and hears, through prompts, talks and transfers.
// Failed: the call is recorded already, or is not, or the storage refuses.
type Tape struct {
	Order TapeStep `json:"order"`
	// Of the start:
	Mixed     bool          `json:"mixed,omitempty"`      // in one channel; otherwise the caller left, the rest right
	MaxLength time.Duration `json:"max_length,omitempty"` // 0 = voice.MaxRecordLength
	User      voice.UserID  `json:"user,omitempty"`
	Into      string        `json:"into,omitempty"` // a variable that takes the recording's id
}

// TapeStep is what Tape does.
type TapeStep string

// What Tape does.
const (
	TapeStart  TapeStep = "start"
	TapeStop   TapeStep = TapeStep(voice.TapeStop)
	TapePause  TapeStep = TapeStep(voice.TapePause)
	TapeResume TapeStep = TapeStep(voice.TapeResume)
)

// DetectMachine listens to the caller, or the first party of a call that we began,
// and leaves by who that is. It is in VarAnsweredBy afterwards too.
type DetectMachine struct {
	MaxTime time.Duration `json:"max_time,omitempty"` // 0 = voice.DefaultMachineTime
}

// VarAnsweredBy says who has answered, after DetectMachine and after a Dial that
// looked: "human", "machine" or "unknown".
const VarAnsweredBy = "answered_by"

// MaxMachineTime bounds DetectMachine.MaxTime.
const MaxMachineTime = 20 * time.Second

// Exits of DetectMachine.
const (
	Human   Exit = Exit(voice.AnsweredByHuman)
	Machine Exit = Exit(voice.AnsweredByMachine)
	Unknown Exit = Exit(voice.AnsweredByUnknown)
)

func (Tape) Kind() string          { return "tape" }
func (DetectMachine) Kind() string { return "detect-machine" }

func (Tape) Exits() []Exit          { return []Exit{Next, Failed} }
func (DetectMachine) Exits() []Exit { return []Exit{Human, Machine, Unknown} }
