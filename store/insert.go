package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/avowhq/avow"
)

const (
	rowsAtOnce = 64 // rows of one INSERT; smaller ones have a power of two, so that few texts are parsed
	worthCopy  = 64 // rows from which COPY is faster than INSERT
)

// Insert adds rows to a table, as many as args has values for the columns ("a, b, c").
// It is the way to add many: few statements, parsed once, and on PostgreSQL one
// message for all of them, or COPY.
func (tx *Tx) Insert(table, columns string, args []any) error {
	width := strings.Count(columns, ",") + 1
	switch {
	case len(args)%width != 0:
		return tx.fail(avow.Errorf(avow.Internal, "an Insert of %d values into %d columns", len(args), width))
	case len(args) == 0:
		return nil
	}
	if tx.b.db.kind == SQLite {
		return tx.insertSQLite(table, columns, width, args)
	}
	if err := tx.usable(); err != nil {
		return err
	}
	tx.changed = true
	bind(args)
	return tx.fail(tx.b.conn.conn.Raw(func(conn any) error {
		c := conn.(*stdlib.Conn).Conn()
		if len(args)/width >= worthCopy {
			return copyRows(tx.b.ctx, c, table, columns, width, args)
		}
		return tx.insertPostgres(c, table, columns, width, args)
	}))
}

func (tx *Tx) insertSQLite(table, columns string, width int, args []any) error {
	for len(args) > 0 {
		n := powerOfTwo(len(args) / width)
		if _, err := tx.Exec(tx.b.db.insertText(table, columns, width, n), args[:n*width]...); err != nil {
			return err
		}
		args = args[n*width:]
	}
	return nil
}

// insertPostgres sends its statements in one message.
func (tx *Tx) insertPostgres(c *pgx.Conn, table, columns string, width int, args []any) error {
	var b pgx.Batch
	for len(args) > 0 {
		n := powerOfTwo(len(args) / width)
		b.Queue(tx.b.db.text(tx.b.db.insertText(table, columns, width, n)), args[:n*width]...)
		args = args[n*width:]
	}
	return c.SendBatch(tx.b.ctx, &b).Close()
}

func copyRows(ctx context.Context, c *pgx.Conn, table, columns string, width int, args []any) error {
	names := strings.Split(columns, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	_, err := c.CopyFrom(ctx, pgx.Identifier{table}, names, pgx.CopyFromSlice(len(args)/width, func(i int) ([]any, error) {
		return args[i*width : (i+1)*width], nil
	}))
	return err
}

// powerOfTwo is the largest power of two that is at most n and at most rowsAtOnce.
func powerOfTwo(n int) int {
	p := 1
	for p*2 <= min(n, rowsAtOnce) {
		p *= 2
	}
	return p
}

type insertKey struct {
	table, columns string
	rows           int
}

// insertText makes each text once: there are few tables and fewer powers of two.
func (db *DB) insertText(table, columns string, width, rows int) string {
	key := insertKey{table, columns, rows}
	if text, ok := db.inserts.Load(key); ok {
		return text.(string)
	}
	row := ", (" + Marks(width) + ")"
	text := "INSERT INTO " + table + " (" + columns + ") VALUES " + strings.Repeat(row, rows)[2:]
	db.inserts.Store(key, text)
	return text
}
