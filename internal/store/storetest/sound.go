package storetest

import (
	"strconv"
	"testing"
	"time"

	"tandem/internal/voice"
)

func sound(id voice.SoundID, n int) voice.Sound {
	return voice.Sound{
		ID: id, Tenant: ours, Name: "Welcome", Standard: "welcome", Ref: strconv.Itoa(1000 + n), Source: "upload",
		FileName: "../../w.wav", Blob: "sounds/x.wav", Size: 1 << 33, Duration: 1234567 * time.Microsecond,
		Text: "hello", Voice: "en", Created: moment(n), Updated: moment(n + 1),
	}
}

func testSounds(t *testing.T, s Store) {
	ctx := t.Context()
	a, b, c, other := sound("sa", 2), sound("sb", 1), sound("sc", 1), sound("sd", 5)
	c.App, c.Created = "VA1", moment(0)
	other.Tenant = theirs
	for _, v := range []voice.Sound{a, b, c, other} {
		ok(t, s.CreateSound(ctx, v))
	}
	same(t, "read back", read(s.Sound(ctx, ours, "sa"))(t), a)
	same(t, "by reference, then creation", read(s.Sounds(ctx, ours, ""))(t), []voice.Sound{c, b, a})
	same(t, "of an app", read(s.Sounds(ctx, ours, "VA1"))(t), []voice.Sound{c})
	want(t, "id taken", s.CreateSound(ctx, a), voice.Exists)
	want(t, "no such account", s.CreateSound(ctx, voice.Sound{ID: "x", Tenant: "999"}), voice.NotExist)

	a.Name, a.Standard, a.Ref, a.Source, a.FileName, a.Blob = "n", "", "7", "speech", "", ""
	a.Size, a.Duration, a.Text, a.Voice, a.Updated = 0, 0, "", "", time.Time{}
	ok(t, s.UpdateSound(ctx, a))
	same(t, "updated", read(s.Sound(ctx, ours, "sa"))(t), a)
	want(t, "update unknown", s.UpdateSound(ctx, voice.Sound{ID: "x", Tenant: ours}), voice.NotExist)
	ok(t, s.DeleteSound(ctx, ours, "sa"))
	want(t, "delete again", s.DeleteSound(ctx, ours, "sa"), voice.NotExist)
}
