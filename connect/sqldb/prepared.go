package sqldb

import (
	"context"
	"database/sql"
	"sync"
)

// prepared keeps the statements of short reads, which are few and come again with every
// person: MySQL is asked once instead of twice, and SQLite need not parse. The driver of
// PostgreSQL does that itself.
type prepared struct {
	mu sync.Mutex
	by map[string]*sql.Stmt
}

const (
	maxPrepared = 64   // others are sent as they come
	maxText     = 2048 // bytes of a statement that is kept
)

// query asks with a statement that is kept. What fails so is asked as it comes: the
// server may have forgotten the statement, and else it says again what is wrong.
func (p *prepared) query(ctx context.Context, db *sql.DB, w *writer) (*sql.Rows, error) {
	text := w.String()
	if stmt := p.statement(ctx, db, text); stmt != nil {
		rows, err := stmt.QueryContext(ctx, w.values...)
		if err == nil || ctx.Err() != nil {
			return rows, err
		}
	}
	return db.QueryContext(ctx, text, w.values...)
}

// statement is nil when there is none to keep.
func (p *prepared) statement(ctx context.Context, db *sql.DB, text string) *sql.Stmt {
	p.mu.Lock()
	stmt, full := p.by[text], len(p.by) >= maxPrepared
	p.mu.Unlock()
	if stmt != nil || full || len(text) > maxText {
		return stmt
	}
	stmt, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil
	}
	return p.keep(text, stmt)
}

// keep is the statement of a text that was kept first.
func (p *prepared) keep(text string, stmt *sql.Stmt) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = map[string]*sql.Stmt{}
	}
	if first := p.by[text]; first != nil {
		stmt.Close()
		return first
	}
	p.by[text] = stmt
	return stmt
}
