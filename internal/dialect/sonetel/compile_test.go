package sonetel_test

import (
	"path/filepath"
	"strings"
	"testing"

	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/interp/interptest"
)

// compiler is a dialect that has only what compiling needs.
func compiler(t *testing.T) *sonetel.Dialect {
	t.Helper()
	d, err := sonetel.New(sonetel.Config{SIPDomain: "sip.example", LinkKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every document compiles to its golden program and its scenarios hold in
// virtual time.
func TestDocuments(t *testing.T) {
	d := compiler(t)
	for _, path := range dialecttest.Documents(t, "testdata/documents") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			if strings.HasSuffix(path, "broken.txtar") {
				dialecttest.RunBroken(t, path, sonetel.Kind, d.Compile)
				return
			}
			c := dialecttest.RunDocument(t, path, sonetel.Kind, d.Compile)
			for _, s := range c.Scenarios {
				t.Run(strings.TrimSuffix(s.Name, ".scenario"), func(t *testing.T) {
					interptest.RunText(t, c.Programs, c.Host, string(s.Data))
				})
			}
		})
	}
}
