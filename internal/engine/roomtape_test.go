package engine_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// meeting is a rig whose calls all go into room r.
type meeting struct{ *rig }

func newMeeting(t *testing.T, change func(*engine.Config)) meeting {
	t.Helper()
	return meeting{newRig(t, func(ctx context.Context, c *engine.Call) error {
		_, err := c.JoinRoom(ctx, voice.RoomSpec{Room: "r"})
		return err
	}, change)}
}

// longest bounds the recordings of rooms.
func longest(d time.Duration) func(*engine.Config) {
	return func(cfg *engine.Config) { cfg.MaxRoomTape = d }
}

// slowRows are recordings whose end is stored when release closes.
type slowRows struct {
	voice.RecordingStore
	storing chan voice.RecordingID
	release chan struct{}
}

func (s slowRows) UpdateRecording(ctx context.Context, r voice.Recording) error {
	s.storing <- r.ID
	<-s.release
	return s.RecordingStore.UpdateRecording(ctx, r)
}

// room waits until so many are in the room and it is recorded, or is not.
func (m meeting) room(members int, recorded bool) voice.Room {
	m.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if l := m.engine.Rooms(tenant); len(l) == 1 && len(l[0].Members) == members && (l[0].Recording != "") == recorded {
			return l[0]
		}
		<-tick.C
	}
	m.t.Fatalf("no room of %d, recorded %v: %+v\n%s", members, recorded, m.engine.Rooms(tenant), m.timeline())
	return voice.Room{}
}

// record begins a recording, or ends it.
func (m meeting) record(on bool) voice.RecordingID {
	m.t.Helper()
	id, err := m.engine.RecordRoom(m.t.Context(), tenant, "r", on)
	if err != nil {
		m.t.Fatalf("record %v: %v\n%s", on, err, m.timeline())
	}
	return id
}

// told fails unless a recording is stored and its end was told once, on the call named,
// whose stay was not over. It gives the row.
func (m meeting) told(id voice.RecordingID, on voice.CallID) voice.Recording {
	m.t.Helper()
	rec, err := m.store.Recording(m.t.Context(), tenant, id)
	if err != nil || rec.State != voice.RecordingFinished || rec.Size == 0 {
		m.t.Fatalf("recording %s: %+v %v\n%s", id, rec, err, m.timeline())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var calls []voice.CallID
	left := map[voice.CallID]bool{}
	for _, e := range m.events {
		switch {
		case e.Kind == voice.EventRoomLeft:
			left[e.Call] = true
		case e.Kind == voice.EventRecordingFinished && e.Data["recording"] == string(id):
			calls = append(calls, e.Call)
			if left[e.Call] {
				m.t.Errorf("the end of %s is told on call %s, which has left", id, e.Call)
			}
		}
	}
	if len(calls) != 1 || calls[0] != on {
		m.t.Errorf("the end of %s is told on calls %v, not %s", id, calls, on)
	}
	return rec
}

// TestRoomTapeLimit stores a recording whose longest time is over while both are in
// the room, and lets another begin.
func TestRoomTapeLimit(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, longest(300*time.Millisecond))
	m.answered(phone.Options{})
	m.answered(phone.Options{})
	first := m.room(2, false).Members[0].Call
	one := m.record(true)
	m.room(2, false)
	if rec := m.told(one, first); rec.Duration < 300*time.Millisecond || rec.Call != first {
		t.Errorf("a recording of at most 300 ms: %+v", rec)
	}
	two := m.record(true)
	m.room(2, false)
	m.told(two, first)
	if one == two {
		t.Errorf("recording %s was begun twice", one)
	}
	if _, err := m.engine.RecordRoom(t.Context(), tenant, "r", false); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("stopped after its end: %v", err)
	}
}

// TestRoomTapeTold tells of the end of a recording whoever is in the room.
func TestRoomTapeTold(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, longest(0))
	a := m.answered(phone.Options{})
	m.room(1, false)
	b := m.answered(phone.Options{})
	two := m.room(2, false).Members
	first := m.record(true)
	m.room(2, true)
	a.Hangup(t.Context())
	m.over()
	m.room(1, true)
	if id := m.record(false); id != first {
		t.Errorf("stopped %s, not %s", id, first)
	}
	m.told(first, two[1].Call)
	last := m.record(true)
	b.Hangup(t.Context())
	m.over()
	m.told(last, two[1].Call)
}

// TestRoomTapeStoredSlowly has the member on whose call the end is told leave while the
// recording is stored: its stay ends afterwards.
func TestRoomTapeStoredSlowly(t *testing.T) {
	t.Parallel()
	rows := slowRows{storing: make(chan voice.RecordingID, 1), release: make(chan struct{})}
	m := newMeeting(t, func(cfg *engine.Config) {
		rows.RecordingStore = cfg.Recordings
		cfg.Recordings, cfg.MaxRoomTape = rows, 100*time.Millisecond
	})
	a := m.answered(phone.Options{})
	m.room(1, false)
	m.answered(phone.Options{})
	first := m.room(2, false).Members[0].Call
	id := m.record(true)
	if got := <-rows.storing; got != id {
		t.Errorf("stored %s, not %s", got, id)
	}
	a.Hangup(t.Context())
	m.room(1, true)
	if _, err := m.engine.RecordRoom(t.Context(), tenant, "r", true); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("another is begun while one is stored: %v", err)
	}
	select {
	case err := <-m.done:
		t.Errorf("the stay is over before its recording is stored: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	close(rows.release)
	m.over()
	m.told(id, first)
	m.room(1, false)
}

// TestRoomTapeRaces has orders to stop meet the longest time and the room's end: each
// recording is stored once.
func TestRoomTapeRaces(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, longest(100*time.Millisecond))
	a := m.answered(phone.Options{})
	call := m.room(1, false).Members[0].Call
	for i := range 6 {
		id := m.record(true)
		<-time.After(time.Duration(i) * 40 * time.Millisecond)
		if got, err := m.engine.RecordRoom(t.Context(), tenant, "r", false); err == nil && got != id || err != nil && !voice.IsKind(err, voice.Conflict) {
			t.Errorf("stop %s: %s %v", id, got, err)
		}
		m.told(id, call)
	}
	id := m.record(true)
	stopped := make(chan error, 1)
	go func() {
		_, err := m.engine.RecordRoom(context.Background(), tenant, "r", false)
		stopped <- err
	}()
	a.Hangup(t.Context())
	m.over()
	if err := <-stopped; err != nil && !voice.IsKind(err, voice.Conflict) && !voice.IsKind(err, voice.NotExist) {
		t.Errorf("stop with the room's end: %v", err)
	}
	m.told(id, call)
	if _, err := m.engine.RecordRoom(t.Context(), tenant, "r", true); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("record a room that is over: %v", err)
	}
}
