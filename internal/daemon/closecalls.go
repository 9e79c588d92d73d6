package daemon

import (
	"context"
	"slices"
	"time"

	"tandem/internal/voice"
)

// closeBatch is how many calls of an earlier process are closed at once.
const closeBatch = 100

// closeCalls ends every call that has no end, with CauseServerFailed: the process
// that carried it is gone. The end is the last thing known of the call. Its
// events are followed again, so that whoever was told of it is told of its end:
// record, last events and deliveries are stored in one transaction. What late
// holds of such a call comes before the end, and is taken out of late.
func (d *Daemon) closeCalls(ctx context.Context, late map[voice.CallID][]voice.Event) (closed int, err error) {
	for {
		open, err := d.store.CDRs(ctx, voice.CDRFilter{Open: true, Limit: closeBatch})
		if err != nil || len(open) == 0 {
			return closed, err
		}
		all := voice.CallBatch{}
		batches := make([]voice.CallBatch, len(open))
		for i, c := range open {
			if err := d.closeCall(ctx, c, late[c.Call], &batches[i]); err != nil {
				return closed, err
			}
			all.Events = append(all.Events, batches[i].Events...)
			all.CDRs = append(all.CDRs, batches[i].CDRs...)
			all.Deliveries = append(all.Deliveries, batches[i].Deliveries...)
			delete(late, c.Call)
		}
		if err := d.writeClosed(ctx, all, batches); err != nil {
			return closed, err
		}
		closed += len(open)
	}
}

// writeClosed stores what ends calls. When the store refuses it, it stores the
// calls one by one, so that one of them is no reason not to start; of one that is
// refused the end alone.
func (d *Daemon) writeClosed(ctx context.Context, all voice.CallBatch, each []voice.CallBatch) error {
	err := d.store.WriteCalls(ctx, all)
	if err == nil || voice.IsKind(err, voice.Unavailable) {
		return err
	}
	for _, b := range each {
		err := d.store.WriteCalls(ctx, b)
		if err == nil {
			continue
		}
		d.log.Error("call of the last run not closed in whole", "call", b.CDRs[0].Call, "err", err)
		if err := d.store.PutCDR(ctx, b.CDRs[0]); err != nil {
			return err
		}
	}
	return nil
}

// closeCall puts what ends one call into a batch.
func (d *Daemon) closeCall(ctx context.Context, c voice.CDR, late []voice.Event, b *voice.CallBatch) error {
	events, err := d.store.Events(ctx, c.Call)
	if err != nil {
		return err
	}
	seq := 0
	for _, e := range events {
		d.facts.Follow(e, nil) // whoever is told of it has been: that was stored with it
		seq = e.Seq
	}
	c = endRecord(c, events)
	fresh := append(late, voice.Event{
		Call: c.Call, Tenant: c.Tenant, At: time.Now().Truncate(time.Microsecond), Kind: voice.EventCallEnded, Text: "call ended: " + c.Words,
		Data: map[string]string{"cause": string(c.Cause), "reason": string(c.Reason)},
	})
	for i, e := range fresh {
		seq++
		e.Seq = seq
		var record *voice.CDR
		if i == len(fresh)-1 {
			record = &c
		}
		if render := d.facts.Follow(e, record); render != nil {
			ds, err := render(ctx)
			if err != nil {
				return err
			}
			b.Deliveries = append(b.Deliveries, ds...)
		}
		b.Events = append(b.Events, e)
	}
	b.CDRs = append(b.CDRs, c)
	return nil
}

// endRecord gives the record of a call whose process is gone its end.
func endRecord(c voice.CDR, events []voice.Event) voice.CDR {
	c.End = later(c.Start, c.Answered)
	if n := len(events); n > 0 {
		c.End = later(c.End, events[n-1].At)
	}
	recall(&c, events)
	c.Reason, c.Cause, c.Words = voice.EndCrashed, voice.CauseServerFailed, "the server stopped without ending this call; the end is the last that is known of it"
	for i := range c.Legs {
		if l := &c.Legs[i]; l.End.IsZero() {
			l.End, l.Cause, l.Words = later(c.End, l.Start), c.Cause, c.Words
		}
	}
	return c
}

// recall puts into a record, which was stored when the call's flow began, what
// its timeline says of answers and legs.
func recall(c *voice.CDR, events []voice.Event) {
	leg := func(e voice.Event) *voice.LegRecord {
		i := slices.IndexFunc(c.Legs, func(l voice.LegRecord) bool { return l.ID == e.Leg })
		if i < 0 {
			i = len(c.Legs)
			c.Legs = append(c.Legs, voice.LegRecord{ID: e.Leg, Start: e.At})
		}
		return &c.Legs[i]
	}
	for _, e := range events {
		switch e.Kind {
		case voice.EventCallAnswered:
			if c.Answered.IsZero() {
				c.Answered = e.At
			}
		case voice.EventLegAnswered:
			l := leg(e)
			l.Answered = e.At
			if l.To == "" {
				l.To = e.Data["with"]
			}
		case voice.EventLegEnded:
			if l := leg(e); l.End.IsZero() {
				l.End, l.Cause, l.Words = e.At, voice.Cause(e.Data["cause"]), e.Text
			}
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
