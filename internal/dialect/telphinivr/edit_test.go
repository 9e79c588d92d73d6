package telphinivr_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tandem/internal/dialect/native"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// drawn gives a program as an editor has it: through the native language and back.
func drawn(t interface {
	Helper()
	Fatalf(string, ...any)
}, app voice.App, change func(text string) string) flow.Program {
	t.Helper()
	p, ds, err := telphinivr.Compile(background(), app, world(), telphinivr.Settings{Speech: true})
	if err != nil || p.Entry == "" {
		t.Fatalf("%v %v", err, ds)
	}
	doc, _, err := native.New().Express(background(), p, world())
	if err != nil {
		t.Fatalf("%v", err)
	}
	text, err := native.Text(doc)
	if err != nil {
		t.Fatalf("%v", err)
	}
	changed := change(string(text))
	q, ds, err := native.New().Compile(background(), voice.App{ID: app.ID, Document: native.Document([]byte(changed))}, world())
	if err != nil || q.Entry == "" { // extensions that the account lacks do no harm here
		t.Fatalf("%v %v\n%s", err, ds, changed)
	}
	return q
}

// A menu that is opened and saved without a change is what the vendor's client wrote.
func TestEditWithoutAChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc, err := json.Marshal(document(t))
		if err != nil {
			t.Fatal(err)
		}
		want, err := telphinivr.Parse(doc)
		if err != nil {
			t.Fatal(err)
		}
		app := voice.App{ID: "T1", Kind: telphinivr.Kind, Document: doc}
		if p, _, _ := telphinivr.Compile(background(), app, world(), telphinivr.Settings{Speech: true}); p.Entry == "" {
			t.Skip("no way in")
		}
		p := drawn(t, app, func(s string) string { return s })
		got, losses, err := telphinivr.Edit(background(), app, p, world(), telphinivr.Settings{Speech: true})
		if err != nil || len(losses) > 0 {
			t.Fatalf("%v %+v", err, losses)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-before +after)\n%s", diff)
		}
	})
}

// A change touches its option; the extension, ids and what no call reaches stay.
func TestEditKeepsTheRest(t *testing.T) {
	const doc = `{"extension":{"name":"071","type":"ivr","status":"active","label":"Shop","caller_id_name":"Shop","dial_rule_id":7},
"ivr":{"entry_context":2,"lifetime":60,"lifetime_exp_action":"hangup","vm_attach_file":false,"vm_mailto":"a@example.com"},
"contexts":[{"id":2,"name":"Main","timeout":4000,"inter_digit_timeout":1500,"digit_len":1,"options":[
 {"digits":"start","rules":[{"id":11,"action":"play_sound","sound":50,"sound_type":"foreground","custom":true}]},
 {"digits":"timeout","rules":[{"id":14,"action":"hangup"}]},{"digits":"invalid"},
 {"digits":"1","rules":[{"id":15,"action":"play_sound","sound":51,"sound_type":"foreground"},{"id":16,"action":"transfer","transfer_dst":"300"}]},
 {"digits":"12","rules":[{"id":17,"action":"hangup"}]}]},
 {"id":5,"name":"Not yet used","timeout":4000,"inter_digit_timeout":1500,"digit_len":1,"options":[{"digits":"start","rules":[{"id":20,"action":"hangup"}]},{"digits":"timeout"},{"digits":"invalid"}]}],
"last_context":6,"last_rule":21}`
	app := voice.App{ID: "T1", Kind: telphinivr.Kind, Document: []byte(doc)}
	p := drawn(t, app, func(s string) string {
		out := strings.Replace(s, "TS51", "TS52", 1)
		if out == s {
			t.Fatalf("the sound isn't there: %s", s)
		}
		return out
	})
	got, losses, err := telphinivr.Edit(t.Context(), app, p, world(), telphinivr.Settings{Speech: true})
	if err != nil || len(losses) > 0 {
		t.Fatalf("%v %+v", err, losses)
	}
	want, err := telphinivr.Parse([]byte(strings.Replace(doc, `"sound":51`, `"sound":52`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	// A new menu behind a key is a new context, with an id that was never given out.
	p = drawn(t, app, func(s string) string {
		var d map[string]any
		if err := json.Unmarshal([]byte(s), &d); err != nil {
			t.Fatal(err)
		}
		steps := d["steps"].(map[string]any)
		for _, step := range steps {
			if m, ok := step.(map[string]any); ok && m["gather"] != nil {
				m["keys"].(map[string]any)["2"] = "second"
			}
		}
		steps["second"] = map[string]any{"gather": map[string]any{"prompts": []any{map[string]any{"sound": "TS53"}}, "first_digit": "3s", "max_digits": 1}, "keys": map[string]any{"1": "bye"}, "no_input": "bye", "invalid": "bye"}
		steps["bye"] = map[string]any{"hang_up": nil}
		out, _ := json.Marshal(d)
		return string(out)
	})
	if got, losses, err = telphinivr.Edit(t.Context(), app, p, world(), telphinivr.Settings{Speech: true}); err != nil {
		t.Fatalf("%v %+v", err, losses)
	}
	main, _ := got.Context(2)
	key, ok := main.Option("2")
	if !ok || len(key.Rules) != 1 || key.Rules[0].ID != 22 || key.Rules[0].Context == nil || *key.Rules[0].Context != 7 {
		t.Fatalf("key 2: %+v, losses %+v", key, losses)
	}
	if _, ok := got.Context(7); !ok || got.LastContext != 7 {
		t.Errorf("contexts: %+v", got.Contexts)
	}
	if _, ok := got.Context(5); !ok {
		t.Error("the context that nothing leads to yet is gone")
	}
	if _, err := telphinivr.Parse(must(got.Marshal())); err != nil {
		t.Error(err)
	}
}

func TestEditOfAQueueIsRefused(t *testing.T) {
	app := voice.App{ID: "T1", Kind: telphinivr.Kind, Document: []byte(`{"extension":{"name":"071","type":"queue","status":"active"},"queue":{"announce_position":true}}`)}
	if _, _, err := telphinivr.Edit(t.Context(), app, flow.Program{}, world(), telphinivr.Settings{}); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("got %v", err)
	}
}

func must(raw json.RawMessage, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}
