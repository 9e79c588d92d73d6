package suite

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Report is what came of the tests of one file.
type Report struct {
	File    string
	Results []*Result
	Covered []Covered // what of the programs the tests have reached; nil = nobody asked
	Written int       // tests that were written
}

// Failed counts the tests that failed.
func Failed(reports []Report) (failed, all int) {
	for _, r := range reports {
		for _, x := range r.Results {
			all++
			if !x.Passed {
				failed++
			}
		}
	}
	return failed, all
}

// WriteText tells people: the tests that failed, each with its call as a transcript,
// and how many there were; verbose lists the others too. colour uses the codes of ECMA-48.
func WriteText(w io.Writer, reports []Report, verbose, colour bool) {
	p := painter{w, colour}
	for _, r := range reports {
		for _, x := range r.Results {
			switch {
			case !x.Passed:
				p.fault(r.File, x)
			case verbose:
				p.line("ok    ", "32", "%s:%d  %s", r.File, x.Line, x.Name)
			}
		}
	}
	for _, r := range reports {
		WriteCover(w, r.File, r.Covered)
		if r.Written > 0 {
			fmt.Fprintln(w, clean(fmt.Sprintf("%s  %s written", r.File, tests(r.Written))))
		}
	}
	failed, all := Failed(reports)
	if failed > 0 {
		p.line("FAIL  ", "31;1", "%d of %s failed", failed, tests(all))
		return
	}
	p.line("ok    ", "32", "%s", tests(all))
}

func tests(n int) string {
	if n == 1 {
		return "1 test"
	}
	return fmt.Sprintf("%d tests", n)
}

// painter writes lines with colour, or without.
type painter struct {
	w      io.Writer
	colour bool
}

func (p painter) line(mark, code, format string, args ...any) {
	if p.colour {
		mark = "\x1b[" + code + "m" + mark + "\x1b[0m"
	}
	fmt.Fprintln(p.w, mark+clean(fmt.Sprintf(format, args...)))
}

// fault tells of a test that failed.
func (p painter) fault(file string, x *Result) {
	p.line("FAIL  ", "31;1", "%s:%d  %s", file, x.Line, x.Name)
	for _, l := range x.Before() {
		p.line("      ", "0", "%s", l)
	}
	p.line("  expected        ", "31", "%s   (%s:%d)", x.Fault.Expected, file, x.Fault.Line)
	p.line("  actual          ", "33", "%s", x.Fault.Actual)
	for _, l := range x.After() {
		p.line("      ", "2", "%s", l)
	}
	fmt.Fprintln(p.w)
}

// clean makes what strangers wrote safe for a terminal.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return '�'
		}
		return c
	}, s)
}

// WriteTAP writes the Test Anything Protocol, version 14.
func WriteTAP(w io.Writer, reports []Report) {
	_, all := Failed(reports)
	fmt.Fprintf(w, "TAP version 14\n1..%d\n", all)
	n := 0
	for _, r := range reports {
		for _, x := range r.Results {
			n++
			name := clean(strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(r.File + ": " + x.Name))
			if x.Passed {
				fmt.Fprintf(w, "ok %d - %s\n", n, name)
				continue
			}
			fmt.Fprintf(w, "not ok %d - %s\n  ---\n", n, name)
			fmt.Fprintf(w, "  at: %q\n", fmt.Sprintf("%s:%d:%d", r.File, x.Fault.Line, x.Fault.Col))
			fmt.Fprintf(w, "  expected: %q\n  actual: %q\n  transcript: |\n", clean(x.Fault.Expected), clean(x.Fault.Actual))
			for _, l := range x.Before() {
				fmt.Fprintf(w, "    %s\n", clean(l.String()))
			}
			fmt.Fprintln(w, "  ...")
		}
	}
}

// What JUnit's readers take.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes JUnit's XML. Times are virtual.
func WriteJUnit(w io.Writer, reports []Report) error {
	doc := junitSuites{}
	doc.Failures, doc.Tests = Failed(reports)
	for _, r := range reports {
		s := junitSuite{Name: r.File}
		s.Failures, s.Tests = Failed([]Report{r})
		for _, x := range r.Results {
			c := junitCase{Name: clean(x.Name), Class: r.File, File: r.File, Line: x.Line, Time: fmt.Sprintf("%.3f", x.Took.Seconds())}
			if !x.Passed {
				var b strings.Builder
				fmt.Fprintf(&b, "%s:%d:%d\nexpected: %s\nactual: %s\n", r.File, x.Fault.Line, x.Fault.Col, x.Fault.Expected, x.Fault.Actual)
				for _, l := range x.Before() {
					fmt.Fprintln(&b, l)
				}
				c.Failure = &junitFailure{Message: clean(x.Fault.Error()), Text: b.String()}
			}
			s.Cases = append(s.Cases, c)
		}
		doc.Suites = append(doc.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
