// Package gather decides what a gather does with each key and when it ends:
// voice.GatherSpec as a state machine without time, audio or input of its own.
//
// It is not a Gatherer: it plays nothing, hears nothing and starts no timer.
// Whoever implements voice.Gatherer (the engine on a SIP call, the simulator
// in virtual time) plays the prompts while Playing, hands in every key and the
// end of the prompts with the instant at which it happened, and sleeps until
// Deadline. Both therefore gather alike. A Machine belongs to one gather and
// one goroutine.
package gather

import (
	"strings"
	"time"

	"tandem/internal/voice"
)

// Press is one key and how it travelled.
type Press struct {
	Key    byte // 0-9 * # A-D
	Method voice.DigitMethod
	Hidden bool // it is secret: voice.Concealer
}

// Shown gives the key as it is written down.
func (p Press) Shown() string {
	if p.Hidden {
		return voice.HiddenKey
	}
	return string(rune(p.Key))
}

// InTheOpen is why a secret gather drops a key that was pressed before it and stands
// on the timeline.
const InTheOpen = "it was pressed before a secret question, in the open"

// Verdict is what became of a key.
type Verdict string

// The verdicts.
const (
	// Taken: the key counts. Prompts that still sound must stop when Playing
	// is false afterwards.
	Taken Verdict = "taken"
	// Dropped: pressed during prompts without barge-in, or not a key at all.
	Dropped Verdict = "dropped"
	// Unused: the gather was over before the key; keep it for the next one.
	Unused Verdict = "unused"
)

// Machine is one gather.
type Machine struct {
	spec    voice.GatherSpec
	limit   int
	playing bool
	ended   bool
	end     voice.GatherEnd // how the input ended, before Choices are looked at
	digits  []byte
	method  voice.DigitMethod
	since   time.Time // end of the prompts, or the last key after it
	opened  time.Time // end of the prompts: where Overall counts from
}

// New begins a gather at now. The keys that came before it are handed in next,
// with TypeAhead; then prompts are started if Playing says so.
func New(spec voice.GatherSpec, now time.Time) *Machine {
	m := &Machine{spec: spec, limit: spec.MaxDigits, playing: len(spec.Prompts) > 0}
	if m.limit <= 0 {
		for _, c := range spec.Choices {
			m.limit = max(m.limit, len(c))
		}
	}
	if m.limit <= 0 || m.limit > voice.MaxGatherDigits {
		m.limit = voice.MaxGatherDigits
	}
	if m.spec.FirstDigit <= 0 {
		m.spec.FirstDigit = voice.DefaultFirstDigit
	}
	if m.spec.InterDigit <= 0 {
		m.spec.InterDigit = voice.DefaultInterDigit
	}
	m.open(now)
	return m
}

// TypeAhead hands in keys that came before the gather, oldest first, and says
// how many of them it used; the others stay for the next gather. With barge-in
// a used key keeps the prompts from sounding. Without, the prompts sound to
// their end even when these keys already decide the gather.
func (m *Machine) TypeAhead(now time.Time, kept []Press) (used int) {
	for used < len(kept) && !m.ended {
		m.press(now, kept[used])
		used++
	}
	return used
}

// Digit hands in a key pressed at now. A key exactly at the deadline is in
// time; one after it finds the gather over.
func (m *Machine) Digit(now time.Time, p Press) Verdict {
	if m.playing && !m.spec.BargeIn {
		return Dropped
	}
	if d, ok := m.Deadline(); ok && now.After(d) {
		m.Expire(now)
	}
	if m.ended {
		return Unused
	}
	if !IsKey(p.Key) {
		return Dropped
	}
	m.press(now, p)
	return Taken
}

// PromptsOver says that the last prompt ended at now. The clocks begin.
func (m *Machine) PromptsOver(now time.Time) {
	if m.playing {
		m.playing = false
		m.open(now)
	}
}

// Playing reports whether the prompts should sound.
func (m *Machine) Playing() bool { return m.playing }

// Done reports whether the gather is over. While prompts without barge-in
// sound it is not, whatever was keyed ahead.
func (m *Machine) Done() bool { return m.ended && !m.playing }

// Deadline is when the gather ends if no key comes: the first-digit time-out
// before the first key, else the inter-digit one, and never after Overall.
// There is none while prompts sound and when the gather is over.
func (m *Machine) Deadline() (time.Time, bool) {
	if m.playing || m.ended {
		return time.Time{}, false
	}
	at, _ := m.next()
	return at, true
}

// Expire ends the gather if its deadline has come at now, and reports whether
// it is over.
func (m *Machine) Expire(now time.Time) bool {
	if m.playing || m.ended {
		return m.Done()
	}
	at, end := m.next()
	if now.Before(at) {
		return false
	}
	m.finish(end)
	return true
}

// Result is what was keyed. With Choices the end is EndMatched, EndUnmatched
// or, without any digit, EndFirstDigit. It means nothing before Done.
func (m *Machine) Result() voice.GatherResult {
	r := voice.GatherResult{Digits: voice.Digits(m.digits), End: m.end, Method: m.method}
	if len(m.spec.Choices) == 0 {
		return r
	}
	switch {
	case len(m.digits) == 0:
		r.End = voice.EndFirstDigit
	case m.isChoice():
		r.End = voice.EndMatched
	default:
		r.End = voice.EndUnmatched
	}
	return r
}

// IsKey reports whether k is one of the sixteen keys (RFC 4733 §3.2).
func IsKey(k byte) bool {
	return k >= '0' && k <= '9' || k >= 'A' && k <= 'D' || k == '*' || k == '#'
}

// open starts the clocks.
func (m *Machine) open(now time.Time) { m.since, m.opened = now, now }

func (m *Machine) finish(end voice.GatherEnd) { m.ended, m.end = true, end }

// next gives the timer that runs out first.
func (m *Machine) next() (time.Time, voice.GatherEnd) {
	at, end := m.since.Add(m.spec.FirstDigit), voice.EndFirstDigit
	if len(m.digits) > 0 {
		at, end = m.since.Add(m.spec.InterDigit), voice.EndInterDigit
	}
	if m.spec.Overall > 0 {
		if o := m.opened.Add(m.spec.Overall); o.Before(at) {
			return o, voice.EndOverall
		}
	}
	return at, end
}

// press counts a key.
func (m *Machine) press(now time.Time, p Press) {
	if !IsKey(p.Key) {
		return
	}
	if m.playing && m.spec.BargeIn {
		m.playing = false
		m.open(now)
	}
	m.since = now
	m.method = p.Method
	begins := m.choiceBegins(p.Key)
	// A choice that needs a finish key at this place could never be keyed if
	// the finish key went first.
	if !begins && strings.IndexByte(string(m.spec.Finish), p.Key) >= 0 {
		m.finish(voice.EndFinish)
		return
	}
	m.digits = append(m.digits, p.Key)
	switch {
	case len(m.spec.Choices) > 0 && len(m.digits) == 1 && !begins:
		// Only the first key decides at once: the rest of a mistyped longer
		// input must not become the answer to the next menu.
		m.finish(voice.EndUnmatched)
	case m.isChoice() && !m.longerChoice():
		m.finish(voice.EndMatched)
	case len(m.digits) >= m.limit:
		m.finish(voice.EndLimit)
	}
}

// choiceBegins reports whether a choice begins with the input and key.
func (m *Machine) choiceBegins(key byte) bool {
	n := len(m.digits)
	for _, c := range m.spec.Choices {
		if len(c) > n && string(c[:n]) == string(m.digits) && c[n] == key {
			return true
		}
	}
	return false
}

// isChoice reports whether the input is a choice.
func (m *Machine) isChoice() bool {
	for _, c := range m.spec.Choices {
		if c != "" && string(c) == string(m.digits) {
			return true
		}
	}
	return false
}

// longerChoice reports whether a choice goes on from the input.
func (m *Machine) longerChoice() bool {
	n := len(m.digits)
	for _, c := range m.spec.Choices {
		if len(c) > n && string(c[:n]) == string(m.digits) {
			return true
		}
	}
	return false
}
