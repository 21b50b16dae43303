package consent

import (
	"slices"

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

// saving is what the table is still to be told of one person.
type saving struct {
	subject avow.ID
	unknown bool     // the table of those this room has heard of may not have them
	list    []choice // all they have said, which nobody changes any more
	changed []choice // the things that differ from the table
}

// savedThing is what a row of consent_choices is about, and whose it is.
type savedThing struct {
	subject            avow.ID
	policy, kind, name string
	generation         int
}

// save brings the tables to what was said: in a statement or few what holds, and in
// one each what is gone. Of a thing that several hands changed, the last word counts.
func save(tx *store.Tx, list []saving) error {
	var people []any
	for _, s := range list {
		if s.unknown {
			people = append(people, s.subject)
		}
	}
	things, last := lastWords(list)
	const columns = 11
	rows := make([]any, 0, columns*len(things))
	for _, t := range things {
		c := last[t]
		if c == nil {
			if _, err := tx.Exec(`DELETE FROM consent_choices WHERE subject = ? AND policy = ? AND kind = ? AND name = ? AND generation = ?`,
				t.subject, t.policy, t.kind, t.name, t.generation); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, t.subject, c.policy, c.kind, c.name, c.generation, c.state, c.seq, c.at, c.ends, c.version, c.event)
	}
	if err := tx.Upsert("consent_subjects", "subject", "ON CONFLICT DO NOTHING", people); err != nil {
		return err
	}
	return tx.Upsert("consent_choices", "subject, "+choiceColumns, `ON CONFLICT (subject, policy, kind, name, generation) DO UPDATE SET
		state = excluded.state, seq = excluded.seq, at = excluded.at, ends = excluded.ends, version = excluded.version, event = excluded.event`, rows)
}

// lastWords are the things that were changed, each once, and what holds of them now; nil: nothing does.
func lastWords(list []saving) (things []savedThing, last map[savedThing]*choice) {
	things, last = make([]savedThing, 0, len(list)), make(map[savedThing]*choice, len(list))
	for i := range list {
		for _, what := range list[i].changed {
			t := savedThing{list[i].subject, what.policy, what.kind, what.name, what.generation}
			if _, again := last[t]; !again {
				things = append(things, t)
			}
			last[t] = nil
			if at := slices.IndexFunc(list[i].list, what.sameThing); at >= 0 {
				last[t] = &list[i].list[at]
			}
		}
	}
	return things, last
}
