package suite

import (
	"fmt"
	"strings"
)

// Bounds of a file of tests.
const (
	MaxFileSize  = 1 << 20 // bytes
	MaxTests     = 10_000
	MaxSentences = 1_000 // of one test, those that are common to all included
	maxLine      = 8_000 // bytes; bodies of answers stand on one line
	maxName      = 200   // characters of a test's name
)

// File is a file of tests: what is common to all of them, and the tests.
type File struct {
	Name  string
	Flow  Document // "" = beside the file, see FlowFor
	Apps  []Document
	Tests []*Test
	// Application is the real application that the tests are about.
	Application AppUnderTest
	common      []sentence
	names       map[string]ref // parties: "anna is user 55"
}

// Document names a flow that a file of tests is about, or an app that it leads to.
type Document struct {
	App  string // id of the app; "" = the flow that is tested
	File string
	Kind string // "sonetel"; "" = by the name of the file
	Line int
}

// AppUnderTest says how a real application is reached by calls and documents.
type AppUnderTest struct {
	Kind string // "hoiio" or "routee": calls that come in are its; "" = none are
	Path string // where it is told of them, or asked
	As   string // an address that stands for it: "http://www.example.com"
}

// Test is a test: a name and its sentences.
type Test struct {
	Name      string
	Line      int
	sentences []sentence
}

// sentence is one line of a test.
type sentence struct {
	line, col int
	text      string
	do        action
	beyond    bool // it arranges what a caller can't: the world, or who is rung
}

// action does what a sentence says.
type action func(*director) error

// Parse reads a file of tests. The errors, at most 20, are SyntaxErrors with line
// and column.
func Parse(name string, data []byte) (*File, []*SyntaxError) {
	f := &File{Name: name, names: map[string]ref{}}
	var faults []*SyntaxError
	fault := func(line int, e *SyntaxError) {
		e.File, e.Line = name, line
		if len(faults) < 20 {
			faults = append(faults, e)
		}
	}
	if len(data) > MaxFileSize {
		fault(1, &SyntaxError{Col: 1, Text: fmt.Sprintf("the file has more than %d bytes", MaxFileSize)})
		return f, faults
	}
	r := reader{file: f, seen: map[string]int{}}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		w := split(line)
		switch {
		case len(line) > maxLine:
			w.failAt(0, "the line has more than %d bytes", maxLine)
		case w.err == nil && len(w.all) > 0:
			r.line(n, w)
		}
		if w.err != nil {
			fault(n, w.err)
		}
	}
	if len(f.Tests) == 0 && len(faults) == 0 {
		fault(n, &SyntaxError{Col: 1, Text: `there is no test: one begins with a line as: test "Sales reaches Anna"`})
	}
	return f, faults
}

// reader reads a file line by line.
type reader struct {
	file *File
	test *Test
	seen map[string]int // tests by name

	beyond bool // of the sentence that is read
}

func (r *reader) line(n int, w *words) {
	switch {
	case w.take("test"):
		r.begin(n, w)
		return
	case r.test == nil && w.take("flow") && w.peek() != "asks":
		r.file.Flow = document(n, w, "")
		return
	case r.test == nil && w.peek() == "application" && w.peekAt(1) != "is":
		r.application(w)
		return
	case r.test == nil && w.take("app"):
		id := w.text("the id of the app")
		w.must("is")
		r.file.Apps = append(r.file.Apps, document(n, w, id))
		return
	}
	s := sentence{line: n, col: w.place() + 1, text: strings.TrimSpace(w.line)}
	w.then = w.take("then")
	r.beyond = false
	s.do = r.sentence(w)
	s.beyond = r.beyond
	if w.then && w.err == nil {
		w.failAt(0, `"then" stands before what is expected`)
	}
	w.done()
	if w.err != nil || s.do == nil {
		return
	}
	if r.test == nil {
		r.file.common = append(r.file.common, s)
		return
	}
	if len(r.file.common)+len(r.test.sentences) >= MaxSentences {
		w.failAt(0, "the test has more than %d sentences", MaxSentences)
		return
	}
	r.test.sentences = append(r.test.sentences, s)
}

// application reads "application hoiio /answer" and "application at http://www.example.com".
func (r *reader) application(w *words) {
	w.must("application")
	a := &r.file.Application
	switch {
	case w.take("at"):
		a.As = w.text("the address")
	case w.peek() == "hoiio", w.peek() == "routee":
		a.Kind = w.peek()
		w.next++
		a.Path = w.text("the path, as /answer,")
	default:
		w.fail(`"application hoiio /answer", "application routee /plan" or "application at http://www.example.com" is expected`)
	}
	w.done()
}

func (r *reader) begin(n int, w *words) {
	at := w.place()
	name := strings.TrimSpace(w.span("the name of the test"))
	w.done()
	switch {
	case w.err != nil:
	case name == "" || len([]rune(name)) > maxName:
		w.failAt(at, "a name of a test has 1 to %d characters", maxName)
	case r.seen[name] > 0:
		w.failAt(at, "line %d has a test of that name already", r.seen[name])
	case len(r.file.Tests) >= MaxTests:
		w.failAt(at, "the file has more than %d tests", MaxTests)
	}
	if w.err != nil {
		name = fmt.Sprintf("line %d", n) // its sentences are read all the same
	}
	r.seen[name] = n
	r.test = &Test{Name: name, Line: n}
	r.file.Tests = append(r.file.Tests, r.test)
}

// document reads "FILE [as KIND]".
func document(n int, w *words, app string) Document {
	d := Document{App: app, Line: n, File: w.text("the file of the flow")}
	if w.take("as") {
		d.Kind = w.text("the kind of the flow")
	}
	w.done()
	return d
}
