package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/engine"
	"tandem/internal/media"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// TestRoom has three in a room: who is alone hears music, each hears the others and
// not itself, one is muted, one is sent out, one leaves by a key, and the last by
// hanging up. What was said is recorded.
func TestRoom(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	ends := map[voice.RoomEnd]int{}
	spec := voice.RoomSpec{Room: "team", Music: []voice.Prompt{speech("music", time.Minute)}, Leave: "#", Record: true}
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.JoinRoom(ctx, spec)
		mu.Lock()
		defer mu.Unlock()
		ends[res.End]++
		return err
	})
	a := r.answered(phone.Options{})
	if !lastTone(a, pitch("music")) {
		t.Fatalf("who is alone hears no music\n%s", r.timeline())
	}
	b := r.answered(phone.Options{Codecs: []phone.Codec{phone.PCMA}})
	c := r.answered(phone.Options{})
	for call, hz := range map[*phone.Call]float64{a: 500, b: 900, c: 1400} {
		go call.Play(t.Context(), sine(hz, time.Minute))
	}
	if !hearsOnly(a, []float64{900, 1400}) || !hearsOnly(b, []float64{500, 1400}) || !hearsOnly(c, []float64{500, 900}) {
		t.Fatalf("the three do not hear what they should\n%s", r.timeline())
	}
	list := r.engine.Rooms(tenant)
	if len(list) != 1 || len(list[0].Members) != 3 || list[0].Recording == "" || len(r.engine.Rooms("other")) != 0 {
		t.Fatalf("rooms: %+v", list)
	}
	ids := list[0].Members
	if err := r.engine.MuteMember("other", "team", ids[1].Call, true); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("another account mutes: %v", err)
	}
	if err := r.engine.MuteMember(tenant, "team", ids[1].Call, true); err != nil {
		t.Fatal(err)
	}
	if !hearsOnly(a, []float64{1400}) || !hearsOnly(c, []float64{500}) || !hearsOnly(b, []float64{500, 1400}) {
		t.Errorf("one is muted\n%s", r.timeline())
	}
	if _, err := r.engine.RecordRoom(t.Context(), tenant, "team", true); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("recorded twice: %v", err)
	}
	if err := r.engine.KickMember(tenant, "team", ids[1].Call); err != nil {
		t.Fatal(err)
	}
	if err := r.over(); err != nil {
		t.Error(err)
	}
	if err := r.engine.KickMember(tenant, "team", ids[1].Call); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("sent out twice: %v", err)
	}
	if err := c.Press(t.Context(), "5#", phone.PressOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.over(); err != nil {
		t.Error(err)
	}
	if !lastTone(a, pitch("music")) {
		t.Errorf("who is alone again hears no music\n%s", r.timeline())
	}
	a.Hangup(t.Context())
	if err := r.over(); !voice.IsKind(err, voice.HungUp) {
		t.Errorf("the last has hung up: %v", err)
	}
	if ends[voice.RoomKicked] != 1 || ends[voice.RoomLeft] != 1 || len(r.engine.Rooms(tenant)) != 0 {
		t.Errorf("ends: %v, rooms %v", ends, r.engine.Rooms(tenant))
	}
	rec, err := r.store.Recording(t.Context(), tenant, list[0].Recording)
	if err != nil || rec.State != voice.RecordingFinished || rec.Channels != 1 || rec.Duration < time.Second {
		t.Fatalf("recording: %+v %v", rec, err)
	}
	f, err := r.blobs.Open(t.Context(), rec.Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := media.ReadWAV(f, media.WAVLimits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, hz := range []float64{500, 900, 1400} {
		if !somewhere(w.Samples, hz) {
			t.Errorf("the recording does not hold %v Hz", hz)
		}
	}
	r.noted(voice.EventRoomJoined, "joined room team")
	r.noted(voice.EventRoomLeft, "kicked")
	r.noted(voice.EventDigitDropped, "keys in a room go to nobody")
}

func somewhere(s []int16, hz float64) bool {
	for at := 0; at+2000 < len(s); at += 1000 {
		if audiomatch.Tone(s[at:at+2000], hz) > 0.2 {
			return true
		}
	}
	return false
}

// TestRoomBounds lets in as many as may be, and ends stays with their time and with
// the member that the room ends with.
func TestRoomBounds(t *testing.T) {
	t.Parallel()
	specs := make(chan voice.RoomSpec, 4)
	results := make(chan voice.RoomResult, 4)
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.JoinRoom(ctx, <-specs)
		results <- res
		return err
	})
	join := func(s voice.RoomSpec) *phone.Call {
		t.Helper()
		s.Room, s.Tones = "r", true
		specs <- s
		return r.answered(phone.Options{})
	}
	host := join(voice.RoomSpec{EndWith: true})
	guest := join(voice.RoomSpec{MaxMembers: 5})
	join(voice.RoomSpec{MaxMembers: 2})
	if res := <-results; res.End != voice.RoomIsFull {
		t.Errorf("the third: %+v", res)
	}
	r.over()
	if err := r.engine.LockRoom(tenant, "other", true); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("a room that is not there: %v", err)
	}
	if err := r.engine.LockRoom(tenant, "r", true); err != nil || !r.engine.Rooms(tenant)[0].Locked {
		t.Fatalf("locked: %v", err)
	}
	join(voice.RoomSpec{})
	if res := <-results; res.End != voice.RoomIsFull {
		t.Errorf("into the locked room: %+v", res)
	}
	r.over()
	if err := r.engine.LockRoom(tenant, "r", false); err != nil || r.engine.Rooms(tenant)[0].Locked {
		t.Fatalf("opened: %v", err)
	}
	join(voice.RoomSpec{MaxDuration: 200 * time.Millisecond})
	if res := <-results; res.End != voice.RoomMaxDuration {
		t.Errorf("the time is over: %+v", res)
	}
	r.over()
	if !lastTone(guest, 1000) && audiomatch.Tone(guest.Heard(), 1000) < 0.05 {
		t.Error("the guest hears no tone when others come and go")
	}
	host.Hangup(t.Context())
	if one, other := <-results, <-results; one.End != voice.RoomKicked && other.End != voice.RoomKicked {
		t.Errorf("the host has left: %+v %+v", one, other)
	}
	r.over()
	r.over()
}
