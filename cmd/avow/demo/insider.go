package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/avowhq/avow"
)

// Insider is an administrator of the database who helps along: with a connection of
// their own, past the program, they change what somebody chose, and can put it back.
// They know the tables, hold the database's password, and have none of our keys.
type Insider struct {
	// Driver and DSN open the database as database/sql does; the drivers are those the
	// program itself has brought along.
	Driver, DSN string

	mu   sync.Mutex
	edit *edit
}

// edit is what was done, as far as it takes to undo it.
type edit struct {
	row      row
	now      string // the state that was put there
	SQL, Was string // for people
}

// row is one choice of a person.
type row struct {
	subject      []byte
	policy, name string
	generation   int64
	state        string
}

// patienceOfInsider is how long they wait for a database that is busy.
const patienceOfInsider = 10 * time.Second

// newest finds the last choice about a consent: a no before a yes, because a no is
// what somebody would like to have been a yes.
const newest = `SELECT subject, policy, name, generation, state FROM consent_choices WHERE kind = 'consent' ORDER BY CASE state WHEN 'given' THEN 1 ELSE 0 END, at DESC, seq DESC LIMIT 1`

// Edit turns a no into a yes (or, where there is none, a yes into a no) in the table
// that answers come from. Conflict when it is done already, NotFound when nobody has chosen yet.
func (i *Insider) Edit(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.edit != nil {
		return avow.Errorf(avow.Conflict, "The consent has been edited already. Put it back first.")
	}
	return i.connected(ctx, func(ctx context.Context, c *sql.Conn) error {
		var r row
		err := c.QueryRowContext(ctx, newest).Scan(&r.subject, &r.policy, &r.name, &r.generation, &r.state)
		if errors.Is(err, sql.ErrNoRows) {
			return avow.Errorf(avow.NotFound, "Nobody has chosen anything yet, so there is nothing to edit. Subscribe to the newsletter on Harbour’s site first.")
		}
		if err != nil {
			return err
		}
		e := &edit{row: r, now: "given", Was: r.state}
		if r.state == "given" {
			e.now = "withdrawn"
		}
		e.SQL = fmt.Sprintf("UPDATE consent_choices SET state = '%s' WHERE name = '%s' AND subject = …", e.now, r.name)
		if err := i.set(ctx, c, r, e.now, r.state); err != nil {
			return err
		}
		i.edit = e
		return nil
	})
}

// Undo puts back what was there. Conflict when nothing was edited.
func (i *Insider) Undo(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.edit == nil {
		return avow.Errorf(avow.Conflict, "Nothing was edited, so there is nothing to put back.")
	}
	err := i.connected(ctx, func(ctx context.Context, c *sql.Conn) error {
		return i.set(ctx, c, i.edit.row, i.edit.row.state, i.edit.now)
	})
	if err == nil || avow.KindOf(err) == avow.NotFound { // the person has chosen again, or was erased: theirs stands
		i.edit = nil
		return nil
	}
	return err
}

// Typed is the statement that stands in the database's history, empty when nothing is edited.
func (i *Insider) Typed() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.edit == nil {
		return ""
	}
	return i.edit.SQL
}

// set changes one row where it is as expected; NotFound when it is not.
func (i *Insider) set(ctx context.Context, c *sql.Conn, r row, to, from string) error {
	statement := "UPDATE consent_choices SET state = ? WHERE kind = 'consent' AND subject = ? AND policy = ? AND name = ? AND generation = ? AND state = ?"
	if i.Driver == "pgx" {
		statement = "UPDATE consent_choices SET state = $1 WHERE kind = 'consent' AND subject = $2 AND policy = $3 AND name = $4 AND generation = $5 AND state = $6"
	}
	done, err := c.ExecContext(ctx, statement, to, r.subject, r.policy, r.name, r.generation, from)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return avow.Errorf(avow.NotFound, "The choice is not there any more.")
	}
	return nil
}

// connected opens a connection that is the insider's own, and closes it.
func (i *Insider) connected(ctx context.Context, do func(ctx context.Context, c *sql.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, patienceOfInsider)
	defer cancel()
	db, err := sql.Open(i.Driver, i.DSN)
	if err != nil {
		return avow.Errorf(avow.Unavailable, "The database cannot be opened past the program: %w", err)
	}
	defer db.Close()
	c, err := db.Conn(ctx)
	if err != nil {
		return avow.Errorf(avow.Unavailable, "The database cannot be opened past the program: %w", err)
	}
	defer c.Close()
	return do(ctx, c)
}
