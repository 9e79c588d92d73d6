package sim

import (
	"context"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Room is a conference room as a script has it.
type Room struct {
	Full bool          // nobody is let in
	Ends time.Duration // after the caller has come; 0 = it does not
}

// JoinRoom implements voice.Conferencer. Who is alone hears no music here.
func (c *Call) JoinRoom(ctx context.Context, s voice.RoomSpec) (voice.RoomResult, error) {
	if err := c.ready(ctx, "sim.JoinRoom", true); err != nil {
		return voice.RoomResult{}, err
	}
	room := c.script.Rooms[s.Room]
	if room.Full {
		return voice.RoomResult{End: voice.RoomIsFull}, nil
	}
	begun, longest := c.now, s.MaxDuration
	if longest <= 0 {
		longest = voice.DefaultMaxDuration
	}
	end := voice.RoomMaxDuration
	if room.Ends > 0 && room.Ends < longest {
		longest, end = room.Ends, voice.RoomKicked
	}
	data := map[string]string{"room": s.Room}
	c.note(voice.EventRoomJoined, "joined room "+s.Room, data)
	expiry := c.expiry // the end of the flow's time does not end a stay
	c.expiry = time.Time{}
	defer func() { c.expiry = expiry }()
	for {
		h, err := c.happen(ctx, begun.Add(longest))
		switch {
		case err != nil:
			c.note(voice.EventRoomLeft, "left room "+s.Room+": "+voice.Reason(err), data)
			return voice.RoomResult{}, err
		case h.key != 0 && strings.IndexByte(string(s.Leave), h.key) >= 0:
			end = voice.RoomLeft
		case h.key != 0:
			c.drop(h.key, "keys in a room go to nobody")
			continue
		case !h.timeUp:
			continue
		}
		c.note(voice.EventRoomLeft, "left room "+s.Room+": "+string(end), data)
		return voice.RoomResult{End: end, Stayed: c.now.Sub(begun)}, nil
	}
}
