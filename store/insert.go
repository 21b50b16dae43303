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
	return tx.Upsert(table, columns, "", args)
}

// Upsert is Insert with what is to be done about rows that are there already, "ON
// CONFLICT …". No two of the rows may have the same key, unless nothing is done about it.
func (tx *Tx) Upsert(table, columns, conflict string, args []any) error {
	into := insertion{table: table, columns: columns, conflict: conflict}
	width := strings.Count(columns, ",") + 1
	switch {
	case len(args)%width != 0:
		return tx.fail(avow.Errorf(avow.Internal, "an Insert of %d values into %d columns", len(args), width))
	case len(args) == 0:
		return nil
	}
	if tx.b.db.kind == SQLite {
		return tx.insertSQLite(into, width, args)
	}
	if err := tx.usable(); err != nil {
		return err
	}
	tx.change(true)
	bind(args)
	return tx.fail(tx.b.conn.conn.Raw(func(conn any) error {
		c := conn.(*stdlib.Conn).Conn()
		if len(args)/width >= worthCopy && conflict == "" {
			return copyRows(tx.b.ctx, c, table, columns, width, args)
		}
		return tx.insertPostgres(c, into, width, args)
	}))
}

func (tx *Tx) insertSQLite(into insertion, width int, args []any) error {
	into.alone = tx.alone
	for len(args) > 0 {
		into.rows = powerOfTwo(len(args) / width)
		n := into.rows
		if _, err := tx.Exec(tx.b.db.insertText(into, width), args[:n*width]...); err != nil {
			return err
		}
		args = args[n*width:]
	}
	return nil
}

// insertPostgres sends its statements in one message.
func (tx *Tx) insertPostgres(c *pgx.Conn, into insertion, width int, args []any) error {
	var b pgx.Batch
	for len(args) > 0 {
		into.rows = powerOfTwo(len(args) / width)
		n := into.rows
		b.Queue(tx.b.db.text(tx.b.db.insertText(into, width)), args[:n*width]...)
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

// insertion is a statement that inserts so many rows.
type insertion struct {
	table, columns, conflict string
	rows                     int
	alone                    bool // on SQLite: what fails in it ends the transaction
}

// insertText makes each text once: there are few tables and fewer powers of two.
func (db *DB) insertText(into insertion, width int) string {
	if text, ok := db.inserts.Load(into); ok {
		return text.(string)
	}
	row := ", (" + Marks(width) + ")"
	text := into.verb() + " INTO " + into.table + " (" + into.columns + ") VALUES " + strings.Repeat(row, into.rows)[2:] + " " + into.conflict
	db.inserts.Store(into, text)
	return text
}

// verb spares SQLite a copy of every page that a statement changes, to undo it alone: where nobody
// has a savepoint to go back to, the whole transaction is undone after a failure anyhow.
func (i insertion) verb() string {
	if i.alone {
		return "INSERT OR ROLLBACK"
	}
	return "INSERT"
}
