package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// CloseOpenCalls ends every call that has no end, with CauseServerFailed: the
// process that carried it is gone. The end is the last thing known of the call.
// Only the server calls it, at its start and before it takes calls. It gives
// how many calls it ended.
func (s *Store) CloseOpenCalls(ctx context.Context, now time.Time) (int, error) {
	const op = "store.CloseOpenCalls"
	closed := 0
	err := s.transact(ctx, op, recordWrite, names{}, func(x tx) error {
		open, err := collect(ctx, x, scanCDR, `SELECT `+cdrColumns+` FROM cdrs WHERE ended = 0 ORDER BY started, call`)
		if err != nil {
			return err
		}
		for _, c := range open {
			if err := closeCall(ctx, x, c, now); err != nil {
				return err
			}
			closed++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return closed, nil
}

// closeCall ends one call: its record, its legs and its timeline.
func closeCall(ctx context.Context, x tx, c voice.CDR, now time.Time) error {
	const words = "the server stopped without ending this call; the end is the last that is known of it"
	last, err := collect(ctx, x, scanEvent,
		`SELECT `+eventColumns+` FROM events WHERE call = $1 ORDER BY seq DESC LIMIT 1`, c.Call)
	if err != nil {
		return err
	}
	seq := 0
	c.End = c.Start
	if len(last) > 0 {
		seq = last[0].Seq
		c.End = later(c.End, last[0].At)
	}
	c.End = later(c.End, c.Answered)
	c.Cause, c.Words = voice.CauseServerFailed, words
	for i := range c.Legs {
		if l := &c.Legs[i]; l.End.IsZero() {
			l.End, l.Cause, l.Words = later(c.End, l.Start), voice.CauseServerFailed, words
		}
	}
	if _, err := putCDR(ctx, x, c); err != nil {
		return err
	}
	_, err = x.exec(ctx, insertEvents(1), eventArgs([]voice.Event{{
		Call: c.Call, Tenant: c.Tenant, Seq: seq + 1, At: now, Kind: voice.EventCallEnded, Text: "call ended: " + words,
		Data: map[string]string{"cause": string(voice.CauseServerFailed)},
	}})...)
	return err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Tidy removes what has expired by now: registrations, refresh tokens, links.
// The server calls it from time to time.
func (s *Store) Tidy(ctx context.Context, now time.Time) error {
	return s.transact(ctx, "store.Tidy", recordWrite, names{}, func(x tx) error {
		for _, table := range []string{"bindings", "refresh_families", "links"} {
			if _, err := x.exec(ctx, `DELETE FROM `+table+` WHERE expires <= $1`, micros(now)); err != nil {
				return err
			}
		}
		return nil
	})
}
