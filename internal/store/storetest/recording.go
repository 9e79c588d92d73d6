package storetest

import (
	"testing"
	"time"

	"tandem/internal/voice"
)

func recording(id voice.RecordingID, t voice.TenantID, n int) voice.Recording {
	return voice.Recording{
		ID: id, Tenant: t, Call: "c1", User: "11", Purpose: voice.ForCall, State: voice.RecordingActive,
		Blob: "recordings/x.wav", Channels: 1, From: "+46850000000", To: "101", Created: moment(n),
	}
}

func testRecordings(t *testing.T, s Store) {
	ctx := t.Context()
	a, b, c, other := recording("r1", ours, 1), recording("r2", ours, 2), recording("r3", ours, 2), recording("r4", theirs, 3)
	b.User, b.Call, b.Purpose, b.State = "12", "c2", voice.ForVoicemail, voice.RecordingFinished
	for _, r := range []voice.Recording{a, b, c, other} {
		ok(t, s.CreateRecording(ctx, r))
	}
	same(t, "read back", read(s.Recording(ctx, ours, "r1"))(t), a)
	want(t, "id taken", s.CreateRecording(ctx, a), voice.Exists)
	want(t, "no account", s.CreateRecording(ctx, voice.Recording{ID: "r9"}), voice.Invalid)

	type list []voice.RecordingID
	for what, x := range map[string]struct {
		f    voice.RecordingFilter
		want list
	}{
		"all, oldest first":  {voice.RecordingFilter{}, list{"r1", "r2", "r3"}},
		"newest first":       {voice.RecordingFilter{NewestFirst: true}, list{"r3", "r2", "r1"}},
		"a user's":           {voice.RecordingFilter{User: "12"}, list{"r2"}},
		"a call's":           {voice.RecordingFilter{Call: "c1"}, list{"r1", "r3"}},
		"by purpose":         {voice.RecordingFilter{Purpose: voice.ForVoicemail}, list{"r2"}},
		"by state":           {voice.RecordingFilter{State: voice.RecordingActive}, list{"r1", "r3"}},
		"from":               {voice.RecordingFilter{After: moment(2)}, list{"r2", "r3"}},
		"until":              {voice.RecordingFilter{Before: moment(1)}, list{"r1"}},
		"limit":              {voice.RecordingFilter{Limit: 2}, list{"r1", "r2"}},
		"next page":          {voice.RecordingFilter{BeforeID: "r3", NewestFirst: true, Limit: 1}, list{"r2"}},
		"last page":          {voice.RecordingFilter{BeforeID: "r2", NewestFirst: true}, list{"r1"}},
		"page of a stranger": {voice.RecordingFilter{BeforeID: "r4"}, nil},
		"start-up recovery":  {voice.RecordingFilter{AllTenants: true, State: voice.RecordingActive}, list{"r1", "r3", "r4"}},
	} {
		have := read(s.Recordings(ctx, ours, x.f))(t)
		same(t, what, list(ids(have, func(r voice.Recording) voice.RecordingID { return r.ID })), x.want)
	}

	a.User, a.State, a.Blob, a.Size, a.SHA256, a.Duration = "", voice.RecordingPartial, "recordings/y.wav", 1<<40, "ab", 3*time.Second
	a.Channels, a.Words, a.Ended = 2, "cut", moment(9)
	ok(t, s.UpdateRecording(ctx, a))
	same(t, "updated", read(s.Recording(ctx, ours, "r1"))(t), a)
	want(t, "update unknown", s.UpdateRecording(ctx, recording("r9", ours, 1)), voice.NotExist)
	ok(t, s.DeleteRecording(ctx, ours, "r1"))
	want(t, "delete again", s.DeleteRecording(ctx, ours, "r1"), voice.NotExist)
}
