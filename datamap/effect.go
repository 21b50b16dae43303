package datamap

import "slices"

// Effect is what one link means for a row that is found by it: what the person is
// shown of the row, and what their erasure does to it.
type Effect struct {
	Link     *Link
	Relation Relation // of the whole way, which may be more distant than the link's own
	Row      RowEffect
	Columns  []ColumnEffect // each personal column, in the order of the file
	// Untie are the columns that tie the row to the person, emptied when they leave
	// a row they share.
	Untie []string
	// FreeText says whether what anybody may have written in the row is shown.
	FreeText Access
}

// RowEffect is what becomes of a whole row.
type RowEffect uint8

// The fates of a row.
const (
	RowStays      RowEffect = iota
	RowGoes                 // with the person
	RowGoesAtLast           // when the last of those who share it leaves
)

// Access is what somebody is shown.
type Access uint8

// What may be shown.
const (
	Shown    Access = iota
	Redacted        // it is another person's
	Withheld        // nobody knows whose it is
)

// ColumnEffect is what happens to one column.
type ColumnEffect struct {
	Column *Column
	Access Access
	Rule   Rule // its Kind is NoRule when the column is left as it is
	AtLast bool // the rule waits until the last of those who share the row leaves
}

// Effect is what the link means on a way of this relation.
func (l *Link) Effect(way Relation) Effect {
	way = max(way, l.Relation)
	e := Effect{Link: l, Relation: way, Row: l.row(way)}
	if way == Mentions {
		e.FreeText = Withheld
	}
	for i := range l.Table.Columns {
		e.Columns = append(e.Columns, l.column(&l.Table.Columns[i].Is, way))
	}
	if way == Shares && l.Relation == Shares && !l.Incoming {
		e.Untie = slices.Clone(l.Columns())
	}
	return e
}

func (l *Link) row(way Relation) RowEffect {
	switch {
	case l.Table.Erase.Kind != Delete || way == Mentions:
		return RowStays
	case way == Shares:
		return RowGoesAtLast
	}
	return RowGoes
}

// owner says whose a column is, seen from one link.
type owner uint8

const (
	mine owner = iota
	common
	others
)

func (l *Link) owner(c *Column) owner {
	of := c.Of.Text
	if of == "" {
		of = l.Table.Of.Text
	}
	switch {
	case of == l.Name, l.Reference == nil && slices.Contains(l.Columns(), c.Name):
		return mine
	case of == everyone, of == "" && l.Table.by(Owns) == nil:
		return common
	case of == "" && l.Relation == Owns:
		return mine
	}
	return others
}

func (l *Link) column(c *Column, way Relation) ColumnEffect {
	e := ColumnEffect{Column: c}
	whose := l.owner(c)
	if whose == others {
		e.Access = Redacted
		return e
	}
	if way == Mentions {
		if whose == common && slices.Contains(texts(l.Table.FreeText), c.Name) {
			e.Access = Withheld
		}
		return e
	}
	e.Rule = l.Table.rule(c)
	e.AtLast = whose == common || way == Shares && l.Relation == Owns
	if e.Rule.Kind == Delete && way == Shares && !e.AtLast {
		e.Rule.Kind = Clear // the row stays for the others
	}
	return e
}
