package datamap

import (
	"fmt"
	"slices"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// named is a name of a column with its place.
type named struct {
	policy.Pos
	name string
}

// columnNames are the columns the map names of a table, each once, as it names them first.
func (t *Table) columnNames() []named {
	var out []named
	seen := map[string]bool{}
	add := func(at policy.Pos, names ...string) {
		for _, name := range names {
			if name != "" && !seen[name] {
				seen[name] = true
				out = append(out, named{at, name})
			}
		}
	}
	for i := range t.Columns {
		add(t.Columns[i].Pos, t.Columns[i].Key)
	}
	for i := range t.Identities {
		add(t.Identities[i].Pos, t.Identities[i].Key)
	}
	for i := range t.References {
		r := &t.References[i].Is
		add(r.Pos, r.Here...)
		add(r.When.Pos, r.When.Columns()...)
	}
	for _, words := range [][]Word{t.Key, t.FreeText, {t.Restriction.Column}} {
		for _, w := range words {
			add(w.Pos, w.Text)
		}
	}
	for _, r := range t.Stops.all() {
		add(r.Column.Pos, r.Column.Text)
	}
	for _, e := range t.Retention {
		for _, w := range e.Is.words() {
			if t.Elsewhere(w.Text) == nil {
				add(w.Pos, w.Text)
			}
		}
	}
	add(t.When.Pos, t.When.Columns()...)
	return out
}

func (l *live) checkColumns(t *Table, db *connect.Table) {
	for _, n := range t.columnNames() {
		if l.system.columnOf(db, n.name) == nil {
			l.missingColumn(t, db, n)
		}
	}
	for i := range t.Columns {
		c := &t.Columns[i].Is
		if in := db.Column(c.Name); in != nil {
			l.checkType(t, c, in)
		}
	}
}

// missingColumn is an error where the database knows its columns, and a warning
// where a schema is only what a sample of documents or files had.
func (l *live) missingColumn(t *Table, db *connect.Table, n named) {
	var names []string
	for _, c := range db.Columns {
		names = append(names, c.Name)
	}
	report, what, do := l.add, "has no column ", "correct the name, "+l.grant(t.Name)+"or remove it from the map"
	switch {
	case !l.system.Relational():
		report, what = l.warn, "shows no field "
	case isPath(n.name) && db.Column(top(n.name)) != nil:
		l.add(l.system, n.Pos, "inside-column", intoColumn(n.name), n.name, insideAdvice(n.name))
		return
	}
	report(l.system, n.Pos, "missing-column", policy.Quote(t.Name)+" "+what+policy.Quote(n.name)+l.seen(), n.name, l.nearest(n.name, names, do))
}

func (l *live) checkType(t *Table, c *Column, in *connect.Column) {
	if c.Type != "" && in.Kind != "" && !l.sameType(connect.Kind(c.Type), in.Kind) {
		l.add(l.system, c.Pos, "wrong-type", policy.Quote(c.Name)+" of "+policy.Quote(t.Name)+" is "+in.Type+", not "+c.Type, c.Name, "write `type: "+string(in.Kind)+"`")
	}
	if c.MaxLength.Set && in.Length > 0 && c.MaxLength.N > in.Length {
		l.add(l.system, c.MaxLength.Pos, "wrong-length", fmt.Sprintf("%s of %s holds at most %d characters, not %d", policy.Quote(c.Name), policy.Quote(t.Name), in.Length, c.MaxLength.N), c.Name,
			fmt.Sprintf("write `max-length: %d`", in.Length))
	}
}

// sameType allows for SQLite, which keeps in text what has no type of its own there.
func (l *live) sameType(declared, is connect.Kind) bool {
	if declared == is {
		return true
	}
	loose := []connect.Kind{connect.TextKind, connect.DateKind, connect.TimeKind, connect.UUID, connect.JSON}
	if Kind(l.system.Kind) == SQLite {
		return slices.Contains(loose, declared) && slices.Contains(loose, is) || bothNumbers(declared, is) || declared == connect.Boolean && is == connect.Integer
	}
	return !l.system.Relational() && is == connect.TextKind // a file has only text
}

func bothNumbers(a, b connect.Kind) bool {
	numbers := []connect.Kind{connect.Integer, connect.DecimalKind}
	return slices.Contains(numbers, a) && slices.Contains(numbers, b)
}

func (l *live) checkReferences(t *Table, db *connect.Table) {
	for i := range t.References {
		r := &t.References[i].Is
		if r.FromDatabase || r.Target == nil {
			continue
		}
		schema := l.schemas[r.Target.System.Name.Text]
		if schema == nil {
			continue
		}
		target := findTable(schema, r.Target)
		if target == nil {
			continue
		}
		for k := range min(len(r.Here), len(r.There)) {
			l.checkPair(t, r, db, target, k)
		}
	}
}

func (l *live) checkPair(t *Table, r *Reference, db, target *connect.Table, k int) {
	here, there := db.Column(r.Here[k]), r.Target.System.columnOf(target, r.There[k])
	switch {
	case here == nil:
	case there == nil && r.Target.System.Relational() && target.Column(top(r.There[k])) != nil:
		l.add(l.system, r.Pos, "inside-column", intoColumn(r.There[k]), r.There[k], insideAdvice(r.There[k]))
	case there == nil && r.Target.System.Relational():
		l.add(l.system, r.Pos, "missing-column", policy.Quote(r.Target.Name)+" has no column "+policy.Quote(r.There[k]), r.There[k], "correct what the reference points at")
	case there != nil && !comparable(here.Kind, there.Kind):
		l.add(l.system, r.Pos, "types-differ", policy.Quote(t.Name+"."+here.Name)+" is "+here.Type+" and "+policy.Quote(r.Target.Name+"."+there.Name)+" is "+there.Type+": no value of one is a value of the other", r.Name,
			"point the reference at the column that holds the same values")
	}
}

// comparable reports whether values of two kinds can have the same text.
func comparable(a, b connect.Kind) bool {
	if a == b || a == "" || b == "" {
		return a != connect.JSON
	}
	if a == connect.JSON || b == connect.JSON || a == connect.Binary || b == connect.Binary {
		return false
	}
	return a == connect.TextKind || b == connect.TextKind || bothNumbers(a, b)
}

// checkUnique checks that the key names one row at most.
func (l *live) checkUnique(t *Table, db *connect.Table) {
	key := t.KeyColumns()
	if Kind(l.system.Kind) == Files && len(key) == 0 && len(db.Key) == 0 && t.personal() && t.changes() {
		l.noKey(t)
		return
	}
	if len(key) == 0 || !l.system.Relational() {
		return
	}
	if db.View {
		if t.changes() && t.personal() {
			l.warn(l.system, t.Pos, "view", policy.Quote(t.Name)+" is a view: what is erased stands in the tables it shows", t.Name, "map those tables instead")
		}
		return
	}
	unique := append([][]string{db.Key}, db.Unique...)
	switch {
	case slices.ContainsFunc(unique, func(u []string) bool { return len(u) > 0 && within(u, key) }):
	case len(db.Key)+len(db.Unique) == 0:
		l.warn(l.system, l.keyPos(t), "key-not-unique", "nothing in the database keeps two rows of "+policy.Quote(t.Name)+" from having the same "+list(key)+": those that have are changed only where all of them are the person's",
			t.Name, "give the table a primary key or a unique index")
	default:
		l.add(l.system, l.keyPos(t), "key-not-unique", "two rows of "+policy.Quote(t.Name)+" may have the same "+list(key), t.Name, keyAdvice(db))
	}
}

func (l *live) keyPos(t *Table) policy.Pos {
	if t.Key[0].Line > 0 {
		return t.Key[0].Pos
	}
	return t.Pos
}

func keyAdvice(db *connect.Table) string {
	if len(db.Key) > 0 {
		return "write the primary key, " + list(db.Key)
	}
	return "write what is unique, " + list(db.Unique[0])
}

// within reports whether all of some names are among others.
func within(some, among []string) bool {
	for _, s := range some {
		if !slices.Contains(among, s) {
			return false
		}
	}
	return true
}
