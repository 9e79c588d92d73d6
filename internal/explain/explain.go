// Package explain tells in plain words what happened in a call: one sentence that
// says the most telling, and a few more. It is pure: a call's record and its
// timeline go in, text comes out, the same each time.
//
// What was keyed is told only where the flow has a way of its own for it or none
// at all ("pressed 7, which is not assigned"); of longer input only how much it
// was, since it may be a card or a secret.
package explain

import (
	"fmt"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Explanation is a call in plain words.
type Explanation struct {
	// Headline is one sentence with the most telling.
	Headline string
	// More are further sentences, in the order in which they matter.
	More []string
}

// String gives all sentences, one after the other.
func (a Explanation) String() string {
	return strings.Join(append([]string{a.Headline}, a.More...), " ")
}

// Bounds of an explanation.
const (
	headActs  = 3   // what the headline tells before the end
	mostActs  = 12  // that are told at all
	mostWords = 160 // of what a peer or an author wrote, in bytes
)

// Of explains a call from its record and its timeline, in order of
// Seq. A call that is up is explained too: how far it has come.
func Of(c voice.CDR, events []voice.Event) Explanation {
	s := newStory(c, events)
	var a Explanation
	fault, faultMore := s.silence()
	switch {
	case fault != "":
		a.Headline = sentence(fault)
		a.More = append(a.More, faultMore...)
		a.More = append(a.More, sentence(s.headline()))
	default:
		a.Headline = sentence(s.headline())
	}
	if text := s.arrival(); text != "" {
		a.More = append(a.More, sentence(text))
	}
	if text := s.before(); text != "" {
		a.More = append(a.More, sentence(text))
	}
	for _, t := range s.troubles {
		a.More = append(a.More, sentence(t))
	}
	if text := s.quality(); text != "" {
		a.More = append(a.More, sentence(text))
	}
	if text := s.why(); text != "" {
		a.More = append(a.More, sentence(text))
	}
	return a
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	if s[0] >= 'a' && s[0] <= 'z' {
		s = string(s[0]-'a'+'A') + s[1:]
	}
	switch s[len(s)-1] {
	case '.', '!', '?':
		return s
	}
	return s + "."
}

// listed joins clauses: "a, b, and c".
func listed(parts []string) string {
	switch n := len(parts); n {
	case 0:
		return ""
	case 1:
		return parts[0]
	case 2:
		if !strings.Contains(parts[0], ",") {
			return parts[0] + " and " + parts[1]
		}
		fallthrough
	default:
		return strings.Join(parts[:n-1], ", ") + ", and " + parts[n-1]
	}
}

// span gives a time as people say it: "4 s", "2 min 3 s", "1 h 5 min".
func span(d time.Duration) string {
	switch s := int64(d.Round(time.Second) / time.Second); {
	case d < time.Second:
		return "less than a second"
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600 && s%60 == 0:
		return fmt.Sprintf("%d min", s/60)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s%3600 < 60:
		return fmt.Sprintf("%d h", s/3600)
	default:
		return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
	}
}

// often says how many times: "" for once.
func often(n int) string {
	switch n {
	case 0, 1:
		return ""
	case 2:
		return " twice"
	}
	return fmt.Sprintf(" %d times", n)
}

// cut bounds what others wrote, and keeps it on one line.
func cut(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
	if len(s) > mostWords {
		return strings.ToValidUTF8(s[:mostWords], "") + "…"
	}
	return s
}
