package sonetel_test

import (
	"testing"

	"tandem/internal/dialect/dialecttest"
	"tandem/internal/flow"
)

// Whatever a client sends is either refused in words or makes a program that is valid.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{
		`{"app_type":"ivr","name":"x","menu":{"digit_1":{"action":"call","to":"user","id":"300400"}}}`,
		`{"app_type":"ivr","name":"x","play_menu":"no","final_action":"disconnect"}`,
		`{"app_type":"mailbox","name":"x","deliver_to":"email","deliver_to_details":"a@b.c"}`,
		`{"app_type":"ivr","name":"x","name":"y"}`, `{"app_type":"ivr","menu":{"timeout":[[[[]]]]}}`, ``, `{`, "\xff",
	} {
		f.Add([]byte(s))
	}
	w := &dialecttest.World{}
	if err := w.Read("sonetel", "user 300400\ngroup 1\n"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, diags, err := compiler(t).Check(t.Context(), body, w)
		if err != nil {
			t.Fatal(err)
		}
		if p.Entry == "" {
			if d, bad := diags.FirstError(); !bad || d.Text == "" {
				t.Fatalf("no program and no reason: %v", diags)
			}
			return
		}
		if faults := flow.Validate(&p); len(faults) > 0 {
			t.Fatal(faults)
		}
	})
}
