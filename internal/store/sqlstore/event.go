package sqlstore

import (
	"context"
	"slices"

	"tandem/internal/voice"
)

// A timeline is stored in runs: what came of one call in one batch is one row,
// since most of what a row costs does not depend on its length. Rows of a kind are
// of before and hold one event in columns of their own.
const eventColumns = `call, seq, tenant, at, kind, leg, origin_app, pointer, text, data`

// insertRun stores a run. One that begins with the same event was stored already,
// as it is or shorter by what has come since.
const insertRun = `INSERT INTO events (` + eventColumns + `, last) VALUES ($1, $2, $3, $4, '', '', '', '', '', $5, $6)
	ON CONFLICT (call, seq) DO UPDATE SET data = excluded.data, last = excluded.last
	WHERE events.kind = '' AND excluded.last > events.last`

// fact is an event as a run has it; call and tenant are the run's.
type fact struct {
	Seq     int               `json:"s"`
	At      int64             `json:"a"` // microseconds since 1970
	Kind    voice.EventKind   `json:"k"`
	Leg     voice.LegID       `json:"l,omitempty"`
	App     voice.AppID       `json:"o,omitempty"`
	Pointer string            `json:"p,omitempty"`
	Text    string            `json:"t"`
	Data    map[string]string `json:"d,omitempty"`
}

func factOf(e *voice.Event) fact {
	return fact{
		Seq: e.Seq, At: micros(e.At), Kind: e.Kind, Leg: voice.LegID(storableText(string(e.Leg))), App: e.Origin.App,
		Pointer: storableText(e.Origin.Pointer), Text: storableText(e.Text), Data: e.Data,
	}
}

// scanRun reads a row of events.
func scanRun(r row) (events []voice.Event, err error) {
	var one voice.Event
	var data string
	err = r.Scan(&one.Call, &one.Seq, &one.Tenant, timeCol{&one.At}, &one.Kind, &one.Leg, &one.Origin.App, &one.Origin.Pointer,
		&one.Text, &data)
	switch {
	case err != nil:
		return nil, err
	case one.Kind != "":
		return []voice.Event{one}, jsonCol{&one.Data}.Scan(data)
	}
	var facts []fact
	if err := (jsonCol{&facts}).Scan(data); err != nil {
		return nil, err
	}
	for _, f := range facts {
		e := voice.Event{
			Call: one.Call, Tenant: one.Tenant, Seq: f.Seq, Kind: f.Kind, Leg: f.Leg,
			Origin: voice.Origin{App: f.App, Pointer: f.Pointer}, Text: f.Text, Data: f.Data,
		}
		if err := (timeCol{&e.At}).Scan(f.At); err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// AppendEvents implements voice.CallStore. An event whose call and Seq are
// stored already is left as it is, so a batch may be sent again when it is not
// known whether it arrived.
func (s *Store) AppendEvents(ctx context.Context, events []voice.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.transact(ctx, "store.AppendEvents", relaxedWrite, names{}, func(x tx) error {
		return putEvents(ctx, x, events)
	})
}

// putEvents stores a run of each call.
func putEvents(ctx context.Context, x tx, events []voice.Event) error {
	type owner struct {
		call   voice.CallID
		tenant voice.TenantID // that of a call is not known at its first events
	}
	// Events are numbered by their owners and counted, so that all runs share one array.
	type run struct {
		owner
		facts []fact
		n     int
	}
	var runs []run
	places := make(map[owner]int, len(events)/4)
	place := make([]int, len(events))
	for i := range events {
		o := owner{events[i].Call, events[i].Tenant}
		at, known := places[o]
		if !known {
			at = len(runs)
			places[o] = at
			runs = append(runs, run{owner: o})
		}
		place[i] = at
		runs[at].n++
	}
	facts := make([]fact, len(events))
	for i := range runs {
		r := &runs[i]
		r.facts, facts = facts[:0:r.n], facts[r.n:]
	}
	for i := range events {
		r := &runs[place[i]]
		r.facts = append(r.facts, factOf(&events[i]))
	}
	var text []byte
	for _, r := range runs {
		first, last := &r.facts[0], &r.facts[r.n-1]
		text = appendFacts(text[:0], r.facts)
		if _, err := x.exec(ctx, insertRun, r.call, first.Seq, r.tenant, first.At, string(text), last.Seq); err != nil {
			return err
		}
	}
	return nil
}

// AppendLate puts events at the ends of the timelines of calls that are over, in
// their order; their Seq is given here. Nobody else may write those meanwhile.
func (s *Store) AppendLate(ctx context.Context, events []voice.Event) error {
	return s.transact(ctx, "store.AppendLate", relaxedWrite, names{}, func(x tx) error {
		ends := map[voice.CallID]int{}
		late := slices.Clone(events)
		for i, e := range late {
			if _, known := ends[e.Call]; !known {
				last, err := collect(ctx, x, func(r row) (n int, err error) { return n, r.Scan(&n) },
					`SELECT COALESCE(MAX(CASE WHEN last > seq THEN last ELSE seq END), 0) FROM events WHERE call = $1`, e.Call)
				if err != nil {
					return err
				}
				ends[e.Call] = last[0]
			}
			ends[e.Call]++
			late[i].Seq = ends[e.Call]
		}
		return putEvents(ctx, x, late)
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
		ctx := x.brief(ctx)
		if err := putEvents(ctx, x, b.Events); err != nil {
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
	runs, err := many(ctx, s, "store.Events", scanRun,
		`SELECT `+eventColumns+` FROM events WHERE call = $1 ORDER BY seq`, id)
	if err != nil {
		return nil, err
	}
	// A batch that was sent twice may overlap what was stored before it.
	events := slices.Concat(runs...)
	slices.SortStableFunc(events, func(a, b voice.Event) int { return a.Seq - b.Seq })
	return slices.CompactFunc(events, func(a, b voice.Event) bool { return a.Seq == b.Seq }), nil
}
