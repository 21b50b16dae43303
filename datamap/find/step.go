package find

import (
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// part finds all rows of a part and judges them.
func (r *run) part(p *part) {
	first := &reads{run: r}
	for _, t := range p.tables {
		for _, l := range t.links {
			if l.belongs() && !l.inside() {
				r.take(first, l, nil)
			}
		}
	}
	first.Wait()
	for p.circle && r.ctx.Err() == nil && r.round(p) {
	}
	r.pointers(p)
	r.judge(p)
	r.shares(p)
}

// round takes the links inside a part from the rows that are new, and reports whether there were any.
func (r *run) round(p *part) bool {
	fresh := map[*table][]uint32{}
	for _, t := range p.tables {
		if len(t.fresh) > 0 {
			fresh[t], t.fresh = t.fresh, nil
		}
	}
	next := &reads{run: r}
	for _, t := range p.tables {
		for _, l := range t.links {
			if l.belongs() && l.inside() && len(fresh[l.from]) > 0 {
				r.take(next, l, fresh[l.from])
			}
		}
	}
	next.Wait()
	return len(fresh) > 0
}

// take reads what one link leads to: from the identities of the people, from some rows,
// or from all rows of a table when there are none given.
func (r *run) take(to *reads, l *link, from []uint32) {
	if l.from == nil {
		for _, id := range l.Identities {
			r.takeIdentity(to, l.to, id)
		}
		return
	}
	if l.from.unreadable() == nil || l.from.set.len() > 0 {
		r.takeRows(to, l, from)
	}
}

func (r *run) takeIdentity(to *reads, t *table, id *datamap.Identity) {
	values := r.known.values[id.Kind.Text]
	portion := r.portion(t, len(values))
	for len(values) > 0 {
		n := min(len(values), portion)
		in := connect.In{Columns: []string{id.Column}, Compare: connect.Compare(id.Compare)}
		for _, v := range values[:n] {
			in.Tuples = append(in.Tuples, connect.Tuple{v})
		}
		values = values[n:]
		if !to.start(t, func() bool { return true }, func() { r.ask(t, in, nil) }) {
			return
		}
	}
}

// fewest values are not worth two reads.
const fewest = 250

// portion is how many of some values one read of a table asks for: as few as let all that
// a database bears run at the same time. What is no database is read whole each time.
func (r *run) portion(t *table, values int) int {
	if !t.System.Relational() {
		return r.Options.Batch
	}
	return min(r.Options.Batch, max(fewest, (values+r.Options.Parallel-1)/r.Options.Parallel))
}

// takeRows asks for the rows tied to those that lead on, some thousands at a time.
func (r *run) takeRows(to *reads, l *link, from []uint32) {
	v := newValues(r, l, from)
	var when *connect.Cond
	if !l.Incoming {
		when = l.when
	}
	for {
		var in connect.In
		more := to.start(l.to, func() bool {
			in = v.next(l.Columns())
			return len(in.Tuples) > 0
		}, func() { r.ask(l.to, in, when) })
		if !more {
			return
		}
	}
}

// ask reads rows of a table and takes those that concern somebody.
func (r *run) ask(t *table, in connect.In, when *connect.Cond) {
	columns := t.columns
	if !r.Options.ToShow || !t.whole && t.rests.full.Load() {
		columns = t.columns[:t.kept]
	}
	a := &arrival{run: r, t: t, only: r.lock(t) == &r.mention}
	r.read(t, connect.Read{Table: t.Name, Columns: columns, Any: []connect.In{in}, When: both(t.when, when)}, a.row)
}

// values gives the values of rows that lead on, each once.
type values struct {
	*run
	l       *link
	rows    []uint32 // nil: all
	at      uint32
	portion int // of one read; 0: none was asked for yet
	record  record
	seen    map[uint32]bool // numbers of values, of some rows
}

func newValues(r *run, l *link, rows []uint32) *values {
	return &values{run: r, l: l, rows: rows, seen: map[uint32]bool{}}
}

// next is the next portion of them.
func (v *values) next(columns []string) connect.In {
	lock := v.lock(v.l.from)
	lock.Lock()
	defer lock.Unlock()
	if v.portion == 0 {
		v.portion = v.run.portion(v.l.to, v.atMost())
	}
	n := v.portion
	room := min(n, v.atMost())
	in := connect.In{Columns: columns, Tuples: make([]connect.Tuple, 0, room)}
	flat := make([]any, 0, room*len(columns))
	add := func(value []byte) {
		start := len(flat)
		for len(value) > 0 {
			one, size := readValue(value)
			flat, value = append(flat, one), value[size:]
		}
		in.Tuples = append(in.Tuples, flat[start:len(flat):len(flat)])
	}
	for len(in.Tuples) < n && v.step(add) {
	}
	return in
}

// atMost is how many more there can be.
func (v *values) atMost() int {
	switch {
	case v.rows != nil:
		return len(v.rows) - int(v.at)
	case v.l.fromIndex != nil:
		return int(v.l.fromIndex.values.len() - v.at)
	}
	return int(v.l.from.set.len() - v.at)
}

// step looks at one more row, or one more value; false at the end.
func (v *values) step(add func([]byte)) bool {
	from, x := v.l.from, v.l.fromIndex
	switch {
	case v.rows != nil:
		if int(v.at) == len(v.rows) {
			return false
		}
		v.some(v.rows[v.at], add)
	case x == nil:
		if v.at == from.set.len() {
			return false
		}
		if v.starts(v.at) {
			add(from.set.key(v.at))
		}
	default:
		if v.at == x.values.len() {
			return false
		}
		if !x.each(v.at, func(row uint32) bool { return !v.starts(row) }) {
			add(x.values.key(v.at))
		}
	}
	v.at++
	return true
}

// some adds the values of one of some rows.
func (v *values) some(row uint32, add func([]byte)) {
	if !v.starts(row) {
		return
	}
	if v.l.fromIndex == nil {
		add(v.l.from.set.key(row))
		return
	}
	v.record.load(v.l.from, row, v.l.from.kept)
	v.record.each(v.l.there, func(value []byte) {
		if n, ok := v.l.fromIndex.values.find(value); ok && !v.seen[n] {
			v.seen[n] = true
			add(value)
		}
	})
}

// starts reports that the link can be taken from a row.
func (v *values) starts(row uint32) bool {
	if !v.l.from.leadsAny(row) {
		return false
	}
	if v.l.Incoming && v.l.when != nil {
		v.record.load(v.l.from, row, v.l.from.kept)
		return v.record.holds(v.l.from, v.l.when)
	}
	return true
}
