package native_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
)

// Whatever is written is valid by the published schema, and typical mistakes
// are not.
func TestSchemaTakesWhatIsWritten(t *testing.T) {
	published, err := jsonschema.UnmarshalJSON(bytes.NewReader(native.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(native.SchemaID, published); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(native.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	check := func(text []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return err
		}
		return schema.Validate(v)
	}
	for _, text := range examples(t) {
		_, asJSON := back(t, native.NewFormat(), inOrder(t, "example", text))
		if err := check(asJSON); err != nil {
			t.Errorf("%v of\n%s", err, asJSON)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := flow.Program{Entry: "a", Nodes: []flow.Node{{ID: "a", Step: drawStep(t)}}}
		_, text := back(t, native.NewFormat(), p)
		_, ds, err := native.NewFormat().CompileFile(context.Background(), text, dialect.OpenResolver{})
		if _, bad := ds.FirstError(); bad || err != nil {
			return // which values are right is the compiler's to say
		}
		if err := check(text); err != nil {
			t.Fatalf("%v of\n%s", err, text)
		}
	})
	for _, bad := range []string{
		`{"start": "a", "steps": {"a": {"answer": null}}}`,
		`{"flow": 1, "start": "a", "steps": {}}`,
		`{"flow": 1, "start": "a", "steps": {"a": {"answer": null, "next": "a"}}}`,
		`{"flow": 1, "start": "a", "steps": {"a": {"answer": null, "wait": "5s"}}}`,
		`{"flow": 1, "start": "a", "steps": {"a": {"wait": 5}}}`,
		`{"flow": 1, "start": "a", "steps": {"a": {"play": [{"say": "x", "tone": "beep"}]}}}`,
		`{"flow": 1, "start": "a", "steps": {"a": {"dial": {"ring_time": "5s"}}}}`,
		`{"flow": 1, "start": "a", "steps": {"a": {"if": {"value": "x"}}}}`,
		`{"flow": 1, "start": "a", "steps": {"a": {"set": {"x": "1", "y": "2"}}}}`,
	} {
		if check([]byte(bad)) == nil {
			t.Errorf("valid by the schema: %s", bad)
		}
	}
}
