package gate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// A day is what the rules come to for one sort of subject, those of the same kind,
// region, facts and holdings, while one version is in force. It is 64 bytes: what
// every decision reads lies in one line of memory.
type day struct {
	today *table
	// single decides about everything: it is all under one version's words and
	// there for every purpose. Nil when that is not so.
	single  *table
	free    policy.FieldSet // held for every purpose
	class   int32           // where the subjects live
	limited bool            // some piece is there for some purposes only
	*rest
}

// rest is what few decisions read.
type rest struct {
	all     policy.FieldSet
	pieces  []piece // in order of group
	blocked []block
	later   *day // while the next version is in force; nil when none is published
}

// at finds the day of a moment; nil before the first.
func (d *day) at(moment int64) *day {
	if moment < d.today.from {
		return nil
	}
	for moment >= d.today.next {
		d = d.later
	}
	return d
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
	version   int // the agreement's version; 0 without one
	source    string
}

// A block is fields that one reason may not use because of where they come from.
type block struct {
	group  int
	reason *policy.CompiledReason
	fields policy.FieldSet
}

// daysOf compiles a state from the version floor to ceiling (indexes), and gives the first day.
func (s *Rules) daysOf(st *State, floor, ceiling int) *day {
	d := s.dayOf(st, s.atlas.class(st.Region), floor)
	if floor < ceiling {
		d.later = s.daysOf(st, floor+1, ceiling)
	}
	return d
}

func (s *Rules) tableFor(st *State, class, version int) *table {
	return s.table(version, st.Kind == avow.Business, s.reaches[version][class].asks, st.Facts)
}

func (s *Rules) dayOf(st *State, class, today int) *day {
	d := &day{today: s.tableFor(st, class, today), class: int32(class), rest: &rest{}}
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
	if len(d.pieces) == 1 && !d.limited && d.pieces[0].agreement == nil {
		d.single = d.pieces[0].table
	}
	return d
}

// pieceOf says which version decides about a holding: its own when that version
// or today's promises so, else today's.
func (s *Rules) pieceOf(st *State, h *Holding, class, today int) piece {
	p := piece{fields: h.Fields, onlyFor: h.OnlyFor, limited: !h.OnlyFor.Empty()}
	known := h.Version >= 1 && h.Version <= len(s.versions)
	if known {
		own := s.versions[h.Version-1]
		if h.Source >= 0 && h.Source < len(own.Sources) {
			p.source = own.Sources[h.Source].Name
		}
		if h.Agreement >= 0 && h.Agreement < len(own.Agreements) {
			p.agreement, p.version = &own.Agreements[h.Agreement], h.Version
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

// byWords puts the oldest words first, and an agreement after the policy's own.
func byWords(a, b piece) int {
	return cmp.Or(a.order()-b.order(), a.version-b.version, strings.Compare(a.agreed(), b.agreed()))
}

func (p *piece) agreed() string {
	if p.agreement == nil {
		return ""
	}
	return p.agreement.Name
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
	for i := range d.pieces {
		p := &d.pieces[i]
		if i > 0 && d.pieces[i-1].group == p.group {
			continue
		}
		d.blockGroup(st, p.group, p.table)
		if p.table != d.today {
			d.blockGroup(st, p.group, d.today)
		}
	}
}

func (d *day) blockGroup(st *State, group int, t *table) {
	if t == nil || !t.conditions {
		return
	}
	for p := range t.purposes {
		for i := range t.purposes[p].reasons {
			d.block(st, group, t, p, t.purposes[p].reasons[i].CompiledReason)
		}
	}
}

func (d *day) block(st *State, group int, t *table, purpose int, r *policy.CompiledReason) {
	var bad, good policy.FieldSet
	duty := t.purposes[purpose].kind == policy.Duty
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

// blocks reports whether a reason may not use some of a part because of its source.
func (d *day) blocks(group int, r *policy.CompiledReason, part *policy.FieldSet) bool {
	for i := range d.blocked {
		if b := &d.blocked[i]; b.group == group && b.reason == r {
			return meet(&b.fields, part)
		}
	}
	return false
}
