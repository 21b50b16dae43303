package draft

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// drafter turns a judgement into the tables of a file.
type drafter struct {
	policy *policy.Policy
	o      Options
	j      *judgement
	drafts []*drafted
	of     map[*table]*drafted

	pointers map[*table][]pointer
}

// drafted is one table as it is to stand in the file.
type drafted struct {
	*table
	held       []*column // certain and likely, with data of the policy
	unsure     []*column
	without    []*column // the policy has no data for it
	identities []identity
	relation   []link
	shared     bool // rows belong to several people
	reached    bool
	deletes    bool
	rules      map[*column]rule
}

type identity struct{ column, kind string }

// link is one way to a person: a reference of this table, or of one that points here.
type link struct {
	name string
	is   datamap.Relation
	ref  *reference // nil for `itself`
	from *table
	why  string
}

func newDrafter(p *policy.Policy, o Options, j *judgement) *drafter {
	o.System = cmp.Or(o.System, "system")
	d := &drafter{policy: p, o: o, j: j, of: map[*table]*drafted{}}
	for _, t := range j.tables {
		d.add(t)
	}
	return d
}

func (d *drafter) add(t *table) {
	out := &drafted{table: t, rules: map[*column]rule{}}
	for _, c := range t.columns {
		switch f := c.finding; {
		case f.Sure == Not:
		case f.Sure == Unsure:
			out.unsure = append(out.unsure, c)
		case f.Data == "":
			out.without = append(out.without, c)
		default:
			out.held = append(out.held, c)
		}
	}
	d.drafts = append(d.drafts, out)
	d.of[t] = out
}

// relate decides how the rows of each table relate to people, and which of the
// tables an identity leads to.
func (d *drafter) relate() {
	for _, t := range d.drafts {
		t.findIdentities()
	}
	for _, t := range d.drafts {
		d.owners(t)
	}
	for _, t := range d.drafts {
		d.pointedAt(t)
	}
	d.reach()
}

// findIdentities: addresses first; a number or name of the organisation's own where
// there is no address. What belongs to somebody by a reference needs none.
func (t *drafted) findIdentities() {
	if t.View || t.about != aboutPeople && (t.tie == tieOwned || t.about == aboutCompanies || t.about == aboutThings && t.tie != tieNone) {
		return
	}
	for _, c := range t.held {
		switch c.finding.What {
		case Email:
			t.identify(c, "email")
		case Phone:
			t.identify(c, "phone")
		}
	}
	for _, each := range []struct {
		sort Sort
		kind string
	}{{Number, "account-number"}, {Login, "user-name"}, {Government, "national-number"}, {Device, "device"}, {Session, "session"}} {
		if len(t.identities) > 0 {
			return
		}
		for _, c := range t.held {
			if c.finding.What == each.sort && !t.isReference(c.Name) {
				t.identify(c, each.kind)
			}
		}
	}
}

func (t *drafted) identify(c *column, kind string) {
	if !c.isKey() || t.about == aboutPeople {
		t.identities = append(t.identities, identity{column: c.Name, kind: kind})
	}
}

// owners names the references by which a row is somebody's, or speaks of somebody.
func (d *drafter) owners(t *drafted) {
	if len(t.identities) > 0 {
		t.relation = append(t.relation, link{name: "itself", is: datamap.Owns, why: "the row says who it is"})
	}
	direct, through, aside := d.sorted(t)
	switch {
	case len(t.identities) > 0:
		aside = append(direct, aside...)
	case len(direct) == 1:
		t.tied(direct, datamap.Owns, "the row points at its person")
	case len(direct) > 1 && !t.allEmpty(direct):
		t.tied(direct[:1], datamap.Owns, "of several people the first; nobody can be taken out of the row, its columns may not be empty")
		aside = append(direct[1:], aside...)
	case len(direct) > 1:
		t.shared = true
		t.tied(direct, datamap.Shares, "the row points at several people")
	case len(through) > 0:
		t.tied(through[:1], datamap.Owns, "the row hangs on one that is somebody's")
	}
	t.tied(aside, datamap.Mentions, "it names somebody who had to do with the row")
}

// allEmpty reports whether all of some references may be empty.
func (t *drafted) allEmpty(refs []*reference) bool {
	return !slices.ContainsFunc(refs, func(r *reference) bool { return !r.empty })
}

// sorted parts the references of a table: at people whose the row is, at rows that
// are somebody's, and at people who are only named.
func (d *drafter) sorted(t *drafted) (direct, through, aside []*reference) {
	for _, r := range t.refs {
		people := r.target.about == aboutPeople
		switch {
		case r.target.View:
		case people && (r.target == t.table || t.aside(r)):
			aside = append(aside, r)
		case people:
			direct = append(direct, r)
		case r.target.tie == tieOwned && r.target != t.table && r.target.about != aboutAddress && t.tie == tieOwned:
			through = append(through, r)
		}
	}
	slices.SortStableFunc(through, func(a, b *reference) int { return cmp.Compare(btoi(a.empty), btoi(b.empty)) })
	return direct, through, aside
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (t *drafted) tied(refs []*reference, is datamap.Relation, why string) {
	for _, r := range refs {
		name := strings.Join(r.columns, "+")
		if !slices.ContainsFunc(t.relation, func(l link) bool { return l.name == name }) {
			t.relation = append(t.relation, link{name: name, is: is, ref: r, from: r.target, why: why})
		}
	}
}

// pointedAt ties a table to the people whose rows point at it: an address that two
// who live together share.
func (d *drafter) pointedAt(t *drafted) {
	if len(t.relation) > 0 || t.tie != tieOwned {
		return
	}
	for _, other := range d.drafts {
		for _, r := range other.refs {
			if r.target == t.table && (other.about == aboutPeople || other.tie == tieOwned) {
				t.shared = true
				t.relation = append(t.relation, link{name: other.Name + "." + strings.Join(r.columns, "+"), is: datamap.Shares, ref: r, from: other.table, why: "several may point at the row"})
			}
		}
	}
}

// reach finds the tables that an identity leads to. A row that only mentions
// somebody leads no further.
func (d *drafter) reach() {
	for changed := true; changed; {
		changed = false
		for _, t := range d.drafts {
			if !t.reached && slices.ContainsFunc(t.relation, func(l link) bool { return d.leads(l) }) {
				t.reached, changed = true, true
			}
		}
	}
	for _, t := range d.drafts {
		t.relation = slices.DeleteFunc(t.relation, func(l link) bool { return !d.leads(l) })
	}
}

func (d *drafter) leads(l link) bool {
	if l.ref == nil {
		return true
	}
	from := d.of[l.from]
	return from.reached && (from.owned() || from.shared)
}

// owned reports whether rows of the table can be somebody's own.
func (t *drafted) owned() bool {
	return slices.ContainsFunc(t.relation, func(l link) bool { return l.is == datamap.Owns })
}

// pairsPeople reports whether what names a row is who and whom: `friend (a_id, b_id)`.
func (t *drafted) pairsPeople() bool {
	who := 0
	for _, r := range t.refs {
		if r.target.about == aboutPeople && !slices.ContainsFunc(r.columns, func(c string) bool { return !slices.Contains(t.Key, c) }) {
			who++
		}
	}
	return who >= 2 && !t.View
}

// stands reports whether the table is to stand in the file.
func (t *drafted) stands() bool {
	return t.reached && !t.View && (len(t.held) > 0 || (t.owned() || t.shared) && t.tie == tieOwned)
}
