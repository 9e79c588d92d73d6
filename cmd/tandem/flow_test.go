package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The status of flow convert tells whether something was lost.
func TestConvertStatus(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	menu := file("menu.yaml", "flow: 1\nname: M\nstart: a\nsteps: {a: {hours: {open: [{days: mon, from: 09:00, to: 10:00}]}, open: b}, b: {play: [{say: Hi}]}}\n")
	bad := file("bad.yaml", "flow: 1\nstart: b\nsteps: {a: {answer: }}\n")
	for _, tt := range []struct {
		to, file string
		want     int
	}{{"native", menu, 0}, {"sonetel", menu, 3}, {"sonetel", bad, 1}, {"nobody", menu, 1}} {
		var out, errs bytes.Buffer
		if got := run([]string{"flow", "convert", "--from", "native", "--to", tt.to, tt.file}, &out, &errs); got != tt.want {
			t.Errorf("%s to %s: status %d, want %d\n%s%s", tt.file, tt.to, got, tt.want, &out, &errs)
		}
	}
}
