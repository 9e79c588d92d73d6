package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"tandem/internal/voice"
)

const auditColumns = `id, tenant, at, actor_kind, actor_id, actor, via, source, action, kind, object, name, changes`

// Bounds of an entry.
const (
	maxAuditText    = 200 // characters of a name or a value
	maxAuditChanges = 30
)

// auditCount orders entries of one microsecond.
var auditCount atomic.Uint32

func scanAudit(r row) (e voice.AuditEntry, err error) {
	err = r.Scan(&e.ID, &e.Tenant, timeCol{&e.At}, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Actor.Via, &e.Actor.Source,
		&e.Action, &e.Kind, &e.Object, &e.Name, jsonCol{&e.Changes})
	return e, err
}

// AppendAudit implements voice.AuditStore.
func (s *Store) AppendAudit(ctx context.Context, e voice.AuditEntry) error {
	return s.transact(ctx, "store.AppendAudit", recordWrite, names{}, func(x tx) error { return x.noteEntry(ctx, e) })
}

func (t tx) noteEntry(ctx context.Context, e voice.AuditEntry) error {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if len(e.Changes) > maxAuditChanges {
		e.Changes = e.Changes[:maxAuditChanges]
	}
	e.Name, e.Actor.Name, e.Object = short(e.Name), short(e.Actor.Name), short(e.Object)
	search := strings.ToLower(strings.Join([]string{e.Actor.Name, e.Actor.ID, e.Actor.Source, e.Object, e.Name}, "\n"))
	_, err := t.exec(ctx, `INSERT INTO audit (`+auditColumns+`, search) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		fmt.Sprintf("au%08x%s", auditCount.Add(1), voice.NewID("")), e.Tenant, micros(e.At), e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Via, e.Actor.Source,
		e.Action, e.Kind, e.Object, e.Name, jsonText(e.Changes), search)
	return err
}

// short bounds a text of an entry.
func short(s string) string {
	if r := []rune(s); len(r) > maxAuditText {
		return string(r[:maxAuditText-1]) + "…"
	}
	return s
}

// Audit implements voice.AuditStore.
func (s *Store) Audit(ctx context.Context, f voice.AuditFilter) ([]voice.AuditEntry, error) {
	q := query{text: `SELECT ` + auditColumns + ` FROM audit`}
	q.and(`tenant = `, f.Tenant)
	if !f.After.IsZero() {
		q.and(`at >= `, micros(f.After))
	}
	switch {
	case f.Before.IsZero():
	case f.BeforeID == "":
		q.and(`at < `, micros(f.Before))
	default:
		q.and(`(at, id) < (`, micros(f.Before))
		q.end(`, `, f.BeforeID)
		q.text += `)`
	}
	for _, c := range []struct{ condition, value string }{{`action = `, f.Action}, {`kind = `, f.Kind}, {`object = `, f.Object}} {
		if c.value != "" {
			q.and(c.condition, c.value)
		}
	}
	if f.Actor != "" {
		q.and(`(actor_id = `, f.Actor)
		q.end(` OR actor = `, f.Actor)
		q.text += `)`
	}
	if f.Search != "" {
		literal := strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(strings.ToLower(f.Search))
		q.and(`search LIKE `, "%"+literal+"%")
		q.text += ` ESCAPE '!'`
	}
	q.end(` ORDER BY at DESC, id DESC LIMIT `, max(f.Limit, 1))
	return many(ctx, s, "store.Audit", scanAudit, q.text, q.args...)
}

// ExpireAudit implements voice.AuditStore.
func (s *Store) ExpireAudit(ctx context.Context, at time.Time, most int) error {
	return s.transact(ctx, "store.ExpireAudit", recordWrite, names{}, func(x tx) error {
		if _, err := x.exec(ctx, `DELETE FROM audit WHERE at < $1`, micros(at)); err != nil {
			return err
		}
		type crowd struct {
			tenant string
			n      int
		}
		full, err := collect(ctx, x, func(r row) (c crowd, err error) { return c, r.Scan(&c.tenant, &c.n) },
			`SELECT tenant, COUNT(*) FROM audit GROUP BY tenant HAVING COUNT(*) > $1`, most)
		if err != nil {
			return err
		}
		for _, c := range full {
			if _, err := x.exec(ctx, `DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE tenant = $1 ORDER BY at, id LIMIT $2)`, c.tenant, c.n-most); err != nil {
				return err
			}
		}
		return nil
	})
}
