package httpapi_test

import (
	"context"
	"fmt"
	"testing"

	"tandem/internal/voice"
)

// fakeRooms has one room, of the account's own.
type fakeRooms struct{ f *fixture }

func (r fakeRooms) check(t voice.TenantID, room string) error {
	if t != r.f.tenant || room != "team" {
		return voice.Errorf("engine", voice.NotExist, "there is no room %s", room)
	}
	return nil
}

func (r fakeRooms) Rooms(_ context.Context, t voice.TenantID) ([]voice.Room, error) {
	if t != r.f.tenant {
		return nil, nil
	}
	return []voice.Room{{Name: "team", Since: begin, Recording: "RE1", Members: []voice.RoomMember{{Call: "c1", Since: begin, Muted: true}}}}, nil
}

func (r fakeRooms) Mute(_ context.Context, t voice.TenantID, room string, id voice.CallID, muted bool) error {
	if err := r.check(t, room); err != nil {
		return err
	}
	return r.f.calls.note("mute %s in %s: %v", id, room, muted)
}

func (r fakeRooms) Lock(_ context.Context, t voice.TenantID, room string, locked bool) error {
	if err := r.check(t, room); err != nil {
		return err
	}
	return r.f.calls.note("lock %s: %v", room, locked)
}

func (r fakeRooms) Kick(_ context.Context, t voice.TenantID, room string, id voice.CallID) error {
	if err := r.check(t, room); err != nil {
		return err
	}
	return r.f.calls.note("kick %q out of %s", id, room)
}

func (r fakeRooms) RecordRoom(_ context.Context, t voice.TenantID, room string, on bool) (voice.RecordingID, error) {
	if err := r.check(t, room); err != nil {
		return "", err
	}
	return "RE2", r.f.calls.note("record %s: %v", room, on)
}

func TestRooms(t *testing.T) {
	f := newFixture(t)
	list := f.ok(200, "GET", "/rooms", "").items()
	if len(list) != 1 || list[0]["name"] != "team" || list[0]["recording"] != "RE1" || fmt.Sprint(list[0]["members"]) == "[]" {
		t.Errorf("rooms: %v", list)
	}
	if r := f.ok(200, "GET", "/rooms/team", ""); r.body["name"] != "team" {
		t.Errorf("room: %s", r.raw)
	}
	if r := f.ok(201, "POST", "/rooms/team/recording", ""); r.body["recording"] != "RE2" {
		t.Errorf("recorded: %s", r.raw)
	}
	orders := []struct{ method, path string }{
		{"DELETE", "/rooms/team/recording"}, {"POST", "/rooms/team/lock"}, {"DELETE", "/rooms/team/lock"}, {"POST", "/rooms/team/members/c1/mute"}, {"POST", "/rooms/team/members/c1/unmute"},
		{"DELETE", "/rooms/team/members/c1"}, {"DELETE", "/rooms/team"},
	}
	for _, o := range orders {
		f.ok(204, o.method, o.path, "")
		f.refused(f.as(f.foreign, o.method, o.path, ""), 404, "there is no room team", "another account's room: "+o.path)
	}
	want := `[record team: true record team: false lock team: true lock team: false mute c1 in team: true mute c1 in team: false kick "c1" out of team kick "" out of team]`
	if got := fmt.Sprint(f.calls.done); got != want {
		t.Errorf("ordered\n     %s\nwant %s", got, want)
	}
	f.fails(404, "there is no room other", "GET", "/rooms/other", "")
	f.calls.err = voice.Errorf("engine", voice.Conflict, "room team is recorded already")
	f.fails(409, "recorded already", "POST", "/rooms/team/recording", "")
	if list := f.as(f.foreign, "GET", "/rooms", "").items(); len(list) != 0 {
		t.Errorf("another account sees %v", list)
	}
}
