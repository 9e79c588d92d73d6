package flow

import (
	"time"

	"tandem/internal/voice"
)

// NodeID names a node within its program, for example "menu" or "digit_1.dial".
type NodeID string

// Exit is a named way on from a node.
type Exit string

// The exits. Each step type lists those it can take (Step.Exits); an exit that
// a node does not wire ends the call normally.
const (
	Next         Exit = "next"              // the only way on of most steps
	Cut          Exit = "cut"               // Play: a key cut it; where it is not wired Next is taken
	Extension    Exit = "extension"         // Gather: the digits are an extension; it is in VarExtension
	UnknownExt   Exit = "unknown extension" // Gather: several digits that no extension has
	InvalidKey   Exit = "invalid"           // Gather: a key that is not expected
	NoInput      Exit = "no input"          // Gather: nothing was pressed in time
	GotDigits    Exit = "digits"            // Gather without keys: the digits are in VarDigits
	Completed    Exit = "completed"         // Dial, Transfer: answered, and the far end hung up
	Busy         Exit = "busy"              // Dial, Transfer
	NoAnswer     Exit = "no answer"         // Dial, Transfer
	Failed       Exit = "failed"            // Dial, Transfer, Goto, Record, Deliver
	Again        Exit = "again"             // Count: below the limit
	Over         Exit = "over"              // Count: the limit is reached
	Recorded     Exit = "recorded"          // Record
	NotRecorded  Exit = "not recorded"      // Record: too short or silent
	MaxDuration  Exit = "max duration"      // Dial, Transfer: the time limit ended the bridge
	keyExitBegin      = "key "
)

// Key gives the exit of a Gather for complete input d: "key 1".
func Key(d voice.Digits) Exit {
	if len(d) == 1 && '0' <= d[0] && d[0] <= '9' { // most are; these need no memory
		at := int(d[0]-'0') * len("key 0")
		return Exit(figureKeys[at : at+len("key 0")])
	}
	return Exit(keyExitBegin + string(d))
}

const figureKeys = "key 0key 1key 2key 3key 4key 5key 6key 7key 8key 9"

// Variables that steps set.
const (
	VarDigits    = "digits"    // the last gather's input
	VarExtension = "extension" // the extension keyed in the last gather
	VarRecording = "recording" // the last recording's id
)

// Bounds of a program and a run.
const (
	// MaxNodes bounds a program.
	MaxNodes = 10_000
	// MaxSteps bounds the steps of one run; the call then ends with a reason.
	MaxSteps = 1_000
	// MaxDepth bounds how many apps one call may go through, and how many of them
	// may wait for one another.
	MaxDepth = 20
	// MaxLifetime bounds Program.Lifetime.
	MaxLifetime = 24 * time.Hour
)

// Program is what runs: compiled from a document, immutable.
type Program struct {
	App   voice.AppID `json:"app"`
	Name  string      `json:"name"`
	Entry NodeID      `json:"entry"`
	Nodes []Node      `json:"nodes"` // in the order of the document
	// Lifetime bounds the time in this program, from its entry; it does not end
	// a talk. When it is over the run goes on at Expired, or without one ends the
	// call. 0 = no bound; at most MaxLifetime.
	Lifetime time.Duration `json:"lifetime,omitempty"`
	Expired  NodeID        `json:"expired,omitempty"`
	// Meta is what the document says beside its flow, in the words of its
	// dialect: descriptions, ids. It never changes what a call does.
	Meta map[string]string `json:"meta,omitempty"`
}

// Node is a place in a program.
type Node struct {
	ID NodeID `json:"id"`
	// Origin is the JSON Pointer (RFC 6901) into the vendor's document of what
	// this node does: "/menu/digit_1".
	Origin string          `json:"origin"`
	Step   Step            `json:"step"`
	Exits  map[Exit]NodeID `json:"exits,omitempty"`
	// Label is a title for people; Meta is as Program.Meta.
	Label string            `json:"label,omitempty"`
	Meta  map[string]string `json:"meta,omitempty"`
}

// Node finds a node by its id.
func (p *Program) Node(id NodeID) (*Node, bool) {
	for i := range p.Nodes {
		if p.Nodes[i].ID == id {
			return &p.Nodes[i], true
		}
	}
	return nil, false
}
