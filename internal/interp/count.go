package interp

import (
	"fmt"

	"tandem/internal/flow"
)

// count counts a pass.
func (r *run) count(s flow.Count) outcome {
	r.counts[s.Name]++
	n := r.counts[s.Name]
	out := outcome{exit: flow.Again, words: fmt.Sprintf("%s %d of %d", s.Name, n, s.Limit)}
	if n >= s.Limit {
		out.exit = flow.Over
	}
	return out
}

// reset sets a counter to nought.
func (r *run) reset(s flow.Reset) outcome {
	delete(r.counts, s.Name)
	return outcome{exit: flow.Next}
}
