package store

import (
	"context"
	"database/sql/driver"
)

// parsing opens SQLite connections that keep the statements they have parsed:
// parsing one costs more than running it. pgx does so by itself.
type parsing struct{ driver.Connector }

func (p parsing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &lite{liteConn: c.(liteConn), kept: map[string]*parsed{}}, nil
}

// liteConn is what database/sql uses of a connection of the driver.
type liteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type lite struct {
	liteConn
	kept   map[string]*parsed
	values []driver.NamedValue // room for those of a statement
}

// parsed is a statement, which one caller at a time can use.
type parsed struct {
	stmt liteStmt
	busy bool
	kept bool
}

type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

const (
	mostKept    = 256      // statements a connection keeps
	longestKept = 16 << 10 // bytes of their text; what is longer is rarely written twice
)

// exec is ExecContext of values as Go has them.
func (c *lite) exec(ctx context.Context, query string, args []any) (driver.Result, error) {
	c.values = c.values[:0]
	defer func() { clear(c.values) }()
	for i, a := range args {
		v, err := valueOf(a)
		if err != nil {
			return nil, err
		}
		c.values = append(c.values, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.ExecContext(ctx, query, c.values)
}

func valueOf(a any) (driver.Value, error) {
	switch v := a.(type) {
	case nil, int64, string, []byte, bool:
		return v, nil
	case int:
		return int64(v), nil
	}
	return driver.DefaultParameterConverter.ConvertValue(a)
}

func (c *lite) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	p, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	defer p.release()
	return p.stmt.ExecContext(ctx, args)
}

func (c *lite) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	p, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := p.stmt.QueryContext(ctx, args)
	if err != nil {
		p.release()
		return nil, err
	}
	return &liteRows{rows, p}, nil
}

// statement gives the parsed statement to a caller, who releases it.
func (c *lite) statement(ctx context.Context, query string) (*parsed, error) {
	p := c.kept[query]
	if p != nil && !p.busy {
		p.busy = true
		return p, nil
	}
	s, err := c.liteConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	fresh := &parsed{stmt: s.(liteStmt), busy: true}
	if p == nil && len(query) <= longestKept {
		c.keep(query, fresh)
	}
	return fresh, nil
}

// keep makes room by dropping any other: what is used often comes back.
func (c *lite) keep(query string, p *parsed) {
	for other, q := range c.kept {
		if len(c.kept) < mostKept {
			break
		}
		if !q.busy {
			q.stmt.Close()
			delete(c.kept, other)
		}
	}
	p.kept = true
	c.kept[query] = p
}

func (p *parsed) release() error {
	p.busy = false
	if p.kept {
		return nil
	}
	return p.stmt.Close()
}

// Close ends the statements before the connection.
func (c *lite) Close() error {
	for _, p := range c.kept {
		p.stmt.Close()
	}
	clear(c.kept)
	return c.liteConn.Close()
}

// liteRows are the rows of a statement in use.
type liteRows struct {
	driver.Rows
	p *parsed
}

func (r *liteRows) Close() error {
	err := r.Rows.Close()
	if e := r.p.release(); err == nil {
		err = e
	}
	return err
}
