package datamap

import "slices"

// Graph is what a map means for a person: which rows their identities lead to, and
// in which order they are erased. It is pure: it knows tables, not rows.
type Graph struct {
	Map   *Map
	Reach // from every kind of identity

	leaving map[*Table][]*Link // the links that start at rows of a table
}

// Graph makes the graph of a map.
func (m *Map) Graph() *Graph {
	g := &Graph{Map: m, leaving: map[*Table][]*Link{}}
	for _, t := range m.Tables() {
		for _, l := range t.Links {
			if l.From != nil {
				g.leaving[l.From] = append(g.leaving[l.From], l)
			}
		}
	}
	g.Reach = g.from(func(*Identity) bool { return true })
	return g
}

// From is the reach of somebody of whom identities of these kinds are known.
func (g *Graph) From(kinds ...string) Reach {
	return g.from(func(id *Identity) bool { return slices.Contains(kinds, id.Kind.Text) })
}

// Reach is where some identities lead.
type Reach struct {
	// Steps are all steps that can find rows, each after a step that leads to where
	// it starts. With cycles and self-references a step may find rows again and
	// again: whoever takes them stops when no step finds a row that is new.
	Steps []Step
	found map[state]hop
}

// Step is one link taken from rows that were found as the person's own or shared.
type Step struct {
	Link *Link
	From Relation    // of the rows it starts at; Unrelated when it starts at identities
	To   Relation    // of the rows it finds
	By   []*Identity // when it starts at identities: those that count
}

// Way is the shortest way to the rows of a table in one relation.
type Way struct {
	Table    *Table
	Relation Relation // the most distant of its links
	Links    []*Link  // the first starts at identities
}

// Ways are the ways to a table, one for each relation its rows can have to the
// person, the closest first; none when it cannot be reached.
func (r Reach) Ways(t *Table) []Way {
	var out []Way
	for relation := Owns; relation <= Mentions; relation++ {
		if links := r.links(state{t, relation}); links != nil {
			out = append(out, Way{t, relation, links})
		}
	}
	return out
}

// Reaches reports whether the rows of a table can be found at all.
func (r Reach) Reaches(t *Table) bool {
	for relation := Owns; relation <= Mentions; relation++ {
		if _, ok := r.found[state{t, relation}]; ok {
			return true
		}
	}
	return false
}

// links is the shortest way to rows, nil when there is none.
func (r Reach) links(s state) []*Link {
	var out []*Link
	for {
		h, ok := r.found[s]
		if !ok {
			return out
		}
		out = append(out, h.link)
		if h.link.From == nil {
			slices.Reverse(out)
			return out
		}
		s = state{h.link.From, h.before}
	}
}

// state is rows of one table in one relation to the person.
type state struct {
	table    *Table
	relation Relation
}

// hop is the link by which rows were found first, and the relation of those it starts at.
type hop struct {
	link   *Link
	before Relation
}

// from goes breadth first from identities. A row that only mentions the person
// leads no further: what hangs on it is about somebody else.
func (g *Graph) from(counts func(*Identity) bool) Reach {
	r := Reach{found: map[state]hop{}}
	var queue []state
	visit := func(step Step) {
		r.Steps = append(r.Steps, step)
		s := state{step.Link.Table, step.To}
		if _, known := r.found[s]; known {
			return
		}
		r.found[s] = hop{step.Link, step.From}
		queue = append(queue, s)
	}
	for _, t := range g.Map.Tables() {
		for _, l := range t.Links {
			if by := counting(l.Identities, counts); len(by) > 0 {
				visit(Step{Link: l, To: l.Relation, By: by})
			}
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		if s.relation == Mentions {
			continue
		}
		for _, l := range g.leaving[s.table] {
			visit(Step{Link: l, From: s.relation, To: max(s.relation, l.Relation)})
		}
	}
	return r
}

func counting(ids []*Identity, counts func(*Identity) bool) []*Identity {
	var out []*Identity
	for _, id := range ids {
		if counts(id) {
			out = append(out, id)
		}
	}
	return out
}

// Systems lists the systems in the order in which they are erased: each after those
// it is to be erased after, else in the order of the files.
func (g *Graph) Systems() []*System {
	var out []*System
	done := map[*System]bool{}
	var visit func(s *System)
	visit = func(s *System) {
		if s == nil || done[s] {
			return
		}
		done[s] = true
		for _, w := range s.EraseAfter {
			visit(g.Map.System(w.Text))
		}
		out = append(out, s)
	}
	for _, s := range g.Map.Systems {
		visit(s)
	}
	return out
}
