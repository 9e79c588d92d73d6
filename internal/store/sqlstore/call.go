package sqlstore

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"tandem/internal/voice"
)

const cdrColumns = `call, tenant, direction, from_addr, from_name, to_addr, app, started, answered, ended, cause, words, legs, tag, order_ref, reason`

func scanCDR(r row) (c voice.CDR, err error) {
	err = r.Scan(&c.Call, &c.Tenant, &c.Direction, &c.From, &c.FromName, &c.To, &c.App,
		timeCol{&c.Start}, timeCol{&c.Answered}, timeCol{&c.End}, &c.Cause, &c.Words, jsonCol{&c.Legs}, &c.Tag, &c.Order, &c.Reason)
	return c, err
}

func putCDR(ctx context.Context, x tx, c voice.CDR) (int64, error) {
	if !c.End.IsZero() {
		// Most calls have had a record since they began. What an UPDATE does not set keeps
		// its place in the indexes, where the statement below takes it out and puts it in.
		n, err := x.exec(ctx,
			`UPDATE cdrs SET direction = $1, from_addr = $2, from_name = $3, to_addr = $4, app = $5, answered = $6,
				ended = $7, cause = $8, words = $9, legs = $10, tag = $11, reason = $12
			WHERE call = $13 AND tenant = $14 AND started = $15 AND order_ref = $16`,
			c.Direction, c.From, c.FromName, c.To, c.App, micros(c.Answered),
			micros(c.End), c.Cause, c.Words, jsonText(c.Legs), c.Tag, c.Reason, c.Call, c.Tenant, micros(c.Start), c.Order)
		if err != nil || n > 0 {
			return n, err
		}
	}
	return x.exec(ctx,
		`INSERT INTO cdrs (`+cdrColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (call) DO UPDATE SET tenant = excluded.tenant, direction = excluded.direction,
			from_addr = excluded.from_addr, from_name = excluded.from_name, to_addr = excluded.to_addr, app = excluded.app,
			started = excluded.started, answered = excluded.answered, ended = excluded.ended, cause = excluded.cause,
			words = excluded.words, legs = excluded.legs, tag = excluded.tag, order_ref = excluded.order_ref, reason = excluded.reason
		WHERE cdrs.tenant = '' OR cdrs.tenant = excluded.tenant`,
		c.Call, c.Tenant, c.Direction, c.From, c.FromName, c.To, c.App,
		micros(c.Start), micros(c.Answered), micros(c.End), c.Cause, c.Words, jsonText(c.Legs), c.Tag, c.Order, c.Reason)
}

// PutCDR implements voice.CallStore. NotExist when the call is another tenant's.
func (s *Store) PutCDR(ctx context.Context, c voice.CDR) error {
	return s.PutCDRs(ctx, []voice.CDR{c})
}

// PutCDRs puts several in one transaction: all of them or none.
func (s *Store) PutCDRs(ctx context.Context, cdrs []voice.CDR) error {
	const op = "store.PutCDRs"
	return s.transact(ctx, op, recordWrite, names{}, func(x tx) error { return putCDRs(ctx, x, op, cdrs) })
}

func putCDRs(ctx context.Context, x tx, op string, cdrs []voice.CDR) error {
	for _, c := range cdrs {
		if c.Call == "" {
			return voice.InvalidField(op, "call", "a call detail record needs a call")
		}
		n, err := putCDR(ctx, x, c)
		if err == nil && n == 0 {
			err = voice.Errorf(op, voice.NotExist, "call %s does not exist", c.Call)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CDR implements voice.CallStore.
func (s *Store) CDR(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.CDR, error) {
	return one(ctx, s, "store.CDR", "call "+string(id), scanCDR,
		`SELECT `+cdrColumns+` FROM cdrs WHERE call = $1 AND ($2 = '' OR tenant = $2)`, id, t)
}

// CDRs implements voice.CallStore.
func (s *Store) CDRs(ctx context.Context, f voice.CDRFilter) ([]voice.CDR, error) {
	q := query{text: `SELECT ` + cdrColumns + ` FROM cdrs`}
	if f.Tenant != "" {
		q.and(`tenant = `, f.Tenant)
	}
	if !f.Before.IsZero() {
		q.and(`started < `, micros(f.Before))
	}
	if !f.After.IsZero() {
		q.and(`started >= `, micros(f.After))
	}
	if f.App != "" {
		q.and(`app = `, f.App)
	}
	if f.Order != "" {
		q.and(`order_ref = `, f.Order)
	}
	if f.Reason != "" {
		q.and(`reason = `, f.Reason)
	}
	if f.Number != "" {
		q.and(`(from_addr = `, f.Number)
		q.end(` OR to_addr = `, f.Number)
		q.text += `)`
	}
	if f.Find != "" {
		q.and(`LOWER(from_addr || ' ' || to_addr || ' ' || from_name || ' ' || words || ' ' || tag || ' ' || call) LIKE `, containing(f.Find))
		q.text += ` ESCAPE '!'`
	}
	if f.OrderBegins != "" {
		q.and(`substr(order_ref, 1, `+strconv.Itoa(utf8.RuneCountInString(f.OrderBegins))+`) = `, f.OrderBegins)
	}
	if f.Open {
		q.where(`ended = 0`)
	}
	order, past := ` ORDER BY started DESC, call DESC LIMIT `, `(started, call) < (`
	if f.Oldest {
		order, past = ` ORDER BY started, call LIMIT `, `(started, call) > (`
	}
	if f.Past.Call != "" {
		q.and(past, micros(f.Past.Start))
		q.end(`, `, f.Past.Call)
		q.text += `)`
	}
	q.end(order, bound(f.Limit, 100))
	q.end(` OFFSET `, max(f.Offset, 0))
	return many(ctx, s, "store.CDRs", scanCDR, q.text, q.args...)
}

// containing is the pattern of LIKE for texts in lower case that have s somewhere;
// ! takes their meaning from signs of the pattern.
func containing(s string) string {
	lower := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
	return `%` + strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(lower) + `%`
}
