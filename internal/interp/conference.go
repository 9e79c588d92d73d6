package interp

import (
	"context"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// conference lets the caller be in a room until the stay is over.
func (r *run) conference(ctx context.Context, s flow.Conference) (outcome, error) {
	room := r.expand(s.Room)
	if !voice.IsRoomName(room) {
		return outcome{}, voice.Errorf("interp.conference", voice.Invalid, "%q is no name of a room", room)
	}
	if err := r.answer(ctx); err != nil {
		return outcome{}, err
	}
	res, err := r.call.JoinRoom(ctx, voice.RoomSpec{
		Room: room, Muted: s.Muted, Tones: s.Tones, Music: r.prompts(s.Music, nil), MaxMembers: s.MaxMembers,
		MaxDuration: s.MaxDuration, Record: s.Record, Leave: s.Leave, EndWith: s.EndWith,
	})
	if err != nil {
		return outcome{}, err
	}
	out := outcome{exit: flow.Next, words: string(res.End) + " after " + res.Stayed.Round(time.Second).String()}
	switch res.End {
	case voice.RoomKicked:
		out.exit = flow.Kicked
	case voice.RoomMaxDuration:
		out.exit = flow.MaxDuration
	case voice.RoomIsFull:
		out.exit, out.words = flow.RoomFull, "the room is full"
	}
	return out, nil
}
