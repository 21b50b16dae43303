package find

import (
	"sync"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// arrival takes the rows of one read.
type arrival struct {
	*run
	t     *table
	here  record
	there record
	ties  []tie
	only  bool // only the links that mention people; else only those that make rows theirs
}

// lock is what guards a table now.
func (r *run) lock(t *table) *sync.Mutex {
	select {
	case <-t.part.done:
		return &r.mention // its part is finished: only mentions are added
	default:
		return &t.part.mu
	}
}

// row takes a row when it concerns somebody, once.
func (a *arrival) row(row connect.Row) error {
	t := a.t
	a.here.encode(row)
	lock := a.lock(t)
	lock.Lock()
	defer lock.Unlock()
	a.ties = a.derive(a.ties[:0], t, &a.here)
	if len(a.ties) == 0 {
		return nil
	}
	n, ok := t.set.find(t.name(&a.here))
	if !ok {
		var err error
		if n, err = a.add(len(row)); err != nil {
			return err
		}
	}
	if a.tie(n) && t.part.circle {
		t.fresh = append(t.fresh, n)
	}
	return nil
}

// tie ties a row, except to people for whom it is in conflict.
func (a *arrival) tie(row uint32) (closer bool) {
	for _, t := range a.ties {
		if !a.t.blocked[[2]uint32{row, uint32(t.person)}] && a.t.tied.add(row, t) {
			closer = true
		}
	}
	return closer
}

// add keeps a row that is new, whole when all of it was read and there is room.
func (a *arrival) add(read int) (uint32, error) {
	t := a.t
	kept := a.here.first(t.kept)
	name := t.name(&a.here)
	row, err := t.set.add(name, kept[min(len(kept), len(name)):])
	if err != nil {
		return 0, err
	}
	if a.Options.ToShow && read == len(t.columns) {
		if err := t.rests.keep(row, a.here.bytes[len(kept):], &a.keep); err != nil {
			return 0, err
		}
	}
	for _, x := range t.indexes {
		a.here.each(x.columns, func(value []byte) {
			if e := x.add(value, row); e != nil {
				err = e
			}
		})
	}
	return row, err
}

// derive is every tie of a row that follows from what has been found so far.
func (a *arrival) derive(out []tie, t *table, rec *record) []tie {
	for _, l := range t.links {
		if l.belongs() == a.only {
			continue
		}
		if l.from == nil {
			out = a.deriveIdentity(out, l, rec)
			continue
		}
		l.eachFrom(rec, &a.there, func(row uint32) bool {
			for _, of := range l.from.ties(row) {
				if leads(of.way) {
					out = closest(out, tie{of.person, l.n, max(of.way, l.Relation)})
				}
			}
			return true
		})
	}
	return out
}

func (a *arrival) deriveIdentity(out []tie, l *link, rec *record) []tie {
	for _, id := range l.Identities {
		for _, person := range a.known.who(id, rec.value(l.to.place(id))) {
			out = closest(out, tie{person, l.n, l.Relation})
		}
	}
	return out
}

// place is where an identity stands in a record.
func (t *table) place(id *datamap.Identity) int {
	for i, c := range t.columns {
		if c == id.Column {
			return i
		}
	}
	return -1
}

// closest adds a tie, or makes the one there is closer.
func closest(ties []tie, t tie) []tie {
	for i := range ties {
		if same := &ties[i]; same.person == t.person && same.link == t.link {
			same.way = min(same.way, t.way)
			return ties
		}
	}
	return append(ties, t)
}

// eachFrom gives the rows in memory that a link ties a row to, until one is refused.
func (l *link) eachFrom(rec, scratch *record, f func(row uint32) bool) {
	if !l.Incoming && !rec.holds(l.to, l.when) {
		return
	}
	rec.each(l.here, func(value []byte) { l.from.eachRow(l, value, scratch, f) })
}

// eachRow gives the rows of a table that have a value where the link starts.
func (t *table) eachRow(l *link, value []byte, scratch *record, f func(row uint32) bool) {
	if l.fromIndex == nil {
		lookup(t.set, value, func(row uint32) {
			if l.applies(row, scratch) {
				f(row)
			}
		})
		return
	}
	lookup(l.fromIndex.values, value, func(n uint32) {
		l.fromIndex.each(n, func(row uint32) bool { return !l.applies(row, scratch) || f(row) })
	})
}

// applies reports that the condition of an incoming reference holds for the row that has it.
func (l *link) applies(row uint32, scratch *record) bool {
	if !l.Incoming || l.when == nil {
		return true
	}
	scratch.load(l.from, row, l.from.kept)
	return scratch.holds(l.from, l.when)
}
