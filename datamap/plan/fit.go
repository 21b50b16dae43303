package plan

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// place is one column in which something is to be written.
type place struct {
	t      *table
	name   string
	column *datamap.Column // nil: the map gives no data for it
	schema *connect.Column // nil: the system says nothing of it
}

func (t *table) place(name string) place {
	p := place{t: t, name: name, column: t.of.Column(name)}
	if t.schema != nil {
		p.schema = t.schema.Column(name)
	}
	return p
}

func (p place) kind() connect.Kind { return kindOf(p.schema, p.column) }

func (p place) length() int {
	if p.schema != nil && p.schema.Length > 0 {
		return p.schema.Length
	}
	if p.column != nil && p.column.MaxLength.Set {
		return p.column.MaxLength.N
	}
	return 0
}

// small is the greatest number of a short integer.
func (p place) small() int {
	if p.schema == nil {
		return 0
	}
	name := strings.ToLower(p.schema.Type)
	switch {
	case strings.HasPrefix(name, "tinyint"):
		return 100
	case strings.HasPrefix(name, "smallint"), strings.HasPrefix(name, "int2"):
		return 1<<15 - 1
	case strings.HasPrefix(name, "mediumint"):
		return 1<<23 - 1
	}
	return 0
}

func (p place) mayBeEmpty() bool { return p.schema == nil || p.schema.Nullable }

// unique reports whether no two rows may have the same value.
func (p place) unique() bool {
	if p.t.schema == nil {
		return false
	}
	return slices.ContainsFunc(p.t.schema.Unique, func(set []string) bool { return slices.Contains(set, p.name) })
}

// points reports whether the database holds the column to be found in another table.
func (p place) points() bool {
	return p.t.schema != nil && slices.ContainsFunc(p.t.schema.References, func(r connect.Reference) bool { return slices.Contains(r.Columns, p.name) })
}

// readOnly says why nothing can be written; empty when something can.
func (p place) readOnly() string {
	switch {
	case len(p.t.key) == 0:
		return "nothing names one row of the table, so that no row can be changed alone: write the columns of its key into the map"
	case p.t.schema != nil && p.t.schema.View:
		return "it is a view, whose rows are those of other tables: map those"
	case slices.Contains(p.t.key, p.name):
		return "it is part of the key, which names the row"
	case p.schema != nil && p.schema.Generated:
		return "the system computes it from other columns"
	case p.column != nil && p.column.ReadOnly.Yes:
		return "the map says that it cannot be written"
	case p.t.schema != nil && p.schema == nil && len(p.t.schema.Columns) > 0 && !strings.ContainsAny(p.name, ".[") && p.t.relational():
		return "the table has no such column: the map and the system have drifted apart"
	}
	return p.t.lacks(connect.OpUpdate)
}

func (t *table) relational() bool {
	k := datamap.Kind(t.of.System.Kind)
	return k == datamap.PostgreSQL || k == datamap.MySQL || k == datamap.SQLite
}

// lacks says which grant is missing; empty when none is.
func (t *table) lacks(op connect.Op) string {
	if t.schema == nil || t.schema.Lacks[op] == "" {
		return ""
	}
	return "the login may not: it needs " + t.schema.Lacks[op]
}

// treatment is what is done to one column, and what is said of it.
type treatment struct {
	line Line
	set  *set
}

func refused(name, why string) treatment {
	return treatment{line: Line{Columns: []string{name}, Action: Keep, Refused: why, Instead: "it is left as it is"}}
}

// clear empties a column, or masks it where it may not be empty.
func (p place) clear() treatment {
	if why := p.readOnly(); why != "" {
		return refused(p.name, why)
	}
	if p.mayBeEmpty() {
		return treatment{Line{Columns: []string{p.name}, Action: Clear}, &set{column: p.name}}
	}
	if p.points() {
		return refused(p.name, "it may not be empty and has to be found in another table")
	}
	t := p.mask(datamap.Rule{Kind: datamap.Mask, How: p.naturalMask()})
	if t.set != nil {
		t.line.Refused, t.line.Instead = "it may not be empty", "mask("+t.line.How+")"
	}
	return t
}

// naturalMask is the way that suits a column for which the map names none.
func (p place) naturalMask() string {
	if id, ok := p.t.of.Identities.Get(p.name); ok && p.kind() == connect.TextKind {
		switch id.Kind.Text {
		case "email":
			return datamap.MaskEmail
		case "phone":
			return datamap.MaskPhone
		}
		return datamap.MaskHash
	}
	if p.unique() {
		return datamap.MaskHash
	}
	return datamap.MaskBlank
}

// mask puts another value in a column, of its type and length.
func (p place) mask(r datamap.Rule) treatment {
	if why := p.readOnly(); why != "" {
		return refused(p.name, why)
	}
	kind := p.kind()
	switch {
	case p.points():
		return p.otherwise(r, "it has to be found in another table")
	case p.schema != nil && p.schema.Strict && r.How != datamap.MaskText: // a text of the map's is the map's choice
		return p.otherwise(r, "the database takes only certain values in it")
	case r.How == datamap.MaskYear && kind != connect.Integer && kind != connect.Boolean && kind != connect.Binary:
		return treatment{Line{Columns: []string{p.name}, Action: Mask, How: r.How}, &set{column: p.name, each: packed{width: 1}}}
	case r.How == datamap.MaskYear || (kind == connect.DateKind || kind == connect.TimeKind) && p.mayBeEmpty():
		return p.otherwise(r, "such a mask makes no "+string(kind))
	}
	return p.maskAs(r, mask{way: r.How, text: r.Text, kind: kind, length: p.length(), unique: p.unique(), small: p.small()})
}

func (p place) maskAs(r datamap.Rule, m mask) treatment {
	t := treatment{Line{Columns: []string{p.name}, Action: Mask, How: m.way}, nil}
	if why := m.fit(); why != "" {
		t.line.Refused = r.String() + " does not fit: " + why
		m.way, m.text = datamap.MaskHash, ""
		if m.fit() != "" {
			return p.otherwise(r, why)
		}
		t.line.How, t.line.Instead = m.way, "mask(hash)"
	}
	t.set = &set{column: p.name, mask: &m}
	return t
}

// otherwise empties a column that cannot be masked as it should.
func (p place) otherwise(r datamap.Rule, why string) treatment {
	if !p.mayBeEmpty() {
		return refused(p.name, r.String()+" does not fit: "+why+", and it may not be empty")
	}
	return treatment{Line{Columns: []string{p.name}, Action: Clear, Refused: r.String() + " does not fit: " + why, Instead: "clear"}, &set{column: p.name}}
}
