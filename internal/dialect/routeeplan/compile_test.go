package routeeplan_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
)

// Each archive has a plan and the program that it must give, a node a line.
// UPDATE=1 writes the programs.
func TestCompile(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range files {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var plan json.RawMessage
		for i, f := range a.Files {
			switch f.Name {
			case "plan.json":
				plan = f.Data
			case "program":
				got := program(t, plan)
				if got == string(f.Data) {
					continue
				}
				if os.Getenv("UPDATE") == "" {
					t.Errorf("%s gives\n%s\nnot\n%s", path, got, f.Data)
					continue
				}
				a.Files[i].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func program(t *testing.T, plan json.RawMessage) string {
	t.Helper()
	p, err := routeeplan.Parse(plan)
	if err != nil {
		t.Fatal(err)
	}
	compiled := routeeplan.Compile(p, routeeplan.Options{Name: "plan"})
	if ds := flow.Validate(compiled); len(ds) > 0 {
		t.Error(ds)
	}
	var b strings.Builder
	for _, n := range compiled.Nodes {
		step, err := json.Marshal(n.Step)
		if err != nil {
			t.Fatal(err)
		}
		exits, err := json.Marshal(n.Exits)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s %s %s %s\n", n.ID, n.Origin, n.Step.Kind(), step, exits)
	}
	return b.String()
}
