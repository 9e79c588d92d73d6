package arch_test

import (
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

var rowTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`")

// docs/catalogue.md has every row of the catalogue, in order, and each has a test that
// exists, or says that there is none and why.
func TestCatalogue(t *testing.T) {
	tests := map[string]bool{}
	for _, f := range goFiles(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.test {
				tests[fn.Name.Name] = true
			}
		}
	}
	data, err := os.ReadFile(root + "/docs/catalogue.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, part := range []struct {
		letter      string
		first, last int
	}{{"A", 1, 2}, {"A", 7, 12}, {"B", 1, 48}, {"C", 1, 16}, {"D", 3, 10}} {
		for n := part.first; n <= part.last; n++ {
			want = append(want, fmt.Sprintf("%s-%02d", part.letter, n))
		}
	}
	for _, line := range strings.Split(string(data), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || len(cells[1]) < 6 || cells[1][2] != '-' {
			continue
		}
		row := strings.TrimSpace(cells[1])
		if len(want) == 0 || row != want[0] {
			t.Fatalf("after the rows before it comes %s", row)
		}
		want = want[1:]
		names := rowTest.FindAllStringSubmatch(cells[3], -1)
		if len(names) == 0 && (strings.TrimSpace(cells[3]) != "none" || strings.TrimSpace(cells[4]) == "") {
			t.Errorf("%s has no test, and nothing says why", row)
		}
		for _, n := range names {
			if !tests[n[1]] {
				t.Errorf("%s names %s, which does not exist", row, n[1])
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("%v are missing", want)
	}
}
