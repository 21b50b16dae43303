package retain

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/store"
)

// Standing is what a system does not let go of though its time is over, for one reason. It is
// one finding however many runs meet it, and has ended when a run that looked does not.
type Standing struct {
	System string    `json:"system"`
	Table  string    `json:"table"`
	Rule   string    `json:"rule"`
	Why    string    `json:"why"`
	Rows   int       `json:"rows"` // at the last run; 0: nobody could count them
	Since  time.Time `json:"since"`
	Last   time.Time `json:"last"` // the last run that met it
	Runs   int       `json:"runs"` // how many have, one after the other
	Ended  time.Time `json:"ended,omitzero"`
}

// leftAgain is why, of rows that were changed and were as before when they were read again.
const leftAgain = "the rows were as before when they were read again"

// stands says why what an entry is about stands; empty when it does not. What only people
// can know, and what is held, is none of it.
func (e *Entry) stands() string {
	switch {
	case e.Left > 0:
		return leftAgain
	case e.Action == plan.Keep && e.Refused != "" && !strings.HasPrefix(e.Refused, nobodyKnows):
		return e.Refused
	}
	return ""
}

// standingID names a finding.
func standingID(system, table, rule, why string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join([]string{system, table, rule, why}, "\x00")))
}

// standingNow are the findings that have not ended, by their ids.
func standingNow(tx *store.Tx) (map[[sha256.Size]byte]*Standing, error) {
	list, err := listStanding(tx, "WHERE ended IS NULL")
	out := map[[sha256.Size]byte]*Standing{}
	for i := range list {
		s := &list[i]
		out[standingID(s.System, s.Table, s.Rule, s.Why)] = s
	}
	return out, err
}

func listStanding(tx *store.Tx, where string) ([]Standing, error) {
	return store.Collect(tx, func(r *store.Rows) (s Standing, err error) {
		return s, r.Scan(&s.System, &s.Table, &s.Rule, &s.Why, &s.Rows, store.IntoTime(&s.Since), store.IntoTime(&s.Last), &s.Runs, store.IntoTime(&s.Ended))
	}, "SELECT system, table_name, rule, why, found, since, last, runs, ended FROM retain_standing "+where+" ORDER BY since, system, table_name, rule, why")
}

// Standing lists what systems do not let go of, the oldest first; with ended, what they have
// let go of since too.
func (d *Desk) Standing(ctx context.Context, ended bool) (list []Standing, err error) {
	where := "WHERE ended IS NULL"
	if ended {
		where = ""
	}
	list = []Standing{}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		found, err := listStanding(tx, where)
		list = append(list[:0], found...)
		return err
	})
	return list, err
}

// mark has the entries of a report say since when each stands, and how many runs have met it.
func (r *Report) mark(known map[[sha256.Size]byte]*Standing) {
	for i := range r.Entries {
		e := &r.Entries[i]
		if s := known[standingID(e.System, e.Table, e.Rule, e.stands())]; s != nil {
			e.Since, e.Runs = s.Since, s.Runs
		}
	}
}

// met adds what a run met to what stood already, and gives what that is.
func (r *Report) met(known map[[sha256.Size]byte]*Standing, now time.Time) map[*Standing]bool {
	seen := map[*Standing]bool{}
	for i := range r.Entries {
		e := &r.Entries[i]
		why := e.stands()
		if why == "" {
			continue
		}
		id := standingID(e.System, e.Table, e.Rule, why)
		s := known[id]
		if s == nil {
			s = &Standing{System: e.System, Table: e.Table, Rule: e.Rule, Why: why, Since: now}
			known[id] = s
		}
		if !seen[s] {
			seen[s] = true
			s.Rows, s.Last = 0, now
			s.Runs++
		}
		s.Rows += max(e.Left, e.Rows)
	}
	return seen
}

// looked reports whether a run looked at a system to its end.
func (r *Report) looked(s *Standing) bool {
	if r.Stopped != "" {
		return false
	}
	for _, away := range r.Away {
		if strings.HasPrefix(away, s.System+": ") || strings.HasPrefix(away, s.System+"."+s.Table+": ") {
			return false
		}
	}
	return true
}

// keepStanding records what a run met, ends what it did not, and gives what is new.
func (r *run) keepStanding(tx *store.Tx) (fresh []Standing, err error) {
	known, err := standingNow(tx)
	if err != nil {
		return nil, err
	}
	now := r.report.Ended
	seen := r.report.met(known, now)
	r.report.mark(known)
	for id, s := range known {
		switch {
		case seen[s] && s.Runs == 1:
			fresh = append(fresh, *s)
			_, err = tx.Exec(`INSERT INTO retain_standing (id, system, table_name, rule, why, found, since, last, runs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
				ON CONFLICT (id) DO UPDATE SET found = excluded.found, since = excluded.since, last = excluded.last, runs = 1, ended = NULL`,
				id[:], s.System, s.Table, s.Rule, s.Why, s.Rows, s.Since, s.Last)
		case seen[s]:
			_, err = tx.Exec("UPDATE retain_standing SET found = ?, last = ?, runs = ? WHERE id = ?", s.Rows, s.Last, s.Runs, id[:])
		case r.report.looked(s):
			_, err = tx.Exec("UPDATE retain_standing SET ended = ? WHERE id = ?", now, id[:])
		}
		if err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// markDry has a dry run say what stood at the last run.
func (r *run) markDry(ctx context.Context) error {
	return r.DB.Read(ctx, func(tx *store.Tx) error {
		known, err := standingNow(tx)
		if err == nil {
			r.report.mark(known)
		}
		return err
	})
}

// Put puts what systems do not let go of to staff, in the transaction that records it.
type Put func(tx *store.Tx, fresh []Standing, id avow.ID) error
