package sonetel_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestEveryRouteIsDescribed holds the description of the API to its routes,
// both ways, and wants a token exactly where it says so.
func TestEveryRouteIsDescribed(t *testing.T) {
	f := newFixture(t)
	d := f.dialect.Describe()
	var described []string
	for _, e := range d.Endpoints {
		described = append(described, e.Method+" "+e.Path)
		if e.Title == "" || e.Section == "" || (e.Type == "application/json" && e.Example == "") {
			t.Errorf("%s %s lacks its title, section or example", e.Method, e.Path)
		}
		for part := range strings.SplitSeq(e.Path, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				name = strings.TrimSuffix(name, "}")
				found := false
				for _, field := range e.Fields {
					found = found || field.In == "path" && field.Name == name
				}
				if !found {
					t.Errorf("%s %s does not describe %s", e.Method, e.Path, name)
				}
			}
		}
		rec := httptest.NewRecorder()
		f.handler.ServeHTTP(rec, httptest.NewRequest(e.Method, d.Base+strings.NewReplacer("{acc}", account, "{", "", "}", "").Replace(e.Path), nil))
		if open := rec.Code != 401; rec.Code == 404 || rec.Code == 405 || e.Path != "/SonetelAuth/beta/oauth/token" && open != e.Open {
			t.Errorf("%s %s without a token: %d", e.Method, e.Path, rec.Code)
		}
	}
	for _, r := range f.dialect.Routes() {
		if !slices.Contains(described, r) {
			t.Errorf("%s is not described", r)
		}
	}
}
