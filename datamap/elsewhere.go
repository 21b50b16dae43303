package datamap

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// Elsewhere is a moment that stands in the rows of another table of the system that refer to a row:
// the latest of them. It is unknown of a row that nothing refers to, and while it is empty in one that does.
type Elsewhere struct {
	Reference *Reference // of the other table
	Column    string     // of the other table
}

// Elsewhere is what the name of a moment means that is no column of the table: `orders.bought`, or
// with the reference `orders.buyer.bought`. Nil when it is a column of its own.
func (t *Table) Elsewhere(name string) *Elsewhere { return t.elsewhere[name] }

// ReadsElsewhere reports whether a moment can be read from the rows that refer to one: in databases,
// which can see to it that none came meanwhile when something ends.
func (s *System) ReadsElsewhere() bool { return s.Relational() }

// findElsewhere finds what the names of a table's moments mean that are none of its own columns.
func (b *builder) findElsewhere(x tableIndex, t *Table) {
	t.elsewhere = map[string]*Elsewhere{}
	for _, e := range t.Retention {
		for _, w := range e.Is.words() {
			if _, known := t.elsewhere[w.Text]; known || !strings.Contains(w.Text, ".") || t.Column(w.Text) != nil {
				continue
			}
			if found := b.momentElsewhere(x, t, w); found != nil {
				t.elsewhere[w.Text] = found
			}
		}
	}
}

// momentElsewhere finds `table.column` or `table.reference.column`; nil when it is a field of the
// table itself, when it is not known yet, and when it was reported.
func (b *builder) momentElsewhere(x tableIndex, t *Table, w Word) *Elsewhere {
	places := x.places(t.System, w.Text)
	for _, p := range places {
		for i, c := range p.rest {
			if r := p.table.Reference(p.rest[:i]); c == '.' && r != nil && i+1 < len(p.rest) {
				return b.byReference(t, w, r, p.rest[i+1:])
			}
		}
	}
	if len(places) > 0 {
		return b.byTable(t, w, places[0])
	}
	if table, column, _ := cutLast(w.Text); t.System.ReadsElsewhere() && !b.full() {
		if near := policy.Nearest(table, x.names(t.System)); near != "" {
			b.add(t.System, w.Pos, "unknown-table", "the map has no table for "+policy.Quote(w.Text), w.Text, "did you mean "+policy.Quote(near+"."+column)+"?")
		}
	}
	return nil
}

// byReference is a moment whose reference is named.
func (b *builder) byReference(t *Table, w Word, r *Reference, column string) *Elsewhere {
	switch {
	case r.Target == nil:
		return nil // reported where it stands
	case r.Target != t:
		b.add(t.System, w.Pos, "other-target", policy.Quote(r.Table.Name+"."+r.Name)+" points at "+r.Target.Path()+", not at "+policy.Quote(t.Name), w.Text, "name a reference that points here")
		return nil
	case !b.mayTell(t, w, r.Table):
		return nil
	}
	return &Elsewhere{r, column}
}

// mayTell reports whether rows of a table can tell when something happened to those of another.
func (b *builder) mayTell(t *Table, w Word, from *Table) bool {
	switch {
	case from == t:
		b.add(t.System, w.Pos, "own-moment", "a moment stands in the row itself, or in rows of another table that refer to it", w.Text, "write the column alone")
	case from.System != t.System:
		b.add(t.System, w.Pos, "other-system", "a moment stands in the same system as what ends, and "+policy.Quote(from.Path())+" is in another", w.Text, "name a table of "+policy.Quote(t.System.Name.Text))
	default:
		return true
	}
	return false
}

// byTable is a moment without the name of a reference: there must be one.
func (b *builder) byTable(t *Table, w Word, p place) *Elsewhere {
	if !b.mayTell(t, w, p.table) {
		return nil
	}
	var by []*Reference
	for i := range p.table.References {
		if r := &p.table.References[i].Is; r.Target == t {
			by = append(by, r)
		}
	}
	name, _, dotted := strings.Cut(p.rest, ".")
	switch {
	case b.waits(t.System) && (len(by) == 0 || dotted) || p.table.gone:
		return nil
	case len(by) == 0:
		b.add(t.System, w.Pos, "no-reference", "no row of "+policy.Quote(p.table.Name)+" refers to one of "+policy.Quote(t.Name), w.Text,
			"write the columns that do under `references` of "+policy.Quote(p.table.Name)+", or name another table")
		return nil
	case dotted && t.System.ReadsElsewhere():
		b.add(t.System, w.Pos, "unknown-reference", policy.Quote(p.table.Name)+" has no reference "+policy.Quote(name), w.Text, policy.DidYouMean(name, namesOf(by)))
		return nil
	case len(by) > 1:
		b.add(t.System, w.Pos, "ambiguous-reference", "several references lead from "+policy.Quote(p.table.Name)+" to "+policy.Quote(t.Name), w.Text,
			"name the one that counts: "+policy.Quote(p.table.Name+"."+by[0].Name+"."+p.rest)+"; there are "+list(namesOf(by)))
		return nil
	}
	return &Elsewhere{by[0], p.rest}
}

func namesOf(references []*Reference) (out []string) {
	for _, r := range references {
		out = append(out, r.Name)
	}
	return out
}

// checkElsewhere checks one moment that stands in another table.
func (b *builder) checkElsewhere(t *Table, rule *policy.CompiledRetention, w Word, e *Elsewhere) {
	from := e.Reference.Table
	if c := from.Column(e.Column); c != nil && c.Type != "" && !t.System.ReadsDates(connect.Kind(c.Type)) {
		b.noDate(from, Word{w.Pos, e.Column}, c.Type)
	}
	if !t.System.ReadsElsewhere() {
		b.warn(t.System, w.Pos, "moment-elsewhere", policy.Quote(w.Text)+" stands in another table, which is read in databases only: the rule "+policy.Quote(rule.Name)+" is not carried out here", w.Text,
			"keep the moment in "+policy.Quote(t.Name)+" too, and name that")
		return
	}
	if by := b.endsBefore(e, rule); by != "" {
		b.warn(t.System, w.Pos, "moment-ends", "rows of "+policy.Quote(from.Name)+" may be deleted by the rule "+policy.Quote(by)+" before "+policy.Quote(rule.Name)+" has ended, and then nobody knows any more when it does", w.Text,
			"keep the latest moment in "+policy.Quote(t.Name)+" too, and name that")
	}
}

// endsBefore is a rule by which rows may go before another rule has ended that counts from a
// moment in them; empty when there is none. Of two that take as long it must be the same moment.
func (b *builder) endsBefore(moment *Elsewhere, rule *policy.CompiledRetention) string {
	from := moment.Reference.Table
	if from.Erase.Kind != Delete {
		return ""
	}
	for _, e := range from.Retention {
		i := slices.IndexFunc(b.m.Policy.Retention, func(r policy.CompiledRetention) bool { return r.Name == e.Key })
		if i < 0 || b.m.Policy.Retention[i].Then != "erase" {
			continue
		}
		other := &b.m.Policy.Retention[i]
		if rule.Until.Form != policy.UntilPeriod || other.Until.Form != policy.UntilPeriod {
			return e.Key
		}
		longer := hours(other.Until.Period) - hours(rule.Until.Period)
		if longer < 0 || longer == 0 && e.Is.Of(other.Until, other.Until.Events()[0]) != moment.Column {
			return e.Key
		}
	}
	return ""
}

// checkElsewhere checks a moment against the table it stands in.
func (l *live) checkElsewhere(w Word, e *Elsewhere) {
	from := e.Reference.Table
	db := findTable(l.schema, from)
	if db == nil {
		return // said of the table itself
	}
	in := db.Column(e.Column)
	switch c := from.Column(e.Column); {
	case in == nil:
		l.missingColumn(from, db, named{w.Pos, e.Column})
	case in.Kind != "" && (c == nil || c.Type == "") && !l.system.ReadsDates(in.Kind):
		l.noDate(from, Word{w.Pos, e.Column}, in.Type)
	}
	linked := slices.ContainsFunc(from.Links, func(k *Link) bool { return k.Reference == e.Reference })
	if here := e.Reference.Here; l.system.ReadsElsewhere() && !db.View && !linked && db.Column(here[0]) != nil && !indexed(db, here[0]) {
		l.warn(l.system, w.Pos, "no-index", "there is no index on "+policy.Quote(here[0])+": every look for "+policy.Quote(w.Text)+" reads all of "+policy.Quote(from.Name), here[0], "create one on "+list(here))
	}
}
