package retain

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// Erasing is what an erasure has begun to change in one system.
type Erasing struct {
	Erased
	Policy  string
	Region  string  // the country of telephone numbers without a country code
	Subject avow.ID // in avow's own records; zero: unknown there
	Person  []find.Identity
	Data    []string // of the policy: `contact.email`
	Try     avow.ID  // that changes it just now; zero: none does
}

// Erased is what an erasure had begun to change when a hold was placed.
type Erased struct {
	Request string   `json:"request"` // its number
	Tables  []string `json:"tables"`
	Whole   bool     `json:"whole"` // all that was planned there is done; else some of it may be, and the rest stays
}

// erasing are the erasures that have begun what a hold is about.
func (d *Desk) erasing(tx *store.Tx, h *Hold) (out []Erasing, err error) {
	if d.Erasing == nil {
		return nil, nil
	}
	list, err := d.Erasing(tx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	subjects, err := d.subjects(tx, h)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if h.About && !slices.Contains(subjects, e.Subject) && !alike(e.Region, h.Person, e.Person) {
			continue
		}
		if len(h.Tables) > 0 {
			e.Tables = slices.DeleteFunc(slices.Clone(e.Tables), func(path string) bool { return !slices.Contains(h.Tables, path) })
		}
		if len(e.Tables) > 0 && (len(h.Data) == 0 || d.holds(h.Data, e)) {
			out = append(out, e)
		}
	}
	return out, nil
}

// holds tells whether data is among what an erasure changes.
func (d *Desk) holds(names []string, e Erasing) bool {
	p, err := d.Version(e.Policy, 0)
	if err != nil {
		return true // said once too often rather than not
	}
	held := dataOf(p, names)
	return slices.ContainsFunc(e.Data, func(path string) bool {
		field, known := p.Field(path)
		var one policy.FieldSet
		if known {
			one.Add(field)
		}
		return !held.And(one).Empty()
	})
}

// untilErased waits for the end of what is changed just now, and notes in the hold what it came too late for.
func (d *Desk) untilErased(ctx context.Context, h *Hold, begun []Erasing) error {
	for {
		var now []Erasing
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			now, err = d.erasing(tx, h)
			return err
		})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(begun, func(e Erasing) bool { return !e.Try.IsZero() && slices.ContainsFunc(now, e.goesOn) }) {
			h.Erased = came(begun, now)
			return nil
		}
		select {
		case <-time.After(looking):
		case <-ctx.Done():
			return errNotWaited
		}
	}
}

func (e Erasing) goesOn(later Erasing) bool { return e.Try == later.Try }

// came is what erasures came to that had begun. One that is not there any more has ended.
func came(begun, now []Erasing) (out []Erased) {
	for _, e := range begun {
		i := slices.IndexFunc(now, func(o Erasing) bool { return o.Request == e.Request && slices.Equal(o.Tables, e.Tables) })
		e.Whole = i < 0 || now[i].Whole
		if !slices.ContainsFunc(out, func(o Erased) bool { return o.Request == e.Request && slices.Equal(o.Tables, e.Tables) }) {
			out = append(out, e.Erased)
		}
	}
	return out
}

// Words says it to whoever placed the hold.
func (e Erased) Words() string {
	if e.Whole {
		return "already erased, by request " + e.Request + ": what that was to take from " + strings.Join(e.Tables, ", ")
	}
	return "begun before, by request " + e.Request + ", and not ended: " + strings.Join(e.Tables, ", ") + "; what is left there stays"
}
