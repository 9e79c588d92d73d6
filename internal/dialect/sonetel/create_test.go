package sonetel_test

import (
	"testing"

	"tandem/internal/dialect/sonetel"
	"tandem/internal/voice"
)

// An app made without the API is the same as one made over it.
func TestCreate(t *testing.T) {
	f := newFixture(t)
	body := `{"app_type":"ivr","name":"Sample","menu":{"digit_1":{"action":"connect","to":"app","id":"` + f.mainApp() + `"}}}`
	a, err := sonetel.Create(t.Context(), account, f.store, f.store, []byte(body), f.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	got := f.okMap("GET", "/account/100200/voiceapp/"+string(a.ID), "")
	if got["name"] != "Sample" || got["shortcode"] != "*21*2" {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{``, `{`, `{"app_type":"fax"}`, `{"app_type":"ivr"}`, `{"app_type":"ivr","name":"x","colour":1}`} {
		if _, err := sonetel.Create(t.Context(), account, f.store, f.store, []byte(bad), f.clock.Now()); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
