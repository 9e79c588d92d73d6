// Package replay keeps what a call's flow was told by the world (a tape), and runs
// flows on tapes in virtual time: the same flow goes the same way, step by step,
// and a changed one shows where the call would have gone.
//
// A Recorder stands between a run and its call and host, and takes down what each
// method gave; a player gives that again. It keeps no sound. It owns no goroutine; a
// Recorder may be used by those that package interp uses a call and a host by.
package replay

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Bounds of a tape. What is beyond them is not kept.
const (
	maxActs  = 20_000
	maxBytes = 16 << 20 // before it is compressed
)

// Tape is what one call's runs were told.
type Tape struct {
	Call   voice.CallID   `json:"call"`
	Tenant voice.TenantID `json:"tenant"`
	Start  time.Time      `json:"start"`
	Runs   []*Run         `json:"runs"`
	// Full says that the call did more than is kept; it can't be replayed.
	Full bool `json:"full,omitempty"`
}

// Run is one run of a flow.
type Run struct {
	Program  *flow.Program            `json:"program"`
	Programs map[string]*flow.Program `json:"programs,omitempty"` // that acts gave, by number
	Info     voice.CallInfo           `json:"info"`
	Acts     []Act                    `json:"acts"`  // of the call, in order
	Host     []Act                    `json:"host"`  // of the world around it
	Marks    []Mark                   `json:"marks"` // what came from elsewhere
	Path     []Place                  `json:"path"`
	Reason   voice.EndReason          `json:"reason"`
	Words    string                   `json:"words"`
}

// Act is one method that was called, and what it gave.
type Act struct {
	Do  string          `json:"do"`
	Key string          `json:"key,omitempty"` // of what it was asked
	At  time.Duration   `json:"at"`            // since the call's start
	For time.Duration   `json:"for,omitempty"`
	Got json.RawMessage `json:"got,omitempty"`
	Err *fault          `json:"err,omitempty"`
	// Told says that DialSpec.OnAnswer was called.
	Told bool `json:"told,omitempty"`
}

type fault struct {
	Kind voice.Kind `json:"kind"`
	Text string     `json:"text"`
}

func faultOf(err error) *fault {
	if err == nil {
		return nil
	}
	return &fault{voice.KindOf(err), voice.Reason(err)}
}

func (f *fault) err() error {
	if f == nil {
		return nil
	}
	return voice.Errorf("replay", f.Kind, "%s", f.Text)
}

// Mark is what came while or after so many acts of the call had begun.
type Mark struct {
	Acts    int             `json:"acts"`
	What    string          `json:"what"` // done, key, command, cancel
	Begin   int             `json:"begin,omitempty"`
	Key     string          `json:"key,omitempty"`
	Why     *fault          `json:"why,omitempty"`
	Command json.RawMessage `json:"command,omitempty"`
}

// Place is a step on a path.
type Place struct {
	App  voice.AppID `json:"app,omitempty"`
	Node flow.NodeID `json:"node"`
	Exit flow.Exit   `json:"exit,omitempty"`
}

func (p Place) String() string {
	if p.Exit == "" {
		return string(p.Node) + ", where it ended"
	}
	return string(p.Node) + " by " + string(p.Exit)
}

// Decode reads what Encode gave.
func Decode(data []byte) (*Tape, error) {
	const op = "replay.Decode"
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, voice.E(op, voice.Invalid, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil || len(plain) > maxBytes {
		return nil, voice.Errorf(op, voice.Invalid, "the tape can't be read")
	}
	t := &Tape{}
	if err := json.Unmarshal(plain, t); err != nil {
		return nil, voice.E(op, voice.Invalid, err)
	}
	return t, nil
}

// keyOf tells apart what a method is asked.
func keyOf(v any) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%+v", v)
	return fmt.Sprintf("%x", h.Sum64())
}
