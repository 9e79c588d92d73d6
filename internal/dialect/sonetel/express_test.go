package sonetel_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Every document comes back from its program, in normal form and without a loss:
// also what the flow does not use, and what refers to nothing.
func TestExpressProperty(t *testing.T) {
	d := compiler(t)
	w := &dialecttest.World{}
	if err := w.Read(sonetel.Kind, "user 300400\ngroup 100200\nsound PRx VAchecked 1030 audio\n"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		doc := documents(rt)
		if menu, ok := doc["menu"].(map[string]any); ok && rapid.Bool().Draw(rt, "dangling") {
			menu["digit_8"] = map[string]any{"action": "call", "to": "user", "id": "999"}
			menu["digit_7"] = map[string]any{"action": "play", "to": "prompt", "id": "PRgone"}
		}
		body, err := json.Marshal(doc)
		if err != nil {
			rt.Fatal(err)
		}
		first := throughProgram(rt, d, body, w)
		second := throughProgram(rt, d, first, w)
		if diff := cmp.Diff(values(rt, normal(rt, d, body)), values(rt, first)); diff != "" {
			rt.Fatalf("%s (-document +expressed):\n%s", body, diff)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			rt.Fatalf("not stable (-first +second):\n%s", diff)
		}
	})
}

type fataler interface {
	Fatalf(format string, args ...any)
}

func throughProgram(t fataler, d *sonetel.Dialect, body json.RawMessage, r dialect.Resolver) json.RawMessage {
	p, _, err := d.Check(context.Background(), body, r)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	doc, losses, err := d.Express(context.Background(), p, r)
	if err != nil || len(losses) > 0 {
		t.Fatalf("%s: %v\nlosses %+v\n%s", body, err, losses, p.String())
	}
	return doc
}

// normal gives the normal form of what a client would POST.
func normal(t fataler, d *sonetel.Dialect, body json.RawMessage) json.RawMessage {
	doc, err := d.Normal(body)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return doc
}

func values(t fataler, doc json.RawMessage) (v map[string]any) {
	if err := json.Unmarshal(doc, &v); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return v
}

// The documents with golden programs come back too.
func TestExpressDocuments(t *testing.T) {
	d := compiler(t)
	for _, path := range dialecttest.Documents(t, "testdata/documents") {
		if strings.HasSuffix(path, "broken.txtar") {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			for _, made := range dialecttest.RunDocument(t, path, sonetel.Kind, d.Compile).Programs {
				raw, losses, err := d.Express(t.Context(), *made, dialect.OpenResolver{})
				if err != nil || len(losses) > 0 {
					t.Fatalf("%v %+v", err, losses)
				}
				again, _, err := d.Compile(t.Context(), voice.App{ID: made.App, Kind: sonetel.Kind, Name: made.Name,
					Type: values(t, raw)["app_type"].(string), Document: raw}, dialect.OpenResolver{})
				if err != nil {
					t.Fatal(err)
				}
				back, _, err := d.Express(t.Context(), again, dialect.OpenResolver{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(raw), string(back)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// A program without an entry is no app.
func TestExpressNothing(t *testing.T) {
	if _, _, err := compiler(t).Express(t.Context(), flow.Program{}, dialect.OpenResolver{}); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("%v", err)
	}
}
