package dialecttest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"tandem/internal/dialect"
	"tandem/internal/flow"
)

// Seeds gives a fuzz target the files of all archives in dir whose names end so.
func Seeds(f *testing.F, dir, ending string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no archives in %s: %v", dir, err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ending) {
				f.Add(file.Data)
			}
		}
	}
}

// CheckFormat holds of any file: it is refused in words, or makes a program that
// is valid; and what that program is expressed as, if nothing is lost, makes a
// program that is expressed the same.
func CheckFormat(t *testing.T, format dialect.Format, data []byte) {
	t.Helper()
	p, ds, err := format.CompileFile(t.Context(), data, dialect.OpenResolver{})
	if err != nil {
		t.Fatal(err)
	}
	if d, bad := ds.FirstError(); bad {
		if d.Text == "" {
			t.Fatalf("refused without a word: %v", ds)
		}
		return
	}
	if faults := flow.Validate(&p); len(faults) > 0 {
		t.Fatal(faults)
	}
	once, losses, err := format.ExpressFile(t.Context(), p, dialect.OpenResolver{})
	if err != nil || len(losses) > 0 {
		return
	}
	q, ds, err := format.CompileFile(t.Context(), once, dialect.OpenResolver{})
	if d, bad := ds.FirstError(); err != nil || bad {
		t.Fatalf("what is made of it can't be read: %v %v\n%s", err, d, once)
	}
	twice, _, err := format.ExpressFile(t.Context(), q, dialect.OpenResolver{})
	if err != nil || string(twice) != string(once) {
		t.Fatalf("%v; once\n%s\ntwice\n%s", err, once, twice)
	}
}
