package engine

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// rooms are the conference rooms that are up. Its mutex guards them and their
// members, and is held for a look only.
type rooms struct {
	mu  sync.Mutex
	all map[roomKey]*room
}

type roomKey struct {
	tenant voice.TenantID
	name   string
}

// room is a conference room: it is up while it has members.
type room struct {
	key     roomKey
	since   time.Time
	open    sync.Once
	mix     *rtpport.Room // set by open, with err
	err     error
	members []*member // in the order in which they came
	last    *member   // to leave, nil before
	tape    *roomTape
	over    bool // nobody is let in any more
	locked  bool // nobody is let in until it is opened
}

// member is a call in a room.
type member struct {
	call    *Call
	id      voice.CallID
	leg     voice.LegID
	room    *room
	since   time.Time
	seat    *rtpport.Seat // nil on the way in
	muted   bool
	kicked  bool
	changed chan struct{} // closed when something changes for the member
	// telling is added to while the member is in the room, and waited for afterwards.
	telling sync.WaitGroup // of who notes on its call what becomes of the recording
}

// JoinRoom implements voice.Conferencer.
func (c *Call) JoinRoom(ctx context.Context, s voice.RoomSpec) (voice.RoomResult, error) {
	if err := c.Answer(ctx); err != nil {
		return voice.RoomResult{}, err
	}
	begun := time.Now()
	m := c.e.rooms.enter(c, s, begun)
	if m == nil {
		c.Note(voice.Event{Kind: voice.EventCallOrdered, Text: "not let into room " + s.Room + ": it is full or locked", Data: map[string]string{"order": "room", "room": s.Room}})
		return voice.RoomResult{End: voice.RoomIsFull}, nil
	}
	if err := m.sit(s); err != nil {
		m.leave(s)
		return voice.RoomResult{}, err
	}
	data := map[string]string{"room": s.Room}
	c.Note(voice.Event{Kind: voice.EventRoomJoined, Leg: c.a.id, Text: "joined room " + s.Room, Data: data})
	if s.Record {
		if _, err := c.e.record(ctx, m.room, m); err != nil && !voice.IsKind(err, voice.Conflict) {
			c.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "the room is not recorded: " + voice.Reason(err)})
		}
	}
	c.talks(true) // the end of the flow's time does not end a stay
	end, err := m.stay(ctx, s, begun)
	c.talks(false)
	m.leave(s)
	r := voice.RoomResult{End: end, Stayed: time.Since(begun)}
	words := string(end)
	if err != nil {
		words = voice.Reason(err)
	}
	c.Note(voice.Event{Kind: voice.EventRoomLeft, Leg: c.a.id, Text: "left room " + s.Room + " after " + r.Stayed.Round(time.Millisecond).String() + ": " + words, Data: data})
	return r, err
}

// enter finds the room, or makes it, and puts the call on its list; nil when the
// room is full or locked.
func (r *rooms) enter(c *Call, s voice.RoomSpec, now time.Time) *member {
	most := s.MaxMembers
	if most <= 0 {
		most = voice.MaxRoomMembers
	}
	info := c.Info()
	key := roomKey{info.Tenant, s.Room}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.all[key]
	if o == nil || o.over {
		o = &room{key: key, since: now}
		r.all[key] = o
	}
	if o.locked || len(o.members) >= most {
		return nil
	}
	m := &member{call: c, id: info.ID, leg: c.a.id, room: o, since: now, muted: s.Muted, changed: make(chan struct{})}
	o.members = append(o.members, m)
	o.tell()
	return m
}

// tell wakes all members. The caller holds rooms.mu.
func (o *room) tell() {
	for _, m := range o.members {
		m.wake()
	}
}

func (m *member) wake() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// sit joins the member's media to the room.
func (m *member) sit(s voice.RoomSpec) error {
	const op = "engine.JoinRoom"
	o, c := m.room, m.call
	o.open.Do(func() {
		mix, err := c.e.cfg.Pool.NewRoom(c.a.port)
		c.e.rooms.mu.Lock()
		o.mix, o.err = mix, err
		c.e.rooms.mu.Unlock()
	})
	if o.err != nil {
		return voice.E(op, voice.Unavailable, o.err)
	}
	if s.Tones {
		o.mix.Play(c.e.tones.Beep)
	}
	seat, err := o.mix.Join(c.a.port, s.Muted)
	if err != nil {
		return voice.E(op, voice.Unavailable, err)
	}
	c.e.rooms.mu.Lock()
	m.seat = seat
	muted := m.muted
	c.e.rooms.mu.Unlock()
	if muted != s.Muted { // ordered meanwhile
		seat.Mute(muted)
	}
	return nil
}

// stay waits for the end of the stay; who is alone hears music, if there is any.
func (m *member) stay(ctx context.Context, s voice.RoomSpec, begun time.Time) (voice.RoomEnd, error) {
	c := m.call
	longest := s.MaxDuration
	if longest <= 0 {
		longest = voice.DefaultMaxDuration
	}
	var music *playing
	defer func() {
		if music != nil {
			music.over(false)
		}
	}()
	for {
		changed, kicked, alone := m.look()
		switch {
		case kicked:
			return voice.RoomKicked, nil
		case alone && music == nil && len(s.Music) > 0:
			music = c.play(ctx, c.a, voice.PlaySpec{Prompts: s.Music, Loop: true})
		case !alone && music != nil:
			music.over(false)
			music = nil
		}
		w, err := c.waitUntil(ctx, changed, nil, at(begun.Add(longest)))
		switch {
		case err != nil:
			return "", err
		case w.timer:
			return voice.RoomMaxDuration, nil
		case w.key != nil && strings.IndexByte(string(s.Leave), w.key.Key) >= 0:
			return voice.RoomLeft, nil
		case w.key != nil:
			c.dropped(*w.key, "keys in a room go to nobody")
		}
	}
}

// look gives how the member stands, and what closes when that changes.
func (m *member) look() (changed <-chan struct{}, kicked, alone bool) {
	r := &m.call.e.rooms
	r.mu.Lock()
	defer r.mu.Unlock()
	return m.changed, m.kicked, len(m.room.members) == 1
}

// leave takes the member out of the room, which ends with its last.
func (m *member) leave(s voice.RoomSpec) {
	o, r := m.room, &m.call.e.rooms
	r.mu.Lock()
	o.members = slices.DeleteFunc(o.members, func(x *member) bool { return x == m })
	if s.EndWith {
		o.end()
	}
	o.tell()
	last := len(o.members) == 0
	tape := o.tape
	if last {
		o.over, o.last = true, m
		if r.all[o.key] == o {
			delete(r.all, o.key)
		}
	}
	r.mu.Unlock()
	if m.seat != nil {
		m.seat.Leave()
	}
	m.telling.Wait()
	switch {
	case o.mix == nil:
	case last:
		o.mix.Close() // and with it the recording
		if tape != nil {
			<-tape.over
		}
	case s.Tones:
		o.mix.Play(m.call.e.tones.Beep)
		o.mix.Play(m.call.e.tones.Beep)
	}
}

// end lets all members go. The caller holds rooms.mu.
func (o *room) end() {
	o.over = true
	for _, m := range o.members {
		m.kicked = true
	}
	o.tell()
}
