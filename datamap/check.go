package datamap

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/policy"
)

// check judges a map whose names are resolved. Unread says that parts of it could
// not be read, so that what is missing may stand there.
func (b *builder) check(unread bool) {
	for _, s := range b.m.Systems {
		b.checkSystem(s)
		for _, t := range s.all {
			b.checkTable(t)
		}
	}
	if !unread && !b.problems.Errors() {
		b.checkReach()
	}
}

func (b *builder) checkSystem(s *System) {
	if s.Kind == "" {
		return
	}
	b.checkAccess(s)
	for _, w := range s.EraseAfter {
		if other := b.m.System(w.Text); other == nil || other == s {
			b.add(s, w.Pos, "unknown-system", "there is no other system "+policy.Quote(w.Text), w.Text, policy.DidYouMean(w.Text, b.systemNames(s)))
		}
	}
	for _, w := range s.NotPersonal {
		if s.Table(w.Text) != nil {
			b.add(s, w.Pos, "contradiction", policy.Quote(w.Text)+" stands under `not-personal` and among the tables", w.Text, "remove one of the two")
		}
	}
	if s.TakeFromDatabase.Line > 0 && !s.Relational() {
		b.add(s, s.TakeFromDatabase.Pos, "no-schema", "a system of kind "+policy.Quote(s.Kind)+" says nothing of keys and references itself", s.Kind, "declare them with each table")
	}
	b.eraseCycle(s)
}

func (b *builder) systemNames(but *System) []string {
	var out []string
	for _, s := range b.m.Systems {
		if s != but {
			out = append(out, s.Name.Text)
		}
	}
	return out
}

// checkAccess checks what a system of its kind needs to be reached.
func (b *builder) checkAccess(s *System) {
	kind := Kind(s.Kind)
	switch {
	case kind == Manual && s.Task.Line == 0:
		b.add(s, s.Pos, "missing-key", "`task` is missing: what no program reaches, somebody does", "task", "write `task: {who: …, do: …}`")
	case kind == Manual && s.Credentials.Line > 0:
		b.add(s, s.Credentials.Pos, "idle-credentials", "nothing opens a manual system with credentials", "", "remove them")
	case kind != Manual && s.Task.Line > 0:
		b.add(s, s.Task.Pos, "idle-task", "a task is for systems of kind `manual`", "task", "remove it, or change `kind`")
	case kind != Manual && kind != Files && s.Credentials.Line == 0:
		b.add(s, s.Pos, "missing-key", "`credentials` is missing: where what opens the system is found", "credentials", "write for instance `credentials: env:"+variable(s.Name.Text)+"`")
	case (kind == Files || kind == HTTP) && s.At.Text == "":
		b.add(s, s.Pos, "missing-key", "`at` is missing: the folder or bucket, or the description of the service", "at", "write `at: …`")
	}
	if at := s.At.Text; strings.Contains(at, "@") && strings.Contains(at, "://") {
		b.add(s, s.At.Pos, "bad-credentials", "credentials never stand in this file, only where they are found", "", "take them out of the address and write `credentials: env:NAME`")
	}
}

func variable(name string) string {
	if name == "" {
		return "SYSTEM"
	}
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_DSN"
}

// eraseCycle reports a system that is to be erased after itself.
func (b *builder) eraseCycle(s *System) {
	seen := map[*System]bool{}
	var reaches func(from *System) bool
	reaches = func(from *System) bool {
		for _, w := range from.EraseAfter {
			next := b.m.System(w.Text)
			if next == nil || next == from || seen[next] {
				continue
			}
			if next == s {
				return true
			}
			seen[next] = true
			if reaches(next) {
				return true
			}
		}
		return false
	}
	if reaches(s) {
		b.add(s, s.EraseAfter[0].Pos, "erase-after-itself", policy.Quote(s.Name.Text)+" is to be erased after systems that are erased after it", s.Name.Text, "leave out one of the orders")
	}
}

func (b *builder) checkTable(t *Table) {
	b.checkPaths(t)
	b.checkKey(t)
	b.checkIdentities(t)
	b.checkRelation(t)
	b.checkOwners(t)
	b.checkMarks(t)
	b.checkErase(t)
	b.checkRetention(t)
}

// checkPaths checks the names of columns.
func (b *builder) checkPaths(t *Table) {
	seen := map[string]bool{}
	for _, w := range t.FreeText {
		b.column(t, w.Pos, w.Text)
	}
	for _, c := range t.Columns {
		b.column(t, c.Pos, c.Key)
	}
	for _, w := range t.Key {
		b.column(t, w.Pos, w.Text)
		if seen[w.Text] {
			b.add(t.System, w.Pos, "twice", policy.Quote(w.Text)+" stands twice in the key", w.Text, "remove one")
		}
		seen[w.Text] = true
	}
	if t.Restriction.Line > 0 {
		b.column(t, t.Restriction.Column.Pos, t.Restriction.Column.Text)
	}
	for _, r := range t.Stops.all() {
		b.column(t, r.Column.Pos, r.Column.Text)
	}
}

// column checks the name of a column.
func (b *builder) column(t *Table, at policy.Pos, name string) {
	if b.path(t, at, name) {
		b.inside(t, at, name)
	}
}

// path checks the path of a field of a document: parts with dots between them, `[]` behind a list.
func (b *builder) path(t *Table, at policy.Pos, name string) bool {
	if name == "" {
		return false
	}
	bad := len(name) > maxWord
	for part := range strings.SplitSeq(name, ".") {
		part = strings.TrimSuffix(part, "[]")
		bad = bad || part == "" || strings.ContainsAny(part, "[]\x00")
	}
	if bad {
		b.add(t.System, at, "bad-path", policy.Quote(name)+" cannot be a column or a field of a document", name, "write parts with dots between them, and `[]` behind a list: `profile.phones[]`")
	}
	return !bad
}

func (b *builder) checkKey(t *Table) {
	s := t.System
	if len(t.Key) > 0 || s.TakeFromDatabase.Keys && b.m.facts[s.Name.Text] == nil || t.gone || !t.personal() || !t.changes() {
		return
	}
	if k := Kind(s.Kind); k == Manual || k == Files {
		return
	}
	b.noKey(t)
}

// noKey: messages of a mailbox have keys of their own, lines of a file have not, which shows
// only when the file is looked at.
func (b *builder) noKey(t *Table) {
	b.add(t.System, t.Pos, "no-key", "nothing names one row of "+policy.Quote(t.Name)+", so that no row can be changed alone", t.Name,
		"write the columns of its key: `key: id`, `key: [order_id, line]`")
}

// personal reports whether rows of the table hold personal data or say who somebody is.
func (t *Table) personal() bool {
	return len(t.Columns)+len(t.Identities)+len(t.FreeText) > 0
}

// changes reports whether a person's erasure may touch rows of the table.
func (t *Table) changes() bool {
	if t.Relation.Word == Owns || t.Relation.Word == Shares {
		return true
	}
	for _, e := range t.Relation.Each {
		if e.Is.Relation == Owns || e.Is.Relation == Shares {
			return true
		}
	}
	return false
}

func (b *builder) checkIdentities(t *Table) {
	for i := range t.Identities {
		id := &t.Identities[i].Is
		b.column(t, id.Pos, id.Column)
		if id.Kind.Text != "email" && id.Kind.Text != "phone" {
			continue
		}
		c := t.Column(id.Column)
		if c == nil {
			b.add(t.System, id.Pos, "no-category", policy.Quote(id.Column)+" says who somebody is, and nothing says what data it is", id.Column,
				"write it under `columns` too: `"+id.Column+": contact."+id.Kind.Text+"`")
			continue
		}
		if !c.Fields.Empty() && !b.identifies(c.Fields) {
			b.warn(t.System, id.Pos, "not-identifying", "the policy does not say that the data in "+policy.Quote(id.Column)+" identifies anybody", id.Column,
				"add the field under `identifies` of its category, or remove the identity")
		}
	}
}

// checkMarks reports marks that would be written over what names a row or ties it to somebody.
func (b *builder) checkMarks(t *Table) {
	taken := append(t.KeyColumns(), t.Identities.Keys()...)
	for i := range t.References {
		taken = append(taken, t.References[i].Is.Here...)
	}
	for _, r := range t.marks() {
		if name := r.Column.Text; slices.Contains(taken, name) {
			b.add(t.System, r.Column.Pos, "mark-over", policy.Quote(name)+" names a row of "+policy.Quote(t.Name)+" or somebody, and a mark would be written over it", name, "name a column of its own")
		}
	}
}

func (b *builder) identifies(fields policy.FieldSet) bool {
	found := false
	fields.Each(func(i int) { found = found || b.m.Policy.Fields[i].Identifies })
	return found
}

func (b *builder) checkRelation(t *Table) {
	if t.Relation.Line > 0 || !t.personal() {
		return
	}
	b.add(t.System, t.Pos, "no-relation", "it is not said how a row of "+policy.Quote(t.Name)+" relates to a person", t.Name,
		"write `relation: owns`, `shares` or `mentions`")
}

// checkOwners checks whose the columns of a row are.
func (b *builder) checkOwners(t *Table) {
	named := b.of(t, t.Of)
	for i := range t.Columns {
		if b.of(t, t.Columns[i].Is.Of) {
			named = true
		}
	}
	if t.by(Owns) == nil && len(t.Links) > 0 && len(t.Columns) > 0 && !named {
		b.add(t.System, t.Relation.Pos, "no-owner", "a row of "+policy.Quote(t.Name)+" concerns several people, and no column says whose it is", t.Name,
			"write `of: …` with each column that is one person's, or `of: everyone` with the table where they are common to all: the links are "+list(linkNames(t)))
	}
}

// of checks one `of`, and reports whether it is there.
func (b *builder) of(t *Table, w Word) bool {
	if w.Text == "" {
		return w.Line > 0
	}
	if w.Text == everyone || t.Link(w.Text) != nil || b.waits(t.System) || t.gone || len(t.Links) == 0 {
		return true
	}
	b.add(t.System, w.Pos, "unknown-link", "no way to a person is called "+policy.Quote(w.Text), w.Text, policy.DidYouMean(w.Text, append(linkNames(t), everyone)))
	return true
}

// everyone says that a column is common to all whom a row concerns.
const everyone = "everyone"

func linkNames(t *Table) []string {
	var out []string
	for _, l := range t.Links {
		out = append(out, l.Name)
	}
	return out
}

// by is the first link of a relation; nil when there is none.
func (t *Table) by(r Relation) *Link {
	for _, l := range t.Links {
		if l.Relation == r {
			return l
		}
	}
	return nil
}

// checkReach reports tables with personal columns that no identity leads to.
func (b *builder) checkReach() {
	for _, s := range b.m.Systems {
		if b.waits(s) {
			return // a way may lead through what the database has not said yet
		}
	}
	g := b.m.Graph()
	for _, t := range b.m.Tables() {
		if t.personal() && !t.gone && !g.Reaches(t) {
			b.add(t.System, t.Pos, "unreachable", "no identity of a person leads to "+policy.Quote(t.Name), t.Name, unreachableAdvice(t))
		}
	}
}

func unreachableAdvice(t *Table) string {
	for _, l := range t.Links {
		if l.From != nil && l.From != t {
			return "it hangs on " + l.From.Path() + ", which no identity leads to as the person's own; write how a row of that table belongs to a person"
		}
	}
	return "write the column that identifies somebody under `identities`, or a reference to a table that has one under `references`"
}
