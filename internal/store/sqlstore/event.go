package sqlstore

import (
	"context"
	"strconv"
	"strings"

	"tandem/internal/voice"
)

const eventColumns = `call, seq, tenant, at, kind, leg, origin_app, pointer, text, data`

func scanEvent(r row) (e voice.Event, err error) {
	err = r.Scan(&e.Call, &e.Seq, &e.Tenant, timeCol{&e.At}, &e.Kind, &e.Leg, &e.Origin.App, &e.Origin.Pointer, &e.Text,
		jsonCol{&e.Data})
	return e, err
}

const (
	eventFields = 10
	// eventRows is how many events one statement inserts. A statement costs as
	// much as several rows, but SQLite's driver binds n values in n² steps.
	eventRows = 4
)

// insertEvents gives the statement that inserts n events.
func insertEvents(n int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO events (` + eventColumns + `) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for f := range eventFields {
			if f > 0 {
				b.WriteString(", ")
			}
			b.WriteString("$" + strconv.Itoa(i*eventFields+f+1))
		}
		b.WriteByte(')')
	}
	b.WriteString(` ON CONFLICT (call, seq) DO NOTHING`)
	return b.String()
}

func eventArgs(events []voice.Event) []any {
	args := make([]any, 0, len(events)*eventFields)
	for _, e := range events {
		args = append(args, e.Call, e.Seq, e.Tenant, micros(e.At), e.Kind, e.Leg, e.Origin.App, e.Origin.Pointer, e.Text, jsonText(e.Data))
	}
	return args
}

// AppendEvents implements voice.CallStore. An event whose call and Seq are
// stored already is left as it is, so a batch may be sent again when it is not
// known whether it arrived.
func (s *Store) AppendEvents(ctx context.Context, events []voice.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.transact(ctx, "store.AppendEvents", relaxedWrite, names{}, func(x tx) error {
		return s.putEvents(ctx, x, events)
	})
}

func (s *Store) putEvents(ctx context.Context, x tx, events []voice.Event) error {
	for ; len(events) >= eventRows; events = events[eventRows:] {
		if _, err := x.exec(ctx, s.manyEvents, eventArgs(events[:eventRows])...); err != nil {
			return err
		}
	}
	one := insertEvents(1)
	for i := range events {
		if _, err := x.exec(ctx, one, eventArgs(events[i:i+1])...); err != nil {
			return err
		}
	}
	return nil
}

// AppendLate puts events at the ends of the timelines of calls that are over, in
// their order; their Seq is given here. Nobody else may write those meanwhile.
func (s *Store) AppendLate(ctx context.Context, events []voice.Event) error {
	return s.transact(ctx, "store.AppendLate", relaxedWrite, names{}, func(x tx) error {
		for _, e := range events {
			last, err := collect(ctx, x, func(r row) (n int, err error) { return n, r.Scan(&n) },
				`SELECT COALESCE(MAX(seq), 0) FROM events WHERE call = $1`, e.Call)
			if err != nil {
				return err
			}
			e.Seq = last[0] + 1
			if _, err := x.exec(ctx, insertEvents(1), eventArgs([]voice.Event{e})...); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteCalls implements voice.CallStore. Events alone may be lost by a power
// cut, as by AppendEvents; with a record or a delivery the batch is durable.
func (s *Store) WriteCalls(ctx context.Context, b voice.CallBatch) error {
	const op = "store.WriteCalls"
	kind := relaxedWrite
	if len(b.CDRs)+len(b.Deliveries) > 0 {
		kind = recordWrite
	}
	return s.transact(ctx, op, kind, names{}, func(x tx) error {
		if err := s.putEvents(ctx, x, b.Events); err != nil {
			return err
		}
		if err := putCDRs(ctx, x, op, b.CDRs); err != nil {
			return err
		}
		return putDeliveries(ctx, x, op, b.Deliveries, ` ON CONFLICT (id) DO NOTHING`)
	})
}

// Events implements voice.CallStore.
func (s *Store) Events(ctx context.Context, id voice.CallID) ([]voice.Event, error) {
	return many(ctx, s, "store.Events", scanEvent,
		`SELECT `+eventColumns+` FROM events WHERE call = $1 ORDER BY seq`, id)
}
