package engine

import (
	"context"
	"slices"
	"strings"

	"tandem/internal/rtpport"
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
		v := voice.Room{Name: key.name, Since: o.since}
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

// RecordRoom begins or ends the recording of a tenant's room, which is that of the
// member who has been in it longest. NotExist when there is no such room, Conflict
// when it is recorded, or not, already.
func (e *Engine) RecordRoom(ctx context.Context, t voice.TenantID, name string, on bool) (voice.RecordingID, error) {
	const op = "engine.RecordRoom"
	e.rooms.mu.Lock()
	o, _, err := e.rooms.find(op, t, name, "")
	if err == nil && len(o.members) == 0 {
		err = voice.Errorf(op, voice.NotExist, "there is no room %s", name)
	}
	if err != nil {
		e.rooms.mu.Unlock()
		return "", err
	}
	first, tape := o.members[0].call, o.tape
	if !on && tape != nil && tape.tape != nil {
		o.tape = nil
	}
	e.rooms.mu.Unlock()
	switch {
	case on:
		return e.record(ctx, o, first)
	case tape == nil || tape.tape == nil:
		return "", voice.Errorf(op, voice.Conflict, "room %s is not recorded", name)
	}
	row, err := tape.finish(tape.rec.Stop())
	return row.ID, err
}

// record begins a recording of a room on the timeline of one of its members.
func (e *Engine) record(ctx context.Context, o *room, c *Call) (voice.RecordingID, error) {
	const op = "engine.RecordRoom"
	e.rooms.mu.Lock()
	if o.tape != nil || o.over || o.mix == nil {
		e.rooms.mu.Unlock()
		return "", voice.Errorf(op, voice.Conflict, "room %s is recorded already, or over", o.key.name)
	}
	mine := &roomTape{}
	o.tape = mine
	e.rooms.mu.Unlock()
	t, err := c.openTape(ctx, o.mix, c.a.id, voice.ForCall, "", rtpport.RecordOptions{Sides: rtpport.SidesMixed, MaxDuration: voice.MaxRecordLength})
	e.rooms.mu.Lock()
	over := o.over
	if err == nil && !over {
		mine.tape = t
	} else if o.tape == mine {
		o.tape = nil
	}
	e.rooms.mu.Unlock()
	if err != nil {
		return "", err
	}
	t.note(voice.EventRecordingStarted, "of room "+o.key.name+" started")
	if over { // the last member left meanwhile
		t.finish(t.rec.Stop())
	}
	return t.row.ID, nil
}
