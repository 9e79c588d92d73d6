package engine

import (
	"context"
	"slices"

	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// roomTape is a recording of a room. Guarded by rooms.mu, but for over and what is
// set before that closes.
type roomTape struct {
	*tape  // nil while it is begun
	ending bool
	over   chan struct{}   // closed when it is stored, or was not begun
	kept   voice.Recording // with err
	err    error
}

// RecordRoom begins or ends the recording of a tenant's room, which is that of the
// member who has been in it longest. It is stored when the order to end it returns,
// unless ctx ends before. NotExist when there is no such room, Conflict when it is
// recorded, or not, already.
func (e *Engine) RecordRoom(ctx context.Context, t voice.TenantID, name string, on bool) (voice.RecordingID, error) {
	const op = "engine.RecordRoom"
	e.rooms.mu.Lock()
	o, _, err := e.rooms.find(op, t, name, "")
	if err != nil || on {
		e.rooms.mu.Unlock()
		if err != nil {
			return "", err
		}
		return e.record(ctx, o, nil)
	}
	tape := o.tape
	if tape == nil || tape.tape == nil || tape.ending {
		e.rooms.mu.Unlock()
		return "", voice.Errorf(op, voice.Conflict, "room %s is not recorded", name)
	}
	tape.ending = true
	e.rooms.mu.Unlock()
	tape.rec.End()
	select {
	case <-tape.over:
		return tape.kept.ID, tape.err
	case <-ctx.Done():
		return "", voice.E(op, voice.Unavailable, context.Cause(ctx))
	}
}

// record begins a recording of a room, which is that of the member by, or for nil of
// who has been in it longest.
func (e *Engine) record(ctx context.Context, o *room, by *member) (voice.RecordingID, error) {
	const op = "engine.RecordRoom"
	e.rooms.mu.Lock()
	if o.tape != nil || o.over || o.mix == nil {
		e.rooms.mu.Unlock()
		return "", voice.Errorf(op, voice.Conflict, "room %s is recorded already, or over", o.key.name)
	}
	t := &roomTape{over: make(chan struct{})}
	o.tape = t
	m, told := o.teller(by)
	e.rooms.mu.Unlock()
	defer told()
	opt := rtpport.RecordOptions{Sides: rtpport.SidesMixed, MaxDuration: voice.MaxRecordLength}
	if most := e.cfg.MaxRoomTape; most > 0 {
		opt.MaxDuration = min(most, voice.MaxRecordLength)
	}
	made, err := m.call.openTape(ctx, o.mix, m.leg, voice.ForCall, "", opt)
	e.rooms.mu.Lock()
	if err != nil {
		o.tape = nil
		e.rooms.mu.Unlock()
		close(t.over)
		return "", err
	}
	t.tape = made
	e.rooms.mu.Unlock()
	made.note(voice.EventRecordingStarted, "of room "+o.key.name+" started")
	go e.watchRoom(o, t, m) // after the note: it may have ended already
	return made.row.ID, nil
}

// watchRoom stores a room's recording, that of a member, when it has ended, for
// whatever reason. It ends with its recording; the last who leaves the room waits.
func (e *Engine) watchRoom(o *room, t *roomTape, by *member) {
	res := t.rec.Wait()
	e.rooms.mu.Lock()
	m, told := o.teller(by)
	e.rooms.mu.Unlock()
	t.call, t.leg = m.call, m.leg
	t.kept, t.err = t.finish(res) // a failure is on the timeline
	told()
	e.rooms.mu.Lock()
	o.tape = nil
	e.rooms.mu.Unlock()
	close(t.over)
}

// teller gives on whose call is told of the room's recording: of by while that is in
// the room, else of who has been in it longest, else of the last, who waits for the
// recording. Its stay is not over before told is called. The caller holds rooms.mu.
func (o *room) teller(by *member) (m *member, told func()) {
	switch {
	case slices.Contains(o.members, by):
		m = by
	case len(o.members) > 0:
		m = o.members[0]
	default:
		return o.last, func() {}
	}
	m.telling.Add(1)
	return m, m.telling.Done
}
