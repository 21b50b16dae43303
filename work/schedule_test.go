package work_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/work"
)

// A schedule runs, fails, panics, and runs again; each shows.
func TestSchedule(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n := open(t, c, dir, quick())
		var runs, broken atomic.Int64
		n.Schedule("nightly", time.Second, func(context.Context) error {
			runs.Add(1)
			switch broken.Load() {
			case 1:
				return fmt.Errorf("no answer about ann@example.com: %w", errors.ErrUnsupported)
			case 2:
				panic("ann@example.com")
			}
			return nil
		})
		n.start()
		until(t, "two runs", func() bool { return runs.Load() >= 2 })
		until(t, "its end", func() bool { s := n.state("nightly"); return !s.Running && !s.Ended.IsZero() })
		if s := n.state("nightly"); s.Every != time.Second || s.Last.Message != "" || s.Next.Before(s.Ended) || s.Tries != 0 {
			t.Errorf("%+v", s)
		}
		broken.Store(1)
		until(t, "a failure", func() bool { return n.state("nightly").Tries >= 2 })
		if s := n.state("nightly"); s.Last.Message != "failed with an error of type *fmt.wrapError" || s.Last.At.IsZero() {
			t.Errorf("%+v", s)
		}
		broken.Store(2)
		until(t, "a panic", func() bool { return strings.Contains(n.state("nightly").Last.Message, "panicked: string") })
		broken.Store(0)
		until(t, "a run that is well", func() bool { s := n.state("nightly"); return s.Tries == 0 && s.Last.Message == "" })
		if n.count("SELECT count(*) FROM river_job WHERE CAST(args AS TEXT) LIKE '%ann%' OR CAST(errors AS TEXT) LIKE '%ann%'") != 0 || strings.Contains(n.said.String(), "ann@") {
			t.Error("a value was kept: " + n.said.String())
		}
	})
}

// A run ends when its time is over, and when somebody cancels it.
func TestRunIsEnded(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n, other := open(t, c, dir, quick()), open(t, c, dir, quick())
		var ended atomic.Int64
		wait := func(ctx context.Context) error {
			<-ctx.Done()
			ended.Add(1)
			return ctx.Err()
		}
		n.Schedule("slow", time.Hour, wait, work.Timeout(50*time.Millisecond))
		n.Schedule("endless", time.Hour, wait)
		n.start()
		until(t, "the end of its time", func() bool { return n.state("slow").Last.Message != "" })
		if s := n.state("slow"); !strings.Contains(s.Last.Message, "longer than it may") || s.Tries == 0 || s.Next.After(s.Ended.Add(time.Minute)) {
			t.Errorf("%+v", s)
		}
		until(t, "the endless run", func() bool { s := n.state("endless"); return s.Running && s.Node != "" && s.Ended.IsZero() })
		must(t, other.CancelRun(t.Context(), "endless"))
		until(t, "its end by hand", func() bool { return !n.state("endless").Running })
		if s := n.state("endless"); s.Last.Kind != "canceled" || s.Next.Before(s.Ended.Add(50*time.Minute)) {
			t.Errorf("%+v", s)
		}
		if err := other.CancelRun(t.Context(), "endless"); avow.KindOf(err) != avow.NotFound {
			t.Errorf("what does not run was cancelled: %v", err)
		}
	})
}

// Run now, pause, resume, from a process that runs nothing itself.
func TestRunNow(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n, other := open(t, c, dir, quick()), open(t, c, dir, quick())
		var runs atomic.Int64
		n.Schedule("nightly", 24*time.Hour, func(context.Context) error { runs.Add(1); return nil })
		n.start()
		until(t, "the first run", func() bool { return runs.Load() == 1 && !n.state("nightly").Running })
		must(t, other.RunNow(t.Context(), "nightly"))
		until(t, "the run that was asked for", func() bool { return runs.Load() == 2 && !n.state("nightly").Running })
		must(t, other.Pause(t.Context(), "nightly"))
		if err := other.RunNow(t.Context(), "nightly"); avow.KindOf(err) != avow.Conflict {
			t.Errorf("a paused schedule: %v", err)
		}
		if err := other.RunNow(t.Context(), "other"); avow.KindOf(err) != avow.NotFound {
			t.Errorf("no such schedule: %v", err)
		}
		must(t, other.Resume(t.Context(), "nightly"))
		if s := other.state("nightly"); s.Here || s.Paused || s.Next.Before(s.Ended.Add(23*time.Hour)) {
			t.Errorf("%+v", s)
		}
	})
}

// Three nodes, one run at a time.
func TestOneNodeAtATime(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		var now, most, runs atomic.Int64
		var nodes []*node
		for range 3 {
			n := open(t, c, dir, quick())
			n.Schedule("often", time.Second, func(context.Context) error {
				if k := now.Add(1); k > most.Load() {
					most.Store(k)
				}
				time.Sleep(300 * time.Millisecond)
				now.Add(-1)
				runs.Add(1)
				return nil
			})
			nodes = append(nodes, n)
		}
		for _, n := range nodes {
			n.start()
		}
		until(t, "four runs", func() bool { return runs.Load() >= 4 })
		if most.Load() != 1 {
			t.Errorf("%d runs at a time", most.Load())
		}
	})
}

// Stop lets a run end by itself, ends it when time is short, and says when it does not end.
func TestStop(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n := open(t, c, dir, quick())
		var began, gaveUp atomic.Int64
		n.Schedule("endless", time.Hour, func(ctx context.Context) error {
			began.Add(1)
			<-ctx.Done()
			gaveUp.Add(1)
			return ctx.Err()
		})
		n.start()
		until(t, "the run", func() bool { return began.Load() == 1 })
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		must(t, n.Stop(ctx))
		s := n.state("endless")
		if gaveUp.Load() != 1 || s.Running || s.Tries != 0 || !strings.Contains(s.Last.Message, "node stops") || n.count("SELECT count(*) FROM work_nodes") != 0 {
			t.Errorf("given up %d times: %+v", gaveUp.Load(), s)
		}
		again := open(t, c, dir, quick())
		hold, release := make(chan struct{}), make(chan struct{})
		again.Schedule("endless", time.Hour, func(context.Context) error {
			close(hold)
			<-release
			return nil
		})
		must(t, again.Start(t.Context()))
		<-hold // it began again at once, though its hour is not over
		short, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		if err := again.Stop(short); avow.KindOf(err) != avow.Unavailable {
			t.Errorf("what does not end: %v", err)
		}
		close(release)
		again.halt()
	})
}

// A node is cut off while it runs a schedule: it gives up, and another begins.
func TestCutOffRun(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		first, second := open(t, c, dir, quick()), open(t, c, dir, quick())
		var cut atomic.Bool
		first.Through(func(ctx context.Context, write func(context.Context, func(*store.Tx) error) error, fn func(*store.Tx) error) error {
			if cut.Load() {
				return avow.Errorf(avow.Unavailable, "cut off")
			}
			return write(ctx, fn)
		})
		why := make(chan error, 1)
		first.Schedule("nightly", time.Hour, func(ctx context.Context) error {
			<-ctx.Done()
			why <- context.Cause(ctx)
			return ctx.Err()
		})
		var took atomic.Int64
		second.Schedule("nightly", time.Hour, func(context.Context) error { took.Add(1); return nil })
		first.start()
		until(t, "the run", func() bool { return first.state("nightly").Running })
		second.start()
		cut.Store(true)
		until(t, "the other node's run", func() bool { return took.Load() == 1 })
		if err := <-why; !strings.Contains(err.Error(), "cut off") {
			t.Errorf("ended by %v", err)
		}
		cut.Store(false)
		until(t, "its end", func() bool {
			s := second.state("nightly")
			return !s.Running && s.Last.Message == "" && !s.Ended.IsZero()
		})
	})
}

// Effects and schedules beside each other and under load: no write fails, River is
// quiet, and its jobs are few.
func TestUnderLoad(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n := open(t, c, dir, quick())
		var runs atomic.Int64
		n.Effect("tell", withdrawals, row("tell"))
		n.Schedule("often", time.Second, func(ctx context.Context) error {
			runs.Add(1)
			return n.db.Write(ctx, func(tx *store.Tx) error { return n.add(tx, 3) })
		})
		n.start()
		stop := make(chan struct{})
		failed := make(chan error, 64)
		for range 64 {
			go func() {
				for {
					select {
					case <-stop:
						failed <- nil
						return
					default:
					}
					if err := n.db.Write(context.Background(), func(tx *store.Tx) error { return n.add(tx, 3) }); err != nil {
						failed <- err
						return
					}
				}
			}()
		}
		until(t, "four runs", func() bool { return runs.Load() >= 4 })
		close(stop)
		for range 64 {
			must(t, <-failed)
		}
		must(t, n.Pause(t.Context(), "often")) // or a run adds events between the two looks below
		until(t, "the end of the last run", func() bool { return !n.state("often").Running })
		n.done("tell")
		n.once("tell", ledger.ConsentWithdrawn)
		if said := n.said.String(); said != "" {
			t.Error(said)
		}
		events, jobs := len(n.events(ledger.ConsentWithdrawn)), n.count("SELECT count(*) FROM river_job")
		if jobs > 100 || events < 200 {
			t.Errorf("%d jobs for %d events", jobs, events)
		}
		t.Logf("%d events, %d jobs", 3*events, jobs)
	})
}

// Nodes that start together make River's tables once, and a newer River's stay.
func TestRiverTables(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		first := open(t, c, dir, quick())
		must(t, first.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO river_migration (line, version) VALUES ('main', 99)")
			return err
		}))
		n := open(t, c, dir, quick())
		n.Effect("tell", withdrawals, row("tell"))
		n.append(3)
		n.start()
		n.done("tell")
		if versions := n.count("SELECT count(*) FROM river_migration WHERE version = 99"); versions != 1 {
			t.Error("a version this program does not know is gone")
		}
	})
}

// Many nodes open a database without River's tables at once.
func TestOpenTogether(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		nodes := []*node{open(t, c, dir, quick()), open(t, c, dir, quick()), open(t, c, dir, quick())}
		n := nodes[0]
		must(t, n.db.Write(t.Context(), func(tx *store.Tx) error {
			for _, table := range []string{"river_migration", "river_job", "river_leader", "river_client_queue", "river_client", "river_queue"} {
				cascade := ""
				if n.db.Kind() == store.PostgreSQL {
					cascade = " CASCADE"
				}
				if _, err := tx.Exec("DROP TABLE IF EXISTS " + table + cascade); err != nil {
					return err
				}
			}
			if n.db.Kind() == store.PostgreSQL {
				for _, what := range []string{"FUNCTION IF EXISTS river_job_state_in_bitmask", "TYPE IF EXISTS river_job_state", "FUNCTION IF EXISTS river_job_notify"} {
					if _, err := tx.Exec("DROP " + what + " CASCADE"); err != nil {
						return err
					}
				}
			}
			return nil
		}))
		errs := make(chan error, len(nodes))
		for _, n := range nodes {
			go func() {
				_, err := work.Open(context.Background(), n.Config)
				errs <- err
			}()
		}
		for range nodes {
			must(t, <-errs)
		}
	})
}
