package plan

import (
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
)

// unread says which tables could not be read, or not to their end.
func (s *system) unread() {
	for _, t := range s.tables {
		if why := t.found.Hidden; why != "" && t.found.Err == nil {
			s.left(t, nil, Line{Action: Read, Refused: "there may be more rows: " + why, Instead: "somebody has to look"})
		}
		switch {
		case slices.Contains(s.found.Unreached, t.of):
			s.left(t, nil, Line{Action: Read, Reason: "only identities of other kinds than those that are known lead to it"})
		case t.found.Err != nil:
			s.left(t, nil, Line{Action: Read, Refused: avow.MessageOf(t.found.Err), Instead: unreadTable(t.found.Err)})
		case len(t.found.Missed) > 0:
			var names []string
			for _, l := range t.found.Missed {
				names = append(names, "`"+l.Name+"`")
			}
			s.left(t, nil, Line{Action: Read, Refused: "there may be more rows by " + strings.Join(names, ", ") + ": what they hang on could not be read", Instead: byHand})
		}
		if what := t.found.Unshown(); what != "" && t.found.Err == nil {
			s.left(t, nil, Line{Action: Read, Columns: t.found.Absent, Refused: what, Instead: byHand})
		}
	}
}

// byHand is what is done where no program can.
const byHand = "somebody has to look"

// unreadTable is what happens to a table that cannot be read: a request waits for a system
// that is away; else nothing is done in the table, whatever becomes of it.
func unreadTable(err error) string {
	if avow.KindOf(err) == avow.Unavailable {
		return "it is tried again, and the request waits"
	}
	return "nothing is done in it, and somebody has to look"
}

// conflicts are rows of which it is not clear whose they are.
func (s *system) conflicts() {
	for _, t := range s.tables {
		rows := s.conflicting(t)
		if len(rows) == 0 {
			continue
		}
		g := s.left(t, nil, Line{Action: Keep, Refused: "what owns the row disagrees about whose it is", Instead: "somebody has to decide"})
		g.Rows = len(rows)
		if g.keys.width = len(t.key); len(t.key) > 0 {
			for _, c := range rows {
				g.keys.add(c.Key)
			}
		}
	}
}

func (s *system) conflicting(t *table) []find.Conflict {
	var out []find.Conflict
	for _, c := range s.found.Conflicts {
		if c.Table == t.of && !slices.ContainsFunc(out, func(o find.Conflict) bool { return join(o.Key) == join(c.Key) }) {
			out = append(out, c)
		}
	}
	return out
}

// left adds rows that nothing is done with.
func (s *system) left(t *table, rows []int, l Line) *Group {
	g := &Group{Table: t.of.Name, Key: t.key, Rows: len(rows), Lines: []Line{l}}
	if len(rows) > 0 && len(t.key) > 0 {
		g.keys.width = len(t.key)
		for _, i := range rows {
			g.keys.add(t.keyTuple(i))
		}
	}
	s.plan.Groups = append(s.plan.Groups, g)
	return g
}
