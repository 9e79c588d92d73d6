package storetest

import (
	"encoding/json"
	"testing"

	"tandem/internal/voice"
)

func testApps(t *testing.T, s Store) {
	ctx := t.Context()
	a := voice.App{
		ID: "VAb", Tenant: ours, Kind: "sonetel", Type: "ivr", Name: "Main", Shortcode: "*21", Version: 1,
		Document: json.RawMessage(`{ "menu" : {"z":1, "a":"å\u0000\ud800"},  "n": 1.0 }`), Created: moment(1), Updated: moment(2),
	}
	slots := []voice.Sound{sound("s1", 1), sound("s2", 2)}
	ok(t, s.CreateApp(ctx, a, slots))
	standing := voice.App{ID: "VAa", Tenant: ours, Kind: "sonetel", Default: true, Version: 1, Created: moment(0)}
	ok(t, s.CreateApp(ctx, standing, nil))

	same(t, "read back, document verbatim", read(s.App(ctx, ours, a.ID))(t), a)
	same(t, "by creation", read(s.Apps(ctx, ours))(t), []voice.App{standing, a})
	for i := range slots {
		slots[i].App = a.ID
	}
	same(t, "slots", read(s.Sounds(ctx, ours, a.ID))(t), slots)

	want(t, "id taken", s.CreateApp(ctx, voice.App{ID: a.ID, Tenant: theirs}, nil), voice.Exists)
	want(t, "slot's id taken", s.CreateApp(ctx, voice.App{ID: "VAc", Tenant: ours}, []voice.Sound{sound("s1", 1)}), voice.Exists)
	_, err := s.App(ctx, ours, "VAc")
	want(t, "nothing half saved", err, voice.NotExist)
	want(t, "no such account", s.CreateApp(ctx, voice.App{ID: "VAd", Tenant: "999"}, nil), voice.NotExist)

	next := a
	next.Name, next.Shortcode, next.Document, next.Updated = "Second", "", json.RawMessage(`{}`), moment(9)
	next.Canary = voice.Canary{Percent: 10, Number: "+4685000000", Salt: "s", Document: "{ \"a\" : 1 }", Record: json.RawMessage(`{"by":"x"}`)}
	same(t, "new version", read(s.UpdateApp(ctx, next))(t), 2)
	next.Version = 2
	same(t, "updated", read(s.App(ctx, ours, a.ID))(t), next)
	_, err = s.UpdateApp(ctx, a)
	want(t, "old version", err, voice.Conflict)
	same(t, "kept", read(s.App(ctx, ours, a.ID))(t), next)
	_, err = s.UpdateApp(ctx, voice.App{ID: "VAx", Tenant: ours, Version: 1})
	want(t, "update unknown", err, voice.NotExist)

	want(t, "delete a default app", s.DeleteApp(ctx, ours, standing.ID), voice.Conflict)
	own := sound("s9", 9)
	ok(t, s.CreateSound(ctx, own))
	ok(t, s.DeleteApp(ctx, ours, a.ID))
	want(t, "delete again", s.DeleteApp(ctx, ours, a.ID), voice.NotExist)
	same(t, "its sounds go, others stay", read(s.Sounds(ctx, ours, ""))(t), []voice.Sound{own})
}
