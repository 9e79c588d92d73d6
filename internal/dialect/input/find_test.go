package input_test

import (
	"testing"

	"tandem/internal/dialect/input"
)

// TestFind finds routes as every dialect's requests do.
func TestFind(t *testing.T) {
	type route struct{ method, pattern, name string }
	routes := []route{
		{"GET", "rules/order", "order"}, {"GET", "rules/{rule}", "rule"}, {"PUT", "rules/{rule}", "put"}, {"DELETE", "rules/{rule}", "delete"}, {"GET", "plain", "plain"},
	}
	where := func(r route) (string, string) { return r.method, r.pattern }
	for _, tt := range []struct {
		method string
		path   []string
		name   string
		rule   string
		fits   bool
		known  bool
	}{
		{"GET", []string{"rules", "order"}, "order", "", true, true},
		{"GET", []string{"rules", "7"}, "rule", "7", true, true},
		{"HEAD", []string{"rules", "7"}, "rule", "7", true, true},
		{"DELETE", []string{"rules", "7"}, "delete", "7", true, true},
		{"GET", []string{"plain"}, "plain", "", true, true},
		{"POST", []string{"rules", "7"}, "delete", "", false, true},
		{"HEAD", []string{"nothing"}, "", "", false, false},
		{"GET", []string{"rules"}, "", "", false, false},
	} {
		rt, params, known := input.Find(routes, tt.method, tt.path, where)
		if rt.name != tt.name || (params != nil) != tt.fits || known != tt.known || params["rule"] != tt.rule {
			t.Errorf("%s %v: %q, %v, known %v", tt.method, tt.path, rt.name, params, known)
		}
	}
}
