package telphinivr_test

import (
	"testing"

	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/telphinivr"
)

// Whatever a client sends is refused in words or makes a valid program, whose
// document makes the same program again.
func FuzzDocument(f *testing.F) {
	dialecttest.Seeds(f, "testdata/documents", ".json")
	f.Add([]byte(`{"extension":{"type":"queue"},"queue":{},"contexts":[{"id":1,"options":[{"digits":"1","rules":[{"action":"hangup"}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { dialecttest.CheckFormat(t, telphinivr.NewFormat(), data) })
}
