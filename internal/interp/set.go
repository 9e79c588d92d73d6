package interp

import (
	"fmt"

	"tandem/internal/flow"
)

// setVariable sets a variable.
func (r *run) setVariable(s flow.Set) outcome {
	if !flow.Settable(s.Name) {
		r.noteError(s.Name + " is no variable that can be set")
		return outcome{exit: flow.Next}
	}
	r.set(s.Name, r.expand(s.Value))
	return outcome{exit: flow.Next, words: fmt.Sprintf("%s is %q", s.Name, r.get(s.Name))}
}
