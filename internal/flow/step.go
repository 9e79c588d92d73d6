package flow

import (
	"time"

	"tandem/internal/voice"
)

// Step is what is done at a node. The set of step types is closed: one file
// per step in package interp runs them.
type Step interface {
	// Kind is the step's name in programs and timelines: "play".
	Kind() string
	// Exits lists the exits that the step can take.
	Exits() []Exit
}

// Answer answers the call. Every step that needs audio does so by itself;
// an explicit Answer marks where.
type Answer struct{}

// Play plays prompts. With BargeIn a key stops them, is kept for the next
// gather, and takes exit Cut where that is wired.
type Play struct {
	Prompts []voice.Prompt `json:"prompts"`
	// In holds what is played instead when the call's language (VarLanguage) is
	// its key: a BCP 47 tag, or the first part of one.
	In      map[string][]voice.Prompt `json:"in,omitempty"`
	BargeIn bool                      `json:"barge_in,omitempty"`
}

// Gather plays prompts and collects digits, and leaves by what they are.
type Gather struct {
	Prompts []voice.Prompt            `json:"prompts,omitempty"`
	In      map[string][]voice.Prompt `json:"in,omitempty"` // as Play.In
	BargeIn bool                      `json:"barge_in,omitempty"`
	// Keys are the complete inputs that have an exit of their own, Key(d).
	Keys []voice.Digits `json:"keys,omitempty"`
	// Extensions lets the caller key an extension of the tenant. A key that
	// begins one waits for more; an equal key in Keys wins only when it is complete.
	Extensions bool `json:"extensions,omitempty"`
	// Whole makes MaxDigits, Finish and the clocks alone complete the input: a
	// key that equals one of Keys still waits for more.
	Whole bool `json:"whole,omitempty"`
	// Into names a variable that takes the digits, besides VarDigits.
	Into string `json:"into,omitempty"`
	// Secret keeps the digits out of everything that is written down: the timeline,
	// logs, webhooks and tapes have how many there were. VarDigits and Into give
	// voice.HiddenKey for each wherever they are used, but in an If and in the headers
	// and the body of a Request, until something else sets them. There are no Keys and
	// no Extensions.
	Secret     bool          `json:"secret,omitempty"`
	MaxDigits  int           `json:"max_digits,omitempty"`
	Finish     voice.Digits  `json:"finish,omitempty"`
	FirstDigit time.Duration `json:"first_digit,omitempty"` // 0 = voice.DefaultFirstDigit
	InterDigit time.Duration `json:"inter_digit,omitempty"` // 0 = voice.DefaultInterDigit
	Overall    time.Duration `json:"overall,omitempty"`
}

// Dial reaches a destination and bridges. The destination is resolved at the
// call; a user's call settings may lead on into another app.
type Dial struct {
	To voice.Destination `json:"to"`
	// ToVar names a variable that holds the ID of the destination, instead of To.ID.
	ToVar string `json:"to_var,omitempty"`
	// Also are further destinations, rung as Strategy says.
	Also        []voice.Destination `json:"also,omitempty"`
	Strategy    voice.Strategy      `json:"strategy,omitempty"`  // "" = all at once
	RingTime    time.Duration       `json:"ring_time,omitempty"` // 0 = the route's, else voice.DefaultRingTime
	MaxDuration time.Duration       `json:"max_duration,omitempty"`
	CallerID    string              `json:"caller_id,omitempty"`
	// Music sounds to the caller instead of ringback, again and again.
	Music []voice.Prompt `json:"music,omitempty"`
	// Announce is played to whoever answers before the caller is let in, and
	// SendDigits is pressed for them then: 0-9 * #, W = 1 s, w = 0.5 s of pause.
	Announce   []voice.Prompt `json:"announce,omitempty"`
	SendDigits string         `json:"send_digits,omitempty"`
	// Record records the talk, the caller left and the called party right.
	Record bool `json:"record,omitempty"`
	// Machine says what becomes of an answering machine: voice.MachineHangup takes
	// exit Failed. "" = nobody looks whether it is one.
	Machine voice.MachineRule `json:"machine,omitempty"`
}

// Goto goes on in another app of the tenant and does not come back. Exit
// Failed is taken when that app is gone or the depth limit is reached.
type Goto struct {
	App voice.AppID `json:"app"`
}

// Count counts how often the run has passed here under one name and takes
// Again below Limit, else Over. The n-th pass with n = Limit is Over.
type Count struct {
	Name  string `json:"name"`
	Limit int    `json:"limit"`
}

// Reset sets a counter to nought.
type Reset struct {
	Name string `json:"name"`
}

// Record records the caller.
type Record struct {
	Purpose   voice.RecordingPurpose `json:"purpose"`
	User      voice.UserID           `json:"user,omitempty"`
	Beep      bool                   `json:"beep,omitempty"`
	Finish    voice.Digits           `json:"finish,omitempty"`
	MaxLength time.Duration          `json:"max_length,omitempty"`
	Silence   time.Duration          `json:"silence,omitempty"`
	MinLength time.Duration          `json:"min_length,omitempty"`
}

// Deliver hands the run's last recording to a mailbox. It works after the
// caller has hung up too.
type Deliver struct {
	Mailbox voice.Mailbox `json:"mailbox"`
}

// SaveSound makes the run's last recording the audio of a sound.
type SaveSound struct {
	Sound voice.SoundID `json:"sound"`
}

// PlayRecording plays the run's last recording back to the caller.
type PlayRecording struct{}

// Wait lets time pass.
type Wait struct {
	For time.Duration `json:"for"`
}

// Hangup ends the call.
type Hangup struct {
	Cause voice.Cause `json:"cause,omitempty"` // "" = voice.CauseNormal
	Words string      `json:"words,omitempty"` // the reason in words, for the timeline
}

func (Answer) Kind() string        { return "answer" }
func (Play) Kind() string          { return "play" }
func (Gather) Kind() string        { return "gather" }
func (Dial) Kind() string          { return "dial" }
func (Goto) Kind() string          { return "goto" }
func (Count) Kind() string         { return "count" }
func (Reset) Kind() string         { return "reset" }
func (Record) Kind() string        { return "record" }
func (Deliver) Kind() string       { return "deliver" }
func (SaveSound) Kind() string     { return "save-sound" }
func (PlayRecording) Kind() string { return "play-recording" }
func (Wait) Kind() string          { return "wait" }
func (Hangup) Kind() string        { return "hangup" }

func (Answer) Exits() []Exit { return []Exit{Next} }
func (Play) Exits() []Exit   { return []Exit{Next, Cut} }

// Exits of a Gather depend on what it expects.
func (g Gather) Exits() []Exit {
	exits := append(make([]Exit, 0, len(g.Keys)+4), NoInput)
	for _, k := range g.Keys {
		exits = append(exits, Key(k))
	}
	if g.Extensions {
		exits = append(exits, Extension, UnknownExt)
	}
	if len(g.Keys) > 0 || g.Extensions {
		return append(exits, InvalidKey)
	}
	return append(exits, GotDigits)
}

func (Dial) Exits() []Exit          { return []Exit{Completed, Busy, NoAnswer, Failed, MaxDuration} }
func (Goto) Exits() []Exit          { return []Exit{Failed} }
func (Count) Exits() []Exit         { return []Exit{Again, Over} }
func (Reset) Exits() []Exit         { return []Exit{Next} }
func (Record) Exits() []Exit        { return []Exit{Recorded, NotRecorded, Failed} }
func (Deliver) Exits() []Exit       { return []Exit{Next, Failed} }
func (SaveSound) Exits() []Exit     { return []Exit{Next, Failed} }
func (PlayRecording) Exits() []Exit { return []Exit{Next} }
func (Wait) Exits() []Exit          { return []Exit{Next} }
func (Hangup) Exits() []Exit        { return nil }
