package policy

import "maps"

// names is the name → index tables of a policy. Those of the first group are
// shared by the series and only grow; an old name of something renamed stays in
// them. The others are of this version.
type names struct {
	fields, purposes, recipients, roles, facts map[string]int

	categories, own map[string]FieldSet // with parts, and without
	sources, points map[string]int
	clauses         map[string]int
	agreements      map[string]int
	topics          map[string]int
}

// extend starts the tables of a version from those of the one before it.
func (n *names) extend() *names {
	if n == nil {
		n = &names{}
	}
	return &names{
		fields: grow(n.fields), purposes: grow(n.purposes), recipients: grow(n.recipients),
		roles: grow(n.roles), facts: grow(n.facts),
		categories: map[string]FieldSet{}, own: map[string]FieldSet{}, sources: map[string]int{}, points: map[string]int{},
		clauses: map[string]int{}, agreements: map[string]int{}, topics: map[string]int{},
	}
}

func grow(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return maps.Clone(m)
}

// Field finds a field by `category.field`.
func (p *Policy) Field(path string) (int, bool) { return find(p.names.fields, path) }

// Data finds the fields of a category with everything that is part of it, or the
// one field of `category.field`. Whole says that a category was named.
func (p *Policy) Data(name string) (fields FieldSet, whole, ok bool) {
	if set, found := p.names.categories[name]; found {
		return set, true, true
	}
	i, found := find(p.names.fields, name)
	if !found {
		return FieldSet{}, false, false
	}
	fields.Add(i)
	return fields, false, true
}

// Purpose finds a purpose, duty or disclosure by its name or a name it had in an
// earlier version. What this version does not declare is found too: its entry says so.
func (p *Policy) Purpose(name string) (int, bool) { return find(p.names.purposes, name) }

// Recipient finds a recipient of any version.
func (p *Policy) Recipient(name string) (int, bool) { return find(p.names.recipients, name) }

// Role finds a staff role of any version.
func (p *Policy) Role(name string) (int, bool) { return find(p.names.roles, name) }

// Fact finds a word under `people` of any version.
func (p *Policy) Fact(name string) (int, bool) { return find(p.names.facts, name) }

// Point finds a collection point of this version.
func (p *Policy) Point(name string) (int, bool) { return find(p.names.points, name) }

// FindSource finds a source of this version. (Source is the text of the file.)
func (p *Policy) FindSource(name string) (int, bool) { return find(p.names.sources, name) }

// Topic finds a topic of this version.
func (p *Policy) Topic(name string) (int, bool) { return find(p.names.topics, name) }

// Agreement finds an agreement of this version.
func (p *Policy) Agreement(name string) (int, bool) { return find(p.names.agreements, name) }

// Clause finds a sentence by its key, `signals.dnt`; 0, the default no, when there is none.
func (p *Policy) Clause(key string) int { return p.names.clauses[key] }

// find gives -1 for what is not there, so that a forgotten check cannot mean the first entry.
func find(m map[string]int, name string) (int, bool) {
	if i, ok := m[name]; ok {
		return i, true
	}
	return -1, false
}
