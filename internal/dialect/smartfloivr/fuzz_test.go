package smartfloivr_test

import (
	"testing"

	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/smartfloivr"
)

// Whatever a client sends is refused in words or makes a valid program, whose
// document makes the same program again.
func FuzzDocument(f *testing.F) {
	dialecttest.Seeds(f, "testdata/documents", ".json")
	f.Add([]byte(`{"name":"x","recording":"recording|1","timeout":5,"option":[{"key":"1","destination":"extension|101"},{"key":"t","destination":"hangup|1"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { dialecttest.CheckFormat(t, smartfloivr.NewFormat(), data) })
}

// A destination that is read is written as what is read the same.
func FuzzReferences(f *testing.F) {
	for _, s := range []string{"extension|101", "agent||+91 98765 43210", "ivr||57000", "hangup", "custom_dialplan||my plan", "a|b|c|"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := smartfloivr.ParseDestination(s)
		if err != nil {
			return
		}
		again, err := smartfloivr.ParseDestination(ref.String())
		if err != nil || again != ref {
			t.Fatalf("%q is %q, and that %+v, not %+v: %v", s, ref.String(), again, ref, err)
		}
	})
}
