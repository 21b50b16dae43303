package work_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/work"
)

var withdrawals = []ledger.Type{ledger.ConsentWithdrawn}

// What was there before and what comes afterwards, once each, in order; the news alone
// brings it, no polling.
func TestOnceInOrder(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		wc := quick()
		wc.Poll, wc.Lease = time.Hour, time.Hour
		n := open(t, c, dir, wc)
		n.append(700)
		n.Effect("stop-campaigns", withdrawals, row("stop-campaigns"))
		n.Effect("tell", []ledger.Type{ledger.ConsentWithdrawn, ledger.NoticePublished}, row("tell"))
		n.start()
		for range 20 {
			n.append(7)
		}
		n.done("tell")
		n.done("stop-campaigns")
		for name, types := range map[string][]ledger.Type{"stop-campaigns": withdrawals, "tell": {ledger.ConsentWithdrawn, ledger.NoticePublished}} {
			if got, want := n.rows(name), n.events(types...); !slices.Equal(got, want) {
				t.Errorf("%s: %d rows of %d events, or out of order: %s", name, len(got), len(want), difference(got, want))
			}
		}
		if s := n.state("tell"); s.Cursor != 840 || s.Paused || !s.Here || s.Node == "" || s.Last.Message != "" {
			t.Errorf("%+v", s)
		}
	})
}

// One event fails a few times and panics once; the others do not wait for it.
func TestFailsThenSucceeds(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		wc := quick()
		wc.Backoff = 50 * time.Millisecond
		n := open(t, c, dir, wc)
		n.append(100)
		var fails atomic.Int64
		n.Effect("tell", withdrawals, func(tx *store.Tx, e ledger.Entry) error {
			if err := row("tell")(tx, e); err != nil {
				return err
			}
			if e.Index != 30 {
				return nil
			}
			switch fails.Add(1) {
			case 1, 2: // in its batch, then alone
				return avow.Errorf(avow.Refused, "the moon is full")
			case 3:
				panic("ann@example.com")
			}
			return nil
		})
		n.start()
		until(t, "the others are done", func() bool { return len(n.rows("tell")) >= 33 })
		n.done("tell")
		want := slices.DeleteFunc(n.events(ledger.ConsentWithdrawn), func(i int64) bool { return i == 30 })
		if got := n.rows("tell"); !slices.Equal(got, append(want, 30)) {
			t.Errorf("rows %v", got)
		}
		if said := n.said.String(); !strings.Contains(said, "the moon is full") || !strings.Contains(said, "event=30") || strings.Contains(said, "ann@") {
			t.Error(said)
		}
		if left := n.count("SELECT count(*) FROM work_failed"); left != 0 {
			t.Errorf("%d failures are left", left)
		}
	})
}

// An event that fails again and again becomes a dead letter, which people retry or cancel.
func TestDeadLetters(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		ctx := t.Context()
		n := open(t, c, dir, quick())
		n.append(10)
		var broken atomic.Bool
		broken.Store(true)
		n.Effect("tell", withdrawals, func(tx *store.Tx, e ledger.Entry) error {
			if broken.Load() && e.Index > 0 {
				return fmt.Errorf("cannot tell ann@example.com")
			}
			return row("tell")(tx, e)
		})
		n.start()
		until(t, "dead letters", func() bool { return n.state("tell").Dead == 3 })
		s := n.state("tell")
		if s.Lag != 0 || len(s.Failures) != 3 || s.Failures[0].Tries != 4 || s.Failures[0].State != work.Dead || s.Last.Message == "" || s.Last.Kind != "internal" {
			t.Errorf("%+v", s)
		}
		for _, text := range []string{s.Last.Message, n.said.String()} {
			if strings.Contains(text, "ann@") || !strings.Contains(text, "*fmt.wrapError") && !strings.Contains(text, "*errors.errorString") {
				t.Errorf("said %q", text)
			}
		}
		must(t, n.Retry(ctx, "tell", 3))
		until(t, "one more try", func() bool {
			s := n.state("tell")
			return s.Dead == 3 && s.Failures[0].Event == 3 && s.Failures[0].Tries == 5
		})
		must(t, n.Cancel(ctx, "tell", 6))
		broken.Store(false)
		must(t, n.Retry(ctx, "tell", 3))
		until(t, "the retried one", func() bool { s := n.state("tell"); return s.Dead == 1 && s.Cancelled == 1 && s.Waiting == 0 })
		n.once("tell", ledger.ConsentWithdrawn, 6, 9)
		for name, err := range map[string]error{"no such event": n.Retry(ctx, "tell", 3), "no such effect": n.Cancel(ctx, "other", 6), "nothing to pause": n.Pause(ctx, "other")} {
			if avow.KindOf(err) != avow.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// What is paused stays so when the program starts again, and goes on where it stopped.
func TestPause(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n := open(t, c, dir, quick())
		n.append(100)
		n.Effect("tell", withdrawals, row("tell"))
		n.start()
		n.done("tell")
		must(t, n.Pause(t.Context(), "tell"))
		n.append(100)
		n.halt()
		again := open(t, c, dir, quick())
		again.Effect("tell", withdrawals, row("tell"))
		again.Effect("witness", withdrawals, row("witness"))
		again.start()
		again.append(10)
		again.done("witness")
		if s := again.state("tell"); !s.Paused || s.Cursor != 100 || s.Lag != 110 {
			t.Errorf("%+v", s)
		}
		must(t, again.Resume(t.Context(), "tell"))
		again.done("tell")
		again.once("tell", ledger.ConsentWithdrawn)
	})
}

// A new effect begins with the first event, or with those to come if it says so; started again, both go on.
func TestFromNow(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		for run := range 2 {
			n := open(t, c, dir, quick())
			n.append(30)
			n.Effect("late", withdrawals, row("late"), work.FromNow())
			n.start()
			n.append(30)
			n.done("late")
			if got, want := n.rows("late"), n.events(ledger.ConsentWithdrawn)[10:]; !slices.Equal(got, want) {
				t.Errorf("run %d: %s", run, difference(got, want))
			}
			n.halt()
		}
	})
}

func TestRegisterRefuses(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		nothing := func(context.Context) error { return nil }
		for name, register := range map[string]func(*node){
			"a strange name":     func(n *node) { n.Effect("Tell everybody", withdrawals, row("x")) },
			"no types":           func(n *node) { n.Effect("tell", nil, row("x")) },
			"nothing to do":      func(n *node) { n.Effect("tell", withdrawals, nil) },
			"twice":              func(n *node) { n.Effect("tell", withdrawals, row("x")); n.Schedule("tell", time.Hour, nothing) },
			"too often":          func(n *node) { n.Schedule("nightly", time.Millisecond, nothing) },
			"no time to run":     func(n *node) { n.Schedule("nightly", time.Hour, nothing, work.Timeout(0)) },
			"nothing to do then": func(n *node) { n.Schedule("nightly", time.Hour, nil) },
		} {
			n := open(t, c, dir, quick())
			register(n)
			if err := n.Start(t.Context()); err == nil {
				t.Errorf("%s was accepted", name)
			}
			must(t, n.Stop(t.Context()))
		}
		if _, err := work.Open(t.Context(), work.Config{}); err == nil {
			t.Error("work without a database")
		}
	})
}

// The marks stay few, however long the log.
func TestMarksArePruned(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n := open(t, c, dir, quick())
		n.Effect("tell", []ledger.Type{ledger.ConsentWithdrawn, ledger.NoticePublished}, row("tell"))
		n.append(5000)
		n.start()
		n.done("tell")
		if marks := n.count("SELECT count(*) FROM work_done"); marks > 2200 {
			t.Errorf("%d marks", marks)
		}
		if got := n.rows("tell"); len(got) != 5000 {
			t.Errorf("%d rows", len(got))
		}
	})
}

// An event that somebody took out of the log is not passed over in silence.
func TestGap(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n := open(t, c, dir, quick())
		n.append(100)
		must(t, n.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM ledger_events WHERE idx = 50")
			return err
		}))
		n.Effect("tell", withdrawals, row("tell"))
		n.start()
		until(t, "the missing event is named", func() bool { return strings.Contains(n.state("tell").Last.Message, "no event 50") })
		if s := n.state("tell"); s.Cursor > 50 {
			t.Errorf("%+v", s)
		}
	})
}

// Two nodes at once, one of which stops in the middle and one comes later: every event once, in order.
func TestTwoNodes(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		var nodes []*node
		for range 3 {
			n := open(t, c, dir, quick())
			for _, name := range []string{"tell", "stop-campaigns", "count"} {
				n.Effect(name, withdrawals, row(name))
			}
			nodes = append(nodes, n)
		}
		nodes[0].append(1000)
		nodes[0].start()
		nodes[1].start()
		var wg sync.WaitGroup
		for i, n := range nodes {
			wg.Go(func() {
				for range 30 {
					n.append(10)
				}
				if i == 0 {
					n.halt()
				}
			})
		}
		nodes[2].start()
		wg.Wait()
		for _, name := range []string{"tell", "stop-campaigns", "count"} {
			nodes[2].done(name)
			if got, want := nodes[2].rows(name), nodes[2].events(ledger.ConsentWithdrawn); !slices.Equal(got, want) {
				t.Errorf("%s: %s", name, difference(got, want))
			}
		}
	})
}

// A node that can no longer write while it holds an effect: another takes over after a
// lease, and when the first comes back nothing is done twice.
func TestCutOff(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		first, second := open(t, c, dir, quick()), open(t, c, dir, quick())
		var cut atomic.Bool
		first.Through(func(ctx context.Context, write func(context.Context, func(*store.Tx) error) error, fn func(*store.Tx) error) error {
			if cut.Load() {
				return avow.Errorf(avow.Unavailable, "cut off")
			}
			return write(ctx, fn)
		})
		for _, n := range []*node{first, second} {
			n.Effect("tell", withdrawals, row("tell"))
		}
		first.start()
		first.append(100)
		first.done("tell")
		holder := first.state("tell").Node
		second.start()
		cut.Store(true)
		second.append(100)
		until(t, "the other node takes over", func() bool { return second.state("tell").Node != holder })
		second.done("tell")
		cut.Store(false)
		second.append(100)
		until(t, "the first node is back", func() bool { return first.count("SELECT count(*) FROM work_nodes") == 2 })
		second.done("tell")
		second.once("tell", ledger.ConsentWithdrawn)
	})
}

// An effect that makes nothing of a failed statement has failed, and holds nobody up.
func TestSwallowedFailure(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n := open(t, c, dir, quick())
		n.append(30)
		n.Effect("tell", withdrawals, func(tx *store.Tx, e ledger.Entry) error {
			if e.Index == 9 {
				tx.Exec("INSERT INTO effect_rows (effect, event, n) VALUES ('tell', 9, NULL)")
				return nil
			}
			return row("tell")(tx, e)
		})
		n.start()
		until(t, "a dead letter", func() bool { return n.state("tell").Dead == 1 })
		n.once("tell", ledger.ConsentWithdrawn, 9)
	})
}
