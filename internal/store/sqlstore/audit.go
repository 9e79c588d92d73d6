package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tandem/internal/voice"
)

const auditColumns = `id, tenant, at, actor_kind, actor_id, actor, via, source, action, kind, object, name, changes, number, prev, hash`

// Bounds of an entry.
const (
	maxAuditText    = 200 // characters of a name or a value
	maxAuditChanges = 30
)

// auditCount orders entries of one microsecond.
var auditCount atomic.Uint32

func scanAudit(r row) (e voice.AuditEntry, err error) {
	err = r.Scan(&e.ID, &e.Tenant, timeCol{&e.At}, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Actor.Via, &e.Actor.Source,
		&e.Action, &e.Kind, &e.Object, &e.Name, jsonCol{&e.Changes}, &e.Number, &e.Prev, &e.Hash)
	return e, err
}

// AppendAudit implements voice.AuditStore.
func (s *Store) AppendAudit(ctx context.Context, e voice.AuditEntry) error {
	return s.transact(ctx, "store.AppendAudit", recordWrite, names{}, func(x tx) error {
		x.noteEntry(e)
		return nil
	})
}

// noteEntry keeps an entry until the transaction ends, see chainAudit. Its texts become
// what will be stored, since that is hashed.
func (t tx) noteEntry(e voice.AuditEntry) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.At = e.At.Truncate(time.Microsecond)
	e.Changes = slices.Clone(e.Changes[:min(len(e.Changes), maxAuditChanges)])
	e.Name, e.Actor.Name, e.Object = short(e.Name), short(e.Actor.Name), short(e.Object)
	e.ID = fmt.Sprintf("au%08x%s", auditCount.Add(1), voice.NewID(""))
	for _, text := range []*string{(*string)(&e.Tenant), (*string)(&e.Actor.Kind), &e.Actor.ID, &e.Actor.Name, &e.Actor.Via, &e.Actor.Source, &e.Action, &e.Kind, &e.Object, &e.Name} {
		*text = storableText(*text)
	}
	for i, c := range e.Changes {
		e.Changes[i] = voice.AuditChange{Field: storableText(c.Field), From: storableText(c.From), To: storableText(c.To)}
	}
	*t.notes = append(*t.notes, e)
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
