package find

import (
	"slices"
	"sync"

	"github.com/avowhq/avow/datamap"
)

// part is tables that own or share each other's rows in a circle; mostly it is one
// table. What a row is can be judged once its part, and all it hangs on, has been read.
type part struct {
	tables []*table
	circle bool // a link starts and ends in it
	after  []*part
	mu     sync.Mutex // of everything in its tables while they are read
	done   chan struct{}
}

// parts are the tables in circles, each after those it hangs on (Tarjan's strongly
// connected components, which come out in this order). Links that only mention people
// lead no further and make no circle.
func parts(order []*datamap.Table, tables map[*datamap.Table]*table) []*part {
	w := &walk{index: map[*table]int{}, low: map[*table]int{}}
	for _, t := range order {
		if w.index[tables[t]] == 0 {
			w.visit(tables[t])
		}
	}
	for _, p := range w.out {
		for _, t := range p.tables {
			p.hang(t)
		}
	}
	return w.out
}

// hang notes on which parts a table hangs.
func (p *part) hang(t *table) {
	for _, l := range t.links {
		switch {
		case l.from == nil || !l.belongs():
		case l.inside():
			p.circle = true
		case !slices.Contains(p.after, l.from.part):
			p.after = append(p.after, l.from.part)
		}
	}
}

type walk struct {
	index, low map[*table]int
	stack      []*table
	out        []*part
}

func (w *walk) visit(t *table) {
	n := len(w.index) + 1
	w.index[t], w.low[t] = n, n
	w.stack = append(w.stack, t)
	for _, l := range t.links {
		if l.from == nil || !l.belongs() {
			continue
		}
		if w.index[l.from] == 0 {
			w.visit(l.from)
			w.low[t] = min(w.low[t], w.low[l.from])
		} else if l.from.part == nil {
			w.low[t] = min(w.low[t], w.index[l.from])
		}
	}
	if w.low[t] == n {
		w.close(t)
	}
}

// close makes a part of what stands above a table.
func (w *walk) close(t *table) {
	at := slices.Index(w.stack, t)
	p := &part{tables: slices.Clone(w.stack[at:]), done: make(chan struct{})}
	slices.Reverse(p.tables)
	for _, each := range p.tables {
		each.part = p
	}
	w.stack = w.stack[:at]
	w.out = append(w.out, p)
}
