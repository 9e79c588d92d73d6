package storetest

import (
	"encoding/json"
	"math"
	"testing"

	"tandem/internal/voice"
)

// testSerials looks that everything gets a number of its own, that no two
// things share one, of whatever kind and account, and that changes keep it.
func testSerials(t *testing.T, s Store) {
	ctx := t.Context()
	seen := map[int64]string{}
	note := func(what string, serial int64) {
		t.Helper()
		if serial < 1001 {
			t.Errorf("%s has the number %d", what, serial)
		}
		if had := seen[serial]; had != "" {
			t.Errorf("%s and %s share the number %d", what, had, serial)
		}
		seen[serial] = what
	}
	for i, a := range []voice.TenantID{ours, theirs} {
		id := string(a)
		ok(t, s.CreateUser(ctx, user(a, voice.UserID(id[8:]), i)))
		ok(t, s.CreateApp(ctx, voice.App{ID: voice.AppID("VA" + id), Tenant: a, Version: 1},
			[]voice.Sound{sound(voice.SoundID("sa"+id), 1), sound(voice.SoundID("sb"+id), 2)}))
		own := sound(voice.SoundID("sc"+id), 3)
		own.Tenant = a
		ok(t, s.CreateSound(ctx, own))
		ok(t, s.AddNumber(ctx, voice.Number{E164: voice.E164("+46" + id), Tenant: a}))
		ok(t, s.AddExtension(ctx, voice.Extension{Tenant: a, Number: "101", Username: "u" + id, Created: moment(i)}))
		r := read(s.CreateResource(ctx, resource(a, "x/y", "name")))(t)
		note("resource of "+id, r.Serial)
	}
	for _, a := range []voice.TenantID{ours, theirs} {
		id := string(a)
		for _, v := range read(s.Sounds(ctx, a, ""))(t) {
			note("sound "+string(v.ID), v.Serial)
		}
		note("user of "+id, read(s.Users(ctx, a))(t)[0].Serial)
		note("app of "+id, read(s.Apps(ctx, a))(t)[0].Serial)
		note("number of "+id, read(s.Numbers(ctx, a))(t)[0].Serial)
		note("extension of "+id, read(s.Extensions(ctx, a))(t)[0].Serial)
	}
	if len(seen) != 16 {
		t.Errorf("%d numbers of 16 things: %v", len(seen), seen)
	}
	testKeptSerials(t, s)
	testOwnSerial(t, s)
}

func testKeptSerials(t *testing.T, s Store) {
	ctx := t.Context()
	u, a, v := read(s.Users(ctx, ours))(t)[0], read(s.Apps(ctx, ours))(t)[0], read(s.Sounds(ctx, ours, ""))(t)[0]
	n := read(s.Numbers(ctx, ours))(t)[0]
	same(t, "by name and in a list", read(s.NumberByE164(ctx, n.E164))(t).Serial, n.Serial)
	for what, err := range map[string]error{
		"user":   s.UpdateUser(ctx, voice.User{ID: u.ID, Tenant: ours, FirstName: "new", Serial: 7}),
		"sound":  s.UpdateSound(ctx, voice.Sound{ID: v.ID, Tenant: ours, Serial: 7}),
		"number": s.UpdateNumber(ctx, voice.Number{E164: n.E164, Tenant: ours, Serial: 7}),
	} {
		want(t, "update of the "+what, err, "")
	}
	_, err := s.UpdateApp(ctx, voice.App{ID: a.ID, Tenant: ours, Version: a.Version, Serial: 7})
	ok(t, err)
	for what, got := range map[string][2]int64{
		"user":   {read(s.User(ctx, ours, u.ID))(t).Serial, u.Serial},
		"app":    {read(s.App(ctx, ours, a.ID))(t).Serial, a.Serial},
		"sound":  {read(s.Sound(ctx, ours, v.ID))(t).Serial, v.Serial},
		"number": {read(s.NumberByE164(ctx, n.E164))(t).Serial, n.Serial},
	} {
		if got[0] != got[1] {
			t.Errorf("the %s had the number %d, and after a change %d", what, got[1], got[0])
		}
	}
}

// testOwnSerial stores things that bring their number along.
func testOwnSerial(t *testing.T, s Store) {
	ctx := t.Context()
	const far = 90_000
	e := voice.Extension{Tenant: ours, Number: "190", Username: "u190", Serial: far}
	ok(t, s.AddExtension(ctx, e))
	if got := read(s.Extension(ctx, ours, "190"))(t).Serial; got != far {
		t.Errorf("the number is %d, want %d", got, far)
	}
	e.Number, e.Username = "191", "u191"
	err := s.AddExtension(ctx, e)
	want(t, "number of an extension taken", err, voice.Exists)
	mentions(t, err, "the number of the extension is taken")
	next := read(s.CreateResource(ctx, resource(ours, "x/z", "")))(t).Serial
	if next != far+1 {
		t.Errorf("the next number is %d, want %d", next, far+1)
	}
	ok(t, s.RemoveExtension(ctx, ours, "190"))
	e.Serial = far
	ok(t, s.AddExtension(ctx, e))
	if got := read(s.CreateResource(ctx, resource(ours, "x/z", "")))(t).Serial; got != far+2 {
		t.Errorf("an old number sets the counter back to %d", got)
	}
	e.Number, e.Username, e.Serial = "192", "u192", math.MaxInt64
	want(t, "the last number of all", s.AddExtension(ctx, e), voice.Invalid)
	e.Serial = -1
	want(t, "a number below 1", s.AddExtension(ctx, e), voice.Invalid)
}

func resource(t voice.TenantID, kind, name string) voice.Resource {
	return voice.Resource{
		Tenant: t, Kind: kind, Name: name, Data: json.RawMessage(`{"b": 1,  "a": "å\u0000"}`),
		Created: moment(1), Updated: moment(2),
	}
}
