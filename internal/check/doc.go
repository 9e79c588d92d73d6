// Package check finds the faults of a call flow by reading its graph, before a
// caller does: ways that lead nowhere, circles, keys that wait, prompts without
// sound, numbers that may not be called.
//
// It runs nothing and looks nothing up: what the account has is in a World, made
// beforehand. Every pass over a program is linear in its steps and exits. Codes
// are stable, and docs/checks.md tells each. What a dialect's compiler found comes
// before, under the compiler's own codes. The package starts no goroutine; a World
// is safe to share once made.
package check

import (
	"encoding/json"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Note is the severity of what is worth knowing and no fault. Errors keep a flow
// from being published, warnings and notes do not.
const Note flow.Severity = "note"

// Finding is one thing that was found.
type Finding struct {
	Code     string        `json:"code"` // stable: "key-waits"
	Severity flow.Severity `json:"severity"`
	Pointer  string        `json:"pointer"`          // JSON Pointer into the author's document; "" = all of it
	Line     int           `json:"line,omitempty"`   // in the document's text, from 1; 0 = unknown
	Column   int           `json:"column,omitempty"` // likewise
	Node     flow.NodeID   `json:"node,omitempty"`   // of the program; "" = no single one
	Text     string        `json:"text"`             // what is wrong and what comes of it
	Mend     string        `json:"mend,omitempty"`   // what to do about it; "" = Text says it
}

// Facts are what a flow asks of its callers, on the longest ways that go round in
// no circle. Prompts count in full; where their length is not known it is guessed
// from their text.
type Facts struct {
	ToChoice time.Duration // from the answer until a first key can be pressed
	// ToPerson is the longest time until somebody's telephone rings, and MostKeys the
	// most keys until then, each with the place that is reached; "" = no way leads to
	// a person.
	ToPerson    time.Duration
	Person      flow.NodeID
	MostKeys    int
	KeysPerson  flow.NodeID
	Steps       int
	Unreachable int
}

// MarshalJSON writes times in seconds.
func (f Facts) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ToChoice    float64     `json:"to_choice"`
		ToPerson    float64     `json:"to_person"`
		Person      flow.NodeID `json:"person,omitempty"`
		MostKeys    int         `json:"most_keys"`
		KeysPerson  flow.NodeID `json:"keys_person,omitempty"`
		Steps       int         `json:"steps"`
		Unreachable int         `json:"unreachable"`
	}{f.ToChoice.Seconds(), f.ToPerson.Seconds(), f.Person, f.MostKeys, f.KeysPerson, f.Steps, f.Unreachable})
}

// MaxFindings bounds the findings of a report.
const MaxFindings = 2_000

// Report is what came of a check: the findings, worst first and then in the order
// of the document, each place and code once.
type Report struct {
	Findings []Finding `json:"findings"`
	Facts    Facts     `json:"facts"`
}

// Errors counts the findings that keep the flow from being published.
func (r Report) Errors() int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == flow.Error {
			n++
		}
	}
	return n
}

// Input is what is checked.
type Input struct {
	Program     *flow.Program    // nil = the document gives none
	Diagnostics flow.Diagnostics // of its compiler
	// Kind is the language of the document; what a vendor's language can't say is
	// a note there.
	Kind voice.AppKind
	// World is the account; nil = unknown, and what depends on it is not checked.
	World *World
	Now   time.Time // for holidays that are over; zero = they are not looked at
}

// Bounds beyond which a flow is a trial of patience.
const (
	MostBeforeChoice = 30 * time.Second
	MostToPerson     = 2 * time.Minute
	MostKeys         = 8
	LeastFirstDigit  = 2 * time.Second
	MostFirstDigit   = 30 * time.Second
	LeastInterDigit  = time.Second
	MostInterDigit   = 10 * time.Second
	LeastRingTime    = 8 * time.Second
)
