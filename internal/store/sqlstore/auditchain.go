package sqlstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"tandem/internal/voice"
)

// chainAudit writes the entries of a transaction, which is about to end: whoever writes
// an account's log has its row of audit_heads until then, and takes no lock after it but
// those of further accounts, in their order, and of the revision.
func (t tx) chainAudit(ctx context.Context) error {
	list := *t.notes
	slices.SortStableFunc(list, func(a, b voice.AuditEntry) int { return strings.Compare(string(a.Tenant), string(b.Tenant)) })
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Tenant == list[0].Tenant {
			n++
		}
		if err := t.chainOf(ctx, list[0].Tenant, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// lockHead gives an account's head, and keeps it from others until the transaction ends.
func (t tx) lockHead(ctx context.Context, tenant voice.TenantID) (voice.AuditHead, bool, error) {
	// An update takes the row's lock on PostgreSQL; on SQLite the transaction has the database.
	list, err := collect(ctx, t, scanHead, `UPDATE audit_heads SET number = number WHERE tenant = $1 RETURNING `+headColumns, tenant)
	if err != nil || len(list) == 0 {
		return voice.AuditHead{Tenant: tenant}, false, err
	}
	return list[0], true, nil
}

func (t tx) chainOf(ctx context.Context, tenant voice.TenantID, list []voice.AuditEntry) error {
	head, ok, err := t.lockHead(ctx, tenant)
	if err == nil && !ok {
		if _, err = t.exec(ctx, `INSERT INTO audit_heads (tenant, number, hash, anchor_number, anchor_hash) VALUES ($1, 0, '', 0, '') ON CONFLICT (tenant) DO NOTHING`, tenant); err == nil {
			head, _, err = t.lockHead(ctx, tenant)
		}
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		e.Number, e.Prev = head.Number+1, head.Hash
		e.Hash = e.ChainHash(e.Prev)
		search := strings.ToLower(strings.Join([]string{e.Actor.Name, e.Actor.ID, e.Actor.Source, e.Object, e.Name}, "\n"))
		if _, err := t.exec(ctx, `INSERT INTO audit (`+auditColumns+`, search) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
			e.ID, e.Tenant, micros(e.At), e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Via, e.Actor.Source,
			e.Action, e.Kind, e.Object, e.Name, jsonText(e.Changes), e.Number, e.Prev, e.Hash, search); err != nil {
			return err
		}
		head.Number, head.Hash = e.Number, e.Hash
	}
	_, err = t.exec(ctx, `UPDATE audit_heads SET number = $2, hash = $3 WHERE tenant = $1`, tenant, head.Number, head.Hash)
	return err
}

const headColumns = `tenant, number, hash, anchor_number, anchor_hash`

func scanHead(r row) (h voice.AuditHead, err error) {
	return h, r.Scan(&h.Tenant, &h.Number, &h.Hash, &h.AnchorNumber, &h.AnchorHash)
}

// AuditHead implements voice.AuditChainStore.
func (s *Store) AuditHead(ctx context.Context, t voice.TenantID) (voice.AuditHead, error) {
	h, err := one(ctx, s, "store.AuditHead", "the audit log", scanHead, `SELECT `+headColumns+` FROM audit_heads WHERE tenant = $1`, t)
	if voice.IsKind(err, voice.NotExist) {
		return voice.AuditHead{Tenant: t}, nil
	}
	return h, err
}

// AuditHeads implements voice.AuditChainStore. Entries whose head is gone are found, too.
func (s *Store) AuditHeads(ctx context.Context) ([]voice.AuditHead, error) {
	return many(ctx, s, "store.AuditHeads", scanHead, `SELECT `+headColumns+` FROM audit_heads
		UNION ALL SELECT DISTINCT tenant, 0, '', 0, '' FROM audit WHERE tenant NOT IN (SELECT tenant FROM audit_heads) ORDER BY 1`)
}

// AuditChain implements voice.AuditChainStore.
func (s *Store) AuditChain(ctx context.Context, t voice.TenantID, behind voice.AuditPlace, limit int) ([]voice.AuditEntry, error) {
	number := behind.Number
	if behind == (voice.AuditPlace{}) {
		number = math.MinInt64
	}
	return many(ctx, s, "store.AuditChain", scanAudit, `SELECT `+auditColumns+` FROM audit WHERE tenant = $1 AND (number, id) > ($2, $3) ORDER BY number, id LIMIT $4`,
		t, number, behind.ID, limit)
}

// ExpireAudit implements voice.AuditStore. An entry that is old enough stays while one
// before it is kept, so that what is left is one chain.
func (s *Store) ExpireAudit(ctx context.Context, at time.Time, most int) error {
	const op = "store.ExpireAudit"
	due, err := many(ctx, s, op, func(r row) (t voice.TenantID, err error) { return t, r.Scan(&t) },
		`SELECT DISTINCT tenant FROM audit WHERE at < $1 UNION SELECT tenant FROM audit_heads WHERE number - anchor_number > $2`, micros(at), most)
	if err != nil {
		return err
	}
	for _, t := range due { // each in its own transaction, which holds one account's log up
		err := s.transact(ctx, op, recordWrite, names{}, func(x tx) error { return x.expireChain(ctx, t, at, most) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (t tx) expireChain(ctx context.Context, tenant voice.TenantID, at time.Time, most int) error {
	head, ok, err := t.lockHead(ctx, tenant)
	if err != nil || !ok {
		return err
	}
	first, err := collect(ctx, t, func(r row) (n int64, err error) { return n, r.Scan(&n) },
		`SELECT COALESCE(MIN(number), $3) FROM audit WHERE tenant = $1 AND at >= $2 AND number > 0`, tenant, micros(at), head.Number+1)
	if err != nil {
		return err
	}
	last := max(first[0]-1, head.Number-int64(most))
	if last <= head.AnchorNumber {
		return nil
	}
	anchor, err := collect(ctx, t, func(r row) (hash string, err error) { return hash, r.Scan(&hash) },
		`SELECT hash FROM audit WHERE tenant = $1 AND number = $2`, tenant, last)
	if err != nil {
		return err
	}
	if len(anchor) != 1 {
		return fmt.Errorf("entry %d of the audit log of account %q is not there once: old entries are kept until that is looked into (tandem audit verify)", last, tenant)
	}
	if _, err := t.exec(ctx, `DELETE FROM audit WHERE tenant = $1 AND number > $2 AND number <= $3`, tenant, head.AnchorNumber, last); err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE audit_heads SET anchor_number = $2, anchor_hash = $3 WHERE tenant = $1`, tenant, last, anchor[0])
	return err
}
