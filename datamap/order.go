package datamap

// Order is how the rows of one system can be deleted without breaking a reference.
type Order struct {
	// Clear are references to empty first: they close a cycle, and may be empty.
	Clear []*Reference
	// Tables, those whose rows point at others before those.
	Tables []*Table
	// Self are the references of tables to themselves: rows that point at others of
	// the table go first, or all of them in one statement.
	Self []*Reference
	// Cycles are tables that point at each other in a circle.
	Cycles [][]*Table
	// Stuck are the circles that no reference which may be empty opens: they need
	// constraints that are deferred, rows that are masked instead, or one statement.
	Stuck [][]*Table
}

// Order is the order for the tables of a system.
func (g *Graph) Order(s *System) Order {
	o := orderer{tables: s.All(), points: map[*Table][]*Table{}}
	var out Order
	var optional []*Reference
	for _, t := range o.tables {
		for i := range t.References {
			r := &t.References[i].Is
			switch {
			case r.Target == nil || r.Target.System != s:
			case r.Target == t:
				out.Self = append(out.Self, r)
			case r.Optional.Yes:
				optional = append(optional, r)
			default:
				o.points[t] = append(o.points[t], r.Target)
			}
		}
	}
	out.Stuck, _ = o.circles()
	out.Cycles = o.with(optional).circlesOnly()
	out.Clear = o.open(optional, circleOf(out.Cycles))
	_, out.Tables = o.circles()
	return out
}

// orderer is a graph of tables that point at others.
type orderer struct {
	tables []*Table
	points map[*Table][]*Table
}

// with is the graph with more references.
func (o orderer) with(more []*Reference) orderer {
	points := map[*Table][]*Table{}
	for t, to := range o.points {
		points[t] = append(points[t], to...)
	}
	for _, r := range more {
		points[r.Table] = append(points[r.Table], r.Target)
	}
	return orderer{o.tables, points}
}

// circleOf numbers the tables that stand in circles, from 1.
func circleOf(circles [][]*Table) map[*Table]int {
	out := map[*Table]int{}
	for i, circle := range circles {
		for _, t := range circle {
			out[t] = i + 1
		}
	}
	return out
}

// open adds references one by one and gives back those that would close a circle.
func (o orderer) open(optional []*Reference, circle map[*Table]int) []*Reference {
	var clear []*Reference
	for _, r := range optional {
		if n := circle[r.Table]; n > 0 && n == circle[r.Target] && o.leads(r.Target, r.Table) {
			clear = append(clear, r)
			continue
		}
		o.points[r.Table] = append(o.points[r.Table], r.Target)
	}
	return clear
}

// leads reports whether one table points at another, directly or through others.
func (o orderer) leads(from, to *Table) bool {
	seen := map[*Table]bool{from: true}
	for stack := []*Table{from}; len(stack) > 0; {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if t == to {
			return true
		}
		for _, next := range o.points[t] {
			if !seen[next] {
				seen[next] = true
				stack = append(stack, next)
			}
		}
	}
	return false
}

func (o orderer) circlesOnly() [][]*Table {
	circles, _ := o.circles()
	return circles
}

// circles finds the tables that point at each other in circles, and an order in
// which every table stands before those it points at, circles apart (Tarjan's
// strongly connected components, which come out the other way round).
func (o orderer) circles() (circles [][]*Table, order []*Table) {
	w := &walk{orderer: o, index: map[*Table]int{}, low: map[*Table]int{}, on: map[*Table]bool{}}
	for i := len(o.tables) - 1; i >= 0; i-- {
		if w.index[o.tables[i]] == 0 {
			w.visit(o.tables[i])
		}
	}
	for i := len(w.out) - 1; i >= 0; i-- {
		order = append(order, w.out[i]...)
		if len(w.out[i]) > 1 {
			circles = append(circles, w.out[i])
		}
	}
	return circles, order
}

type walk struct {
	orderer
	index, low map[*Table]int
	on         map[*Table]bool
	stack      []*Table
	out        [][]*Table
}

func (w *walk) visit(t *Table) {
	n := len(w.index) + 1
	w.index[t], w.low[t], w.on[t] = n, n, true
	w.stack = append(w.stack, t)
	for _, next := range w.points[t] {
		if w.index[next] == 0 {
			w.visit(next)
			w.low[t] = min(w.low[t], w.low[next])
		} else if w.on[next] {
			w.low[t] = min(w.low[t], w.index[next])
		}
	}
	if w.low[t] != w.index[t] {
		return
	}
	for i := len(w.stack) - 1; ; i-- {
		w.on[w.stack[i]] = false
		if w.stack[i] == t {
			w.out = append(w.out, append([]*Table(nil), w.stack[i:]...))
			w.stack = w.stack[:i]
			return
		}
	}
}
