package suite_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tandem/internal/suite"
)

// reported is what the reports are made of: a test that passes, one that fails in the
// middle of a call, and names that formats would take for something else.
func reported(t *testing.T) []suite.Report {
	t.Helper()
	results := run(t, `
test "Anna is busy: a message"
  anna is busy
  presses 1
  hears "Leave a message"

test "A key # that \\ is <not> \"there\" & more"
  hears Welcome
  presses 1
  is transferred to user bert
  anna answers
`)
	return []suite.Report{{File: "office.test", Results: results}, {File: "other & more.test", Results: run(t, "test \"Welcome\"\n  hears Welcome\n"), Written: 2}}
}

// The reports as they are written, by testdata; UPDATE=1 writes it anew.
func TestReports(t *testing.T) {
	reports := reported(t)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text":    func(b *bytes.Buffer) error { suite.WriteText(b, reports, true, false); return nil },
		"colour":  func(b *bytes.Buffer) error { suite.WriteText(b, reports, false, true); return nil },
		"tap":     func(b *bytes.Buffer) error { suite.WriteTAP(b, reports); return nil },
		"junit":   func(b *bytes.Buffer) error { return suite.WriteJUnit(b, reports) },
		"nothing": func(b *bytes.Buffer) error { return suite.WriteJUnit(b, nil) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(name, err)
		}
		path := filepath.Join("testdata", "report."+name)
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, b.Bytes()) {
			t.Errorf("%s is\n%s\nnot\n%s", name, &b, want)
		}
	}
}

// element is any element of XML.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// JUnit's XML has the shape that its readers' schemas ask for: suites of cases, each of
// which has failed at most once, with counts that are right.
func TestJUnitShape(t *testing.T) {
	var b bytes.Buffer
	if err := suite.WriteJUnit(&b, reported(t)); err != nil {
		t.Fatal(err)
	}
	var root element
	if err := xml.Unmarshal(b.Bytes(), &root); err != nil {
		t.Fatal(err)
	}
	shape := map[string]struct {
		needs, may, children []string
	}{
		"testsuites": {[]string{"tests", "failures"}, nil, []string{"testsuite"}},
		"testsuite":  {[]string{"name", "tests", "failures"}, nil, []string{"testcase"}},
		"testcase":   {[]string{"name", "classname", "time"}, []string{"file", "line"}, []string{"failure"}},
		"failure":    {[]string{"message"}, nil, nil},
	}
	decimal := regexp.MustCompile(`^\d+\.\d{3}$`)
	var look func(e element) (cases, failures int)
	look = func(e element) (cases, failures int) {
		s, known := shape[e.XMLName.Local]
		if !known {
			t.Fatalf("element %s", e.XMLName.Local)
		}
		for _, name := range s.needs {
			if e.attr(name) == "" {
				t.Errorf("%s has no %s", e.XMLName.Local, name)
			}
		}
		for _, a := range e.Attrs {
			if all := strings.Join(append(s.needs, s.may...), " ") + " "; !strings.Contains(all, a.Name.Local+" ") {
				t.Errorf("%s has %s", e.XMLName.Local, a.Name.Local)
			}
		}
		for _, c := range e.Children {
			if !strings.Contains(strings.Join(s.children, " "), c.XMLName.Local) {
				t.Errorf("%s has a %s", e.XMLName.Local, c.XMLName.Local)
			}
			n, bad := look(c)
			cases, failures = cases+n, failures+bad
		}
		switch e.XMLName.Local {
		case "testcase":
			if !decimal.MatchString(e.attr("time")) || len(e.Children) > 1 {
				t.Errorf("a case of time %q with %d failures", e.attr("time"), len(e.Children))
			}
			return 1, len(e.Children)
		case "failure":
			return 0, 0
		}
		if e.attr("tests") != strconv.Itoa(cases) || e.attr("failures") != strconv.Itoa(failures) {
			t.Errorf("%s says %s tests, %s failures; there are %d and %d", e.XMLName.Local, e.attr("tests"), e.attr("failures"), cases, failures)
		}
		return cases, failures
	}
	if cases, failures := look(root); cases != 3 || failures != 1 {
		t.Errorf("%d cases, %d failures", cases, failures)
	}
}

// TAP is numbered, its plan is right, and no name makes a directive.
func TestTAPShape(t *testing.T) {
	var b bytes.Buffer
	suite.WriteTAP(&b, reported(t))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if lines[0] != "TAP version 14" || lines[1] != "1..3" {
		t.Errorf("it begins with %q", lines[:2])
	}
	n := 0
	point := regexp.MustCompile(`^(not )?ok (\d+) - `)
	for _, l := range lines[2:] {
		m := point.FindStringSubmatch(l)
		if m == nil {
			if !strings.HasPrefix(l, "  ") {
				t.Errorf("a line outside of a point: %q", l)
			}
			continue
		}
		if n++; m[2] != strconv.Itoa(n) {
			t.Errorf("point %d is %q", n, l)
		}
		if strings.Contains(strings.ReplaceAll(l, `\#`, ""), "#") {
			t.Errorf("a directive in %q", l)
		}
	}
	if n != 3 {
		t.Errorf("%d points", n)
	}
}
