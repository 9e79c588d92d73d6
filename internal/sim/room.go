package sim

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Room is a conference room as a script has it.
type Room struct {
	Full bool          // nobody is let in
	Ends time.Duration // after the caller has come; 0 = it does not
}

// JoinRoom implements voice.Conferencer. Calls of one world meet in rooms of one
// name; one is out of it when its own room is over, or when it is told to be.
func (c *Call) JoinRoom(ctx context.Context, s voice.RoomSpec) (voice.RoomResult, error) {
	if err := c.ready(ctx, "sim.JoinRoom", true); err != nil {
		return voice.RoomResult{}, err
	}
	room := c.script.Rooms[s.Room]
	most := cmp.Or(s.MaxMembers, voice.MaxRoomMembers)
	if room.Full || c.w.full[s.Room] || len(c.w.rooms[s.Room]) >= most {
		return voice.RoomResult{End: voice.RoomIsFull}, nil
	}
	begun, longest := c.w.now, cmp.Or(s.MaxDuration, voice.DefaultMaxDuration)
	end := voice.RoomMaxDuration
	if room.Ends > 0 && room.Ends < longest {
		longest, end = room.Ends, voice.RoomKicked
	}
	data := map[string]string{"room": s.Room}
	c.note(voice.EventRoomJoined, "joined room "+s.Room, data)
	leave := c.comesInto(s)
	defer leave()
	expiry := c.expiry // the end of the flow's time does not end a stay
	c.expiry = time.Time{}
	defer func() { c.expiry = expiry }()
	for {
		h, err := c.happen(ctx, begun.Add(longest))
		switch {
		case err != nil:
			c.note(voice.EventRoomLeft, "left room "+s.Room+": "+voice.Reason(err), data)
			return voice.RoomResult{}, err
		case c.kicked:
			end = voice.RoomKicked
		case h.key != 0 && strings.IndexByte(string(s.Leave), h.key) >= 0:
			end = voice.RoomLeft
		case h.key != 0:
			c.drop(h.key, "keys in a room go to nobody")
			continue
		case !h.timeUp:
			continue
		}
		c.note(voice.EventRoomLeft, "left room "+s.Room+": "+string(end), data)
		return voice.RoomResult{End: end, Stayed: c.w.now.Sub(begun)}, nil
	}
}

// comesInto makes c a member of a room until the function that it gives is called.
func (c *Call) comesInto(s voice.RoomSpec) (leave func()) {
	w := c.w
	if w.rooms == nil {
		w.rooms = map[string][]*Call{}
	}
	c.kicked = false
	w.rooms[s.Room] = append(w.rooms[s.Room], c)
	w.Wake()
	return func() {
		w.rooms[s.Room] = slices.DeleteFunc(w.rooms[s.Room], func(x *Call) bool { return x == c })
		if s.EndWith {
			w.EndRoom(s.Room)
		}
		w.Wake()
	}
}

// Members gives the calls in a room, in the order in which they came.
func (w *World) Members(room string) []*Call { return w.rooms[room] }

// EndRoom takes everybody out of a room.
func (w *World) EndRoom(room string) {
	for _, m := range w.rooms[room] {
		m.Kick()
	}
}

// FillRoom lets nobody more into a room.
func (w *World) FillRoom(room string) {
	if w.full == nil {
		w.full = map[string]bool{}
	}
	w.full[room] = true
}

// Kick takes the caller out of the room.
func (c *Call) Kick() {
	c.kicked = true
	c.w.Wake()
}
