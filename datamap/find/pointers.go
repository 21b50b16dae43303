package find

import (
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// pointers asks for all rows at the other end of the links of a part where there may be
// several: who points at its rows, and which rows have a value that they point at and
// that is no key. Rows of somebody who was not sought may be among them.
func (r *run) pointers(p *part) {
	all := &reads{run: r}
	for _, t := range p.tables {
		for _, l := range t.links {
			if l.open && l.belongs() && (l.Relation == datamap.Owns || !r.Options.ToShow) && r.ctx.Err() == nil {
				r.pointing(all, l)
			}
		}
	}
	all.Wait()
}

// pointing asks it of one link.
func (r *run) pointing(all *reads, l *link) {
	v := &pointed{l: l}
	for {
		var in connect.In
		more := all.start(l.from, func() bool {
			l.to.part.mu.Lock()
			defer l.to.part.mu.Unlock()
			in = v.next(l.FromColumns(), r.Options.Batch)
			return len(in.Tuples) > 0
		}, func() { r.askPointing(l, in) })
		if !more {
			return
		}
	}
}

// pointed gives the values by which rows are pointed at, each once.
type pointed struct {
	l  *link
	at uint32
}

func (v *pointed) next(columns []string, n int) connect.In {
	in := connect.In{Columns: columns}
	t := v.l.to
	for ; len(in.Tuples) < n; v.at++ {
		switch x := v.l.toIndex; {
		case x == nil && v.at < t.set.len():
			if t.leadsAny(v.at) {
				in.Tuples = append(in.Tuples, tupleOf(t.set.key(v.at)))
			}
		case x != nil && v.at < x.values.len():
			if !x.each(v.at, func(row uint32) bool { return !t.leadsAny(row) }) {
				in.Tuples = append(in.Tuples, tupleOf(x.values.key(v.at)))
			}
		default:
			return in
		}
	}
	return in
}

func tupleOf(value []byte) connect.Tuple {
	var out connect.Tuple
	for len(value) > 0 {
		v, n := readValue(value)
		out, value = append(out, v), value[n:]
	}
	return out
}

// askPointing marks the rows that a row of nobody sought is tied to. It ends when all it
// asks about are marked.
func (r *run) askPointing(l *link, in connect.In) {
	from := l.from
	width := from.naming()
	columns := append(from.columns[:width:width], l.FromColumns()...)
	places := make([]int, len(l.there))
	for i := range places {
		places[i] = width + i
	}
	left := len(in.Tuples)
	var name, rec, scratch record
	lock := &l.to.part.mu
	when := from.when
	if l.Incoming {
		when = both(when, l.when)
	}
	r.read(from, connect.Read{Table: from.Name, Columns: columns, Any: []connect.In{in}, When: when}, func(row connect.Row) error {
		name.encode(row[:width])
		lock.Lock()
		defer lock.Unlock()
		if n, ok := from.set.find(from.name(&name)); ok && from.leadsAny(n) {
			return nil
		}
		rec.encode(row)
		rec.each(places, func(value []byte) { left -= l.mark(value, &scratch) })
		if left <= 0 {
			return errEnough
		}
		return nil
	})
}

// mark marks the rows of a value, and gives how many values that is more.
func (l *link) mark(value []byte, scratch *record) (more int) {
	one := func(row uint32) {
		if !l.outside.has(row) {
			l.outside.set(row)
			more = 1
		}
	}
	if l.toIndex == nil {
		lookup(l.to.set, value, one)
		return more
	}
	lookup(l.toIndex.values, value, func(n uint32) {
		l.toIndex.each(n, func(row uint32) bool { one(row); return true })
	})
	return more
}
