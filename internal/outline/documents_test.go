package outline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tandem/internal/flow"
	"tandem/internal/outline"
)

// TestTextOfVendorsPrograms tells the programs that the vendors' golden
// documents compile to, and holds some to the words in testdata.
func TestTextOfVendorsPrograms(t *testing.T) {
	files, err := filepath.Glob("../dialect/*/testdata/documents/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d documents: %v", len(files), err)
	}
	for _, path := range files {
		vendor := filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(path))))
		name := vendor + "_" + strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) {
			p := program(t, path)
			if p.Entry == "" {
				t.Skip("the document gives no program that runs")
			}
			text := outline.New(&p).Text()
			flow.Walk(&p, func(n *flow.Node) bool {
				if _, count := n.Step.(flow.Count); !count && !strings.Contains(text, "["+string(n.ID)) {
					t.Errorf("node %s is not told", n.ID)
				}
				return true
			})
			golden := filepath.Join("testdata", name+".txt")
			want, err := os.ReadFile(golden)
			if err != nil {
				return // only some are held to their words
			}
			if os.Getenv("UPDATE_GOLDEN") == "1" {
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), text); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// program reads the golden program of an archive of documents.
func program(t *testing.T, path string) flow.Program {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse(data).Files {
		if f.Name != "program" {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(f.Data)), "\n")
		head, ok := strings.CutSuffix(lines[0], `"nodes":[]}`)
		tail := "]}"
		if !ok { // what follows the nodes stands after them
			head, tail, _ = strings.Cut(lines[0], `"nodes":[]`)
			tail = "]" + tail
		}
		p, ds := flow.Decode([]byte(head + `"nodes":[` + strings.Join(lines[1:], ",") + tail))
		if d, bad := ds.FirstError(); bad {
			t.Fatal(d)
		}
		return p
	}
	return flow.Program{}
}
