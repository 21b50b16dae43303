package retain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/plan"
)

// Own is the system whose table is avow's own records.
const (
	Own    = "avow"
	values = "values"
)

// Entry is what a run does, or would do, to some columns of a table by one rule. It holds no
// value of anybody.
type Entry struct {
	System  string      `json:"system"`
	Table   string      `json:"table"`
	Rule    string      `json:"rule"`
	Action  plan.Action `json:"action"` // delete, clear, mask, update; keep: nothing is done
	How     string      `json:"how,omitempty"`
	Columns []string    `json:"columns"` // of avow's own records the fields of the policy
	Rows    int         `json:"rows"`
	Before  string      `json:"before,omitempty"` // the cut-off: what counts from a moment before it is over; of each event, where there are several
	Held    int         `json:"held,omitempty"`   // rows that would be over, and stay
	Because string      `json:"because,omitempty"`
	Refused string      `json:"refused,omitempty"` // what was promised and cannot be done, and why
	Instead string      `json:"instead,omitempty"`
	Left    int         `json:"left,omitempty"` // rows that were as before when they were read again
	// Of what a system does not let go of: since when it stands, and how many runs have met it.
	Since time.Time `json:"since,omitzero"`
	Runs  int       `json:"runs,omitempty"`
}

// Report is a run of the schedule.
type Report struct {
	ID      avow.ID   `json:"id"`
	By      string    `json:"by"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`
	Batches int       `json:"batches"` // transactions
	Entries []Entry   `json:"entries"`
	Away    []string  `json:"away,omitempty"` // systems that the next run tries again, and why
	Stopped string    `json:"stopped,omitempty"`
}

// Done is how many rows and values were changed.
func (r *Report) Done() (n int) {
	for _, e := range r.Entries {
		if e.Action != plan.Keep {
			n += e.Rows
		}
	}
	return n
}

// Held is how many would have been, and were held.
func (r *Report) Held() (n int) {
	for _, e := range r.Entries {
		n += e.Held
	}
	return n
}

// Left is how many were as before when they were read again.
func (r *Report) Left() (n int) {
	for _, e := range r.Entries {
		n += e.Left
	}
	return n
}

// Standing is how many entries are about something that a system does not let go of.
func (r *Report) Standing() (n int) {
	for i := range r.Entries {
		if r.Entries[i].stands() != "" {
			n++
		}
	}
	return n
}

// add adds to an entry that says the same.
func (r *Report) add(e Entry) {
	if e.Columns == nil {
		e.Columns = []string{}
	}
	for i := range r.Entries {
		o := &r.Entries[i]
		if o.System == e.System && o.Table == e.Table && o.Rule == e.Rule && o.Action == e.Action && o.How == e.How && o.Before == e.Before &&
			o.Because == e.Because && o.Refused == e.Refused && o.Instead == e.Instead && slices.Equal(o.Columns, e.Columns) {
			o.Rows, o.Held, o.Left = o.Rows+e.Rows, o.Held+e.Held, o.Left+e.Left
			return
		}
	}
	r.Entries = append(r.Entries, e)
}

// away notes a system that cannot be worked with, once.
func (r *Report) away(system, why string) {
	for _, a := range r.Away {
		if strings.HasPrefix(a, system+": ") {
			return
		}
	}
	r.Away = append(r.Away, system+": "+why)
}

// sort puts the entries into the order of system, table and rule.
func (r *Report) sort() {
	slices.SortStableFunc(r.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Action, b.Action), slices.Compare(a.Columns, b.Columns))
	})
	slices.Sort(r.Away)
}
