package interp

import (
	"fmt"
	"math/big"
	"strings"

	"tandem/internal/flow"
)

// compare compares two texts.
func (r *run) compare(s flow.If) outcome {
	if r.holdsSecret(s.Left) || r.holdsSecret(s.Right) {
		out := outcome{exit: flow.No, words: "what is secret decides: no"}
		if r.decide(holds(s.Left.Expand(r.reveal), s.Op, s.Right.Expand(r.reveal))) {
			out = outcome{exit: flow.Yes, words: "what is secret decides: yes"}
		}
		return out
	}
	left, right := r.expand(s.Left), r.expand(s.Right)
	out := outcome{exit: flow.No, words: fmt.Sprintf("%q %s %q: ", left, s.Op, right)}
	if s.Op == flow.IsSet {
		out.words = fmt.Sprintf("%q %s: ", left, s.Op)
	}
	if holds(left, s.Op, right) {
		out.exit = flow.Yes
	}
	out.words += string(out.exit)
	return out
}

func holds(left string, op flow.Operator, right string) bool {
	switch op {
	case flow.Equal:
		return left == right
	case flow.NotEqual:
		return left != right
	case flow.Less, flow.Greater:
		a, ok1 := decimal(left)
		b, ok2 := decimal(right)
		return ok1 && ok2 && (op == flow.Less && a.Cmp(b) < 0 || op == flow.Greater && a.Cmp(b) > 0)
	case flow.BeginsWith:
		return strings.HasPrefix(left, right)
	case flow.EndsWith:
		return strings.HasSuffix(left, right)
	case flow.Contains:
		return strings.Contains(left, right)
	case flow.OneOf:
		for part := range strings.SplitSeq(right, ",") {
			if strings.TrimSpace(part) == left {
				return true
			}
		}
	case flow.IsSet:
		return left != ""
	}
	return false
}

// maxDecimal bounds a number that is compared, in characters.
const maxDecimal = 64

// decimal reads a plain decimal number: "-12.50".
func decimal(s string) (*big.Rat, bool) {
	s = strings.TrimSpace(s)
	if len(s) > maxDecimal || strings.Trim(s, "+-.0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}
