package retain

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Options are how the schedule is carried out.
type Options struct {
	By string // who has it carried out: a name, or `schedule`
	// Dry changes nothing and leaves no record; all else is as in a run.
	Dry bool
	// Statements gets what a dry run would send to the systems. It holds personal values.
	Statements func(system string, s connect.Statement) error
}

// run is one carrying out.
type run struct {
	*Desk
	report     *Report
	now        time.Time
	dry        bool
	statements func(string, connect.Statement) error
	stand      *stand
	bySystems  map[any]*guard
	lost       func() // ends the context when another run took over
	doubted    bool   // the clock is in doubt
	versions   versions
}

// Run carries out the schedule. Conflict when a run is under way. Ended early, by its context or
// by an error, it has done what the report says, and what is left is due at the next run. A system that is
// away is in Report.Away and no error. Refused, with a report, while the clock is in doubt: nothing was done.
func (d *Desk) Run(ctx context.Context, o Options) (*Report, error) {
	if !o.Dry {
		if err := checkText("by", o.By); err != nil {
			return nil, err
		}
	}
	r := &run{Desk: d, dry: o.Dry, statements: o.Statements, now: d.DB.Machine().UTC(), bySystems: map[any]*guard{}, versions: versions{d: d}}
	r.report = &Report{ID: avow.NewID(r.now), By: o.By, Began: r.now, Entries: []Entry{}}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !r.dry {
		own, err := d.ownClocks(ctx)
		if err != nil {
			return nil, err
		}
		if against := doubting(own); len(against) > 0 {
			return r.refuse(ctx, against)
		}
		if err := r.begin(ctx); err != nil {
			return nil, err
		}
		r.lost = func() { cancel(errLost) }
		defer r.keepAlive(ctx)()
	}
	err := r.all(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, errLost) {
		err = cause
	}
	r.report.sort()
	r.report.Ended = d.DB.Machine().UTC()
	if err != nil {
		r.report.Stopped = avow.MessageOf(err)
	}
	if r.dry {
		return r.report, errors.Join(err, r.markDry(context.WithoutCancel(ctx)))
	}
	return r.report, errors.Join(err, r.end(context.WithoutCancel(ctx)))
}

func (r *run) all(ctx context.Context) (err error) {
	if r.stand, err = r.Desk.stand(ctx); err != nil {
		return err
	}
	list, err := r.systems(ctx)
	if err == nil && !r.dry {
		err = r.askClocks(ctx, list)
	}
	if err != nil {
		return err
	}
	for i := range list {
		if err := r.tables(ctx, list[i]); err != nil {
			return err
		}
	}
	return r.own(ctx)
}

func (d *Desk) systems(ctx context.Context) ([]Systems, error) {
	if d.Systems == nil {
		return nil, nil
	}
	return d.Systems(ctx)
}

func (r *run) options() plan.Options {
	return plan.Options{CaseKey: r.Vault.KeyFor("retention masks"), Now: r.now}
}

// guardOf is what is held in systems by now: it is found again when a hold was placed or lifted.
func (r *run) guardOf(ctx context.Context, s Systems) (*guard, error) {
	var now [2]int64
	err := r.DB.Read(ctx, func(tx *store.Tx) (err error) {
		now, err = mark(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if now != r.stand.mark {
		if r.stand, err = r.Desk.stand(ctx); err != nil {
			return nil, err
		}
		clear(r.bySystems)
	}
	if g := r.bySystems[s.Search]; g != nil {
		return g, nil
	}
	g, err := r.stand.guard(ctx, s)
	if err == nil {
		r.bySystems[s.Search] = g
	}
	return g, err
}

var errLost = avow.Errorf(avow.Conflict, "another run began, because this one showed no life for too long; what is left is due at the next run")

// underWay are the runs that showed life lately. One that did so far ahead of now did it while a clock was wrong.
const underWay = "ended IS NULL AND beat > ? AND beat < ?"

// mostAhead is more than the clocks of two machines ever differ.
const mostAhead = 24 * time.Hour

// begin takes the lease: one run at a time, on all nodes and for every command.
func (r *run) begin(ctx context.Context) error {
	return r.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Lock("retain", []byte("run")); err != nil {
			return err
		}
		now := r.DB.Machine()
		var by string
		var began time.Time
		err := tx.QueryRow("SELECT run_by, began FROM retain_runs WHERE "+underWay+" ORDER BY began DESC LIMIT 1", now.Add(-r.Lease), now.Add(mostAhead)).Scan(&by, store.IntoTime(&began))
		if err == nil {
			return avow.Errorf(avow.Conflict, "a run of the schedule is under way, since %s, by %s; wait until it has ended", began.UTC().Format(time.DateTime), by)
		}
		if avow.KindOf(err) != avow.NotFound {
			return err
		}
		if _, err := tx.Exec("UPDATE retain_runs SET ended = beat WHERE ended IS NULL"); err != nil { // those that were cut short
			return err
		}
		return r.enter(tx)
	})
}

func (r *run) enter(tx *store.Tx) error {
	_, err := tx.Exec("INSERT INTO retain_runs (id, run_by, began, beat, came) VALUES (?, ?, ?, ?, '')", r.report.ID, r.report.By, r.report.Began, r.DB.Machine())
	return err
}

// alive shows life, and ends the run when another took over.
func (r *run) alive(ctx context.Context) error {
	if r.dry {
		return nil
	}
	var n int64
	err := r.DB.Write(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.Exec("UPDATE retain_runs SET beat = ? WHERE id = ? AND ended IS NULL", r.DB.Machine(), r.report.ID)
		return err
	})
	if err == nil && n == 0 {
		r.lost()
		return errLost
	}
	return err
}

// errHeldSince is of a batch that was planned before a hold was placed or lifted.
var errHeldSince = avow.Errorf(avow.Conflict, "something was held or let go since this was planned")

// writes notes that a batch is carried out from now on, unless a hold was placed since it was planned: a hold that comes
// later waits for its end, and is not broken by it.
func (r *run) writes(ctx context.Context) error {
	return r.DB.Write(ctx, func(tx *store.Tx) error {
		now, err := r.Mark(tx)
		if err == nil && now != r.stand.mark {
			err = errHeldSince
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE retain_runs SET writing = 1 WHERE id = ?", r.report.ID)
		return err
	})
}

// wrote is the end of what writes began.
func (r *run) wrote(ctx context.Context) error {
	return r.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE retain_runs SET writing = 0 WHERE id = ?", r.report.ID)
		return err
	})
}

// keepAlive shows life while a batch takes long. What it returns ends that.
func (r *run) keepAlive(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(r.Lease / 4)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				_ = avow.Unpanicked(func() error { return r.alive(ctx) }) // the database may be back at the next
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

// end records what the run came to.
func (r *run) end(ctx context.Context) error {
	return r.DB.Write(ctx, func(tx *store.Tx) error {
		fresh, err := r.keepStanding(tx)
		if err != nil {
			return err
		}
		if r.Put != nil && len(fresh) > 0 {
			if err := r.Put(tx, fresh, r.report.ID); err != nil {
				return err
			}
		}
		came, err := json.Marshal(r.report)
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE retain_runs SET ended = ?, came = ? WHERE id = ?", r.report.Ended, string(came), r.report.ID)
		if err != nil || r.doubted { // an event of a wrong time would date all that come after it
			return err
		}
		body, err := json.Marshal(r.report.evidence())
		if err != nil {
			return err
		}
		_, err = r.Ledger.Append(tx, ledger.Event{Type: Ran, Body: body, Ours: true})
		return err
	})
}

// evidence is the report as it fits into an event: of very many entries those that
// changed nothing, then all, are told by their numbers.
func (r *Report) evidence() *Report {
	const room = 48 << 10
	out := *r
	for range 2 {
		if b, err := json.Marshal(&out); err == nil && len(b) <= room {
			return &out
		}
		var fewer Report
		for _, e := range out.Entries {
			e.Columns, e.Refused, e.Instead, e.Because, e.How = nil, "", "", "", ""
			if len(fewer.Entries) >= 200 {
				e.Table, e.Rule, e.Before = "", "", ""
			}
			fewer.add(e)
		}
		out.Entries = fewer.Entries
	}
	return &out
}

// Runs lists what was run, the latest first, at most limit.
func (d *Desk) Runs(ctx context.Context, limit int) (list []Report, err error) {
	list = []Report{}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := store.Collect(tx, func(r *store.Rows) (x Report, err error) {
			var came string
			if err := r.Scan(store.IntoID(&x.ID), &x.By, store.IntoTime(&x.Began), store.IntoTime(&x.Ended), &came); err != nil {
				return x, err
			}
			switch {
			case came != "":
				err = json.Unmarshal([]byte(came), &x)
			case !x.Ended.IsZero():
				x.Stopped = "it was cut short; what was due by then was due at the next run"
			}
			return x, err
		}, "SELECT id, run_by, began, ended, came FROM retain_runs ORDER BY began DESC, id DESC LIMIT ?", limit)
		list = append(list, rows...)
		return err
	})
	return list, err
}

// LastRun is when a run last began; zero when none has. One that began far ahead of now, while a clock was wrong, is none.
func (d *Desk) LastRun(ctx context.Context) (began time.Time, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT max(began) FROM retain_runs WHERE began < ?", d.DB.Machine().Add(mostAhead)).Scan(store.IntoTime(&began))
	})
	return began, err
}
