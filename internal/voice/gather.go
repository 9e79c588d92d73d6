package voice

import (
	"context"
	"time"
)

// Digits is a sequence of keys: 0-9 * # A-D.
type Digits string

// DigitMethod is how a digit travelled.
type DigitMethod string

// The methods.
const (
	ByRTPEvent DigitMethod = "rfc4733" // RFC 4733 telephone-event
	BySIPInfo  DigitMethod = "info"    // SIP INFO, application/dtmf-relay or dtmf
	ByInBand   DigitMethod = "inband"  // tones in the audio
	ByScript   DigitMethod = "script"  // a simulated party
)

// Bounds of gathering.
const (
	MaxGatherDigits   = 128
	DefaultFirstDigit = 5 * time.Second
	DefaultInterDigit = 2 * time.Second
)

// PlaySpec plays prompts one after the other without a gap.
type PlaySpec struct {
	Prompts []Prompt
	// BargeIn lets a key stop the prompts. The key is kept for the next gather.
	BargeIn bool
	// Loop plays the prompts again and again; Until or a key ends that.
	Loop bool
	// Until ends the playing when it closes (PlayStopped); nil = never.
	Until <-chan struct{}
	// For ends the playing after so long (PlayStopped); 0 = never.
	For time.Duration
}

// PlayEnd says why playing ended.
type PlayEnd string

// The ends of Play.
const (
	PlayFinished PlayEnd = "finished"
	PlayCut      PlayEnd = "cut"     // by a key, with BargeIn
	PlayStopped  PlayEnd = "stopped" // Until closed, or For is over
	PlayFailed   PlayEnd = "failed"  // nothing of it could be played; the timeline says why
)

// PlayResult is what came of Play.
type PlayResult struct {
	End    PlayEnd
	Played time.Duration
}

// Player plays prompts and returns when they are over. A prompt that can't be
// had is skipped with event prompt.failed; error kind HungUp when the caller leaves.
type Player interface {
	Play(ctx context.Context, s PlaySpec) (PlayResult, error)
}

// GatherSpec plays prompts and collects digits.
type GatherSpec struct {
	Prompts []Prompt
	BargeIn bool // a key stops the prompts and counts; otherwise keys pressed during them are dropped
	// MaxDigits ends the gather when reached; 0 = the longest of Choices, or MaxGatherDigits.
	MaxDigits int
	// Finish holds the keys that end the gather and are not part of it.
	Finish Digits
	// Choices are the complete inputs that are expected. Input equal to a
	// choice that no longer choice begins with ends the gather at once
	// (EndMatched); so does a first key that no choice begins with
	// (EndUnmatched). Empty = anything counts.
	Choices []Digits
	// FirstDigit runs from the end of the prompts to the first key;
	// InterDigit from each key to the next; 0 = the defaults.
	FirstDigit, InterDigit time.Duration
	// Overall bounds the whole gather after the prompts; 0 = none.
	Overall time.Duration
}

// GatherEnd says why a gather ended.
type GatherEnd string

// The ends of Gather.
const (
	EndMatched    GatherEnd = "matched"     // the input is one of Choices
	EndUnmatched  GatherEnd = "unmatched"   // the input can't become one of Choices
	EndLimit      GatherEnd = "limit"       // MaxDigits reached, without Choices
	EndFinish     GatherEnd = "finish"      // a finish key
	EndFirstDigit GatherEnd = "first-digit" // no key in time
	EndInterDigit GatherEnd = "inter-digit" // no further key in time, without Choices
	EndOverall    GatherEnd = "overall"
)

// GatherResult is what was keyed. With Choices the end is EndMatched exactly
// when Digits is one of them, however the input ended, or EndFirstDigit when
// there was none.
type GatherResult struct {
	Digits Digits
	End    GatherEnd
	Method DigitMethod // of the last digit
}

// Gatherer collects digits. Digits that came before (barge-in of an earlier
// Play, keys ahead of time) count first. Error kind HungUp when the caller leaves.
type Gatherer interface {
	Gather(ctx context.Context, s GatherSpec) (GatherResult, error)
}
