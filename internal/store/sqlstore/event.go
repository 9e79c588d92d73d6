package sqlstore

import (
	"context"

	"tandem/internal/voice"
)

const eventColumns = `call, seq, tenant, at, kind, leg, origin_app, pointer, text, data`

func scanEvent(r row) (e voice.Event, err error) {
	err = r.Scan(&e.Call, &e.Seq, &e.Tenant, timeCol{&e.At}, &e.Kind, &e.Leg, &e.Origin.App, &e.Origin.Pointer, &e.Text,
		jsonCol{&e.Data})
	return e, err
}

const insertEvent = `INSERT INTO events (` + eventColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT (call, seq) DO NOTHING`

func eventArgs(e voice.Event) []any {
	return storable([]any{e.Call, e.Seq, e.Tenant, micros(e.At), e.Kind, e.Leg, e.Origin.App, e.Origin.Pointer, e.Text,
		jsonText(e.Data)})
}

// AppendEvents implements voice.CallStore. An event whose call and Seq are
// stored already is left as it is, so a batch may be sent again when it is not
// known whether it arrived.
func (s *Store) AppendEvents(ctx context.Context, events []voice.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.transact(ctx, "store.AppendEvents", relaxedWrite, names{}, func(x tx) error {
		insert, err := x.PrepareContext(ctx, insertEvent)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, e := range events {
			if _, err := insert.ExecContext(ctx, eventArgs(e)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Events implements voice.CallStore.
func (s *Store) Events(ctx context.Context, id voice.CallID) ([]voice.Event, error) {
	return many(ctx, s, "store.Events", scanEvent,
		`SELECT `+eventColumns+` FROM events WHERE call = $1 ORDER BY seq`, id)
}
