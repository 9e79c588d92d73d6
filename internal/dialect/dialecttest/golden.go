package dialecttest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Compiler is dialect.Dialect.Compile.
type Compiler func(ctx context.Context, app voice.App, r dialect.Resolver) (flow.Program, flow.Diagnostics, error)

// Case is what an archive of documents holds besides its golden files.
type Case struct {
	Programs  []*flow.Program // of the documents, in their order
	Host      string
	Scenarios []txtar.File // *.scenario
}

// Documents lists the archives of a folder.
func Documents(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives in %s: %v", dir, err)
	}
	return files
}

// RunDocument compiles the documents of an archive and compares the program of
// the first with the file "program" and its diagnostics with the file
// "diagnostics". Documents are the files "ID TYPE NAME.json"; the file "world"
// is read by World.Read.
func RunDocument(t *testing.T, path string, kind voice.AppKind, compile Compiler) Case {
	t.Helper()
	c := RunBroken(t, path, kind, compile)
	for _, p := range c.Programs {
		for _, d := range flow.Validate(p) {
			t.Errorf("program of %s: %s", p.App, d)
		}
	}
	return c
}

// RunBroken is RunDocument for documents that give no program that could run.
func RunBroken(t *testing.T, path string, kind voice.AppKind, compile Compiler) Case {
	t.Helper()
	a := Archive(t, path)
	var w World
	var docs []voice.App
	var c Case
	for _, f := range a.Files {
		switch name, isDoc := strings.CutSuffix(f.Name, ".json"); {
		case f.Name == "world":
			if err := w.Read(kind, string(f.Data)); err != nil {
				t.Fatal(err)
			}
		case f.Name == "host":
			c.Host = string(f.Data)
		case strings.HasSuffix(f.Name, ".scenario"):
			c.Scenarios = append(c.Scenarios, f)
		case isDoc:
			parts := strings.SplitN(name, " ", 3)
			if len(parts) != 3 {
				t.Fatalf("%s: a document is named ID TYPE NAME.json, not %q", path, f.Name)
			}
			docs = append(docs, voice.App{ID: voice.AppID(parts[0]), Kind: kind, Type: parts[1], Name: parts[2], Document: f.Data})
		}
	}
	w.AppList = append(w.AppList, docs...)
	for i, app := range docs {
		p, diags, err := compile(t.Context(), app, &w)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			Compare(t, path, a, "program", lines(t, p))
			var found strings.Builder
			for _, d := range diags {
				found.WriteString(d.String() + "\n")
			}
			Compare(t, path, a, "diagnostics", found.String())
		}
		c.Programs = append(c.Programs, &p)
	}
	return c
}

// Archive reads an archive, whose comment says where the example comes from.
func Archive(t *testing.T, path string) *txtar.Archive {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := txtar.Parse(data)
	if len(bytes.TrimSpace(a.Comment)) == 0 {
		t.Errorf("%s: the comment does not say where the example comes from", path)
	}
	return a
}

// Compare holds got to the golden file of a name, or rewrites it.
func Compare(t *testing.T, path string, a *txtar.Archive, name, got string) {
	t.Helper()
	i := 0
	for i < len(a.Files) && a.Files[i].Name != name {
		i++
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if i == len(a.Files) {
			a.Files = append(a.Files, txtar.File{Name: name})
		}
		a.Files[i].Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := ""
	if i < len(a.Files) {
		want = string(a.Files[i].Data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s (-want +got):\n%s", path, name, diff)
	}
}

// lines writes a program with one node a line.
func lines(t *testing.T, p flow.Program) string {
	t.Helper()
	nodes := p.Nodes
	p.Nodes = nil
	head, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.NewBuffer(append(head, '\n'))
	for _, n := range nodes {
		one, err := json.Marshal(flow.Program{Nodes: []flow.Node{n}})
		if err != nil {
			t.Fatal(err)
		}
		_, line, _ := bytes.Cut(one, []byte(`"nodes":[`))
		b.Write(bytes.TrimSuffix(line, []byte("]}")))
		b.WriteByte('\n')
	}
	return b.String()
}
