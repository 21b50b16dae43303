package vault

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Stop is that somebody stopped something, an objection, a withdrawal, a restriction, or was
// erased in systems whose own backups still know them.
type Stop struct {
	Thing []byte // a subject's id, a Fingerprint, or another keyed hash
	What  string // in the words of the room that keeps it, which knows its own by how they begin; at most 400 bytes, no personal value
	At    time.Time
}

const (
	maxStop   = 400
	stopsPage = 500
)

// KeepStop has it remembered beside the keys that somebody stopped something, so that
// a backup of the data that is restored later does not forget it. It is on disk before
// the transaction is; one that fails may leave it behind, which errs on the side of no.
func (v *Vault) KeepStop(tx *store.Tx, thing []byte, what string) error {
	if len(thing) == 0 || what == "" || len(what) > maxStop {
		return avow.Errorf(avow.Internal, "a stop needs a thing and %d bytes of what at most", maxStop)
	}
	v.stopped.Add(tx, Stop{thing, what, tx.Now()})
	v.awaited.Add(tx, struct{}{})
	return nil
}

// keepStops writes a batch's stops: in the same transaction on PostgreSQL, in the file
// of the keys on SQLite, beside what the batch still has to do. awaitStops ends it.
func (v *Vault) keepStops(tx *store.Tx, stops []Stop) error {
	if v.keys == v.db {
		return insertStops(tx, stops)
	}
	if err := v.awaitStops(tx, nil); err != nil { // of a batch that was given up
		return err
	}
	v.keeping = v.keys.StartWrite(context.WithoutCancel(tx.Context()), func(tx *store.Tx) error { return insertStops(tx, stops) })
	return nil
}

// awaitStops is the last thing before the commit: what was stopped is on disk beside the keys.
func (v *Vault) awaitStops(*store.Tx, []struct{}) error {
	if v.keeping == nil {
		return nil
	}
	wait := v.keeping
	v.keeping = nil
	return wait()
}

// insertStops writes each stop once, with its latest time.
func insertStops(tx *store.Tx, stops []Stop) error {
	latest := make(map[[2]string]int, len(stops))
	args := make([]any, 0, 3*len(stops))
	for _, s := range stops {
		key := [2]string{string(s.Thing), s.What}
		if at, there := latest[key]; there {
			args[at] = s.At
			continue
		}
		args = append(args, s.Thing, s.What, s.At)
		latest[key] = len(args) - 1
	}
	return tx.Upsert("vault_stops", "thing, what, at", "ON CONFLICT (thing, what) DO UPDATE SET at = excluded.at", args)
}

// Stops gives what was stopped since a time, in words that begin so, in no particular order and page by page, to f.
func (v *Vault) Stops(ctx context.Context, since time.Time, begins string, f func([]Stop) error) error {
	after := Stop{Thing: []byte{}}
	if since.IsZero() {
		since = time.Unix(0, 0)
	}
	for {
		var page []Stop
		err := v.keys.Read(ctx, func(tx *store.Tx) (err error) {
			page, err = store.Collect(tx, func(r *store.Rows) (s Stop, err error) {
				return s, r.Scan(&s.Thing, &s.What, store.IntoTime(&s.At))
			}, `SELECT thing, what, at FROM vault_stops WHERE at >= ? AND (thing > ? OR thing = ? AND what > ?) AND substr(what, 1, ?) = ?
				ORDER BY thing, what LIMIT ?`, since, after.Thing, after.Thing, after.What, utf8.RuneCountInString(begins), begins, stopsPage)
			return err
		})
		if err != nil {
			return err
		}
		if err := f(page); err != nil || len(page) < stopsPage {
			return err
		}
		after = page[len(page)-1]
	}
}
