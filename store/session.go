package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/avowhq/avow"
	"github.com/jackc/pgx/v5/stdlib"
)

// session is a connection inside a transaction. database/sql's own Tx starts a
// goroutine for itself and one for each query, which costs more than many of our queries do.
type session struct {
	conn  *sql.Conn
	lite  bool // SQLite's
	ended bool
	stale bool // not to be used again
}

var (
	beginWrite = [...]string{SQLite: "BEGIN IMMEDIATE", PostgreSQL: "begin"}
	beginRead  = [...]string{SQLite: "BEGIN DEFERRED", PostgreSQL: "begin isolation level repeatable read read only"}
)

// errUnseen: the server rolled back what we believed to be well.
var errUnseen = avow.Errorf(avow.Internal, "a statement failed unseen; nothing was changed")

func openSession(ctx context.Context, pool *sql.DB, kind Kind, begin string) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		conn.Close()
		return nil, err
	}
	return &session{conn: conn, lite: kind == SQLite}, nil
}

// exec runs a statement. SQLite's driver gets its values from us: database/sql makes more of each,
// and a batch has hundreds.
func (s *session) exec(ctx context.Context, query string, args ...any) (res sql.Result, err error) {
	if !s.lite {
		return s.conn.ExecContext(ctx, query, args...)
	}
	err = s.conn.Raw(func(conn any) (err error) {
		res, err = conn.(*lite).exec(ctx, query, args)
		return err
	})
	return res, err
}

// commit commits; after an error the transaction is over all the same.
func (s *session) commit(ctx context.Context) error {
	err := s.conn.Raw(func(conn any) error {
		if c, ok := conn.(*stdlib.Conn); ok {
			return commitPostgres(ctx, c)
		}
		_, err := conn.(*lite).ExecContext(ctx, "COMMIT", nil)
		return err
	})
	if err != nil {
		return err
	}
	s.ended = true
	s.conn.Close()
	return nil
}

// commitPostgres looks at the answer: to a COMMIT of a failed transaction it is ROLLBACK, which is no error.
func commitPostgres(ctx context.Context, c *stdlib.Conn) error {
	tag, err := c.Conn().Exec(ctx, "commit")
	if err == nil && tag.String() != "COMMIT" {
		err = errUnseen
	}
	return err
}

// rollback gives the connection back clean, or not at all. After commit it does nothing.
func (s *session) rollback() {
	if s.ended {
		return
	}
	s.ended = true
	s.conn.Raw(func(conn any) error {
		if s.stale {
			return driver.ErrBadConn
		}
		if c, ok := conn.(*stdlib.Conn); ok {
			return rollbackPostgres(c)
		}
		return rollbackSQLite(conn.(*lite))
	})
	s.conn.Close()
}

// rollbackSQLite: SQLite has rolled back by itself after some errors, and says so
// with an error of its own; then a new transaction can be begun.
func rollbackSQLite(c *lite) error {
	run := func(statements ...string) error {
		for _, s := range statements {
			if _, err := c.ExecContext(context.Background(), s, nil); err != nil {
				return driver.ErrBadConn
			}
		}
		return nil
	}
	if run("ROLLBACK") == nil {
		return nil
	}
	return run("BEGIN DEFERRED", "ROLLBACK")
}

func rollbackPostgres(c *stdlib.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := c.Conn().Exec(ctx, "rollback"); err != nil {
		return driver.ErrBadConn
	}
	return nil
}
