package sqlstore

import (
	"context"
	"database/sql"
	"math"

	"github.com/pressly/goose/v3"

	"tandem/internal/voice"
)

// auditChainVersion is the migration that chains what the log holds; it needs a hash
// that SQLite has not.
const auditChainVersion = 22

func auditChainMigration() *goose.Migration {
	return goose.NewGoMigration(auditChainVersion, &goose.GoFunc{RunTx: auditChainUp}, &goose.GoFunc{RunTx: func(ctx context.Context, t *sql.Tx) error {
		return execAll(ctx, t, `DROP TABLE audit_heads`, `DROP INDEX audit_by_number`,
			`ALTER TABLE audit DROP COLUMN number`, `ALTER TABLE audit DROP COLUMN prev`, `ALTER TABLE audit DROP COLUMN hash`)
	}})
}

func auditChainUp(ctx context.Context, t *sql.Tx) error {
	err := execAll(ctx, t,
		// Each entry's number in its account, the hash of the one before, and its own (voice.AuditEntry).
		`ALTER TABLE audit ADD COLUMN number BIGINT NOT NULL DEFAULT 0`,
		`ALTER TABLE audit ADD COLUMN prev TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT ''`,
		`CREATE TABLE audit_heads (
			tenant        TEXT NOT NULL CONSTRAINT audit_heads_tenant PRIMARY KEY,
			number        BIGINT NOT NULL,
			hash          TEXT NOT NULL,
			anchor_number BIGINT NOT NULL,
			anchor_hash   TEXT NOT NULL
		)`)
	if err != nil {
		return err
	}
	heads, at, id := map[voice.TenantID]voice.AuditHead{}, int64(math.MinInt64), ""
	const part = 1000
	for {
		list, err := collect(ctx, t, scanAudit, `SELECT `+auditColumns+` FROM audit WHERE (at, id) > ($1, $2) ORDER BY at, id LIMIT $3`, at, id, part)
		if err != nil {
			return err
		}
		for _, e := range list {
			head := heads[e.Tenant]
			e.Number, e.Prev = head.Number+1, head.Hash
			e.Hash = e.ChainHash(e.Prev)
			if _, err := t.ExecContext(ctx, `UPDATE audit SET number = $2, prev = $3, hash = $4 WHERE id = $1`, e.ID, e.Number, e.Prev, e.Hash); err != nil {
				return err
			}
			heads[e.Tenant] = voice.AuditHead{Number: e.Number, Hash: e.Hash}
			at, id = micros(e.At), e.ID
		}
		if len(list) < part {
			break
		}
	}
	for tenant, h := range heads {
		if _, err := t.ExecContext(ctx, `INSERT INTO audit_heads (`+headColumns+`) VALUES ($1, $2, $3, 0, '')`, string(tenant), h.Number, h.Hash); err != nil {
			return err
		}
	}
	return execAll(ctx, t, `CREATE UNIQUE INDEX audit_by_number ON audit (tenant, number)`)
}

func execAll(ctx context.Context, t *sql.Tx, texts ...string) error {
	for _, text := range texts {
		if _, err := t.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}
