package work

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// sighting is what was last seen of another node, and since when it has been the same.
type sighting struct {
	beat  int64
	since time.Time
}

// holding is who holds something, and that node's beat; not valid when the node has left.
type holding struct {
	node string
	beat sql.NullInt64
}

// free reports whether a holding can be taken: it is nobody's, its node has left, or
// its node has shown no life for a lease.
func (w *Work) free(h holding) bool {
	if h.node == "" || !h.beat.Valid {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Clock()
	s, known := w.seen[h.node]
	if !known || s.beat != h.beat.Int64 {
		w.seen[h.node] = sighting{h.beat.Int64, now}
		return false
	}
	return now.Sub(s.since) >= w.Lease
}

// bury takes a node that is gone off the list. It fails when the node shows life after all.
func (w *Work) bury(tx *store.Tx, h holding) error {
	if h.node == "" || !h.beat.Valid || h.node == w.node {
		return nil
	}
	n, err := tx.Exec("DELETE FROM work_nodes WHERE node = ? AND beat = ?", h.node, h.beat.Int64)
	if err != nil || n == 1 {
		return err
	}
	return errMoved
}

// errMoved: what was read has changed meanwhile, so it is read again.
var errMoved = avow.Errorf(avow.Conflict, "another node was quicker")

var errLost = avow.Errorf(avow.Unavailable, "this node was cut off from the database; others may have taken over")

// beats shows that this node lives. When it could not for a lease, or finds itself
// buried, the runs of its schedules may have begun elsewhere: they are ended here.
func (w *Work) beats(ctx context.Context) {
	shown := w.Clock()
	for sleep(ctx, w.Lease/3) {
		alive, err := w.beat(ctx)
		switch {
		case err == nil && alive:
			shown = w.Clock()
			w.heedCancels(ctx)
		case ctx.Err() != nil:
			return
		case err == nil || w.Clock().Sub(shown) >= w.Lease:
			w.Log.Warn("work: this node was cut off; what it was running is given up", slog.String("node", w.node))
			w.endRuns(errLost)
		}
	}
}

// A beat begins at the time, so that a node that comes back never shows one that was seen before.
const insertNode = "INSERT INTO work_nodes (node, beat, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"

// beat is false when this node had been taken for gone.
func (w *Work) beat(ctx context.Context) (alive bool, err error) {
	err = w.write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("UPDATE work_nodes SET beat = beat + 1, at = ? WHERE node = ?", w.Clock(), w.node)
		if alive = n == 1; alive || err != nil {
			return err
		}
		_, err = tx.Exec(insertNode, w.node, w.Clock(), w.Clock())
		return err
	})
	return alive, err
}

// endRuns ends the schedules that run here.
func (w *Work) endRuns(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range w.runs {
		end(why)
	}
}

// heedCancels ends the runs that somebody cancelled, here or in another process.
func (w *Work) heedCancels(ctx context.Context) {
	var names []string
	err := w.DB.Read(ctx, func(tx *store.Tx) (err error) {
		names, err = store.Collect(tx, func(r *store.Rows) (name string, err error) { return name, r.Scan(&name) },
			"SELECT name FROM work_schedules WHERE cancel AND holder = ?", w.node)
		return err
	})
	if err != nil {
		return // the next beat looks again
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range names {
		if end := w.runs[name]; end != nil {
			end(errCancelled)
		}
	}
}
