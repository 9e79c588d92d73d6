package interp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
)

func TestScenarios(t *testing.T) { interptest.RunDir(t, "testdata") }

// A step type without an executor's file or a scenario can't pass.
func TestEveryStepIsShown(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for _, s := range flow.StepTypes() {
		if !strings.Contains(all.String(), `"step": {"kind": "`+s.Kind()+`"`) {
			t.Errorf("no archive in testdata has a step of kind %s", s.Kind())
		}
		p := &flow.Program{App: "A", Entry: "n", Nodes: []flow.Node{{ID: "n", Step: s}}}
		o := interptest.Run(t, p, &interptest.MemoryHost{}, func(c *interptest.Caller) {
			c.Never("can't be run")
		})
		if len(o.Trace.Visits) != 1 {
			t.Errorf("step %s: visits %v", s.Kind(), o.Trace.Visits)
		}
	}
}
