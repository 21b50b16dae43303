package gate

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// A view is what the rules come to for one sort of subject: those of the same
// kind, region, facts and holdings. It has a day for every version that is in
// force now or will be.
type view struct {
	rules *Rules
	class int // where the subjects live
	floor int // the version of days[0]
	days  []day
}

// A day is a view while one version is in force.
type day struct {
	today   *table
	pieces  []piece // in order of group
	all     policy.FieldSet
	free    policy.FieldSet // held for every purpose
	blocked []block
	limited bool // some piece is there for some purposes only
}

// A piece is fields under the same words with the same limits. The pieces of one
// group are decided together: one version's words, one agreement.
type piece struct {
	group     int
	fields    policy.FieldSet
	table     *table // of the version that decides; nil: there is no such version
	onlyFor   policy.PurposeSet
	limited   bool
	agreement *policy.CompiledAgreement
	version   int // the agreement's version
	source    string
}

// A block is fields that one reason may not use because of where they come from.
type block struct {
	group  int
	reason *policy.CompiledReason
	fields policy.FieldSet
}

// viewOf compiles a state's view for the days from version floor to ceiling (indexes).
func (s *Rules) viewOf(st *State, floor, ceiling int) *view {
	v := &view{rules: s, class: s.atlas.class(st.Region), floor: floor}
	for today := floor; today <= ceiling; today++ {
		v.days = append(v.days, s.dayOf(st, v.class, today))
	}
	return v
}

func (s *Rules) tableFor(st *State, class, version int) *table {
	return s.table(version, st.Kind == avow.Business, s.reaches[version][class].asks, st.Facts)
}

func (s *Rules) dayOf(st *State, class, today int) day {
	d := day{today: s.tableFor(st, class, today)}
	for i := range st.Holdings {
		d.pieces = append(d.pieces, s.pieceOf(st, &st.Holdings[i], class, today))
	}
	for i := range d.pieces {
		p := &d.pieces[i]
		d.all = d.all.Or(p.fields)
		if d.limited = d.limited || p.limited; !p.limited {
			d.free = d.free.Or(p.fields)
		}
	}
	slices.SortStableFunc(d.pieces, byWords)
	d.group()
	d.blockSources(st)
	d.merge()
	return d
}

// pieceOf says which version decides about a holding: its own when that version
// or today's promises so, else today's.
func (s *Rules) pieceOf(st *State, h *Holding, class, today int) piece {
	p := piece{fields: h.Fields, onlyFor: h.OnlyFor, limited: !h.OnlyFor.Empty(), version: h.Version, table: nil}
	known := h.Version >= 1 && h.Version <= len(s.versions)
	if known {
		own := s.versions[h.Version-1]
		if h.Source >= 0 && h.Source < len(own.Sources) {
			p.source = own.Sources[h.Source].Name
		}
		if h.Agreement >= 0 && h.Agreement < len(own.Agreements) {
			p.agreement = &own.Agreements[h.Agreement]
		}
	}
	switch {
	case !known:
		if !s.versions[today].NewData {
			p.table = s.tableFor(st, class, today)
		}
	case s.versions[today].NewData || s.versions[h.Version-1].NewData:
		p.table = s.tableFor(st, class, h.Version-1)
	default:
		p.table = s.tableFor(st, class, today)
	}
	return p
}

func byWords(a, b piece) int {
	if c := a.order() - b.order(); c != 0 {
		return c
	}
	switch {
	case a.agreement == b.agreement:
		return 0
	case a.agreement == nil:
		return -1
	case b.agreement == nil:
		return 1
	case a.version != b.version:
		return a.version - b.version
	}
	return compare(a.agreement.Name, b.agreement.Name)
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func (p *piece) order() int {
	if p.table == nil {
		return -1
	}
	return p.table.index
}

func (d *day) group() {
	for i := 1; i < len(d.pieces); i++ {
		a, b := &d.pieces[i-1], &d.pieces[i]
		b.group = a.group
		if a.table != b.table || a.agreement != b.agreement {
			b.group++
		}
	}
}

// merge unites the pieces of a group that have the same limits.
func (d *day) merge() {
	var out []piece
next:
	for _, p := range d.pieces {
		for i := range out {
			if o := &out[i]; o.group == p.group && o.onlyFor == p.onlyFor {
				o.fields = o.fields.Or(p.fields)
				continue next
			}
		}
		out = append(out, p)
	}
	d.pieces = out
}

// blockSources finds what no reason with a condition on its source may use: what
// comes only from a source whose condition nothing shows.
func (d *day) blockSources(st *State) {
	for g := 0; len(d.pieces) > 0 && g <= d.pieces[len(d.pieces)-1].group; g++ {
		for _, t := range []*table{d.tableOf(g), d.today} {
			if t == nil || !t.conditions {
				continue
			}
			for p := range t.purposes {
				for i := range t.purposes[p].reasons {
					d.block(st, g, t, p, t.purposes[p].reasons[i].CompiledReason)
				}
			}
			if t == d.today {
				break
			}
		}
	}
}

func (d *day) tableOf(group int) *table {
	for i := range d.pieces {
		if d.pieces[i].group == group {
			return d.pieces[i].table
		}
	}
	return nil
}

func (d *day) block(st *State, group int, t *table, purpose int, r *policy.CompiledReason) {
	var bad, good policy.FieldSet
	duty := t.purposes[purpose].Kind == policy.Duty
	for i := range d.pieces {
		p := &d.pieces[i]
		if p.group != group || p.limited && !duty && !p.onlyFor.Has(purpose) {
			continue
		}
		if unmet(st, t.p, r, p.source) {
			bad = bad.Or(p.fields)
		} else {
			good = good.Or(p.fields)
		}
	}
	if only := bad.Minus(good); !only.Empty() {
		d.blocked = append(d.blocked, block{group, r, only})
	}
}

// unmet reports whether a reason puts a condition on a source that nothing shows.
// A condition that is the name of a fact is shown when the fact is.
func unmet(st *State, p *policy.Policy, r *policy.CompiledReason, source string) bool {
	for _, c := range r.SourceConditions {
		if c.Source < 0 || c.Source >= len(p.Sources) || p.Sources[c.Source].Name != source {
			continue
		}
		if !shown(st, p, c.Says) {
			return true
		}
	}
	return false
}

func shown(st *State, p *policy.Policy, word string) bool {
	for i := range p.Facts {
		if p.Facts[i].Declared && p.Facts[i].Name == word && st.Facts&(1<<i) != 0 {
			return true
		}
	}
	return false
}

func (d *day) blockedFor(group int, r *policy.CompiledReason) (out policy.FieldSet) {
	for i := range d.blocked {
		if d.blocked[i].group == group && d.blocked[i].reason == r {
			return d.blocked[i].fields
		}
	}
	return out
}
