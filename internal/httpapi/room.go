package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"tandem/internal/voice"
)

// Room is a conference room that is up.
type Room struct {
	Name      string       `json:"name"`
	Since     *time.Time   `json:"since"`
	Recording string       `json:"recording,omitempty" doc:"The recording that is being made"`
	Locked    bool         `json:"locked" doc:"Nobody more is let in"`
	Members   []RoomMember `json:"members"`
}

// RoomMember is a call in a room.
type RoomMember struct {
	Call  string     `json:"call"`
	Since *time.Time `json:"since"`
	Muted bool       `json:"muted"`
}

// RoomPath names a room.
type RoomPath struct {
	Room string `path:"room" maxLength:"64"`
}

// MemberPath names a call in a room.
type MemberPath struct {
	RoomPath
	CallPath
}

func (a *API) registerRooms(section string) {
	handle(a, route{id: "list-rooms", method: http.MethodGet, path: "/rooms", section: section, scope: CallsRead, title: "List the conference rooms that are up"}, a.listRooms)
	handle(a, route{id: "read-room", method: http.MethodGet, path: "/rooms/{room}", section: section, scope: CallsRead, title: "Read a conference room"}, a.readRoom)
	handle(a, route{id: "end-room", noted: "ended", method: http.MethodDelete, path: "/rooms/{room}", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "End a conference room", text: "The flows of its members go on by their way kicked."}, a.endRoom)
	handle(a, route{id: "record-room", noted: "recorded", method: http.MethodPost, path: "/rooms/{room}/recording", section: section, scope: CallsWrite, status: http.StatusCreated,
		title: "Record a conference room from now on", text: "Until it is over. 409 when it is being recorded."}, a.recordRoom)
	handle(a, route{id: "stop-room-recording", method: http.MethodDelete, path: "/rooms/{room}/recording", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Stop the recording of a conference room"}, a.stopRoomRecording)
	handle(a, route{id: "lock-room", noted: "locked", method: http.MethodPost, path: "/rooms/{room}/lock", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Let nobody more into a conference room", text: "Flows go on by their way full, until the room is opened or over."}, a.lockRoom)
	handle(a, route{id: "open-room", noted: "opened", method: http.MethodDelete, path: "/rooms/{room}/lock", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Let more into a conference room again"}, a.openRoom)
	handle(a, route{id: "mute-member", method: http.MethodPost, path: "/rooms/{room}/members/{call}/mute", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Mute a member of a conference room"}, a.muteMember)
	handle(a, route{id: "unmute-member", method: http.MethodPost, path: "/rooms/{room}/members/{call}/unmute", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Let a member of a conference room be heard again"}, a.unmuteMember)
	handle(a, route{id: "kick-member", noted: "removed a member of", method: http.MethodDelete, path: "/rooms/{room}/members/{call}", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Send a member out of a conference room", text: "Its flow goes on by its way kicked."}, a.kickMember)
}

func roomOf(r voice.Room) Room {
	v := Room{Name: r.Name, Since: moment(r.Since), Recording: string(r.Recording), Locked: r.Locked, Members: []RoomMember{}}
	for _, m := range r.Members {
		v.Members = append(v.Members, RoomMember{Call: string(m.Call), Since: moment(m.Since), Muted: m.Muted})
	}
	return v
}

func (a *API) listRooms(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Room]], error) {
	list, err := a.cfg.Rooms.Rooms(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	return all(list, roomOf), nil
}

func (a *API) readRoom(ctx context.Context, c caller, in *RoomPath) (*answer[Room], error) {
	list, err := a.cfg.Rooms.Rooms(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(r voice.Room) bool { return r.Name == in.Room })
	if i < 0 {
		return nil, voice.Errorf("httpapi", voice.NotExist, "there is no room %s", in.Room)
	}
	return body(roomOf(list[i])), nil
}

func (a *API) endRoom(ctx context.Context, c caller, in *RoomPath) (*nothing, error) {
	return nil, a.cfg.Rooms.Kick(ctx, c.tenant, in.Room, "")
}

func (a *API) recordRoom(ctx context.Context, c caller, in *RoomPath) (*answer[Tape], error) {
	id, err := a.cfg.Rooms.RecordRoom(ctx, c.tenant, in.Room, true)
	if err != nil {
		return nil, err
	}
	return body(Tape{string(id)}), nil
}

func (a *API) stopRoomRecording(ctx context.Context, c caller, in *RoomPath) (*nothing, error) {
	_, err := a.cfg.Rooms.RecordRoom(ctx, c.tenant, in.Room, false)
	return nil, err
}

func (a *API) lockRoom(ctx context.Context, c caller, in *RoomPath) (*nothing, error) {
	return nil, a.cfg.Rooms.Lock(ctx, c.tenant, in.Room, true)
}

func (a *API) openRoom(ctx context.Context, c caller, in *RoomPath) (*nothing, error) {
	return nil, a.cfg.Rooms.Lock(ctx, c.tenant, in.Room, false)
}

func (a *API) muteMember(ctx context.Context, c caller, in *MemberPath) (*nothing, error) {
	return nil, a.cfg.Rooms.Mute(ctx, c.tenant, in.Room, voice.CallID(in.Call), true)
}

func (a *API) unmuteMember(ctx context.Context, c caller, in *MemberPath) (*nothing, error) {
	return nil, a.cfg.Rooms.Mute(ctx, c.tenant, in.Room, voice.CallID(in.Call), false)
}

func (a *API) kickMember(ctx context.Context, c caller, in *MemberPath) (*nothing, error) {
	return nil, a.cfg.Rooms.Kick(ctx, c.tenant, in.Room, voice.CallID(in.Call))
}
