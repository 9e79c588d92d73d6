// Package web runs the tests of the web app: those of its code, and those in which
// Chromium uses it on a server of its own (Playwright).
package web_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// ui is where the sources of the web app are.
const ui = "../../internal/web/ui"

// node runs a tool of the web app's modules; its whole output stands in the log of a
// test that failed.
func node(t *testing.T, tool string, args ...string) {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join(ui, "node_modules/.bin", tool))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, args...)
	cmd.Dir = ui
	cmd.Env = append(os.Environ(), "CI=1", "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v (make build installs and builds what this test needs)\n%s", tool, err, out)
	}
	t.Logf("%s", out)
}

func TestCode(t *testing.T) { node(t, "vitest", "run") }

func TestPages(t *testing.T) {
	specs, err := filepath.Glob(filepath.Join(ui, "e2e/*.spec.ts"))
	if err != nil || len(specs) == 0 {
		t.Fatalf("no specs found: %v", err)
	}
	for _, s := range specs {
		name := filepath.Base(s)
		t.Run(name, func(t *testing.T) { node(t, "playwright", "test", "e2e/"+name) })
	}
}
