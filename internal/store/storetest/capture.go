package storetest

import (
	"testing"

	"tandem/internal/voice"
)

func capture(id voice.CaptureID, t voice.TenantID, n int) voice.Capture {
	return voice.Capture{ID: id, Tenant: t, Call: "c1", State: voice.CaptureActive, Blob: "captures/x.pcapng", Created: moment(n)}
}

func testCaptures(t *testing.T, s Store) {
	ctx := t.Context()
	a, b, c, other := capture("p1", ours, 1), capture("p2", ours, 2), capture("p3", ours, 3), capture("p4", theirs, 2)
	b.Call, b.State, b.Size, b.Packets, b.Lost, b.Words, b.SHA256, b.Ended = "c2", voice.CaptureFinished, 1<<40, 1<<33, 3, "the call ended", "ab", moment(5)
	c.State, c.Size = voice.CapturePartial, 7
	for _, x := range []voice.Capture{c, b, a, other} {
		ok(t, s.CreateCapture(ctx, x))
	}
	same(t, "read back", read(s.Capture(ctx, ours, "p2"))(t), b)
	want(t, "id taken", s.CreateCapture(ctx, a), voice.Exists)
	want(t, "no account", s.CreateCapture(ctx, voice.Capture{ID: "p9"}), voice.Invalid)
	type list []voice.CaptureID
	for what, x := range map[string]struct {
		f    voice.CaptureFilter
		want list
	}{
		"all of everybody": {voice.CaptureFilter{}, list{"p1", "p2", "p4", "p3"}},
		"an account's":     {voice.CaptureFilter{Tenant: ours}, list{"p1", "p2", "p3"}},
		"a call's":         {voice.CaptureFilter{Tenant: ours, Call: "c1"}, list{"p1", "p3"}},
		"by state":         {voice.CaptureFilter{State: voice.CaptureActive}, list{"p1", "p4"}},
		"over":             {voice.CaptureFilter{Over: true}, list{"p2", "p3"}},
		"old":              {voice.CaptureFilter{Before: moment(2)}, list{"p1"}},
		"limit":            {voice.CaptureFilter{Limit: 2}, list{"p1", "p2"}},
		"a stranger's":     {voice.CaptureFilter{Tenant: theirs, Call: "c2"}, nil},
	} {
		have := read(s.Captures(ctx, x.f))(t)
		same(t, what, list(ids(have, func(c voice.Capture) voice.CaptureID { return c.ID })), x.want)
	}
	same(t, "usage", read(s.CaptureUsage(ctx, ours))(t), voice.CaptureUsage{Bytes: 1<<40 + 7, Active: 1})
	same(t, "no usage", read(s.CaptureUsage(ctx, "999"))(t), voice.CaptureUsage{})

	a.State, a.Blob, a.Size, a.SHA256, a.Packets, a.Lost, a.Words, a.Ended = voice.CaptureFailed, "captures/y.pcapng", 9, "cd", 8, 7, "the disk is full", moment(9)
	changed := a
	changed.Call, changed.Created = "c9", moment(99)
	ok(t, s.UpdateCapture(ctx, changed))
	same(t, "updated", read(s.Capture(ctx, ours, "p1"))(t), a)
	want(t, "update unknown", s.UpdateCapture(ctx, capture("p9", ours, 1)), voice.NotExist)
	ok(t, s.DeleteCapture(ctx, ours, "p1"))
	want(t, "delete again", s.DeleteCapture(ctx, ours, "p1"), voice.NotExist)
}
