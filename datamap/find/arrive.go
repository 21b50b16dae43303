package find

import (
	"bytes"
	"sync"

	"github.com/avowhq/avow"
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
	came  map[uint32]bool // the rows of this read whose key may be that of others
	only  bool            // only the links that mention people; else only those that make rows theirs
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
	key := a.here.first(t.key)
	n, ok := t.set.find(key)
	if !ok {
		var err error
		if n, err = a.add(key, len(row)); err != nil {
			return err
		}
	} else if a.another(n) {
		t.fail(avow.Errorf(avow.Conflict, "several rows of table %s of system %s that concern the person have the same key, so that one cannot be told from the other; name columns that no two rows share as its key", t.Name, t.System.Name.Text))
		return nil
	}
	a.note(n)
	if a.tie(n) && t.part.circle {
		t.fresh = append(t.fresh, n)
	}
	return nil
}

// another reports that a row is another one than that which has its key: it came in the same
// read, in which each comes once, or its links stand on other values. Of a message there may be copies.
func (a *arrival) another(row uint32) bool {
	if !a.ambiguous() {
		return false
	}
	key, rest := a.t.set.record(row)
	kept := a.here.first(a.t.kept)[len(key):]
	copies := datamap.Kind(a.t.System.Kind) == datamap.Files
	return a.came[row] && !copies || !bytes.HasPrefix(rest, kept)
}

// ambiguous reports that nothing keeps another row from having the same key: the database
// does not hold to it, or it is empty in part, which SQLite allows as often as anybody likes.
func (a *arrival) ambiguous() bool {
	if !a.t.named {
		return true
	}
	for i := range a.t.key {
		if isEmpty(a.here.value(i)) {
			return true
		}
	}
	return false
}

// note remembers a row whose key may come again in the same read.
func (a *arrival) note(row uint32) {
	if !a.ambiguous() {
		return
	}
	if a.came == nil {
		a.came = map[uint32]bool{}
	}
	a.came[row] = true
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
func (a *arrival) add(key []byte, read int) (uint32, error) {
	t := a.t
	kept := a.here.first(t.kept)
	row, err := t.set.add(key, kept[len(key):])
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
