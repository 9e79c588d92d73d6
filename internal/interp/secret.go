package interp

import (
	"slices"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// conceals reports whether keys pressed during a step are hidden: those of a secret
// gather, and in a program that has one those that may be meant for it, which are all
// that no other question waits for.
func (r *run) conceals(s flow.Step) bool {
	switch s := s.(type) {
	case flow.Gather:
		return s.Secret
	case flow.Listen:
		if s.MaxDigits > 0 {
			return false
		}
	}
	return r.secret || slices.ContainsFunc(r.stack, func(f frame) bool { return f.secret })
}

func hasSecret(p *flow.Program) bool {
	return slices.ContainsFunc(p.Nodes, func(n flow.Node) bool {
		g, ok := n.Step.(flow.Gather)
		return ok && g.Secret
	})
}

// hide sets a variable to secret digits: get gives as many voice.HiddenKey, and
// reveal gives the digits, until it is set anew.
func (r *run) hide(name string, d voice.Digits) {
	r.set(name, voice.Hidden(d))
	if _, ok := r.vars[name]; ok {
		r.secrets[name] = string(d)
	}
}

// reveal gives the value of a variable, also of one that is hidden.
func (r *run) reveal(name string) string {
	if v, ok := r.secrets[name]; ok {
		return v
	}
	return r.get(name)
}

func (r *run) holdsSecret(t flow.Template) bool {
	found := false
	t.Expand(func(name string) string {
		_, is := r.secrets[name]
		found = found || is
		return ""
	})
	return found
}
