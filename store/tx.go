package store

import (
	"context"
	"database/sql"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
)

// Tx is one closure's view of a transaction. It ends with the closure and is used
// by one goroutine. Queries name values with ?; an avow.ID and a time.Time may be
// given as they are. A statement that failed fails the whole closure, on both
// databases alike: what may be there already is written with ON CONFLICT.
type Tx struct {
	b       *batch
	fault   error // the first statement that failed
	ended   bool
	alone   bool // needs no savepoint
	marked  bool // has one
	changed bool // may have changed something
	open    *sql.Rows
	staged  []handed
	after   []func()
	told    []news
}

type handed struct {
	to   stage
	item any
}

var (
	errEnded = avow.Errorf(avow.Internal, "a transaction was used after its end")
	errOpen  = avow.Errorf(avow.Internal, "a statement was given while rows were still being read")
)

// Context is the transaction's own: it outlives the caller's, because what was
// started is finished.
func (tx *Tx) Context() context.Context { return tx.b.ctx }

// Now is the transaction's one time, in UTC and whole microseconds: the
// database's clock, or the time of the last event where that is later.
func (tx *Tx) Now() time.Time { return tx.b.time() }

// OnCommit has f run once the transaction is on disk, before Write returns, in
// the order of the transactions. f is short and starts no transaction of its own.
func (tx *Tx) OnCommit(f func()) { tx.after = append(tx.after, f) }

// Exec runs a statement and returns the number of rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.usable(); err != nil {
		return 0, err
	}
	tx.change(!reads(query))
	res, err := tx.b.conn.exec(tx.b.ctx, tx.b.db.text(query), bind(args)...)
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := res.RowsAffected()
	return n, tx.fail(err)
}

// QueryRow runs a query for at most one row; its Scan says NotFound when there is none.
func (tx *Tx) QueryRow(query string, args ...any) *Row {
	rows, err := tx.query(query, args)
	return &Row{tx, rows, err}
}

// Query runs a query. Its rows are read to the end, or closed, before the next statement.
func (tx *Tx) Query(query string, args ...any) (*Rows, error) {
	rows, err := tx.query(query, args)
	if err != nil {
		return nil, err
	}
	return &Rows{tx, rows}, nil
}

func (tx *Tx) query(query string, args []any) (*sql.Rows, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	tx.change(!reads(query))
	rows, err := tx.b.conn.conn.QueryContext(tx.b.ctx, tx.b.db.text(query), bind(args)...)
	if err != nil {
		return nil, tx.fail(err)
	}
	tx.open = rows
	return rows, nil
}

// change notes a statement that may change something.
func (tx *Tx) change(may bool) {
	tx.changed = tx.changed || may
	tx.b.changed = tx.b.changed || may
}

// reads reports whether a statement surely changes nothing.
func reads(query string) bool {
	const word = "SELECT"
	query = strings.TrimLeft(query, " \t\n")
	return len(query) > len(word) && strings.EqualFold(query[:len(word)], word)
}

// Lock makes transactions of all nodes that name the same thing wait for each
// other until they end. SQLite has one writer, so there it is free.
func (tx *Tx) Lock(room string, thing []byte) error {
	if tx.b.db.kind == SQLite {
		return tx.usable()
	}
	_, err := tx.Exec("SELECT pg_advisory_xact_lock(?)", lockOf(room, thing))
	return err
}

// LockAll is Lock of many things, in one statement and in one order for all.
func (tx *Tx) LockAll(room string, things [][]byte) error {
	if tx.b.db.kind == SQLite || len(things) == 0 {
		return tx.usable()
	}
	list := make([]int64, len(things))
	for i, thing := range things {
		list[i] = lockOf(room, thing)
	}
	slices.Sort(list)
	_, err := tx.Exec("SELECT pg_advisory_xact_lock(one) FROM unnest(?::bigint[]) AS list (one)", slices.Compact(list))
	return err
}

func lockOf(room string, thing []byte) int64 {
	h := fnv.New64a()
	h.Write([]byte(room))
	h.Write([]byte{0})
	h.Write(thing)
	return int64(h.Sum64())
}

func (tx *Tx) usable() error {
	switch {
	case tx.ended:
		return errEnded
	case tx.open != nil:
		return tx.fail(errOpen)
	}
	if tx.fault != nil {
		return tx.fault
	}
	return tx.beginSavepoint()
}

// fail keeps the first failure, so that no later statement runs on a broken ground.
func (tx *Tx) fail(err error) error {
	if err == nil {
		return nil
	}
	tx.b.db.note(err)
	err = tx.b.db.errorOf(err)
	if tx.fault == nil {
		tx.fault = err
	}
	return err
}

// close ends what a closure left open.
func (tx *Tx) close() {
	tx.ended = true
	if tx.open != nil {
		tx.open.Close()
	}
}

// Row is at most one row.
type Row struct {
	tx   *Tx
	rows *sql.Rows
	err  error
}

// Scan reads the row; NotFound when there is none.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	r.tx.open = nil
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return r.tx.fail(err)
		}
		return r.tx.b.db.errorOf(sql.ErrNoRows)
	}
	if err := r.rows.Scan(dest...); err != nil {
		return r.tx.fail(err)
	}
	return r.tx.fail(r.rows.Close()) // what fails after the first row is said here
}

// Rows are read with Next and Scan; Err says whether the end was the end.
type Rows struct {
	tx   *Tx
	rows *sql.Rows
}

// Next goes to the next row.
func (r *Rows) Next() bool {
	if r.rows.Next() {
		return true
	}
	r.tx.open = nil
	r.tx.fail(r.rows.Err()) // even where nobody asks
	return false
}

// Scan reads the current row.
func (r *Rows) Scan(dest ...any) error { return r.tx.fail(r.rows.Scan(dest...)) }

// Err is what ended the rows early, if anything did.
func (r *Rows) Err() error { return r.tx.fail(r.rows.Err()) }

// Close gives up the rows that were not read. It may be called twice.
func (r *Rows) Close() error {
	if r.tx.open == r.rows {
		r.tx.open = nil
	}
	return r.tx.fail(r.rows.Close())
}

// Collect reads all rows of a query, each with scan. The result is never nil, so that it reads as [] in JSON.
func Collect[T any](tx *Tx, scan func(*Rows) (T, error), query string, args ...any) ([]T, error) {
	out := []T{}
	err := Each(tx, func(r *Rows) error {
		v, err := scan(r)
		out = append(out, v)
		return err
	}, query, args...)
	return out, err
}

// Each calls f for each row of a query, without holding the others.
func Each(tx *Tx, f func(*Rows) error, query string, args ...any) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (db *DB) text(query string) string {
	if db.kind == PostgreSQL {
		return rebind(query)
	}
	return query
}
