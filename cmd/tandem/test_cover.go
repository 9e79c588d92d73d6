package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tandem/internal/suite"
	"tandem/internal/voice"
)

// cover says what the tests of a file have reached, and writes those that are missing.
func (c *testCmd) cover(p *program, f *suiteFile, r *suite.Report) error {
	var cov suite.Coverage
	for _, x := range r.Results {
		cov.Add(x)
	}
	if c.Write {
		written := f.setup.WriteMissing(p.ctx, f.file, &cov)
		if len(written.Tests) > 0 {
			if err := appendTests(f.name, f.data, written.Tests); err != nil {
				return err
			}
		}
		r.Written = len(written.Tests)
	}
	programs := f.setup.Programs()
	if f.file.Application.Kind != "" && len(programs) > 0 {
		programs = programs[1:] // the vendor's wait for the application, which nobody wrote
	}
	for _, prog := range append(programs, f.setup.Seen.List()...) {
		r.Covered = append(r.Covered, cov.Of(prog))
	}
	return nil
}

// short says whether too little was reached.
func (c *testCmd) short(r suite.Report) bool {
	for _, x := range r.Covered {
		if x.Exits.Seen*100 < c.Least*x.Exits.All {
			return true
		}
	}
	return false
}

func appendTests(name string, data []byte, tests []string) error {
	text := suite.Append(string(data), tests)
	if len(text) > suite.MaxFileSize {
		return voice.InvalidField("test", "path", "%s would have more than %d bytes", name, suite.MaxFileSize)
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// newTests begins a file of tests for a flow that has none, and gives its name.
func newTests(flow string) (string, error) {
	kind := kindOf(flow)
	base := strings.TrimSuffix(flow, filepath.Ext(flow))
	base = strings.TrimSuffix(base, "."+kind)
	name := base + testEnding
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	text := fmt.Sprintf("flow %s as %s\n", filepath.Base(flow), kind)
	return name, os.WriteFile(name, []byte(text), 0o644)
}
