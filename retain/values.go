package retain

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// versions are the policies that values were given under, each read once.
type versions struct {
	d    *Desk
	read map[version]*policy.Policy
}

type version struct {
	name   string
	number int
}

// of is the version whose schedule a value is under; nil when it is not published here.
func (v *versions) of(x *vault.Value) *policy.Policy {
	last := v.get(version{x.Policy, 0})
	if last == nil || !last.NewData || last.Number == x.Version {
		return last
	}
	return v.get(version{x.Policy, x.Version})
}

func (v *versions) get(key version) *policy.Policy {
	p, ok := v.read[key]
	if ok || key.name == "" || v.d.Version == nil {
		return p
	}
	p, err := v.d.Version(key.name, key.number)
	if err != nil {
		p = nil
	}
	if v.read == nil {
		v.read = map[version]*policy.Policy{}
	}
	v.read[key] = p
	return p
}

// fate is what becomes of one value.
type fate struct {
	value   vault.Value
	subject avow.ID // by their present id
	field   string
	rule    string
	action  plan.Action // delete; update: limited to purposes, or shortened
	limit   []string    // the purposes it is left for
	to      string      // what takes its place
	refused string
	instead string
}

// own carries out the schedule in avow's own records, a page of values after the other.
func (r *run) own(ctx context.Context) error {
	changed := false
	for after := (avow.ID{}); ; {
		if err := ctx.Err(); err != nil {
			return avow.Errorf(avow.Canceled, "it was stopped: %w", err)
		}
		list, next, err := r.page(ctx, after)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			if err := r.doPage(ctx, list); err != nil {
				return err
			}
			changed = !r.dry
		}
		if after = next; after.IsZero() {
			break
		}
	}
	if !changed {
		return nil
	}
	return r.DB.Scrub(ctx)
}

// page decides about the next values. The zero ID is the end.
func (r *run) page(ctx context.Context, after avow.ID) (out []fate, next avow.ID, err error) {
	if _, err := r.current(ctx); err != nil {
		return nil, next, err
	}
	var told []Entry
	err = r.DB.Read(ctx, func(tx *store.Tx) error {
		out, next, told = nil, avow.ID{}, nil
		list, err := r.Vault.Page(tx, after, r.Batch)
		if err != nil {
			return err
		}
		k := &knower{run: r, tx: tx, people: map[avow.ID]*somebody{}}
		for i := range list {
			f, entries, err := k.decide(&list[i])
			if err != nil {
				return err
			}
			told = append(told, entries...)
			if f != nil {
				out = append(out, *f)
			}
		}
		if len(list) == r.Batch {
			next = list[len(list)-1].ID
		}
		return nil
	})
	if err == nil {
		for _, e := range told {
			r.report.add(e)
		}
	}
	return out, next, err
}

// current reads the holds again when one was placed or lifted.
func (r *run) current(ctx context.Context) (*stand, error) {
	var now [2]int64
	err := r.DB.Read(ctx, func(tx *store.Tx) (err error) {
		now, err = mark(tx)
		return err
	})
	if err == nil && now != r.stand.mark {
		r.stand, err = r.Desk.stand(ctx)
		clear(r.bySystems)
	}
	return r.stand, err
}

// doPage does what was decided, in one transaction with an event for each person; it
// does nothing when a hold was placed meanwhile, which the next run heeds.
func (r *run) doPage(ctx context.Context, list []fate) error {
	done := list
	if !r.dry {
		err := r.DB.Write(ctx, func(tx *store.Tx) (err error) {
			done = nil
			now, err := mark(tx)
			if err != nil || now != r.stand.mark {
				return err
			}
			for _, f := range list {
				did, err := r.do(tx, &f)
				if err != nil {
					return err
				}
				if did {
					done = append(done, f)
				}
			}
			return r.note(tx, done)
		})
		if err != nil {
			return err
		}
		r.report.Batches++
	}
	for _, f := range done {
		r.report.add(Entry{System: Own, Table: values, Rule: f.rule, Action: f.action, How: f.how(), Columns: []string{f.field}, Rows: 1, Refused: f.refused, Instead: f.instead})
	}
	return r.alive(ctx)
}

func (f *fate) how() string {
	if len(f.limit) > 0 {
		return "for " + strings.Join(f.limit, ", ") + " alone"
	}
	return ""
}

func (r *run) do(tx *store.Tx, f *fate) (bool, error) {
	switch {
	case f.action == plan.Delete:
		return r.Vault.End(tx, f.value.ID, f.value.At)
	case f.to != "":
		now, err := r.Vault.Content(tx, f.value.ID)
		if avow.KindOf(err) == avow.NotFound && err != nil || err == nil && !now.At.Equal(f.value.At) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return true, r.Vault.Amend(tx, f.subject, f.value.ID, f.to)
	}
	return r.Vault.Limit(tx, f.value.ID, f.value.At, f.limit)
}

// ended is the body of the event of one person: what of theirs came to its end.
type ended struct {
	Run    avow.ID  `json:"run"`
	Fields []string `json:"fields"`
	Values int      `json:"values"`            // erased or shortened
	Limits int      `json:"limits,omitempty"`  // left for fewer purposes
	By     []string `json:"schedule,omitzero"` // the names of the rules
	Way    string   `json:"way"`
}

// note writes what ended into each person's history, and has the gate see it.
func (r *run) note(tx *store.Tx, done []fate) error {
	var order []avow.ID
	by := map[avow.ID]*ended{}
	for _, f := range done {
		e := by[f.subject]
		if e == nil {
			e = &ended{Run: r.report.ID, Way: "retention schedule"}
			by[f.subject] = e
			order = append(order, f.subject)
		}
		e.Fields, e.By = with(e.Fields, f.field), with(e.By, f.rule)
		if len(f.limit) > 0 {
			e.Limits++
		} else {
			e.Values++
		}
	}
	for _, id := range order {
		body, err := json.Marshal(by[id])
		if err != nil {
			return err
		}
		receipt, err := r.Ledger.Append(tx, ledger.Event{Type: ledger.Expired, Subject: id, Body: body, Ours: true})
		if err != nil {
			return err
		}
		if r.Renew == nil {
			continue
		}
		if err := r.Renew(tx, id, receipt); err != nil {
			return err
		}
	}
	return nil
}

func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// shortened is what a value becomes: of a date the year. False when there is no shorter form of it.
func shortened(data string) (string, bool) {
	t, ok := connect.ParseTime(strings.TrimSpace(data))
	if !ok {
		return "", false
	}
	return t.UTC().Format("2006"), true
}

func isYear(data string) bool {
	_, err := time.Parse("2006", data)
	return err == nil
}

// pseudonymPrefix tells that a value is a pseudonym already.
const pseudonymPrefix = "pseudonym-"

// pseudonym is the same for the same data of one field, and nobody can turn it back without the organisation's key.
func (d *Desk) pseudonym(field, data string) string {
	h := hmac.New(sha256.New, d.Vault.KeyFor("retention pseudonyms"))
	h.Write([]byte(field + "\x00" + data))
	return pseudonymPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:15]))
}
