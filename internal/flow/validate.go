package flow

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Codes of the diagnostics of Validate.
const (
	CodeEntry       = "entry-not-found" // the entry names no node
	CodeDangling    = "node-not-found"  // an exit leads to no node
	CodeExit        = "unknown-exit"    // the step can't take the exit
	CodeTooMany     = "too-many-nodes"
	CodeNoStep      = "no-step"
	CodeValue       = "bad-value"   // a field's value is out of its range
	CodeUnreachable = "unreachable" // warning: no way leads to the node
)

// Validate checks what the types can't: that nodes and exits fit together and
// that values are within their bounds. A diagnostic points at the node's Origin,
// or at its place in the program where it has none.
func Validate(p *Program) Diagnostics {
	v := validator{p: p, index: p.index()}
	if len(p.Nodes) > MaxNodes {
		v.ds.Errorf(CodeTooMany, "/nodes", "the program has %d nodes; at most %d are allowed", len(p.Nodes), MaxNodes)
		return v.ds
	}
	if v.index[p.Entry] == nil {
		v.ds.Errorf(CodeEntry, "/entry", "the entry %q is no node of the program", p.Entry)
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		v.at = n.Origin
		if v.at == "" {
			v.at = "/nodes/" + strconv.Itoa(i)
		}
		v.node(n)
	}
	v.reachable()
	return v.ds
}

type validator struct {
	p     *Program
	index map[NodeID]*Node
	at    string // where the present node stands
	ds    Diagnostics
}

func (v *validator) node(n *Node) {
	if n.ID == "" {
		v.ds.Errorf(CodeValue, v.at, "a node has no id")
	}
	if v.index[n.ID] != n {
		v.ds.Errorf(CodeDuplicate, v.at, "there are two nodes %q", n.ID)
	}
	if n.Step == nil {
		v.ds.Errorf(CodeNoStep, v.at, "node %q has no step", n.ID)
		return
	}
	can := n.Step.Exits()
	for _, e := range n.WiredExits() {
		if !slices.Contains(can, e) {
			v.ds.Errorf(CodeExit, v.at, "node %q has exit %q, which step %s does not take", n.ID, e, n.Step.Kind())
		}
		if v.index[n.Exits[e]] == nil {
			v.ds.Errorf(CodeDangling, v.at, "exit %q of node %q leads to node %q, which does not exist", e, n.ID, n.Exits[e])
		}
	}
	v.step(n)
}

// step checks the values of a step.
func (v *validator) step(n *Node) {
	switch s := n.Step.(type) {
	case Play:
		v.prompts(n, s.Prompts)
	case Gather:
		v.gather(n, s)
	case Dial:
		v.dial(n, s)
	case Goto:
		v.must(n, s.App != "", "names no app")
	case Count:
		v.must(n, s.Name != "", "names no counter")
		v.must(n, s.Limit >= 1, "has limit %d; it must be at least 1", s.Limit)
	case Reset:
		v.must(n, s.Name != "", "names no counter")
	case Record:
		v.must(n, s.Purpose != "", "has no purpose")
		v.keys(n, s.Finish)
		v.span(n, "max_length", s.MaxLength, voice.MaxRecordLength)
		v.span(n, "silence", s.Silence, voice.MaxRecordLength)
		v.span(n, "min_length", s.MinLength, voice.MaxRecordLength)
	case SaveSound:
		v.must(n, s.Sound != "", "names no sound")
	case Wait:
		v.span(n, "for", s.For, voice.DefaultMaxDuration)
	}
}

func (v *validator) gather(n *Node, s Gather) {
	v.prompts(n, s.Prompts)
	for i, k := range s.Keys {
		v.must(n, k != "", "has an empty key")
		v.keys(n, k)
		v.must(n, !slices.Contains(s.Keys[:i], k), "has key %q twice", k)
	}
	v.keys(n, s.Finish)
	v.must(n, s.MaxDigits >= 0 && s.MaxDigits <= voice.MaxGatherDigits, "has max_digits %d; it must be 0 to %d", s.MaxDigits, voice.MaxGatherDigits)
	v.span(n, "first_digit", s.FirstDigit, voice.DefaultMaxDuration)
	v.span(n, "inter_digit", s.InterDigit, voice.DefaultMaxDuration)
	v.span(n, "overall", s.Overall, voice.DefaultMaxDuration)
}

func (v *validator) dial(n *Node, s Dial) {
	v.must(n, s.To.Kind != "", "has no destination")
	v.must(n, s.To.ID != "" || s.ToVar != "", "has no destination id")
	v.span(n, "ring_time", s.RingTime, voice.MaxRingTime)
	v.span(n, "max_duration", s.MaxDuration, 24*time.Hour)
}

func (v *validator) prompts(n *Node, ps []voice.Prompt) {
	for _, p := range ps {
		switch p.Kind {
		case voice.PromptSound:
			v.must(n, p.Sound != "", "has a prompt without its sound")
		case voice.PromptStandard, voice.PromptTone:
			v.must(n, p.Standard != "", "has a %s prompt without its name", p.Kind)
		case voice.PromptSpeech:
			v.must(n, p.Text != "", "has a speech prompt without text")
			v.must(n, len(p.Text) <= voice.MaxSpeechText, "has a text of %d bytes; at most %d can be spoken", len(p.Text), voice.MaxSpeechText)
		case voice.PromptSilence, voice.PromptRecorded:
		default:
			v.must(n, false, "has a prompt of unknown kind %q", p.Kind)
		}
		v.span(n, "duration of a prompt", p.Duration, voice.DefaultMaxDuration)
	}
}

func (v *validator) keys(n *Node, d voice.Digits) {
	v.must(n, strings.Trim(string(d), "0123456789*#ABCD") == "", "has %q, which is not made of telephone keys", d)
	v.must(n, len(d) <= voice.MaxGatherDigits, "has %d keys; at most %d are allowed", len(d), voice.MaxGatherDigits)
}

func (v *validator) span(n *Node, name string, d, most time.Duration) {
	v.must(n, d >= 0 && d <= most, "has %s %v; it must be 0 to %v", name, d, most)
}

func (v *validator) must(n *Node, ok bool, format string, args ...any) {
	if !ok {
		v.ds.Errorf(CodeValue, v.at, "node %q (%s) "+format, append([]any{n.ID, n.Step.Kind()}, args...)...)
	}
}

// reachable warns of nodes that no way leads to.
func (v *validator) reachable() {
	seen := map[NodeID]bool{}
	Walk(v.p, func(n *Node) bool {
		seen[n.ID] = true
		return true
	})
	for i := range v.p.Nodes {
		if n := &v.p.Nodes[i]; !seen[n.ID] {
			at := n.Origin
			if at == "" {
				at = "/nodes/" + strconv.Itoa(i)
			}
			v.ds.Warnf(CodeUnreachable, at, "no way leads to node %q", n.ID)
		}
	}
}
