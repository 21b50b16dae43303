package find

import (
	"slices"

	"github.com/avowhq/avow/datamap"
)

// shares marks the rows of a part in which somebody has a part who is not among the
// people: such a row does not go with the last of them. In a circle a mark may lead to more.
func (r *run) shares(p *part) {
	if r.Options.ToShow {
		return
	}
	a := &arrival{run: r}
	for changed := true; changed && r.ctx.Err() == nil; {
		changed = false
		for _, t := range p.tables {
			if t.sharing() && a.sharesTable(t) {
				changed = p.circle
			}
		}
	}
}

// sharing reports that rows of a table can belong to several people, by links of their
// own or by the rows they hang on.
func (t *table) sharing() bool { return t.sharingBut(map[*table]bool{}) }

func (t *table) sharingBut(seen map[*table]bool) bool {
	seen[t] = true
	for _, l := range t.links {
		if l.Relation == datamap.Shares || l.Relation == datamap.Owns && l.from != nil && !seen[l.from] && l.from.sharingBut(seen) {
			return true
		}
	}
	return false
}

func (a *arrival) sharesTable(t *table) (changed bool) {
	for row := range t.set.len() {
		if t.others.has(row) || !t.leadsAny(row) {
			continue
		}
		a.here.load(t, row, t.kept)
		if a.partly(t, row) {
			t.others.set(row)
			changed = true
		}
	}
	return changed
}

// partly reports that a row belongs, by one of its links, to somebody who is not
// sought; a.here holds the row.
func (a *arrival) partly(t *table, row uint32) bool {
	for _, l := range t.links {
		if l.belongs() && a.othersBy(l, row) {
			return true
		}
	}
	return false
}

func (a *arrival) othersBy(l *link, row uint32) bool {
	if l.from == nil {
		return a.othersIdentity(l)
	}
	if !l.Incoming && !a.here.holds(l.to, l.when) {
		return false
	}
	if l.outside.has(row) || l.Incoming && !l.byHand() && a.blind(l.from) {
		return true
	}
	others := false
	a.here.each(l.here, func(value []byte) {
		found := false
		l.from.eachRow(l, value, &a.there, func(from uint32) bool {
			found = true
			if !l.from.leadsAny(from) || l.from.others.has(from) {
				others = true
			}
			return true
		})
		others = others || !found && !l.Incoming
	})
	return others
}

// othersIdentity looks for the identity of somebody who is not sought: one that is none
// of the people's, unless another of the same link is and the kind is not known of them.
func (a *arrival) othersIdentity(l *link) bool {
	var theirs []int32
	var unmatched []string // kinds
	for _, id := range l.Identities {
		for _, each := range elements(nil, a.here.value(l.to.place(id))) {
			if isEmpty(each) {
				continue
			}
			if who := a.known.who(id, each); len(who) > 0 {
				theirs = append(theirs, who...)
			} else {
				unmatched = append(unmatched, id.Kind.Text)
			}
		}
	}
	return slices.ContainsFunc(unmatched, func(kind string) bool {
		return len(theirs) == 0 || slices.ContainsFunc(theirs, func(p int32) bool { return a.known.has[kind][p] })
	})
}
