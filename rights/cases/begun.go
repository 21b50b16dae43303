package cases

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Erasures and holds come one after the other, in the order of these records: a part of an erasure is looked at for
// holds, and begins in a transaction in which nobody places one and none was placed since the look. A hold that comes
// later finds that it was begun, waits for its end and is told what it has changed.

// free has a part of an erasure begin while nothing is held that its plan does not know of.
func (d *Desk) free(ctx context.Context, r Request, s *step, captured []byte) error {
	for {
		before, err := d.inOrder(ctx, func(*store.Tx, [2]int64) error { return nil })
		if err != nil {
			return err
		}
		if err := d.Engine.Free(ctx, r, captured); err != nil {
			return err
		}
		begun := false
		_, err = d.inOrder(ctx, func(tx *store.Tx, now [2]int64) error {
			if begun = now == before; !begun {
				return nil
			}
			n, err := tx.Exec(`UPDATE rights_case_steps SET began = ? WHERE case_id = ? AND n = ? AND holder = ?`, tx.Now(), s.Case, s.N, s.holder)
			if err == nil && n == 0 {
				err = avow.Errorf(avow.Canceled, "another node has taken this step")
			}
			return err
		})
		if begun || err != nil {
			return err
		}
	}
}

// inOrder does something while nobody places a hold.
func (d *Desk) inOrder(ctx context.Context, do func(tx *store.Tx, mark [2]int64) error) (mark [2]int64, err error) {
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if d.Holds != nil {
			if mark, err = d.Holds(tx); err != nil {
				return err
			}
		}
		return do(tx, mark)
	})
	return mark, err
}

// Begun is what an erasure that has not ended has begun to change in one system.
type Begun struct {
	Number     string // of the request
	Policy     string
	Region     avow.Region
	Subject    avow.ID
	Identities []Identity // by which they are known
	Tables     []string   // `shop.orders`
	Data       []string   // of the policy: `contact.email`
	Try        avow.ID    // that changes it just now; zero: none does
	Done       bool       // to its end
}

// Begun gives what erasures that have not ended have begun to change.
func (d *Desk) Begun(tx *store.Tx) (out []Begun, err error) {
	open, err := list(tx, `asked = ? AND stage NOT IN (?, ?) AND EXISTS (SELECT 1 FROM rights_case_steps s WHERE s.case_id = rights_cases.id AND s.began IS NOT NULL)`,
		string(law.Remove), string(over), string(toForget))
	if err != nil {
		return nil, err
	}
	for _, c := range open {
		of, err := d.begunOf(tx, &c)
		if errors.Is(err, vault.ErrErased) {
			continue // it ended elsewhere
		}
		if err != nil {
			return nil, err
		}
		out = append(out, of...)
	}
	return out, nil
}

func (d *Desk) begunOf(tx *store.Tx, c *record) (out []Begun, err error) {
	s, err := d.open(tx, c)
	if err != nil {
		return nil, err
	}
	all, err := steps(tx, c.ID, `(began IS NOT NULL OR kind = ? AND outcome <> '')`, kindPlan)
	if err != nil {
		return nil, err
	}
	now, err := store.Collect(tx, func(r *store.Rows) (n int, err error) { return n, r.Scan(&n) },
		`SELECT n FROM rights_case_steps WHERE case_id = ? AND began IS NOT NULL AND done IS NULL AND leased > ?`, c.ID, tx.Now())
	if err != nil {
		return nil, err
	}
	plans := map[int]planned{}
	for _, st := range plansFirst(all) {
		if st.Kind == kindPlan {
			var p planned
			if err := json.Unmarshal([]byte(st.Outcome), &p); err != nil {
				return nil, err
			}
			plans[st.Round] = p
			continue
		}
		b := Begun{Number: c.Number, Policy: c.Policy, Region: c.Region, Subject: c.Subject, Identities: append(s.proved(), s.Met...), Done: !st.Done.IsZero()}
		b.Tables, b.Data = plans[st.Round].changes(st.About)
		if slices.Contains(now, st.N) {
			b.Try = st.holder
		}
		out = append(out, b)
	}
	return out, nil
}

// changes are the tables of a system that a plan changes, and the data in them.
func (p planned) changes(system string) (tables, data []string) {
	for _, part := range p.Parts {
		if part.System != system {
			continue
		}
		for _, t := range part.Tables {
			if t.Rows == 0 || t.Action == "read" || t.Action == "keep" || t.Action == "task" {
				continue
			}
			if path := system + "." + t.Table; !slices.Contains(tables, path) {
				tables = append(tables, path)
			}
			data = append(data, t.Data...)
		}
	}
	slices.Sort(data)
	return tables, slices.Compact(data)
}

// keepMet remembers by what else the person is known in rows of theirs: once these are gone, who is held under it can be told by nothing else.
func (d *Desk) keepMet(tx *store.Tx, c *record, parts []Part) error {
	s, err := d.open(tx, c)
	if err != nil {
		return err
	}
	fresh := false
	for _, p := range parts {
		for _, id := range p.Met {
			if !slices.Contains(s.Met, id) {
				s.Met, fresh = append(s.Met, id), true
			}
		}
	}
	if !fresh {
		return nil
	}
	return d.seal(tx, c, s)
}
