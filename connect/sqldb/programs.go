package sqldb

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// programs are the triggers and routines of a database, and how far what they do can be
// taken back. They are known by the words of their texts: what a text speaks of, it may do.
type programs struct {
	catalog  *catalog
	triggers map[string][]program // of a table, by its name
	routines map[string][]program // by its name
	tables   map[string]string    // by its name: why what is done to it is not taken back
	actions  []string             // words that act outside of a transaction
}

// program is one of them.
type program struct {
	name    string
	on      []connect.Op // of a trigger; an INSERT is none of them
	text    string
	outside string // why what it does is not taken back
	late    bool   // it is judged at the end of the transaction
}

func newPrograms(actions ...string) *programs {
	return &programs{triggers: map[string][]program{}, routines: map[string][]program{}, tables: map[string]string{}, actions: actions}
}

func (p *programs) trigger(table string, t program) {
	table = strings.ToLower(table)
	p.triggers[table] = append(p.triggers[table], t)
}

func (p *programs) routine(r program) {
	name := strings.ToLower(r.name)
	p.routines[name] = append(p.routines[name], r)
}

// allPrograms are those of the catalog as it was read last.
func (s *source) allPrograms(ctx context.Context) (*programs, error) {
	c, _, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	p := c.programs
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	if p, err = s.dialect.(rehearser).programs(ctx, s.reads); err != nil {
		return nil, s.fault(ctx, "reading its triggers", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.catalog, c.programs = c, p
	return p, nil
}

// outside says why nobody could take back what some changes set off; empty when it can be.
func (p *programs) outside(works []*work) string {
	v := visit{programs: p, seen: map[string]bool{}}
	for _, w := range works {
		if why := v.changed(w.t, connect.Op(w.Kind)); why != "" {
			return why
		}
		for _, other := range p.catalog.tables {
			if !other.follows(w, p.catalog) {
				continue
			}
			if why := v.changed(other, connect.OpUpdate); why != "" {
				return why
			}
		}
	}
	return ""
}

// follows reports whether rows of a table change with the values they point at.
func (t *table) follows(w *work, c *catalog) bool {
	return slices.ContainsFunc(t.References, func(r connect.Reference) bool {
		to := c.find(r.Table)
		return r.OnUpdate != connect.NoAction && to != nil && to.schema == w.t.schema && to.name == w.t.name &&
			slices.ContainsFunc(w.sets, func(s set) bool { return slices.Contains(r.To, s.c.Name) })
	})
}

// visit follows what a change sets off, each thing once.
type visit struct {
	*programs
	seen map[string]bool
}

func (v *visit) first(what string) bool {
	seen := v.seen[what]
	v.seen[what] = true
	return !seen
}

// changed follows a change of rows: the triggers it fires, and the rows that go along.
func (v *visit) changed(t *table, op connect.Op) string {
	if !v.first(string(op) + " " + t.Name) {
		return ""
	}
	name := strings.ToLower(t.name)
	if why := v.tables[name]; why != "" {
		return why
	}
	for _, each := range v.triggers[name] {
		if slices.Contains(each.on, op) {
			if why := v.follow(each); why != "" {
				return why
			}
		}
	}
	if op != connect.OpDelete {
		return ""
	}
	for _, other := range v.catalog.tables {
		for _, r := range other.References {
			next, along := map[connect.OnDelete]connect.Op{connect.Cascade: connect.OpDelete, connect.SetNull: connect.OpUpdate, connect.SetDefault: connect.OpUpdate}[r.OnDelete]
			if to := v.catalog.find(r.Table); !along || to == nil || to.schema != t.schema || to.name != t.name {
				continue
			}
			if why := v.changed(other, next); why != "" {
				return why
			}
		}
	}
	return ""
}

var programWord = regexp.MustCompile(`[\pL_][\pL\pN_$]*`)

// follow follows what the text of a program speaks of.
func (v *visit) follow(p program) string {
	if p.outside != "" {
		return p.outside
	}
	for _, word := range programWord.FindAllString(p.text, -1) {
		word = strings.ToLower(word)
		if !v.first("word " + word) {
			continue
		}
		if slices.Contains(v.actions, word) {
			return "`" + p.name + "` may act outside of the database, by " + word
		}
		if why := v.tables[word]; why != "" {
			return why
		}
		for _, next := range slices.Concat(v.routines[word], v.triggers[word]) {
			if why := v.follow(next); why != "" {
				return why
			}
		}
	}
	return ""
}

// runs reports whether a trigger of a table runs a function.
func (p *programs) runs(t *table, trigger, function string) bool {
	return slices.ContainsFunc(p.triggers[strings.ToLower(t.name)], func(each program) bool {
		return each.name == trigger && slices.Contains(programWord.FindAllString(each.text, -1), function)
	})
}

// late reports whether a trigger of a table is judged at the end of the transaction.
func (p *programs) late(t *table, kind connect.ChangeKind) bool {
	return slices.ContainsFunc(p.triggers[strings.ToLower(t.name)], func(each program) bool {
		return each.late && slices.Contains(each.on, connect.Op(kind))
	})
}

// raises reports whether a trigger of a table may refuse something on purpose.
func (p *programs) raises(t *table, trigger string) bool {
	v := visit{programs: &programs{triggers: p.triggers, routines: p.routines, actions: []string{"raise", "signal", "resignal"}}, seen: map[string]bool{}}
	return slices.ContainsFunc(p.triggers[strings.ToLower(t.name)], func(each program) bool { return each.name == trigger && v.follow(each) != "" })
}
