package httpapi_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/httpapi"
)

// update writes the golden list anew: go test ./internal/httpapi -run OpenAPI -update
var update = flag.Bool("update", false, "write golden files")

type operation struct {
	OperationID string `json:"operationId"`
	Summary     string
	Tags        []string
	Parameters  []struct {
		Name, In    string
		Description string
		Required    bool
		Schema      map[string]any
	}
	RequestBody *struct {
		Content map[string]struct{ Schema map[string]any }
	}
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema map[string]any }
	}
	Security []map[string][]string
}

type openAPI struct {
	OpenAPI    string
	Info       struct{ Title, Version, Description string }
	Paths      map[string]map[string]operation
	Components struct {
		Schemas         map[string]any
		SecuritySchemes map[string]any
	}
}

func TestOpenAPI(t *testing.T) {
	f := newFixture(t)
	r := f.as("", "GET", "/openapi.json", "")
	var doc openAPI
	if err := json.Unmarshal(r.raw, &doc); err != nil || r.status != 200 {
		t.Fatalf("%d %v %.200s", r.status, err, r.raw)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || doc.Info.Version != "test" || doc.Components.SecuritySchemes["key"] == nil {
		t.Errorf("document: %s %+v", doc.OpenAPI, doc.Info)
	}
	if yaml := f.as("", "GET", "/openapi.yaml", ""); yaml.status != 200 || !strings.Contains(string(yaml.raw), "openapi: 3.1") {
		t.Errorf("YAML: %d %.100s", yaml.status, yaml.raw)
	}
	ids := map[string]bool{}
	var list []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			where := strings.ToUpper(method) + " " + path
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s: id %q, summary %q, tags %v", where, op.OperationID, op.Summary, op.Tags)
			}
			ids[op.OperationID] = true
			if op.OperationID == "read-me" || strings.HasPrefix(path, httpapi.Prefix+"/me/") { // every key may ask what it is, everybody keep the own log-in
				list = append(list, fmt.Sprintf("%-60s %-22s any", where, op.OperationID))
				checkOperation(t, where, path, op)
				continue
			}
			if len(op.Security) != 1 || len(op.Security[0]["key"]) != 1 || !slices.Contains(httpapi.Scopes(), httpapi.Scope(op.Security[0]["key"][0])) {
				t.Fatalf("%s: scope %v", where, op.Security)
			}
			checkOperation(t, where, path, op)
			list = append(list, fmt.Sprintf("%-60s %-22s %s", where, op.OperationID, op.Security[0]["key"][0]))
		}
	}
	checkReferences(t, r.raw, doc.Components.Schemas)
	slices.Sort(list)
	got := strings.Join(list, "\n") + "\n"
	const golden = "testdata/operations.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the operations have changed (-update writes them anew):\n%s", d)
	}
}

func checkOperation(t *testing.T, where, path string, op operation) {
	t.Helper()
	success := 0
	for status, r := range op.Responses {
		if r.Description == "" {
			t.Errorf("%s: answer %s has no words", where, status)
		}
		if status[0] == '2' {
			success++
			if status != "204" && len(r.Content) == 0 {
				t.Errorf("%s: answer %s has no content", where, status)
			}
		} else if r.Content["application/problem+json"].Schema == nil {
			t.Errorf("%s: answer %s is no problem document: %v", where, status, r.Content)
		}
	}
	if success != 1 || op.Responses["401"].Description == "" || op.Responses["403"].Description == "" {
		t.Errorf("%s: answers %v", where, op.Responses)
	}
	for part := range strings.SplitSeq(path, "/") {
		name, variable := strings.CutPrefix(part, "{")
		name = strings.TrimSuffix(name, "}")
		found := false
		for _, p := range op.Parameters {
			found = found || p.Name == name && p.In == "path" && p.Required
		}
		if variable && !found {
			t.Errorf("%s: the parameter %s is not described", where, name)
		}
	}
	if op.RequestBody != nil {
		for kind, c := range op.RequestBody.Content {
			if len(c.Schema) == 0 {
				t.Errorf("%s: the body as %s has no schema", where, kind)
			}
		}
	}
}

// checkReferences looks that every schema that is named exists.
func checkReferences(t *testing.T, raw []byte, schemas map[string]any) {
	t.Helper()
	const begin = `"$ref":"#/components/schemas/`
	for rest := string(raw); ; {
		i := strings.Index(rest, begin)
		if i < 0 {
			return
		}
		rest = rest[i+len(begin):]
		name, _, _ := strings.Cut(rest, `"`)
		if schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
}

// Nothing of huma's own pages is served, since they load from the internet.
func TestNoForeignPages(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/docs", httpapi.Prefix + "/docs", httpapi.Prefix + "/openapi-3.0.json", "/schemas/Number.json", httpapi.Prefix + "/schemas/Number.json"} {
		if r := f.send(httptest.NewRequest("GET", path, nil), ""); r.status != 404 {
			t.Errorf("%s: %d %.100s", path, r.status, r.raw)
		}
	}
}
