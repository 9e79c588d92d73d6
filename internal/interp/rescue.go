package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// leadsOn reports whether the flow depends on what a step finds: the answer of an
// application, or another app.
func leadsOn(s flow.Step) bool {
	switch s.(type) {
	case flow.Fetch, flow.Goto, flow.Subflow:
		return true
	}
	return false
}

// rescue gives the account's rescue app for a call that would end because its
// flow is lost, once; nil when there is none. All programs are given up for it.
func (r *run) rescue(ctx context.Context, lost bool) *flow.Program {
	if !lost || r.rescued || r.gone {
		return nil
	}
	r.rescued = true
	p, err := r.host.Rescue(ctx)
	switch {
	case err != nil:
		r.noteError("the account's rescue app can't be run: " + voice.Reason(err))
		return nil
	case p == nil:
		return nil
	}
	r.say("going on in the account's rescue app %q", p.Name)
	r.depth = 0
	return p
}
