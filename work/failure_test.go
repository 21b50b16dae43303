package work_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

var (
	errGone    = avow.Errorf(avow.Unavailable, "on purpose: nothing was kept")
	errPerhaps = avow.Errorf(avow.Internal, "on purpose: this may or may not have been kept")
)

// faults fails two writes of the room of three: some are lost, some kept and reported lost.
type faults struct {
	armed      atomic.Bool
	lost, kept atomic.Int64
}

func (f *faults) write(ctx context.Context, write func(context.Context, func(*store.Tx) error) error, fn func(*store.Tx) error) error {
	if !f.armed.Load() {
		return write(ctx, fn)
	}
	switch rand.N(3) { // in turn, they could always fall on the same ones
	case 1:
		f.lost.Add(1)
		return errGone
	case 2:
		if err := write(ctx, fn); err != nil {
			return err
		}
		f.kept.Add(1)
		return errPerhaps
	}
	return write(ctx, fn)
}

// The same at random, with the room at work: writes fail again and again, lost or kept though reported lost: the rows of every effect are there once, nothing is both done and set aside.
func TestWritesFailWhileItRuns(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		wc := quick()
		wc.Poll = 50 * time.Millisecond
		n := open(t, c, dir, wc)
		n.append(200)
		var f faults
		var runs atomic.Int64
		n.Effect("tell", withdrawals, row("tell"))
		failing := &everySeventh{name: "flaky"}
		n.Effect("flaky", withdrawals, failing.do)
		n.Schedule("often", time.Second, func(context.Context) error { runs.Add(1); return nil })
		n.Through(f.write)
		must(t, n.Start(t.Context()))
		f.armed.Store(true)
		for range 20 {
			n.append(10)
		}
		for _, name := range []string{"tell", "flaky"} {
			n.done(name)
		}
		until(t, "runs", func() bool { return runs.Load() >= 2 })
		until(t, "a paused effect", func() bool { return n.Pause(t.Context(), "tell") == nil })
		if !n.state("tell").Paused {
			t.Error("a pause that was acknowledged is not there")
		}
		until(t, "an orderly end", func() bool {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			return n.Stop(ctx) == nil
		})
		n.once("tell", ledger.ConsentWithdrawn)
		n.once("flaky", ledger.ConsentWithdrawn)
		n.settled("tell", "flaky")
		if f.lost.Load() < 10 || f.kept.Load() < 10 {
			t.Errorf("%d writes were lost, %d kept and reported lost", f.lost.Load(), f.kept.Load())
		}
	})
}

// everySeventh fails on each seventh of the events, twice.
type everySeventh struct {
	name string
	mu   sync.Mutex
	seen map[int64]int
}

func (s *everySeventh) do(tx *store.Tx, e ledger.Entry) error {
	if err := row(s.name)(tx, e); err != nil || e.Index%7 != 0 {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[int64]int{}
	}
	s.seen[e.Index]++
	if s.seen[e.Index] < 4 {
		return avow.Errorf(avow.Refused, "on purpose")
	}
	return nil
}

// settled checks what must be true of the tables whatever happened.
func (n *node) settled(names ...string) {
	n.tb.Helper()
	for _, name := range names {
		if both := n.count("SELECT count(*) FROM work_failed f WHERE f.effect = ? AND EXISTS (SELECT 1 FROM effect_rows r WHERE r.effect = f.effect AND r.event = f.event)", name); both != 0 {
			n.tb.Errorf("%s: %d events are done and set aside", name, both)
		}
		if ahead := n.count("SELECT count(*) FROM work_effects e WHERE e.name = ? AND e.cursor > (SELECT size FROM ledger_head)", name); ahead != 0 {
			n.tb.Errorf("%s: the cursor is ahead of the log", name)
		}
		if ahead := n.count("SELECT count(*) FROM work_done d JOIN work_effects e ON e.name = d.effect WHERE d.effect = ? AND d.event >= e.cursor", name); ahead != 0 {
			n.tb.Errorf("%s: %d marks are ahead of the cursor", name, ahead)
		}
	}
}

// The database goes away and comes back: effects and schedules go on by themselves.
func TestDatabaseAway(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		away, back := diskFull, diskFree
		if c.DSN != "" {
			w := storetest.NewWire(t, c)
			c = w.Config()
			away, back = func(*node) { w.Away() }, func(*node) { w.Back() }
		}
		n := open(t, c, dir, quick())
		var runs atomic.Int64
		n.Effect("tell", withdrawals, row("tell"))
		n.Schedule("often", time.Second, func(context.Context) error { runs.Add(1); return nil })
		n.start()
		n.append(300)
		n.done("tell")
		away(n)
		time.Sleep(2 * n.Lease)
		if err := n.db.Write(t.Context(), func(tx *store.Tx) error { return n.add(tx, 3000) }); avow.KindOf(err) != avow.Unavailable {
			t.Errorf("the database is not away: %v", err)
		}
		back(n)
		until(t, "a write", func() bool {
			return n.db.Write(t.Context(), func(tx *store.Tx) error { return n.add(tx, 300) }) == nil
		})
		n.done("tell")
		before := runs.Load()
		until(t, "runs", func() bool { return runs.Load() >= before+2 })
		n.once("tell", ledger.ConsentWithdrawn)
		n.settled("tell")
	})
}

func pages(n *node, most int) {
	n.tb.Helper()
	must(n.tb, n.db.Write(context.Background(), func(tx *store.Tx) error {
		var set int
		return tx.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", most)).Scan(&set)
	}))
}

func diskFull(n *node) { pages(n, 1) } // the fewest there can be: as many as there are
func diskFree(n *node) { pages(n, 1<<20) }
