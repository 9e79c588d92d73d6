package native_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
)

const docs = "../../../docs/"

// in order checks that a text has no diagnostics at all and says what it says in
// the other form of text too.
func inOrder(t *testing.T, name string, text []byte) flow.Program {
	t.Helper()
	p, ds, err := native.NewFormat().CompileFile(t.Context(), text, dialect.OpenResolver{})
	if err != nil || len(ds) > 0 {
		t.Errorf("%s: %v, %v", name, ds, err)
		return p
	}
	for _, f := range []dialect.Format{native.NewFormat(), native.NewYAMLFormat()} {
		q, _ := back(t, f, p)
		if d := diff(p, q); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	return p
}

// examples lists those of the manual.
func examples(t *testing.T) [][]byte {
	t.Helper()
	text, err := os.ReadFile(docs + "flow-format.md")
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		list = append(list, m[1])
	}
	if len(list) < 5 {
		t.Fatalf("%d examples", len(list))
	}
	return list
}

// The manual's examples are flows, and its tables name every step and field.
func TestManual(t *testing.T) {
	text, err := os.ReadFile(docs + "flow-format.md")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for i, e := range examples(t) {
		p := inOrder(t, fmt.Sprintf("example %d", i+1), e)
		for _, n := range p.Nodes {
			used[n.Step.Kind()] = true
		}
	}
	for _, w := range native.Words() {
		if !regexp.MustCompile("[`{]" + w + "[`:]").Match(text) {
			t.Errorf("the manual does not name %s", w)
		}
	}
	for _, s := range flow.StepTypes() {
		switch s.(type) {
		case flow.Answer, flow.PlayRecording, flow.SaveSound, flow.Wait, flow.Return:
			continue // whose form the tables show
		}
		if !used[s.Kind()] {
			t.Errorf("no example has a step %s", s.Kind())
		}
	}
}

func TestSamples(t *testing.T) {
	files, err := filepath.Glob("../../../test/samples/native/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		inOrder(t, f, text)
	}
}

// The published schema is the one that the tables give. UPDATE=1 writes it.
func TestPublishedSchema(t *testing.T) {
	const file = docs + "flow.schema.json"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, native.Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	published, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(published, native.Schema()) {
		t.Errorf("%s is not what the tables give; UPDATE=1 go test ./internal/dialect/native writes it", file)
	}
}
