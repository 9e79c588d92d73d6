package main

import (
	"bytes"
	"testing"
)

// The examples' tests pass, and reach every exit: of the flows that are documents, and of
// all that the applications of Hoiio and Routee, which really run, answer and order.
func TestExamples(t *testing.T) {
	for name, more := range map[string][]string{
		"native": {"--least", "100"}, "sonetel": {"--least", "100"}, "telphin": {"--least", "100"}, "smartflo": {"--least", "100"},
		"hoiio": {"--least", "100", "--run", "python3 ../../examples/hoiio/attendant.py"}, "routee": {"--least", "100", "--run", "python3 ../../examples/routee/pin.py"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			args := append([]string{"test", "--cover", "../../examples/" + name}, more...)
			if status := run(args, &out, &errs); status != 0 {
				t.Errorf("status %d\n%s%s", status, out.String(), errs.String())
			}
			if !bytes.Contains(out.Bytes(), []byte("(100 %)")) {
				t.Errorf("nothing was covered:\n%s", out.String())
			}
			t.Logf("%s", out.String())
		})
	}
}
