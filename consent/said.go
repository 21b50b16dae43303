package consent

import (
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// said is all that one person has said, as it stands: events are heard into it (see
// hear), and the table keeps it.
type said struct {
	list    []choice // in the order they were said
	changed []choice // the things that differ from the table
}

// find gives what was said about one thing; the zero choice when nothing was.
func (s *said) find(policy, kind, name string, generation int) choice {
	want := choice{policy: policy, kind: kind, name: name, generation: generation}
	if i := slices.IndexFunc(s.list, want.sameThing); i >= 0 {
		return s.list[i]
	}
	return choice{}
}

// put puts a choice after all that was said before.
func (s *said) put(c choice) {
	c.seq = s.last() + 1
	s.list = append(slices.DeleteFunc(s.list, c.sameThing), c)
	s.change(c)
}

// last is the count of what was said.
func (s *said) last() (seq int64) {
	for _, c := range s.list {
		seq = max(seq, c.seq)
	}
	return seq
}

func (s *said) remove(which func(choice) bool) {
	s.list = slices.DeleteFunc(s.list, func(c choice) bool {
		if which(c) {
			s.change(c)
			return true
		}
		return false
	})
}

// become puts other choices in the place of all, with the counts they have.
func (s *said) become(list []choice) {
	s.remove(func(c choice) bool { return true })
	s.list = list
	for _, c := range list {
		s.change(c)
	}
}

func (s *said) change(c choice) {
	if !slices.ContainsFunc(s.changed, c.sameThing) {
		s.changed = append(s.changed, c)
	}
}

// region is where the person lives, as a code.
func (s *said) region() avow.Region {
	for _, c := range s.list {
		if c.kind == kindRegion {
			return avow.Region(c.name)
		}
	}
	return ""
}

func (c choice) sameThing(o choice) bool {
	return c.policy == o.policy && c.kind == o.kind && c.name == o.name && c.generation == o.generation
}

// save brings the table to what was said: at most one statement for what holds, and
// one for each thing that is gone.
func (s *said) save(tx *store.Tx, subject avow.ID) error {
	var rows []any
	for _, what := range s.changed {
		i := slices.IndexFunc(s.list, what.sameThing)
		if i < 0 {
			if _, err := tx.Exec(`DELETE FROM consent_choices WHERE subject = ? AND policy = ? AND kind = ? AND name = ? AND generation = ?`,
				subject, what.policy, what.kind, what.name, what.generation); err != nil {
				return err
			}
			continue
		}
		c := s.list[i]
		rows = append(rows, subject, c.policy, c.kind, c.name, c.generation, c.state, c.seq, c.at, c.ends, c.version, c.event)
	}
	s.changed = nil
	return saveRows(tx, rows)
}

const choiceWidth = 11 // columns of consent_choices

func saveRows(tx *store.Tx, rows []any) error {
	if len(rows) == 0 {
		return nil
	}
	one := ", (" + store.Marks(choiceWidth) + ")"
	_, err := tx.Exec(`INSERT INTO consent_choices (subject, `+choiceColumns+`) VALUES `+strings.Repeat(one, len(rows)/choiceWidth)[2:]+`
		ON CONFLICT (subject, policy, kind, name, generation) DO UPDATE SET
		state = excluded.state, seq = excluded.seq, at = excluded.at, ends = excluded.ends, version = excluded.version, event = excluded.event`, rows...)
	return err
}
