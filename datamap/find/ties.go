package find

import "github.com/avowhq/avow/datamap"

// tie is one way in which a row concerns one person.
type tie struct {
	person int32
	link   int16 // of the table's
	way    datamap.Relation
}

// tied is who the rows of one table concern. Nearly every row has one tie, and few ties
// differ: a row has the number of its tie, or that of its own list of them.
type tied struct {
	rows    *rowSet
	numbers map[tie]uint32
	all     []tie
	of      list[uint32] // row → 0, a number of all + 1, or several + a number of lists
	lists   [][]tie
}

const several = 1 << 31

func newTied(rows *rowSet) *tied { return &tied{rows: rows, numbers: map[tie]uint32{}} }

// ties are those of a row. What is given back is not to be kept or changed.
func (s *tied) ties(row uint32) []tie {
	if int(row) >= s.of.n {
		return nil
	}
	switch n := *s.of.at(row); {
	case n == 0:
		return nil
	case n >= several:
		return s.lists[n-several]
	default:
		return s.all[n-1 : n : n]
	}
}

// live reports that a row concerns somebody.
func (s *tied) live(row uint32) bool { return len(s.ties(row)) > 0 }

// relation is the closest one of a row to a person.
func (s *tied) relation(row uint32, person int32) datamap.Relation {
	out := datamap.Unrelated
	for _, t := range s.ties(row) {
		if t.person == person && (out == datamap.Unrelated || t.way < out) {
			out = t.way
		}
	}
	return out
}

// leads reports that other rows may hang on this one: it is more than a mention.
func leads(way datamap.Relation) bool { return way == datamap.Owns || way == datamap.Shares }

// leadsFor reports it of a row and a person.
func (s *tied) leadsFor(row uint32, person int32) bool { return leads(s.relation(row, person)) }

// leadsAny reports it of a row and anybody.
func (s *tied) leadsAny(row uint32) bool {
	for _, t := range s.ties(row) {
		if leads(t.way) {
			return true
		}
	}
	return false
}

// add ties a row, and reports whether that makes it closer to the person than it was.
func (s *tied) add(row uint32, t tie) (closer bool) {
	for s.of.n <= int(row) {
		s.of.push(0)
	}
	at := s.of.at(row)
	if *at == 0 {
		*at = s.number(t) + 1
		return true
	}
	before := s.relation(row, t.person)
	if *at < several {
		s.lists = append(s.lists, append(make([]tie, 0, 2), s.all[*at-1]))
		*at = several + uint32(len(s.lists)-1)
	}
	own := &s.lists[*at-several]
	for i := range *own {
		if same := &(*own)[i]; same.person == t.person && same.link == t.link {
			same.way = min(same.way, t.way)
			return t.way < before
		}
	}
	*own = append(*own, t)
	return before == datamap.Unrelated || t.way < before
}

func (s *tied) number(t tie) uint32 {
	n, ok := s.numbers[t]
	if !ok {
		n = uint32(len(s.all))
		s.all = append(s.all, t)
		s.numbers[t] = n
	}
	return n
}

// release lets go of a row for one person.
func (s *tied) release(row uint32, person int32) {
	var rest []tie
	for _, t := range s.ties(row) {
		if t.person != person {
			rest = append(rest, t)
		}
	}
	*s.of.at(row) = 0
	for _, t := range rest {
		s.add(row, t)
	}
}

// clear lets go of all rows.
func (s *tied) clear() {
	for row := range uint32(s.of.n) {
		*s.of.at(row) = 0
	}
	s.lists = nil
}
