package httpapi_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tandem/internal/httpapi"
)

// each calls a function with every operation of the API: a path whose variables are filled
// by value, and the scope that it needs, "" = any key's.
func (f *fixture) each(value string, do func(op operation, method, path, scope string)) {
	f.t.Helper()
	var doc openAPI
	if err := json.Unmarshal(f.as("", "GET", "/openapi.json", "").raw, &doc); err != nil {
		f.t.Fatal(err)
	}
	n := 0
	for template, methods := range doc.Paths {
		path := strings.TrimPrefix(template, httpapi.Prefix)
		for _, part := range strings.Split(path, "/") {
			if strings.HasPrefix(part, "{") {
				path = strings.Replace(path, part, url.PathEscape(value), 1)
			}
		}
		for method, op := range methods {
			scope := ""
			if len(op.Security) > 0 && op.OperationID != "read-me" {
				scope = op.Security[0]["key"][0]
			}
			n++
			do(op, strings.ToUpper(method), path, scope)
		}
	}
	if n < 100 {
		f.t.Fatalf("%d operations", n)
	}
}

// injections are texts that would end a statement, a string or a name.
var injections = []string{`' OR '1'='1`, `'; DROP TABLE users; --`, `\' OR 1=1 -- `, `") UNION SELECT hash FROM tokens --`, "%00", "../../etc/passwd", "$1", "\xff\xfe"}

// TestNoOperationWithoutAKey asks for every operation without a key and with a wrong one
// (reliability B-41).
func TestNoOperationWithoutAKey(t *testing.T) {
	f := newFixture(t)
	f.each("x", func(op operation, method, path, _ string) {
		if r := f.as("", method, path, ""); r.status != 401 {
			t.Errorf("%s %s without a key: %d %s", method, path, r.status, r.raw)
		}
	})
}

// TestNothingIsRunOfParameters has statements of SQL and paths in every parameter of every
// reading operation (B-41, B-42): they are looked for as they are, or refused.
func TestNothingIsRunOfParameters(t *testing.T) {
	f := newFixture(t)
	for _, evil := range injections {
		f.each(evil, func(op operation, method, path, scope string) {
			if method != "GET" || path == "/server" || scope == string(httpapi.Operator) || op.OperationID == "follow-events" || strings.HasSuffix(path, "/events") {
				return
			}
			queries := []string{path}
			for _, p := range op.Parameters {
				if p.In == "query" {
					queries = append(queries, path+"?"+p.Name+"="+url.QueryEscape(evil))
				}
			}
			for _, q := range queries {
				r := f.as(f.key, method, q, "")
				if r.status >= 500 || r.status == 200 && strings.Contains(path, url.PathEscape(evil)) {
					t.Errorf("%s %s: %d %.200s", method, q, r.status, r.raw)
				}
				if strings.Contains(string(r.raw), "root:") || strings.Contains(strings.ToLower(string(r.raw)), "syntax error") {
					t.Errorf("%s %s shows %.200s", method, q, r.raw)
				}
			}
		})
	}
	if got, err := f.store.Users(t.Context(), f.tenant); err != nil || len(got) == 0 {
		t.Errorf("the users are gone: %v", err)
	}
}

// TestOneRightIsNoOther tries every operation with a key that may order calls alone: those
// of sounds, files, addresses and settings refuse it (B-43).
func TestOneRightIsNoOther(t *testing.T) {
	f := newFixture(t)
	key := f.newKey(f.tenant, httpapi.CallsWrite)
	var may []string
	f.each("x", func(op operation, method, path, scope string) {
		r := f.as(key, method, path, "{}")
		switch {
		case scope == string(httpapi.CallsWrite) || scope == "":
			may = append(may, op.OperationID)
			if r.status == 401 || r.status == 403 && scope != "" && !strings.Contains(string(r.raw), "scope") {
				t.Errorf("%s %s: %d %s", method, path, r.status, r.raw)
			}
		case r.status != 403 || !strings.Contains(string(r.raw), scope):
			t.Errorf("%s %s, which needs %s: %d %s", method, path, scope, r.status, r.raw)
		}
	})
	for _, id := range []string{"originate-call", "hang-up-call", "transfer-call"} {
		if !slices.Contains(may, id) {
			t.Errorf("%s is none of %v", id, may)
		}
	}
	for _, word := range []string{"sound", "extension", "number", "trunk", "webhook", "key", "credential", "user", "account", "app"} {
		for _, id := range may {
			if strings.Contains(strings.ReplaceAll(id, "passkey", ""), word) && id != "press-keys" { // a key has no passkeys
				t.Errorf("a key that may order calls may %s", id)
			}
		}
	}
}
