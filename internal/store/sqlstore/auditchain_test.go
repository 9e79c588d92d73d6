package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"tandem/internal/auditchain"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// raw opens the database beside the store.
func raw(t *testing.T, o sqlstore.Options) (*sql.DB, goose.Dialect) {
	t.Helper()
	driver, address, dialect := "sqlite", o.SQLitePath, goose.DialectSQLite3
	if o.PostgresURL != "" {
		driver, address, dialect = "pgx", o.PostgresURL, goose.DialectPostgres
	}
	db, err := sql.Open(driver, address)
	ok(t, err)
	t.Cleanup(func() { db.Close() })
	return db, dialect
}

// chained fails unless the chain of an account is whole with n entries, and gives its head.
func chained(t *testing.T, s *sqlstore.Store, tenant voice.TenantID, n int64) string {
	t.Helper()
	r, err := auditchain.Verify(t.Context(), s, tenant, "")
	ok(t, err)
	if r.Fault != nil || r.Entries != n {
		t.Errorf("account %q: %s (%d entries checked), want %d", tenant, r.Words(), r.Entries, n)
	}
	return r.Head
}

func note(t *testing.T, s *sqlstore.Store, tenant voice.TenantID, n int, at time.Time) {
	t.Helper()
	for i := range n {
		ok(t, s.AppendAudit(t.Context(), voice.AuditEntry{Tenant: tenant, At: at.Add(time.Duration(i) * time.Minute), Action: "logged in", Kind: "user", Object: fmt.Sprint(i),
			Name: "bad \xff and \x00", Actor: voice.Actor{Kind: voice.ActorUser, Name: "Åsa"}, Changes: []voice.AuditChange{{Field: "f", From: "\xfe", To: strings.Repeat("x", i)}}}))
	}
}

// TestAuditChainTampered changes the log beside the store in each way, and wants it found.
func TestAuditChainTampered(t *testing.T) {
	swap := []string{`UPDATE audit SET number = 1000 WHERE tenant = '1' AND number = 4`, `UPDATE audit SET number = 4 WHERE tenant = '1' AND number = 7`, `UPDATE audit SET number = 7 WHERE tenant = '1' AND number = 1000`}
	const copied = `INSERT INTO audit SELECT 'forged', tenant, at, actor_kind, actor_id, actor, via, source, action, kind, object, name, changes, search, %s, prev, hash FROM audit WHERE tenant = '1' AND number = 4`
	cases := []struct {
		what   string
		texts  []string
		kind   auditchain.Kind
		number int64
		words  string
	}{
		{"what it says", []string{`UPDATE audit SET actor = 'Bo' WHERE tenant = '1' AND number = 4`}, auditchain.Changed, 4, "entry 4 of 2026-11-01 12:03:00 was changed: its hash"},
		{"when it was", []string{`UPDATE audit SET at = at + 1 WHERE tenant = '1' AND number = 4`}, auditchain.Changed, 4, "was changed"},
		{"a change in it", []string{`UPDATE audit SET changes = '[]' WHERE tenant = '1' AND number = 4`}, auditchain.Changed, 4, "was changed"},
		{"the hash", []string{`UPDATE audit SET hash = 'x' WHERE tenant = '1' AND number = 10`}, auditchain.Changed, 10, "was changed"},
		{"moved to another account", []string{`UPDATE audit SET tenant = '3' WHERE tenant = '1' AND number = 4`}, auditchain.Removed, 4, "entry 4 was removed, before entry 5"},
		{"one gone", []string{`DELETE FROM audit WHERE tenant = '1' AND number = 4`}, auditchain.Removed, 4, "entry 4 was removed, before entry 5 of"},
		{"the first gone", []string{`DELETE FROM audit WHERE tenant = '1' AND number <= 3`}, auditchain.Removed, 1, "the 3 entries 1 to 3 were removed"},
		{"the last gone", []string{`DELETE FROM audit WHERE tenant = '1' AND number > 8`}, auditchain.Removed, 9, "the 2 entries 9 to 10 were removed, at the end"},
		{"all gone", []string{`DELETE FROM audit WHERE tenant = '1'`}, auditchain.Removed, 1, "the 10 entries 1 to 10"},
		{"one gone and the others moved up", []string{`DELETE FROM audit WHERE tenant = '1' AND number = 4`, `UPDATE audit SET number = 4 WHERE tenant = '1' AND number = 5`}, auditchain.Removed, 4, "was written as entry 5"},
		{"the order", swap, auditchain.OutOfOrder, 4, "was written as entry 7, and what was entry 4 stands in place 7"},
		{"put in without a place", []string{fmt.Sprintf(copied, "0")}, auditchain.Inserted, 0, "it has no place"},
		{"put in behind the end", []string{fmt.Sprintf(copied, "11")}, auditchain.Inserted, 11, "the log ended with entry 10"},
		{"the anchor", []string{`UPDATE audit_heads SET anchor_number = 3, anchor_hash = 'x' WHERE tenant = '1'`}, auditchain.Inserted, 1, "removed by its age"},
		{"the head", []string{`UPDATE audit_heads SET hash = 'x' WHERE tenant = '1'`}, auditchain.Changed, 10, "its hash made anew"},
	}
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		db, _ := raw(t, o)
		for _, c := range cases {
			for _, table := range []string{"audit", "audit_heads"} {
				_, err := db.ExecContext(t.Context(), `DELETE FROM `+table)
				ok(t, err)
			}
			note(t, s, "1", 10, start)
			note(t, s, "2", 2, start)
			chained(t, s, "1", 10)
			for _, text := range c.texts {
				_, err := db.ExecContext(t.Context(), text)
				ok(t, err)
			}
			r, err := auditchain.Verify(t.Context(), s, "1", "")
			ok(t, err)
			switch f := r.Fault; {
			case f == nil:
				t.Errorf("%s: %s", c.what, r.Words())
				continue
			case f.Kind != c.kind || f.Number != c.number || !strings.Contains(f.Words, c.words):
				t.Errorf("%s: %+v", c.what, *f)
			}
			chained(t, s, "2", 2)
		}
	})
}

// TestAuditChainForged puts entries in whose hashes are made as the program makes them.
func TestAuditChainForged(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		db, _ := raw(t, o)
		note(t, s, "1", 6, start)
		noted := chained(t, s, "1", 6)
		list, err := s.AuditChain(t.Context(), "1", voice.AuditPlace{}, 10)
		ok(t, err)
		rewrite := func(e voice.AuditEntry, prev string) string {
			e.Prev, e.Object = prev, "forged"
			hash := e.ChainHash(prev)
			_, err := db.ExecContext(t.Context(), `UPDATE audit SET object = 'forged', prev = $2, hash = $3 WHERE id = $1`, e.ID, prev, hash)
			ok(t, err)
			return hash
		}
		prev := rewrite(list[2], list[1].Hash)
		r, err := auditchain.Verify(t.Context(), s, "1", "")
		ok(t, err)
		if r.Fault == nil || r.Fault.Kind != auditchain.Changed || r.Fault.Number != 3 || !strings.Contains(r.Fault.Words, "made anew") {
			t.Errorf("one entry with its hash: %+v", r.Fault)
		}
		for _, e := range list[3:] {
			prev = rewrite(e, prev)
		}
		_, err = db.ExecContext(t.Context(), `UPDATE audit_heads SET hash = $1`, prev)
		ok(t, err)
		chained(t, s, "1", 6) // nothing in the database tells
		r, err = auditchain.Verify(t.Context(), s, "1", noted)
		ok(t, err)
		if r.Fault == nil || r.Fault.Kind != auditchain.Rewritten {
			t.Errorf("the whole chain made anew, with a hash that was noted before: %+v", r)
		}

		// A forged entry with numbers moved on behind it.
		e := list[0]
		e.ID, e.Number, e.Tenant, e.Prev = "forged", 3, "2", ""
		note(t, s, "2", 4, start)
		second, err := s.AuditChain(t.Context(), "2", voice.AuditPlace{}, 10)
		ok(t, err)
		for n := 4; n >= 3; n-- {
			_, err = db.ExecContext(t.Context(), `UPDATE audit SET number = number + 1 WHERE tenant = '2' AND number = $1`, n)
			ok(t, err)
		}
		e.Prev = second[1].Hash
		e.Hash = e.ChainHash(e.Prev)
		_, err = db.ExecContext(t.Context(), `INSERT INTO audit SELECT 'forged', '2', at, actor_kind, actor_id, actor, via, source, action, kind, $1, name, changes, search, 3, $2, $3 FROM audit WHERE id = $4`,
			e.Object, e.Prev, e.Hash, list[0].ID)
		ok(t, err)
		r, err = auditchain.Verify(t.Context(), s, "2", "")
		ok(t, err)
		if r.Fault == nil || r.Fault.Kind != auditchain.Inserted || r.Fault.Number != 3 {
			t.Errorf("an entry put in with its hash: %s %+v", r.Words(), r.Fault)
		}
	})
}

// TestAuditChainConcurrent has two stores on one database, as two servers are, note
// changes at once, some of which fail.
func TestAuditChainConcurrent(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		stores := []*sqlstore.Store{open(t, o), open(t, o)}
		for _, id := range []voice.TenantID{"1", "2"} {
			ok(t, stores[0].CreateTenant(t.Context(), voice.Tenant{ID: id, Name: "n", Created: start}))
		}
		by := voice.Acting(t.Context(), voice.Actor{Kind: voice.ActorHost, Name: "a", Via: "cli"})
		const writers, each = 8, 12
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					k := voice.Token{ID: voice.TokenID(fmt.Sprintf("k%d-%d", w, i)), Tenant: voice.TenantID([]string{"1", "2"}[i%2]), Kind: "hoiio", Name: fmt.Sprintf("n%d-%d", w, i), Hash: "h", Created: start}
					if err := stores[w%2].CreateToken(by, k); err != nil {
						t.Error(err)
					}
					if err := stores[w%2].CreateToken(by, k); !voice.IsKind(err, voice.Exists) {
						t.Errorf("again: %v", err)
					}
				}
			})
		}
		all.Wait()
		chained(t, stores[0], "1", writers*each/2)
		chained(t, stores[1], "2", writers*each/2)
	})
}

// TestAuditChainExpires removes old entries: what is left is a chain from the anchor on.
func TestAuditChainExpires(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		note(t, s, "1", 10, start)
		note(t, s, "", 3, start.Add(-time.Hour))
		head := chained(t, s, "1", 10)
		ok(t, s.ExpireAudit(t.Context(), start.Add(3*time.Minute), 100))
		if got := chained(t, s, "1", 7); got != head {
			t.Errorf("the head is %s, was %s", got, head)
		}
		chained(t, s, "", 0)
		ok(t, s.ExpireAudit(t.Context(), start, 4))
		ok(t, s.ExpireAudit(t.Context(), start, 4)) // nothing is left to do
		chained(t, s, "1", 4)
		note(t, s, "1", 1, start.Add(-24*time.Hour)) // a clock that was set back
		ok(t, s.ExpireAudit(t.Context(), start, 100))
		chained(t, s, "1", 5)
		note(t, s, "", 1, start)
		chained(t, s, "", 1)

		heads, err := s.AuditHeads(t.Context())
		ok(t, err)
		if len(heads) != 2 || heads[0].Tenant != "" || heads[0].AnchorNumber != 3 || heads[1].AnchorNumber != 6 || heads[1].Number != 11 {
			t.Errorf("heads: %+v", heads)
		}
		db, _ := raw(t, o)
		_, err = db.ExecContext(t.Context(), `UPDATE audit_heads SET anchor_hash = 'x' WHERE tenant = '1'`)
		ok(t, err)
		r, err := auditchain.Verify(t.Context(), s, "1", "")
		ok(t, err)
		if r.Fault == nil || r.Fault.Number != 7 || !strings.Contains(r.Fault.Words, "does not follow the anchor") {
			t.Errorf("another anchor: %+v", r.Fault)
		}
	})
}

// TestAuditChainOfOldEntries brings a log up to date that was not chained.
func TestAuditChainOfOldEntries(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		db, dialect := raw(t, o)
		p, err := goose.NewProvider(dialect, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
		ok(t, err)
		_, err = p.UpTo(t.Context(), 19)
		ok(t, err)
		insert(t, db, 2300)
		s := open(t, o)
		note(t, s, "1", 1, start)
		chained(t, s, "1", 1151)
		chained(t, s, "2", 1150)
		_, err = db.ExecContext(t.Context(), `UPDATE audit SET action = 'read' WHERE id = 'old00777'`)
		ok(t, err)
		r, err := auditchain.Verify(t.Context(), s, "2", "")
		ok(t, err)
		if r.Fault == nil || r.Fault.ID != "old00777" {
			t.Errorf("an old entry that was changed: %+v", r.Fault)
		}
	})
}

func insert(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	x, err := db.BeginTx(context.Background(), nil)
	ok(t, err)
	for i := range n {
		_, err := x.ExecContext(t.Context(), `INSERT INTO audit VALUES ($1, $2, $3, 'user', '1', 'Anna', 'page', '', 'created', 'user', '2', 'Bo', '[{"field":"role","to":"admin"}]', '')`,
			fmt.Sprintf("old%05d", i), fmt.Sprint(1+i%2), 1000+i/3)
		ok(t, err)
	}
	ok(t, x.Commit())
}
