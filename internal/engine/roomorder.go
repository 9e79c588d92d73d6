package engine

import (
	"slices"
	"strings"

	"tandem/internal/voice"
)

// Rooms gives snapshots of a tenant's rooms that are up, by name.
func (e *Engine) Rooms(t voice.TenantID) []voice.Room {
	e.rooms.mu.Lock()
	defer e.rooms.mu.Unlock()
	var list []voice.Room
	for key, o := range e.rooms.all {
		if key.tenant != t {
			continue
		}
		v := voice.Room{Name: key.name, Since: o.since, Locked: o.locked}
		if o.tape != nil && o.tape.tape != nil {
			v.Recording = o.tape.row.ID
		}
		for _, m := range o.members {
			v.Members = append(v.Members, voice.RoomMember{Call: m.id, Since: m.since, Muted: m.muted})
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b voice.Room) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// find gives a tenant's room and, for an id, its member. The caller holds mu.
func (r *rooms) find(op string, t voice.TenantID, name string, id voice.CallID) (*room, *member, error) {
	o := r.all[roomKey{t, name}]
	if o == nil {
		return nil, nil, voice.Errorf(op, voice.NotExist, "there is no room %s", name)
	}
	if id == "" {
		return o, nil, nil
	}
	i := slices.IndexFunc(o.members, func(m *member) bool { return m.id == id })
	if i < 0 {
		return nil, nil, voice.Errorf(op, voice.NotExist, "call %s is not in room %s", id, name)
	}
	return o, o.members[i], nil
}

// MuteMember says whether a member of a tenant's room is not heard. NotExist when
// there is no such member.
func (e *Engine) MuteMember(t voice.TenantID, name string, id voice.CallID, muted bool) error {
	const op = "engine.MuteMember"
	e.rooms.mu.Lock()
	_, m, err := e.rooms.find(op, t, name, id)
	if err == nil && m == nil {
		err = voice.Errorf(op, voice.NotExist, "no member is named")
	}
	if err != nil {
		e.rooms.mu.Unlock()
		return err
	}
	m.muted = muted
	seat := m.seat
	e.rooms.mu.Unlock()
	if seat != nil {
		seat.Mute(muted)
	}
	words := "muted"
	if !muted {
		words = "heard again"
	}
	m.call.Note(voice.Event{Kind: voice.EventCallOrdered, Text: words + " in room " + name, Data: map[string]string{"order": "mute", "room": name}})
	return nil
}

// LockRoom says whether nobody more is let into a tenant's room: until it is opened,
// or over. NotExist when there is no such room.
func (e *Engine) LockRoom(t voice.TenantID, name string, locked bool) error {
	e.rooms.mu.Lock()
	o, _, err := e.rooms.find("engine.LockRoom", t, name, "")
	if err != nil {
		e.rooms.mu.Unlock()
		return err
	}
	var told []*Call // when nothing changes, nobody
	if o.locked != locked {
		for _, m := range o.members {
			told = append(told, m.call)
		}
	}
	o.locked = locked
	e.rooms.mu.Unlock()
	words := "locked"
	if !locked {
		words = "opened"
	}
	for _, c := range told {
		c.Note(voice.Event{Kind: voice.EventCallOrdered, Text: "room " + name + " " + words, Data: map[string]string{"order": "lock", "room": name}})
	}
	return nil
}

// KickMember ends a member's stay in a tenant's room; id "" = all of them. NotExist
// when there is no such member.
func (e *Engine) KickMember(t voice.TenantID, name string, id voice.CallID) error {
	e.rooms.mu.Lock()
	defer e.rooms.mu.Unlock()
	o, m, err := e.rooms.find("engine.KickMember", t, name, id)
	switch {
	case err != nil:
		return err
	case m == nil:
		o.end()
	default:
		m.kicked = true
		m.wake()
	}
	return nil
}
