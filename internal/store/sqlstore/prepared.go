package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

// maxPrepared bounds the statements kept prepared of one pool; the texts are
// constants and a few lists of filters.
const maxPrepared = 200

// prepared is a pool that keeps its statements prepared: SQLite would otherwise
// parse each of them anew, which costs more than running it. PostgreSQL's
// driver does this itself.
type prepared struct {
	*sql.DB

	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func newPrepared(db *sql.DB) *prepared { return &prepared{DB: db, stmts: map[string]*sql.Stmt{}} }

// known gives the statement of a query, nil when it is not prepared.
func (p *prepared) known(query string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stmts[query]
}

// prepare gets a query ready for its next use. A query that can't be prepared
// runs as it is and says then what is wrong.
func (p *prepared) prepare(ctx context.Context, query string) *sql.Stmt {
	st, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := p.stmts[query]; have != nil || len(p.stmts) >= maxPrepared {
		st.Close()
		return have
	}
	p.stmts[query] = st
	return st
}

// QueryContext runs a query, prepared where that is possible.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st := p.known(query)
	if st == nil {
		st = p.prepare(ctx, query)
	}
	if st == nil {
		return p.DB.QueryContext(ctx, query, args...)
	}
	return st.QueryContext(ctx, args...)
}
