package flow

import (
	"fmt"
	"strings"
)

// Template is a text in which ${name} stands for the value of a variable; an
// unset variable is empty. "$${" stands for "${" itself. Names are made of
// letters, digits, "_", "." and "-".
type Template string

// Literal gives the template that expands to s whatever s holds.
func Literal(s string) Template { return Template(strings.ReplaceAll(s, "${", "$${")) }

// Expand puts in the values that get gives.
func (t Template) Expand(get func(name string) string) string {
	s := string(t)
	if !strings.Contains(s, "${") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "${")
		if !ok {
			b.WriteString(s)
			return b.String()
		}
		if literal, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(literal + "${")
			s = rest
			continue
		}
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !IsName(name) {
			b.WriteString("${")
			s = rest
			continue
		}
		b.WriteString(get(name))
		s = after
	}
}

// IsName reports whether s may name a variable: 1 to 64 letters, digits, "_", "." and "-".
func IsName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
}

// Check says what is wrong with a template: a "${" that no name and "}" follow.
func (t Template) Check() error {
	s := string(t)
	for {
		before, rest, ok := strings.Cut(s, "${")
		if !ok {
			return nil
		}
		s = rest
		if strings.HasSuffix(before, "$") {
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !IsName(name) {
			return fmt.Errorf("\"${\" is not followed by the name of a variable and \"}\"; \"$${\" stands for \"${\" itself")
		}
		s = after
	}
}

// Settable reports whether a flow may set a variable of that name. What the
// call and the outside say can't be set.
func Settable(name string) bool {
	return IsName(name) && !strings.HasPrefix(name, "call.") && name != VarHTTPStatus && name != VarHeard
}
