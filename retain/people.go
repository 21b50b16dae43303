package retain

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// subjects are whom the identities of a hold find in avow's own records, by their present ids.
func (d *Desk) subjects(tx *store.Tx, h *Hold) (out []avow.ID, err error) {
	for _, id := range h.Person {
		if id.Kind != vault.Email && id.Kind != vault.Phone {
			continue
		}
		found, err := d.Vault.Find(tx, vault.Identity{Kind: id.Kind, Value: id.Value})
		if avow.KindOf(err) == avow.Invalid && err != nil {
			continue // nothing here can be known by it
		}
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if !slices.Contains(out, f.Subject) {
				out = append(out, f.Subject)
			}
		}
	}
	return out, nil
}

// Of gives the holds that stop an erasure of somebody from avow's own records.
func (d *Desk) Of(tx *store.Tx, subject avow.ID) (out []Hold, err error) {
	if _, err := d.Mark(tx); err != nil { // the erasure, or the hold, is first
		return nil, err
	}
	list, err := d.standing(tx)
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		if len(h.Tables) > 0 && !slices.Contains(h.Tables, Own+"."+values) {
			continue
		}
		if h.About {
			held, err := d.subjects(tx, &h)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(held, subject) {
				continue
			}
		}
		h.Person = nil
		out = append(out, h)
	}
	return out, nil
}

// Against gives what is held against the erasure of the people that were found, for its
// plan: subject is the first of them in avow's own records, zero when unknown there. Who is held is known again by an
// identity, by avow's own records, and, where there is a search, by a row that is both theirs.
func (d *Desk) Against(ctx context.Context, p *policy.Policy, s *find.Search, f *find.Found, subject avow.ID) (out []plan.Hold, err error) {
	var list []Hold
	byHere := map[avow.ID]bool{}
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if list, err = d.standing(tx); err != nil {
			return err
		}
		for i := range list {
			found, err := d.subjects(tx, &list[i])
			if err != nil {
				return err
			}
			byHere[list[i].ID] = !subject.IsZero() && slices.Contains(found, subject)
		}
		return nil
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	rows, region := &heldRows{}, ""
	if s != nil {
		region = s.Options.Region
		if rows, err = rowsOfHeld(ctx, s, list); err != nil {
			return nil, err
		}
	}
	for _, h := range list {
		data := known(p.Data, h.Data)
		if len(h.Data) > 0 && len(data) == 0 {
			continue // it is about data of another policy
		}
		for i := range f.People {
			if h.About && !(i == 0 && byHere[h.ID]) && !alike(region, h.Person, f.People[i].Identities) && !rows.meets(f, h.ID, i) {
				continue
			}
			out = append(out, plan.Hold{Person: i, Because: h.Because, Until: h.Until, Data: data, Tables: h.Tables})
		}
	}
	return out, nil
}

// known are the names of data that a policy has.
func known[T any](data func(string) (T, bool, bool), names []string) (out []string) {
	for _, name := range names {
		if _, _, ok := data(name); ok {
			out = append(out, name)
		}
	}
	return out
}

// alike reports whether two people have an identity in common.
func alike(region string, a, b []find.Identity) bool {
	return slices.ContainsFunc(a, func(x find.Identity) bool {
		return slices.ContainsFunc(b, func(y find.Identity) bool {
			return x.Kind == y.Kind && connect.Same(compareBy(x.Kind), region, x.Value, y.Value)
		})
	})
}

func compareBy(kind string) connect.Compare {
	switch kind {
	case vault.Email:
		return connect.Email
	case vault.Phone:
		return connect.Phone
	}
	return connect.IgnoreCase
}

// heldRows are the rows that are the held people's own or shared, by table and key, with the
// holds they are under.
type heldRows struct {
	holds []Hold
	found *find.Found
	keys  map[*datamap.Table]map[string][]int // key → places in holds
}

// rowsOfHeld finds the rows of everybody who is held.
func rowsOfHeld(ctx context.Context, s *find.Search, list []Hold) (*heldRows, error) {
	out := &heldRows{keys: map[*datamap.Table]map[string][]int{}}
	var people []find.Person
	for _, h := range list {
		if h.About {
			out.holds = append(out.holds, h)
			people = append(people, find.Person{Identities: h.Person})
		}
	}
	if len(people) == 0 {
		return out, nil
	}
	return out, out.find(ctx, s, people)
}

func (r *heldRows) find(ctx context.Context, s *find.Search, people []find.Person) (err error) {
	if r.found, err = s.Find(ctx, people); err != nil {
		return err
	}
	for _, sys := range r.found.Systems {
		for _, t := range sys.Tables {
			err := t.Each(func(row find.Row) error {
				for _, tie := range row.Ties {
					if tie.Way != datamap.Mentions {
						r.add(t.Table, row.Key, tie.Person)
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	for _, c := range r.found.Conflicts { // perhaps theirs
		r.add(c.Table, c.Key, c.Person)
	}
	return nil
}

func (r *heldRows) add(t *datamap.Table, key connect.Tuple, hold int) {
	if r.keys[t] == nil {
		r.keys[t] = map[string][]int{}
	}
	k := keyText(key)
	if !slices.Contains(r.keys[t][k], hold) {
		r.keys[t][k] = append(r.keys[t][k], hold)
	}
}

func keyText(key connect.Tuple) string {
	var b []byte
	for _, v := range key {
		b = append(b, connect.Text(v)...)
		b = append(b, 0)
	}
	return string(b)
}

// meets reports whether somebody who was found owns a row that is the held person's too.
func (r *heldRows) meets(f *find.Found, hold avow.ID, person int) bool {
	at := slices.IndexFunc(r.holds, func(h Hold) bool { return h.ID == hold })
	if at < 0 || len(r.keys) == 0 {
		return false
	}
	met := false
	for _, sys := range f.Systems {
		for _, t := range sys.Tables {
			of := r.keys[t.Table]
			if of == nil || met {
				continue
			}
			_ = t.Each(func(row find.Row) error { // its errors are ours
				met = met || row.Relation(person) == datamap.Owns && slices.Contains(of[keyText(row.Key)], at)
				return nil
			})
		}
	}
	return met
}
