package sqlstore

import (
	"context"
	"slices"
	"time"

	"tandem/internal/voice"
)

// Bounds of rendering what others are to be told: the store's health alone may
// hold timelines up.
const (
	renderTime     = 2 * time.Second        // one event
	renderSlice    = 250 * time.Millisecond // then what there is of a batch is stored
	renderPatience = 30 * time.Second       // then events are stored without, if the store takes them
	renderHurry    = 50 * time.Millisecond  // one event, when patience is over
)

// unit is what is written together: an entry and its deliveries.
type unit struct {
	entry
	render func(context.Context) ([]voice.Delivery, error) // nil = it is done
	err    error                                           // why it is not
	ds     []voice.Delivery
}

// batch gives what is written of units in one transaction.
func batch(units []unit) (b voice.CallBatch) {
	events, cdrs := 0, 0
	for i := range units {
		if units[i].event.Seq != 0 {
			events++
		}
		if units[i].cdr != nil {
			cdrs++
		}
	}
	b.Events, b.CDRs = make([]voice.Event, 0, events), make([]voice.CDR, 0, cdrs)
	for i := range units {
		u := &units[i]
		if u.event.Seq != 0 {
			b.Events = append(b.Events, u.event)
		}
		if u.cdr != nil {
			b.CDRs = append(b.CDRs, *u.cdr)
		}
		b.Deliveries = append(b.Deliveries, u.ds...)
	}
	return b
}

// drain stores all that waits, in batches.
func (j *Journal) drain(ctx context.Context) error {
	j.latest = 0
	for {
		clear(j.waiting) // let go of their texts
		j.mu.Lock()
		j.waiting = append(j.waiting[:0], j.queue[:min(len(j.queue), journalBatch)]...)
		tell := j.tell
		j.mu.Unlock()
		waiting := j.waiting
		if len(waiting) == 0 {
			return nil
		}
		n, unrendered := j.prepare(ctx, tell, waiting)
		if n == 0 {
			return unrendered
		}
		refused, err := j.store(ctx, j.ready[:n])
		if err != nil {
			return err
		}
		j.stored(tell, n, refused)
		j.latest += n
		if unrendered != nil {
			return unrendered
		}
	}
}

// prepare follows and renders what waits, and gives how much of it may be
// stored, and why not more.
func (j *Journal) prepare(ctx context.Context, tell Teller, waiting []entry) (n int, err error) {
	begun := time.Now()
	for i, x := range waiting {
		if i > 0 && time.Since(begun) > renderSlice {
			return i, nil
		}
		if i == len(j.ready) {
			u := unit{entry: x}
			if tell != nil && x.event.Seq != 0 {
				u.render = tell.Follow(x.event, x.cdr)
			}
			j.ready = append(j.ready, u)
		}
		u := &j.ready[i]
		if u.render == nil {
			continue
		}
		if err := j.rendered(ctx, u); err != nil {
			return i, err
		}
	}
	return len(waiting), nil
}

// rendered renders what u asks for. When that has not worked for long, for
// whatever event, it is left undone: the event is stored without, if the store
// is well.
func (j *Journal) rendered(ctx context.Context, u *unit) error {
	limit, hurry := renderTime, !j.unwell.IsZero() && time.Since(j.unwell) >= renderPatience
	if hurry {
		limit = renderHurry
	}
	once, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ds, err := u.render(once)
	if err == nil {
		u.ds, u.render, j.unwell = ds, nil, time.Time{}
		return nil
	}
	u.err = err
	if j.unwell.IsZero() {
		j.unwell = time.Now()
	}
	if hurry {
		return nil
	}
	return err
}

// stored lets go of the first n units.
func (j *Journal) stored(tell Teller, n, refused int) {
	var queued []voice.Delivery
	for i := range j.ready[:n] {
		u := &j.ready[i]
		if u.render != nil {
			j.log.Error("webhooks not rendered: nobody is told", "call", u.event.Call, "event", u.event.Kind, "err", u.err)
		}
		queued = append(queued, u.ds...)
	}
	j.ready = slices.Delete(j.ready, 0, n)
	j.mu.Lock()
	j.queue = without(j.queue, n)
	j.dropped += uint64(refused)
	j.mu.Unlock()
	if len(queued) > 0 {
		tell.Queued(queued)
	}
}

// without takes the first n entries off. What is left moves to the front, so that
// the same memory serves all batches, unless it is much or the memory was made for much.
func without(queue []entry, n int) []entry {
	if left := len(queue) - n; left <= journalBatch && cap(queue) <= 8*journalBatch {
		return slices.Delete(queue, 0, n)
	} else if left == 0 {
		return nil
	}
	clear(queue[:n]) // let go of their texts
	return queue[n:]
}

// store writes a batch. When the database refuses it for another reason than
// being away, it writes the events one by one, each with what goes with it, and
// of one that is refused still each part alone, so that nothing bad can hold up
// or take along what is not. It gives how many events were refused.
func (j *Journal) store(ctx context.Context, units []unit) (refused int, err error) {
	err = j.try(ctx, batch(units))
	if err == nil || voice.IsKind(err, voice.Unavailable) {
		return 0, err
	}
	for i := range units {
		err := j.try(ctx, batch(units[i:i+1]))
		if err == nil {
			continue
		}
		if voice.IsKind(err, voice.Unavailable) {
			return 0, err
		}
		lost, err := j.storeParts(ctx, units[i])
		if err != nil {
			return 0, err
		}
		refused += lost
	}
	return refused, nil
}

// storeParts writes the event, the record and each delivery of a unit alone. It
// gives whether the event was refused.
func (j *Journal) storeParts(ctx context.Context, u unit) (refused int, err error) {
	whole := batch([]unit{u})
	part := func(what string, b voice.CallBatch, args ...any) bool {
		switch e := j.try(ctx, b); {
		case e == nil:
			return true
		case voice.IsKind(e, voice.Unavailable):
			err = e
		default:
			j.log.Error(what+" refused by the database", append(args, "error", e)...)
		}
		return false
	}
	if len(whole.Events) > 0 && !part("event", voice.CallBatch{Events: whole.Events}, "call", u.event.Call, "seq", u.event.Seq) {
		refused = 1
	}
	if c := u.cdr; c != nil && err == nil {
		part("call record", voice.CallBatch{CDRs: whole.CDRs}, "call", c.Call, "from", c.From, "to", c.To, "start", c.Start, "end", c.End, "cause", c.Cause)
	}
	for i, d := range whole.Deliveries {
		if err == nil {
			part("webhook", voice.CallBatch{Deliveries: whole.Deliveries[i : i+1]}, "call", d.Call, "purpose", d.Purpose)
		}
	}
	return refused, err
}

func (j *Journal) try(ctx context.Context, b voice.CallBatch) error {
	ctx, cancel := context.WithTimeout(ctx, journalWrite)
	defer cancel()
	return j.to.WriteCalls(ctx, b)
}
