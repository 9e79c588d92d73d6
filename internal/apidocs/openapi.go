package apidocs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tandem/internal/dialect"
)

// openAPI is as much of an OpenAPI 3.1 document as the page shows.
type openAPI struct {
	Info       struct{ Title, Description string }
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas map[string]schema
	}
}

type operation struct {
	Summary, Description string
	Tags                 []string
	Parameters           []parameter
	RequestBody          *struct {
		Content map[string]struct{ Schema schema }
	}
	Security *[]map[string][]string
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                schema
}

// schema is a JSON Schema (2020-12) as far as it is shown.
type schema struct {
	Ref         string `json:"$ref"`
	Type        any    // a name, or a list of names
	Format      string
	Description string
	Properties  map[string]schema
	Required    []string
	Items       *schema
	Enum        []any
	Examples    []any
	Default     any
	ReadOnly    bool
}

// methods in the order of the page.
func methods() []string { return []string{"get", "post", "put", "patch", "delete"} }

// fromOpenAPI makes a description of a document whose paths begin with base.
func fromOpenAPI(doc []byte, base string) (dialect.Description, error) {
	var o openAPI
	if err := json.Unmarshal(doc, &o); err != nil {
		return dialect.Description{}, fmt.Errorf("the OpenAPI document: %w", err)
	}
	d := dialect.Description{Name: "Tandem", Base: base, Auth: o.Info.Description}
	paths := make([]string, 0, len(o.Paths))
	for p := range o.Paths {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		for _, m := range methods() {
			raw, ok := o.Paths[p][m]
			if !ok {
				continue
			}
			var op operation
			if err := json.Unmarshal(raw, &op); err != nil {
				return d, fmt.Errorf("the OpenAPI document: %s %s: %w", m, p, err)
			}
			d.Endpoints = append(d.Endpoints, o.endpoint(strings.ToUpper(m), strings.TrimPrefix(p, base), op))
		}
	}
	slices.SortStableFunc(d.Endpoints, func(a, b dialect.Endpoint) int { return strings.Compare(a.Section, b.Section) })
	return d, nil
}

func (o *openAPI) endpoint(method, path string, op operation) dialect.Endpoint {
	e := dialect.Endpoint{Method: method, Path: path, Title: op.Summary, Text: op.Description, Section: "API"}
	if len(op.Tags) > 0 {
		e.Section = op.Tags[0]
	}
	e.Open = op.Security != nil && len(*op.Security) == 0
	for _, p := range op.Parameters {
		if p.In == "path" || p.In == "query" {
			e.Fields = append(e.Fields, dialect.Field{Name: p.Name, In: p.In, Type: typeName(p.Schema), Text: p.Description, Required: p.Required})
		}
	}
	if op.RequestBody == nil {
		return e
	}
	for _, kind := range []string{"application/json", "multipart/form-data", "application/x-www-form-urlencoded", "application/yaml"} {
		c, ok := op.RequestBody.Content[kind]
		if !ok {
			continue
		}
		e.Type = kind
		body := o.resolve(c.Schema)
		e.Fields = append(e.Fields, o.bodyFields(body)...)
		if kind == "application/json" {
			if text, err := json.MarshalIndent(o.example(body, 0), "", "  "); err == nil {
				e.Example = string(text)
			}
		}
		break
	}
	return e
}

func (o *openAPI) resolve(s schema) schema {
	for range 10 { // a reference that leads to itself ends somewhere
		name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/")
		if !ok {
			break
		}
		s = o.Components.Schemas[name]
	}
	return s
}

func (o *openAPI) bodyFields(body schema) []dialect.Field {
	var list []dialect.Field
	for name, s := range body.Properties {
		if strings.HasPrefix(name, "$") || s.ReadOnly {
			continue
		}
		s = o.resolve(s)
		f := dialect.Field{Name: name, In: "body", Type: typeName(s), Text: s.Description, Required: slices.Contains(body.Required, name)}
		if s.Format == "binary" {
			f.In = "file"
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b dialect.Field) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// typeName gives a schema's type, of several the one that is not null.
func typeName(s schema) string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		for _, v := range t {
			if name, ok := v.(string); ok && name != "null" {
				return name
			}
		}
	}
	return "object"
}

// example makes a body that shows the required fields, or all where none is.
func (o *openAPI) example(s schema, depth int) any {
	s = o.resolve(s)
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case depth > 4:
		return nil
	}
	switch typeName(s) {
	case "string":
		return ""
	case "integer", "number":
		return 0
	case "boolean":
		return false
	case "array":
		return []any{}
	}
	out := map[string]any{}
	for name, p := range s.Properties {
		if strings.HasPrefix(name, "$") || p.ReadOnly || len(s.Required) > 0 && !slices.Contains(s.Required, name) {
			continue
		}
		out[name] = o.example(p, depth+1)
	}
	return out
}
