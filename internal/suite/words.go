package suite

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"tandem/internal/voice"
)

// SyntaxError is a sentence that can't be read.
type SyntaxError struct {
	File string
	Line int // from 1
	Col  int // from 1, in characters
	Text string
}

// Error gives "office.test:3:9: …".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Text)
}

// word is a part of a sentence.
type word struct {
	text   string
	at     int // byte in the line
	quoted bool
}

// words is a sentence that is read from left to right.
type words struct {
	line string
	all  []word
	next int
	err  *SyntaxError // the first fault
	then bool         // the sentence begins so, and nothing has made use of it yet
}

// split parts a line at white space, but for what is in quotes. A "#" at the
// beginning of a word begins a comment.
func split(line string) *words {
	w := &words{line: line}
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '#' && len(w.all) == 0:
			return w
		case c == '"':
			text, end, ok := unquote(line, i)
			if !ok {
				w.failAt(i, "the quotation is not closed")
				return w
			}
			w.all = append(w.all, word{text, i, true})
			i = end
		default:
			end := i
			for end < len(line) && !strings.ContainsRune(" \t\r", rune(line[end])) {
				end++
			}
			w.all = append(w.all, word{line[i:end], i, false})
			i = end
		}
	}
	return w
}

// unquote reads the quotation that begins at i: \" and \\ are a quote and a
// backslash within it.
func unquote(line string, i int) (text string, end int, ok bool) {
	var b strings.Builder
	for i++; i < len(line); i++ {
		switch {
		case line[i] == '"':
			return b.String(), i + 1, true
		case line[i] == '\\' && i+1 < len(line) && (line[i+1] == '"' || line[i+1] == '\\'):
			i++
		}
		b.WriteByte(line[i])
	}
	return "", i, false
}

// quote writes a text as split reads it.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ").Replace(s) + `"`
}

func (w *words) failAt(at int, format string, args ...any) {
	if w.err == nil {
		w.err = &SyntaxError{Col: utf8.RuneCountInString(w.line[:min(at, len(w.line))]) + 1, Text: fmt.Sprintf(format, args...)}
	}
}

// fail says what is wrong at the next word.
func (w *words) fail(format string, args ...any) { w.failAt(w.place(), format, args...) }

// place is where the next word begins.
func (w *words) place() int {
	if w.next < len(w.all) {
		return w.all[w.next].at
	}
	return len(strings.TrimRight(w.line, " \t\r"))
}

func (w *words) over() bool { return w.next >= len(w.all) || w.err != nil }

// peek gives the next word in small letters; "" at the end and for a quotation.
func (w *words) peek() string { return w.peekAt(0) }

func (w *words) peekAt(n int) string {
	if i := w.next + n; i < len(w.all) && !w.all[i].quoted {
		return strings.ToLower(w.all[i].text)
	}
	return ""
}

// has says whether a word is still to come.
func (w *words) has(word string) bool {
	for i := w.next; i < len(w.all); i++ {
		if !w.all[i].quoted && strings.EqualFold(w.all[i].text, word) {
			return true
		}
	}
	return false
}

// take takes the words if they come next.
func (w *words) take(sequence string) bool {
	list := strings.Fields(sequence)
	for i, x := range list {
		if w.peekAt(i) != x {
			return false
		}
	}
	w.next += len(list)
	return true
}

// must takes words that have to come next.
func (w *words) must(sequence string) {
	if !w.take(sequence) {
		w.fail("%q is expected here", sequence)
	}
}

// text takes one word or quotation.
func (w *words) text(what string) string {
	if w.over() {
		w.fail("%s is missing", what)
		return ""
	}
	w.next++
	return w.all[w.next-1].text
}

// span takes a text: a quotation, or the words up to one of until or to a time.
func (w *words) span(what string, until ...string) string {
	if w.over() {
		w.fail("%s is missing", what)
		return ""
	}
	if w.all[w.next].quoted {
		return w.text(what)
	}
	begin, end := w.all[w.next].at, 0
	for !w.over() {
		if isDuration(w.peek()) && w.peekAt(1) == "later" || w.peek() == "after" && isDuration(w.peekAt(1)) {
			break
		}
		stop := false
		for _, u := range until {
			stop = stop || w.peek() == u
		}
		if stop {
			break
		}
		w.next++
		end = len(w.line)
		if w.next < len(w.all) {
			end = w.all[w.next].at
		}
	}
	if end == 0 {
		w.fail("%s is missing", what)
		return ""
	}
	return strings.TrimSpace(w.line[begin:end])
}

// rest takes the rest of the line as it is written.
func (w *words) rest(what string) string {
	if w.over() {
		w.fail("%s is missing", what)
		return ""
	}
	s := strings.TrimSpace(w.line[w.all[w.next].at:])
	w.next = len(w.all)
	return s
}

// maxTime bounds the times of a sentence.
const maxTime = 48 * time.Hour

func isDuration(s string) bool {
	d, err := time.ParseDuration(s)
	return err == nil && d >= 0 && d <= maxTime
}

func (w *words) duration() time.Duration {
	s := w.peek()
	if !isDuration(s) {
		w.fail("a time is expected here, as 6s or 1m30s, at most %v", maxTime)
		return 0
	}
	w.next++
	d, _ := time.ParseDuration(s) // isDuration has tried it
	return d
}

func (w *words) count(what string, least, most int) int {
	n := 0
	if _, err := fmt.Sscanf(w.peek(), "%d", &n); err != nil || n < least || n > most {
		w.fail("%s is expected here, a number from %d to %d", what, least, most)
		return least
	}
	w.next++
	return n
}

func (w *words) keys() voice.Digits {
	at := w.place()
	s := w.text("keys, as 2#,")
	if len(s) > voice.MaxGatherDigits || strings.Trim(s, "0123456789*#ABCD") != "" {
		w.failAt(at, "%q are no keys: 0 to 9, * and #, at most %d", s, voice.MaxGatherDigits)
	}
	return voice.Digits(s)
}

// done says that the sentence has to be over.
func (w *words) done() {
	if !w.over() {
		w.fail("the sentence should be over here")
	}
}
