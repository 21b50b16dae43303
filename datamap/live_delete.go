package datamap

import (
	"slices"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// referrer is a foreign key of one table at another.
type referrer struct {
	table *connect.Table
	ref   *connect.Reference
}

// referrers are the foreign keys that point at a table.
func (l *live) referrers(db *connect.Table) []referrer {
	var out []referrer
	for i := range l.schema.Tables {
		t := &l.schema.Tables[i]
		for k := range t.References {
			if l.schema.Table(t.References[k].Table) == db {
				out = append(out, referrer{t, &t.References[k]})
			}
		}
	}
	return out
}

// checkDelete finds foreign keys that refuse the deletion of a table's rows, or
// that take rows along which the map does not mean to go.
func (l *live) checkDelete(t *Table, db *connect.Table) {
	if t.Erase.Kind != Delete || !t.changes() {
		return
	}
	for _, r := range l.referrers(db) {
		other := l.mapped(r.table.Name)
		switch {
		case other == t:
			l.deleteSelf(t, r)
		case r.ref.OnDelete == connect.NoAction || r.ref.OnDelete == "":
			l.deleteRefused(t, r, other)
		case r.ref.OnDelete == connect.SetNull && !mayBeEmpty(r.table, r.ref.Columns):
			l.refuse(t, r, "which may not be empty", "let the column be empty, or delete those rows too")
		case r.ref.OnDelete == connect.Cascade:
			l.deleteCascades(t, r, other)
		}
	}
}

func (l *live) refuse(t *Table, r referrer, how, do string) {
	l.add(l.system, t.Erase.Pos, "delete-refused", "the database refuses to delete a row of "+policy.Quote(t.Name)+" while a row of "+policy.Quote(r.table.Name)+" points at it by "+list(r.ref.Columns)+", "+how, r.table.Name, do)
}

func (l *live) deleteRefused(t *Table, r referrer, other *Table) {
	switch {
	case other == nil && l.dismissed(r.table.Name):
		l.refuse(t, r, "and that table stands under `not-personal`", "write `erase: clear` or `mask` with "+policy.Quote(t.Name)+", or map "+policy.Quote(r.table.Name))
	case other == nil:
		l.refuse(t, r, "and the map does not know that table", "map "+policy.Quote(r.table.Name)+", or write `erase: clear` or `mask` with "+policy.Quote(t.Name))
	case other.Erase.Kind != Delete && !l.letsGo(other, r):
		l.refuse(t, r, "and those rows stay", "write `erase: clear` or `mask` with "+policy.Quote(t.Name)+", or delete them too")
	}
}

// letsGo reports whether the rows are untied before what they point at is deleted.
func (l *live) letsGo(t *Table, r referrer) bool {
	for i := range t.References {
		ref := &t.References[i].Is
		if slices.Equal(ref.Here, r.ref.Columns) {
			return ref.Optional.Yes && mayBeEmpty(r.table, r.ref.Columns)
		}
	}
	return false
}

// deleteSelf tells of rows of the same table that may be somebody else's.
func (l *live) deleteSelf(t *Table, r referrer) {
	if r.ref.OnDelete == connect.SetNull || r.ref.OnDelete == connect.SetDefault || l.letsGo(t, r) {
		return
	}
	what := "the database refuses to delete a row of " + policy.Quote(t.Name) + " while another, of somebody who stays, points at it by " + list(r.ref.Columns)
	if r.ref.OnDelete == connect.Cascade {
		what = "deleting a row of " + policy.Quote(t.Name) + " takes along those that point at it by " + list(r.ref.Columns) + ", whose they may be"
	}
	l.warn(l.system, t.Erase.Pos, "delete-refused", what, t.Name, "write `erase: clear` or `mask`, or `optional: yes` with the reference when the column may be empty")
}

func (l *live) deleteCascades(t *Table, r referrer, other *Table) {
	what := "deleting a row of " + policy.Quote(t.Name) + " takes along the rows of " + policy.Quote(r.table.Name) + " that point at it"
	switch {
	case other == nil && l.dismissed(r.table.Name):
		l.warn(l.system, t.Erase.Pos, "cascade", what+", which say nothing of people", r.table.Name, "see that they may go")
	case other == nil:
		l.add(l.system, t.Erase.Pos, "cascade", what+", and the map does not know that table", r.table.Name, "map "+policy.Quote(r.table.Name)+", or write `erase: clear` or `mask` with "+policy.Quote(t.Name))
	case other.Erase.Kind != Delete:
		l.add(l.system, t.Erase.Pos, "cascade", what+", and the map says that those stay", r.table.Name, "write `erase: clear` or `mask` with "+policy.Quote(t.Name)+", or delete both")
	}
}
