package dialecttest

import (
	"flag"
	"testing"
)

// seed is what property tests draw by unless -rapid.seed says otherwise.
const seed = "20261125"

// Run is for the TestMain of packages whose property tests draw the same
// documents in each run. Their tests import rapid.
func Run(m *testing.M) int {
	flag.Parse()
	if f := flag.Lookup("rapid.seed"); f.Value.String() == "0" {
		if err := flag.Set(f.Name, seed); err != nil {
			panic(err)
		}
	}
	return m.Run()
}
