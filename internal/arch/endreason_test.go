package arch_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// Whoever makes the end of a call says why: a Result or an order of the packages
// that end calls is empty, a copy, or has a reason of voice.EndReason. An order
// that only hangs up may leave it out: that is voice.EndOrdered.
func TestEveryEndHasAReason(t *testing.T) {
	found := 0
	for _, f := range goFiles(t) {
		pkg := strings.TrimPrefix(f.dir, "internal/")
		if f.test || !slices.Contains([]string{"interp", "switchboard", "daemon"}, pkg) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || len(lit.Elts) == 0 || !isResult(lit.Type, pkg) {
				return true
			}
			found++
			if !hasKey(lit, "Reason") {
				t.Errorf("%s: a Result without a Reason", f.at(lit.Pos()))
			}
			return true
		})
	}
	if found < 15 {
		t.Fatalf("only %d Results found: the test looks in the wrong place", found)
	}
}

// The dialogs of the SIP stack end for a reason of their own, or for "", which
// says that whoever owns the dialog ends it and knows why.
func TestEveryEndOfADialogHasAReason(t *testing.T) {
	takes := map[string]int{"finish": 0, "finishLocked": 0, "HangupFor": 0, "refuse": 2}
	found := 0
	for _, f := range goFiles(t) {
		if f.test || f.dir != "internal/sipua" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			at, ends := takes[sel.Sel.Name]
			if sel.Sel.Name == "Hangup" && f.path != "internal/sipua/dialog.go" {
				t.Errorf("%s: the stack itself ends a dialog with HangupFor, and says why", f.at(call.Pos()))
			}
			if ends && at < len(call.Args) {
				found++
				if text, is := call.Args[at].(*ast.BasicLit); is && text.Value != `""` {
					t.Errorf("%s: the reason is written out; use one of voice.EndReasons", f.at(call.Pos()))
				}
			}
			return true
		})
	}
	if found < 15 {
		t.Fatalf("only %d ends found: the test looks in the wrong place", found)
	}
}

func isResult(e ast.Expr, pkg string) bool {
	switch x := e.(type) {
	case *ast.Ident:
		return pkg == "interp" && x.Name == "Result"
	case *ast.SelectorExpr:
		p, ok := x.X.(*ast.Ident)
		return ok && p.Name == "interp" && x.Sel.Name == "Result"
	}
	return false
}

func hasKey(lit *ast.CompositeLit, name string) bool {
	return slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		key, ok := kv.Key.(*ast.Ident)
		return ok && key.Name == name
	})
}
