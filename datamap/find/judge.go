package find

import (
	"github.com/avowhq/avow/datamap"
)

// judge lets go of the rows of a part that somebody else may own. In a circle that may
// take the ground from under others, which is found out by tying all of them anew.
func (r *run) judge(p *part) {
	a := &arrival{run: r}
	for r.ctx.Err() == nil {
		found := 0
		for _, t := range p.tables {
			if t.contested() {
				found += a.judgeTable(t)
			}
		}
		for _, t := range p.tables {
			for key := range t.blocked {
				t.release(key[0], int32(key[1]))
			}
		}
		if found == 0 || !p.circle {
			return
		}
		a.again(p)
	}
}

// contested reports that rows of a table can have two owners.
func (t *table) contested() bool {
	ways := 0
	for _, l := range t.links {
		switch {
		case l.Relation != datamap.Owns:
		case l.open:
			return true
		default:
			ways += max(1, len(l.Identities))
		}
	}
	return ways > 1
}

// judgeTable finds conflicts among the rows of a table. None is let go of before all of
// the part are judged: what one hangs on is to be as it was found.
func (a *arrival) judgeTable(t *table) int {
	found := 0
	var people []int32
	for row := range t.set.len() {
		if people = t.owners(people[:0], row); len(people) == 0 {
			continue
		}
		a.here.load(t, row, t.kept)
		for _, person := range people {
			if len(a.against(t, row, person, nil)) > 0 {
				t.blocked[[2]uint32{row, uint32(person)}] = true
				found++
			}
		}
	}
	return found
}

// owners are the people to whom an owning link ties a row.
func (t *table) owners(out []int32, row uint32) []int32 {
	for _, tie := range t.ties(row) {
		if t.links[tie.link].Relation != datamap.Owns {
			continue
		}
		known := false
		for _, p := range out {
			known = known || p == tie.person
		}
		if !known {
			out = append(out, tie.person)
		}
	}
	return out
}

// against is what speaks against a row being a person's; a.here holds the row.
func (a *arrival) against(t *table, row uint32, person int32, out []Against) []Against {
	for _, l := range t.links {
		if l.Relation != datamap.Owns {
			continue
		}
		if why := a.why(l, row, person); why != "" {
			out = append(out, Against{l.Link, why})
		}
	}
	return out
}

func (a *arrival) why(l *link, row uint32, person int32) Why {
	switch {
	case l.from == nil:
		return a.whyIdentity(l, person)
	case l.byHand():
		return ""
	case l.Incoming:
		return a.whyPointedAt(l, row, person)
	}
	return a.whyPoints(l, row, person)
}

// whyIdentity looks for another value of a kind that is known of the person.
func (a *arrival) whyIdentity(l *link, person int32) Why {
	for _, id := range l.Identities {
		value := a.here.value(l.to.place(id))
		if nothing(value) || !a.known.has[id.Kind.Text][person] {
			continue
		}
		theirs := false
		for _, p := range a.known.who(id, value) {
			theirs = theirs || p == person
		}
		if !theirs {
			return OtherIdentity
		}
	}
	return ""
}

// nothing reports that a value, or every one of a list, is empty.
func nothing(value []byte) bool {
	for _, each := range elements(nil, value) {
		if !isEmpty(each) {
			return false
		}
	}
	return true
}

// whyPoints looks for a reference to what is not the person's; of a list one element
// that is theirs is enough.
func (a *arrival) whyPoints(l *link, row uint32, person int32) Why {
	if !a.here.holds(l.to, l.when) {
		return ""
	}
	refers, theirs, others := false, false, l.outside.has(row)
	a.here.each(l.here, func(value []byte) {
		refers = true
		l.from.eachRow(l, value, &a.there, func(from uint32) bool {
			if l.from.leadsFor(from, person) {
				theirs = true
			} else {
				others = true
			}
			return true
		})
	})
	switch {
	case !refers || theirs && (!others || a.here.hasList(l.here)):
		return ""
	case !others && a.blind(l.from):
		return CannotTell
	}
	return PointsAway
}

// whyPointedAt looks for rows that point here and are not the person's.
func (a *arrival) whyPointedAt(l *link, row uint32, person int32) Why {
	others := l.outside.has(row)
	a.here.each(l.here, func(value []byte) {
		l.from.eachRow(l, value, &a.there, func(from uint32) bool {
			others = others || !l.from.leadsFor(from, person)
			return true
		})
	})
	switch {
	case others:
		return PointedAt
	case a.blind(l.from):
		return CannotTell
	}
	return ""
}

// blind reports that rows of a table may be missing, because it or what leads to it
// could not be read.
func (r *run) blind(t *table) bool { return r.blindIn(t, map[*table]bool{}) }

func (r *run) blindIn(t *table, seen map[*table]bool) bool {
	if seen[t] || datamap.Kind(t.System.Kind) == datamap.Manual {
		return false
	}
	seen[t] = true
	if t.unreadable() != nil || r.systems[t.System].gone() != nil {
		return true
	}
	for _, l := range t.links {
		if l.from != nil && l.belongs() && r.blindIn(l.from, seen) {
			return true
		}
	}
	return false
}

// again ties the rows of a part anew, from what it hangs on inwards, without conflicts.
func (a *arrival) again(p *part) {
	for _, t := range p.tables {
		t.clear()
	}
	for changed := true; changed; {
		changed = false
		for _, t := range p.tables {
			a.t = t
			for row := range t.set.len() {
				a.here.load(t, row, t.kept)
				a.ties = a.derive(a.ties[:0], t, &a.here)
				if a.tie(row) {
					changed = true
				}
			}
		}
	}
}
