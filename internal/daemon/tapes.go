package daemon

import (
	"context"
	"time"

	"tandem/internal/replay"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

const (
	// tapesWaiting bounds the tapes that wait to be stored; those beyond are dropped,
	// and the log says so.
	tapesWaiting = 1000
	tapesAtOnce  = 200                    // in one transaction
	tapesRead    = 50                     // at once
	tapesDelay   = 200 * time.Millisecond // how long the first waits for company
	// purgeEvery is how often tapes that are too old are removed.
	purgeEvery = time.Hour
)

// tapes stores what calls were told, beside the calls.
type tapes struct {
	d    *Daemon
	in   chan *replay.Tape
	done chan struct{}

	encoder replay.Encoder // of run alone
}

// startTapes gives where the switchboard leaves tapes; nil = none are kept.
func (d *Daemon) startTapes() func(*replay.Tape) {
	if d.cfg.ReplayDays <= 0 {
		return nil
	}
	t := &tapes{d: d, in: make(chan *replay.Tape, tapesWaiting), done: make(chan struct{})}
	go t.run() // ends when in is closed, once no call is up any more
	d.closing(func() {
		close(t.in)
		<-t.done
	})
	return func(tape *replay.Tape) {
		select {
		case t.in <- tape:
		default:
			d.log.Warn("a call can't be replayed: too many tapes wait to be stored", "call", tape.Call)
		}
	}
}

func (t *tapes) run() {
	defer close(t.done)
	var purged time.Time
	for first := range t.in {
		t.store(t.company(first))
		if time.Since(purged) >= purgeEvery {
			purged = time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), drainTime)
			if err := t.d.store.DropTapes(ctx, purged.AddDate(0, 0, -t.d.cfg.ReplayDays)); err != nil {
				t.d.log.Error("old tapes are not removed", "err", err)
			}
			cancel()
		}
	}
}

// company gives the tapes that are stored with the first.
func (t *tapes) company(first *replay.Tape) []*replay.Tape {
	batch := []*replay.Tape{first}
	enough := time.After(tapesDelay)
	for len(batch) < tapesAtOnce {
		select {
		case tape, ok := <-t.in:
			if !ok {
				return batch
			}
			batch = append(batch, tape)
		case <-enough:
			return batch
		}
	}
	return batch
}

func (t *tapes) store(batch []*replay.Tape) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	var rows []sqlstore.Tape
	for _, tape := range batch {
		if tape == nil {
			continue
		}
		data, err := t.encoder.Encode(tape)
		if err != nil {
			t.d.log.Error("a call can't be replayed", "call", tape.Call, "err", err)
			continue
		}
		rows = append(rows, sqlstore.Tape{Call: tape.Call, Tenant: tape.Tenant, Start: tape.Start, Data: data})
	}
	if err := t.d.store.PutTapes(ctx, rows); err != nil {
		t.d.log.Error("tapes not stored", "calls", len(rows), "err", err)
	}
}

// EachTape gives f the tapes of a tenant's calls ("" = of all) that began at or after
// a time, the oldest first, until f fails.
func EachTape(ctx context.Context, st *sqlstore.Store, t voice.TenantID, after time.Time, f func(*replay.Tape) error) error {
	var past voice.CDRPlace
	for {
		rows, err := st.Tapes(ctx, t, after, past, tapesRead)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			past = voice.CDRPlace{Start: r.Start, Call: r.Call}
			tape, err := replay.Decode(r.Data)
			if err != nil {
				tape = &replay.Tape{Call: r.Call, Tenant: r.Tenant, Start: r.Start, Full: true}
			}
			if err := f(tape); err != nil {
				return err
			}
		}
	}
}

// eachTape is EachTape of this server; nil where no tapes are kept.
func (d *Daemon) eachTape() func(context.Context, voice.TenantID, time.Time, func(*replay.Tape) error) error {
	if d.cfg.ReplayDays <= 0 {
		return nil
	}
	return func(ctx context.Context, t voice.TenantID, after time.Time, f func(*replay.Tape) error) error {
		if t == "" {
			return nil
		}
		return EachTape(ctx, d.store, t, after, f)
	}
}
