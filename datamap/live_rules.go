package datamap

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// once adds an error about a column, unless it was added for another link already.
func (l *live) once(at policy.Pos, code, column, message, do string) {
	if l.said[code+"\x00"+column] {
		return
	}
	l.said[code+"\x00"+column] = true
	l.add(l.system, at, code, message, column, do)
}

// checkRules finds what the constraints of a table refuse of its rules.
func (l *live) checkRules(t *Table, db *connect.Table) {
	for _, link := range t.Links {
		e := link.Effect(link.Relation)
		for _, c := range e.Columns {
			l.checkRule(t, db, c)
		}
		for _, name := range e.Untie {
			l.checkUntie(t, db, link, name)
		}
	}
}

func (l *live) checkRule(t *Table, db *connect.Table, e ColumnEffect) {
	c, in := e.Column, db.Column(e.Column.Name)
	at := e.Rule.Pos
	if at.Line == 0 || !c.Erase.Given() {
		at = c.Pos
	}
	if in == nil || e.Rule.Kind != Clear && e.Rule.Kind != Mask {
		return
	}
	what := policy.Quote(c.Name) + " of " + policy.Quote(t.Name)
	switch {
	case in.Generated:
		l.once(at, "generated", c.Name, what+" is computed by the database and cannot be "+past(e.Rule.Kind), "change what it is computed from, or delete the row")
	case slices.Contains(db.Key, c.Name):
		if !slices.Contains(t.KeyColumns(), c.Name) {
			l.once(at, "key-changed", c.Name, what+" is part of the primary key and cannot be "+past(e.Rule.Kind), "delete the row, or keep the column and say why")
		}
	case e.Rule.Kind == Clear:
		if !in.Nullable {
			l.once(at, "clear-refused", c.Name, what+" may not be empty in the database", "write "+maskAdvice(db, in)+", or let the column be empty there")
		}
	default:
		l.checkMask(t, db, e, in, at)
	}
}

// maskAdvice is a mask that a column takes which may not be empty.
func maskAdvice(db *connect.Table, in *connect.Column) string {
	if in.Strict && in.Blank != nil {
		return "`erase: mask(blank)`"
	}
	if in.Strict {
		return "`erase: mask(\"…\")` with a value that it takes"
	}
	switch in.Kind {
	case connect.DateKind, connect.TimeKind:
		return "`erase: mask(year)`"
	case connect.Integer, connect.DecimalKind:
		return "`erase: mask(blank)`"
	case connect.Boolean, connect.Binary:
		return "`erase: delete` with the table"
	}
	if in.Kind == connect.JSON || readAsJSON(db, in.Name) {
		return "`erase: mask(\"{}\")`"
	}
	return "`erase: mask(hash)`"
}

func (l *live) checkMask(t *Table, db *connect.Table, e ColumnEffect, in *connect.Column, at policy.Pos) {
	c, r := e.Column, e.Rule
	what := policy.Quote(c.Name) + " of " + policy.Quote(t.Name)
	if in.Strict && r.How != MaskText && (r.How != MaskBlank || in.Blank == nil) || r.How == MaskText && len(in.Takes) > 0 && !slices.Contains(in.Takes, r.Text) {
		l.once(at, "mask-type", c.Name, what+" takes only certain values, and "+r.String()+" is none of them", "write "+maskAdvice(db, in)+", or `clear`")
	}
	if n := maskLength(r); in.Length > 0 && n > in.Length {
		l.once(at, "mask-long", c.Name, fmt.Sprintf("%s takes at least %d characters, and %s holds %d", r, n, what, in.Length), "choose a shorter mask, or clear the column")
	}
	if c.Type == "" && !l.said["mask-type\x00"+c.Name] {
		l.said["mask-type\x00"+c.Name] = true
		typed := *c
		typed.Type, typed.MaxLength, r.Pos = l.maskKind(in), policy.Number{}, at
		l.maskFits(t, &typed, r)
	}
	if in.Length > 0 && in.Length < leastUnique && slices.ContainsFunc(db.Unique, func(u []string) bool { return len(u) == 1 && u[0] == c.Name }) {
		l.once(at, "unique-mask", c.Name, fmt.Sprintf("%s is unique, and masks of different people need %d characters, of which %d fit", what, leastUnique, in.Length), "clear the column, or delete the row")
	} else if r.constant() {
		l.checkConstant(t, db, c.Name, at, r)
	}
	for _, ref := range db.References {
		if slices.Contains(ref.Columns, c.Name) {
			l.once(at, "mask-reference", c.Name, what+" must be found in "+policy.Quote(ref.Table)+", and a mask is not", "clear it, delete the row, or leave it: it is a reference")
		}
	}
	for _, other := range l.referrers(db) {
		if slices.Contains(other.ref.To, c.Name) {
			l.once(at, "referenced", c.Name, what+" is what rows of "+policy.Quote(other.table.Name)+" point at, and cannot be masked", "delete the row, or keep the column and say why")
		}
	}
}

// maskKind is the kind that decides which mask fits. SQLite takes text in every column.
func (l *live) maskKind(in *connect.Column) string {
	if Kind(l.system.Kind) == SQLite && (in.Kind == connect.UUID || in.Kind == connect.JSON) {
		return string(connect.TextKind)
	}
	return string(in.Kind)
}

// constant reports whether the rule gives every row the same value.
func (r Rule) constant() bool { return r.Kind == Mask && (r.How == MaskBlank || r.How == MaskText) }

// leastUnique is the fewest characters in which masks of different people still differ.
const leastUnique = 8

// maskLength is how many characters a mask takes at least: the other ways make do
// with the room there is.
func maskLength(r Rule) int {
	if r.How == MaskText {
		return utf8.RuneCountInString(r.Text)
	}
	return 0
}

func (l *live) checkConstant(t *Table, db *connect.Table, column string, at policy.Pos, r Rule) {
	for _, u := range db.Unique {
		switch {
		case !slices.Contains(u, column):
		case len(u) == 1:
			l.once(at, "unique-mask", column, policy.Quote(column)+" of "+policy.Quote(t.Name)+" is unique, and "+r.String()+" is the same for everyone", "write `mask(hash)`, `mask(email)` or `clear`")
		case !l.said["unique-mask\x00"+column]:
			l.said["unique-mask\x00"+column] = true
			l.warn(l.system, at, "unique-mask", list(u)+" of "+policy.Quote(t.Name)+" are unique together, and "+r.String()+" is the same for everyone", column, "write `mask(hash)` so that rows stay different")
		}
	}
}

// checkUntie checks that somebody who leaves a shared row can be taken out of it.
func (l *live) checkUntie(t *Table, db *connect.Table, link *Link, name string) {
	in := db.Column(name)
	if in == nil || in.Nullable {
		return
	}
	at := link.Pos
	l.once(at, "untie-refused", name, policy.Quote(name)+" of "+policy.Quote(t.Name)+" ties a person to a row that others share, and may not be empty in the database", "let the column be empty there, or write what the row is: `owns` or `mentions`")
}

// checkIndexes tells of columns by which people are found and that have no index.
func (l *live) checkIndexes(t *Table, db *connect.Table) {
	if db.View || !l.system.Relational() && Kind(l.system.Kind) != MongoDB {
		return
	}
	for i := range t.Identities {
		id := &t.Identities[i].Is
		if db.Column(id.Column) != nil && !indexed(db, id.Column) {
			l.warn(l.system, id.Pos, "no-index", "there is no index on "+policy.Quote(id.Column)+": every search for a person reads all of "+policy.Quote(t.Name), id.Column, "create one"+indexAdvice(Kind(l.system.Kind), id, db))
		}
	}
	for _, link := range t.Links {
		if cs := link.Columns(); link.Reference != nil && db.Column(cs[0]) != nil && !indexed(db, cs[0]) {
			l.warn(l.system, link.Pos, "no-index", "there is no index on "+policy.Quote(cs[0])+": every search by "+policy.Quote(link.Name)+" reads all of "+policy.Quote(t.Name), cs[0], "create one on "+list(cs))
		}
	}
}

func indexed(db *connect.Table, column string) bool {
	for _, index := range slices.Concat([][]string{db.Key}, db.Unique, db.Indexes) {
		if len(index) > 0 && (index[0] == column || over(index[0], column)) {
			return true
		}
	}
	return false
}

// over reports whether an index is one over an expression of a column: `lower(email)`.
func over(expression, column string) bool {
	if !strings.Contains(expression, "(") {
		return false
	}
	words := strings.FieldsFunc(expression, func(r rune) bool { return strings.ContainsRune("()\"`[], :", r) })
	return slices.Contains(words, column)
}

// indexAdvice names the index by which people are found. MariaDB and MongoDB have none on
// an expression; most collations of MySQL take capitals for small letters anyway.
func indexAdvice(kind Kind, id *Identity, db *connect.Table) string {
	expressions := kind == PostgreSQL || kind == SQLite
	if c := db.Column(id.Column); expressions && c.Kind == connect.TextKind && (id.Compare == "email" || id.Compare == "ignore-case") {
		return " on `lower(" + id.Column + ")`"
	}
	return " on " + policy.Quote(id.Column)
}

// checkGrants tells what the login lacks for what the map asks of it.
func (l *live) checkGrants(t *Table, db *connect.Table) {
	needs := map[connect.Op]bool{connect.OpRead: true, connect.OpUpdate: t.Restriction.Line > 0 || len(t.Stops.all()) > 0}
	for _, link := range t.Links {
		e := link.Effect(link.Relation)
		needs[connect.OpDelete] = needs[connect.OpDelete] || e.Row != RowStays
		for _, c := range e.Columns {
			needs[connect.OpUpdate] = needs[connect.OpUpdate] || c.Rule.Kind == Clear || c.Rule.Kind == Mask
		}
		needs[connect.OpUpdate] = needs[connect.OpUpdate] || len(e.Untie) > 0
	}
	needs[connect.OpTriggers] = needs[connect.OpUpdate] || needs[connect.OpDelete]
	for _, op := range []connect.Op{connect.OpRead, connect.OpUpdate, connect.OpDelete, connect.OpTriggers} {
		if grant, lacks := db.Lacks[op]; lacks && needs[op] {
			l.warn(l.system, t.Pos, "no-grant", "this login may not "+string(op)+" "+policy.Quote(t.Name), t.Name, "`"+grant+"`")
		}
	}
	for _, n := range t.columnNames() {
		l.checkColumnGrants(t, db, n)
	}
	if db.Hides != "" && t.personal() {
		l.warn(l.system, t.Pos, "hidden-rows", db.Hides, t.Name, "let the login see them: rows that it does not see are neither shown nor erased")
	}
}

// checkColumnGrants tells what the login lacks for one column of a table of which it may read
// or change others.
func (l *live) checkColumnGrants(t *Table, db *connect.Table, n named) {
	in := db.Column(n.name)
	if in == nil {
		return
	}
	for _, op := range []connect.Op{connect.OpRead, connect.OpUpdate} {
		if grant, lacks := in.Lacks[op]; lacks && (op == connect.OpRead || t.writes(n.name)) {
			l.warn(l.system, n.Pos, "no-grant", "this login may not "+string(op)+" "+policy.Quote(n.name)+" of "+policy.Quote(t.Name), n.name, "`"+grant+"`")
		}
	}
}

// writes reports whether the map has a column changed in a row that stays.
func (t *Table) writes(column string) bool {
	return t.Restriction.Column.Text == column || t.Marks(column) || slices.ContainsFunc(t.Links, func(link *Link) bool {
		e := link.Effect(link.Relation)
		return slices.Contains(e.Untie, column) || slices.ContainsFunc(e.Columns, func(c ColumnEffect) bool {
			return c.Column.Name == column && (c.Rule.Kind == Clear || c.Rule.Kind == Mask)
		})
	})
}
