package work_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/work"
)

// day is what a node does in its life, step by step, by a clock that the test sets.
type day struct {
	*node
	now       time.Time
	failing   bool // what effects and schedules do fails
	stopping  bool // a run has itself cancelled
	runs      int
	cancelled []int64 // events that flaky is not to do
}

func newDay(t *testing.T, c store.Config, dir string) *day {
	t.Helper()
	d := &day{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	wc := quick()
	wc.Clock = func() time.Time { return d.now }
	d.node = open(t, c, dir, wc)
	d.Effect("tell", withdrawals, row("tell"))
	d.Effect("flaky", withdrawals, func(tx *store.Tx, e ledger.Entry) error {
		if err := row("flaky")(tx, e); err != nil || !d.failing {
			return err
		}
		return avow.Errorf(avow.Refused, "on purpose")
	})
	d.Schedule("often", time.Minute, func(ctx context.Context) error {
		d.runs++
		switch {
		case d.failing:
			return avow.Errorf(avow.Refused, "on purpose")
		case d.stopping:
			d.step("a run is cancelled", func(ctx context.Context) error { return d.CancelRun(ctx, "often") })
			return context.Cause(ctx)
		}
		return nil
	})
	return d
}

// step does something until it is said to be done, as the room and people do.
func (d *day) step(what string, do func(ctx context.Context) error) {
	d.tb.Helper()
	var err error
	for range 6 {
		if err = do(context.Background()); err == nil {
			return
		}
	}
	d.tb.Fatalf("%s: %v", what, err)
}

func (d *day) follow(names ...string) {
	d.tb.Helper()
	for _, name := range names {
		d.step("follow "+name, func(ctx context.Context) error { return d.Follow(ctx, name) })
	}
}

func (d *day) run() {
	d.tb.Helper()
	d.step("a run", func(ctx context.Context) error { return d.RunDue(ctx, "often") })
}

// live is every write of the room once and more.
func (d *day) live() {
	d.tb.Helper()
	d.step("enter", d.Enter)
	d.follow("tell", "flaky")
	d.append(6)
	d.follow("tell")
	d.fails()
	d.append(3)
	d.follow("tell")
	d.aside()
	d.passBy()
	d.pause()
	d.schedule()
	d.bury()
	d.beats()
	d.follow("tell", "flaky")
	d.step("leave", d.Leave)
	if n := d.count("SELECT count(*) FROM work_nodes"); n != 0 {
		d.tb.Errorf("%d nodes are there that left", n)
	}
}

// fails has flaky fail until its two events are dead; one is retried, one cancelled.
func (d *day) fails() {
	d.tb.Helper()
	d.failing = true
	for range 10 {
		d.follow("flaky")
		d.now = d.now.Add(2 * time.Hour)
	}
	d.failing = false
	s := d.state("flaky")
	if s.Dead != 2 || s.Waiting != 0 {
		d.tb.Fatalf("%d events are dead, %d wait", s.Dead, s.Waiting)
	}
	var dead []int64
	for _, f := range s.Failures {
		if f.State == work.Dead {
			dead = append(dead, f.Event)
		}
	}
	d.step("cancel", func(ctx context.Context) error { return d.Cancel(ctx, "flaky", dead[0]) })
	d.cancelled = append(d.cancelled, dead[0])
	d.step("retry", func(ctx context.Context) error { return d.Retry(ctx, "flaky", dead[1]) })
	d.follow("flaky")
}

// aside sets an event aside, which succeeds at its next try.
func (d *day) aside() {
	d.tb.Helper()
	d.failing = true
	d.follow("flaky")
	d.failing = false
	d.now = d.now.Add(2 * time.Hour)
	d.follow("flaky")
}

// passBy has events come that concern nobody: the cursor passes them.
func (d *day) passBy() {
	d.tb.Helper()
	must(d.tb, d.db.Write(context.Background(), func(tx *store.Tx) error {
		_, err := d.ledger.Append(tx, ledger.Event{Type: ledger.NoticePublished, Policy: "website", Version: 1, Body: []byte(`{"n":1}`)})
		return err
	}))
	d.now = d.now.Add(time.Minute)
	d.follow("tell")
}

func (d *day) pause() {
	d.tb.Helper()
	d.step("pause", func(ctx context.Context) error { return d.Pause(ctx, "tell") })
	before := len(d.rows("tell"))
	d.append(3)
	d.follow("tell")
	if n := len(d.rows("tell")); n != before {
		d.tb.Errorf("%d rows while paused", n-before)
	}
	d.step("resume", func(ctx context.Context) error { return d.Resume(ctx, "tell") })
	d.follow("tell")
}

// schedule has a run succeed, one fail, one asked for by hand, and one cancelled.
func (d *day) schedule() {
	d.tb.Helper()
	before := d.runs
	d.now = d.now.Add(time.Hour)
	d.run()
	d.now, d.failing = d.now.Add(time.Hour), true
	d.run()
	d.failing = false
	d.step("run now", func(ctx context.Context) error { return d.RunNow(ctx, "often") })
	d.run()
	d.now, d.stopping = d.now.Add(time.Hour), true
	d.run()
	d.stopping = false
	if n := d.runs - before; n != 4 {
		d.tb.Errorf("%d runs, want 4", n)
	}
	if s := d.state("often"); s.Running || !s.Next.After(d.now) {
		d.tb.Errorf("after its runs: %+v", s)
	}
}

// bury has a node that is gone hold an effect and a schedule; after a lease they are taken.
func (d *day) bury() {
	d.tb.Helper()
	d.raw(fmt.Sprintf("INSERT INTO work_nodes (node, beat, at) VALUES ('ghost', %d, 1)", d.now.UnixMicro()), // as a node begins
		"UPDATE work_effects SET holder = 'ghost' WHERE name = 'tell'", "UPDATE work_schedules SET holder = 'ghost' WHERE name = 'often'")
	d.now = d.now.Add(time.Hour)
	d.append(3)
	d.follow("tell")
	if s := d.state("tell"); s.Node != "ghost" {
		d.tb.Error("an effect was taken from a node that may live")
	}
	d.now = d.now.Add(time.Hour)
	d.follow("tell")
	before := d.runs
	d.run()
	if d.runs == before || d.count("SELECT count(*) FROM work_nodes WHERE node = 'ghost'") != 0 {
		d.tb.Error("what a node held that is gone was not taken")
	}
}

func (d *day) raw(statements ...string) {
	d.tb.Helper()
	must(d.tb, d.db.Write(context.Background(), func(tx *store.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	}))
}

// beats shows life, also after others took the node for gone.
func (d *day) beats() {
	d.tb.Helper()
	d.step("a beat", d.Beat)
	d.raw("DELETE FROM work_nodes")
	d.step("a beat of one who was buried", d.Beat)
}

// holds is what is true at every moment: nothing happened twice, no cursor skipped an
// event, and what was acknowledged is there.
func (d *day) holds(when string) {
	d.tb.Helper()
	d.settled("tell", "flaky")
	if n := d.count("SELECT count(n) FROM (SELECT count(event) AS n FROM effect_rows GROUP BY effect, event) AS done WHERE n > 1"); n != 0 {
		d.tb.Fatalf("%s: %d events were done twice", when, n)
	}
	events := d.events(ledger.ConsentWithdrawn)
	for _, name := range []string{"tell", "flaky"} {
		done := d.rows(name)
		cursor := d.count("SELECT coalesce(max(cursor), 0) FROM work_effects WHERE name = ?", name)
		must(d.tb, d.db.Read(context.Background(), func(tx *store.Tx) error {
			aside, err := store.Collect(tx, func(r *store.Rows) (i int64, err error) { return i, r.Scan(&i) }, "SELECT event FROM work_failed WHERE effect = ?", name)
			done = append(done, aside...)
			return err
		}))
		slices.Sort(done)
		for _, e := range events {
			if _, there := slices.BinarySearch(done, e); e < int64(cursor) && !there {
				d.tb.Fatalf("%s: the cursor of %s skipped event %d", when, name, e)
			}
		}
	}
}

// lived is what is true at the end of a day.
func (d *day) lived(when string) {
	d.tb.Helper()
	d.holds(when)
	d.once("tell", ledger.ConsentWithdrawn)
	d.once("flaky", ledger.ConsentWithdrawn, d.cancelled...)
	if n := d.count("SELECT (SELECT count(*) FROM work_effects WHERE holder <> '') + (SELECT count(*) FROM work_schedules WHERE holder <> '')"); n != 0 {
		d.tb.Errorf("%s: %d things are held by somebody who left", when, n)
	}
}

func (d *day) sound() {
	d.tb.Helper()
	a, err := d.ledger.Audit(context.Background(), ledger.AuditOptions{})
	must(d.tb, err)
	if !a.Sound() {
		d.tb.Errorf("found %v", a.Findings)
	}
}

// Every write of the room fails twice: it is lost, and it is kept and reported lost.
// Whoever did it does it again. A day has several such; days differ in how far apart they
// are and where they begin, and at the end each place in the program that writes has met both.
func TestEveryWriteFails(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		d := newDay(t, c, dir)
		count, at, apart, keep := 0, 0, 1, false
		lost, kept := map[string]int{}, map[string]int{}
		d.Through(func(ctx context.Context, write func(context.Context, func(*store.Tx) error) error, fn func(*store.Tx) error) error {
			place := writing()
			lost[place] += 0 // it is known
			if count++; count%apart != at {
				return write(ctx, fn)
			}
			if !keep {
				lost[place]++
				return errGone
			}
			if err := write(ctx, fn); err != nil {
				return err
			}
			kept[place]++
			return errPerhaps
		})
		for _, apart = range []int{5, 7, 8, 9} {
			for at = range apart {
				for _, keep = range []bool{false, true} {
					count = 0
					d.live()
					d.lived(fmt.Sprintf("each write %d of %d, kept: %v", at, apart, keep))
				}
			}
		}
		for place := range lost {
			if lost[place] == 0 || kept[place] == 0 {
				t.Errorf("%s was lost %d times and kept %d times", place, lost[place], kept[place])
			}
		}
		if len(lost) < 10 {
			t.Errorf("only %d places write", len(lost))
		}
		d.sound()
	})
}

// writing is the method of the room that writes.
func writing() string {
	pc := make([]uintptr, 10)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	for {
		f, more := frames.Next()
		_, method, ours := strings.Cut(f.Function, "/work.(*Work).")
		if name, _, _ := strings.Cut(method, "."); ours && name != "Through" {
			return name
		}
		if !more {
			return "somewhere else"
		}
	}
}

// messageStride: of the messages of a day on PostgreSQL each eleventh is cut.
const messageStride = 11

// The connection to PostgreSQL is cut at a message of the room's writes, before the
// server saw it and after.
func TestEveryMessageFails(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		if c.DSN == "" {
			return // a commit of SQLite is local: TestMachineFailsAtEveryCommit
		}
		w := storetest.NewWire(t, c)
		d := newDay(t, w.Config(), dir)
		for _, commits := range []bool{true, false} {
			stride := 1
			if !commits {
				stride = messageStride
			}
			cuts := 0
			for at, more := 1, true; more; at += stride {
				w.CutAt(at, storetest.Cut{Seen: at/stride%2 == 0, Commits: commits})
				d.live()
				more = w.Spare()
				cuts++
				d.lived(fmt.Sprintf("message %d, commits only: %v", at, commits))
			}
			if cuts < 15 {
				t.Errorf("only %d cuts", cuts)
			}
		}
		d.sound()
	})
}

// A node is cut off from PostgreSQL at each commit of an effect, which is lost, or kept
// and its answer lost. Another waits for a lease and takes over. Then the first is back,
// finds out what became of its commit, and goes on: nothing happens twice, nothing is skipped.
func TestCommitFailsAndAnotherTakesOver(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		if c.DSN == "" {
			return // nobody is cut off from a file
		}
		w := storetest.NewWire(t, c)
		first, second := newDay(t, w.Config(), dir), newDay(t, c, dir)
		cuts := 0
		for _, name := range []string{"tell", "flaky"} {
			for at, more := 1, true; more; at++ {
				for _, seen := range []bool{false, true} {
					if more = cutOff(first, second, w, name, at, seen); more {
						cuts++
					}
					second.holds(fmt.Sprintf("%s, commit %d, seen: %v", name, at, seen))
				}
			}
		}
		if cuts < 8 {
			t.Errorf("only %d cuts", cuts)
		}
		second.once("tell", ledger.ConsentWithdrawn)
		second.once("flaky", ledger.ConsentWithdrawn)
		second.sound()
	})
}

func cutOff(first, second *day, w *storetest.Wire, name string, at int, seen bool) (cut bool) {
	second.tb.Helper()
	for _, d := range []*day{second, first} {
		d.step("leave", d.Leave)
		d.step("enter", d.Enter)
	}
	second.append(6)
	first.failing = name == "flaky"
	made := w.CutAt(at, storetest.Cut{Seen: seen, Stay: true, Commits: true})
	end := make(chan error, 1)
	go func() { end <- first.Follow(context.Background(), name) }()
	select {
	case <-made:
		cut = true
		second.follow(name)
		second.now = second.now.Add(time.Hour) // the first shows no life for a lease
		second.follow(name)
		second.holds("cut off")
		w.Back()
		<-end // it may have found that another was quicker
	case <-end:
		w.Spare()
	}
	first.failing = false
	for _, d := range []*day{first, second, first} {
		d.now = d.now.Add(2 * time.Hour)
		d.follow("tell", "flaky")
	}
	return cut
}

// The machine stops right before and right after each commit of a day. Who opens what is
// on disk takes over and brings everything to its end.
func TestMachineFailsAtEveryCommit(t *testing.T) {
	c := storetest.SQLite(t)
	dir := filepath.Dir(c.Path)
	watch := storetest.WatchStops(t, dir)
	d := newDay(t, c, dir)
	stops := watch.During(d.live)
	if len(stops) < 30 {
		t.Errorf("%d stops", len(stops))
	}
	for i, s := range stops {
		t.Run(fmt.Sprint(i, " ", s.When), func(t *testing.T) {
			after := newDay(t, store.Config{Path: filepath.Join(s.Dir, "avow.db")}, s.Dir)
			after.now = d.now.Add(time.Hour)
			after.cancelled = slices.Clone(d.cancelled)
			after.holds(s.When)
			after.takeOver()
			after.sound()
		})
	}
}

// takeOver is a day's work after a stop: what the node before it held is taken when a lease is over.
func (d *day) takeOver() {
	d.tb.Helper()
	d.step("enter", d.Enter)
	d.step("resume", func(ctx context.Context) error { return d.Resume(ctx, "tell") })
	for range 2 {
		d.follow("tell", "flaky")
		d.run()
		d.now = d.now.Add(2 * time.Hour)
	}
	for _, f := range d.state("flaky").Failures {
		if f.State == work.Dead {
			d.step("retry", func(ctx context.Context) error { return d.Retry(ctx, "flaky", f.Event) })
		}
	}
	d.follow("flaky")
	done := d.rows("flaky")
	d.cancelled = slices.DeleteFunc(d.cancelled, func(i int64) bool { return slices.Contains(done, i) }) // it was not cancelled yet
	if d.runs == 0 {
		d.tb.Error("the schedule was not run")
	}
	d.step("leave", d.Leave)
	d.lived("after a stop")
}
