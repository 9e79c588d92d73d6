package httpapi_test

import (
	"testing"

	"tandem/internal/flow"
	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

func TestSoundIsRecordedByPhone(t *testing.T) {
	f := newFixture(t)
	r := f.ok(202, "POST", "/sounds/phone", `{"name":"Closed","to":{"kind":"number","id":"+46701234567"}}`)
	id, _ := r.body["sound"].(string)
	s, err := f.store.Sound(t.Context(), f.tenant, voice.SoundID(id))
	if err != nil || s.Name != "Closed" || s.Blob != "" || r.body["call"] == "" {
		t.Fatalf("%s, %+v, %v", r.raw, s, err)
	}
	order := f.calls.orders[len(f.calls.orders)-1]
	if order.First != (voice.Destination{Kind: voice.ToNumber, ID: "+46701234567"}) || order.Program == nil || order.Program.Entry != "ask" {
		t.Fatalf("order %+v", order)
	}
	saves := 0
	for _, n := range order.Program.Nodes {
		if v, ok := n.Step.(flow.SaveSound); ok && v.Sound == s.ID {
			saves++
		}
	}
	if saves != 1 {
		t.Errorf("the program keeps the sound %d times: %+v", saves, order.Program)
	}
	f.ok(202, "POST", "/sounds/"+id+"/phone", `{"to":{"kind":"number","id":"+46701234567"}}`)
	f.fails(422, "body.to.id", "POST", "/sounds/phone", `{"name":"x","to":{"kind":"extension","id":"999"}}`)
	f.fails(422, "body.name", "POST", "/sounds/phone", `{"name":" ","to":{"kind":"number","id":"+46701234567"}}`)
	f.fails(404, "sound", "POST", "/sounds/none/phone", `{"to":{"kind":"number","id":"+46701234567"}}`)
	for _, v := range f.ok(200, "GET", "/sounds", "").items() {
		if v["name"] == "x" {
			t.Errorf("an empty sound is left of a call that was refused: %v", v)
		}
	}
	f.refused(f.as(f.newKey(f.tenant, httpapi.AppsWrite), "POST", "/sounds/"+id+"/phone", `{"to":{"kind":"number","id":"+46701234567"}}`), 403, "calls:write", "a key that may not call")
}
