package plan

import (
	"slices"
	"strconv"
	"strings"
	"time"

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

// span is the least and the greatest number that a mask may be, where that matters.
func (p place) span() (least, most int) {
	if p.schema == nil {
		return 0, 0
	}
	if r := p.schema.Range; r != nil {
		// Where only zero fits, no number does beside it.
		return int(max(r.Least, 1)), int(min(max(r.Most, 0), 1<<31-1))
	}
	name := strings.ToLower(p.schema.Type)
	switch {
	case strings.HasPrefix(name, "tinyint"):
		return 0, 100
	case strings.HasPrefix(name, "smallint"), strings.HasPrefix(name, "int2"):
		return 0, 1<<15 - 1
	case strings.HasPrefix(name, "mediumint"):
		return 0, 1<<23 - 1
	}
	return 0, 0
}

func (p place) mayBeEmpty() bool { return p.schema == nil || p.schema.Nullable }

// unique reports whether no two rows may have the same value, be it only some of them. Where
// that is said of several columns together it is left to be tried, but of texts: each can
// be masked otherwise.
func (p place) unique() bool {
	return p.uniqueInAll() || p.t.schema != nil && slices.ContainsFunc(p.t.schema.Exclusions, func(x connect.Exclusion) bool {
		return slices.Contains(x.Unique, p.name) && (len(x.Unique) == 1 || p.kind() == connect.TextKind)
	})
}

// uniqueInAll reports whether no two rows of the whole table may have the same value.
func (p place) uniqueInAll() bool {
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
	case p.absent():
		return "the table has no such column: the map and the system have drifted apart"
	}
	return p.t.lacks(connect.OpUpdate)
}

// absent reports whether the map names a column that its table has not.
func (p place) absent() bool {
	return p.t.schema != nil && p.schema == nil && len(p.t.schema.Columns) > 0 && p.t.of.System.Relational()
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
	case p.schema != nil && p.schema.Strict:
		return p.strict(r)
	case r.How == datamap.MaskYear && (kind == connect.DateKind || kind == connect.TimeKind || kind == connect.TextKind):
		return treatment{Line{Columns: []string{p.name}, Action: Mask, How: r.How}, &set{column: p.name, each: packed{width: 1}}}
	case r.How == datamap.MaskYear, (kind == connect.DateKind || kind == connect.TimeKind) && p.mayBeEmpty():
		return p.otherwise(r, "such a mask makes no "+string(kind))
	}
	if made := noMask[kind]; made != "" && r.How != datamap.MaskBlank {
		return p.blank(r, "such a mask makes no "+made)
	}
	if p.leavesForm() {
		return treatment{Line{Columns: []string{p.name}, Action: Mask, How: r.How}, &set{column: p.name, each: packed{width: 1}}}
	}
	least, most := p.span()
	m := mask{way: r.How, text: r.Text, kind: kind, length: p.length(), unique: p.unique(), small: most, least: least}
	if m.number() && m.way != datamap.MaskBlank && m.way != datamap.MaskText && p.schema != nil && p.schema.Range != nil && most < max(least, 1) {
		return p.otherwise(r, "only zero fits")
	}
	return p.maskAs(r, m)
}

// noMask are the kinds of which a mask makes nothing but the value that says nothing.
var noMask = map[connect.Kind]string{
	connect.Boolean: "boolean", connect.DateKind: "date", connect.TimeKind: "time", connect.Binary: "binary", connect.JSON: "list or document",
}

// blank puts the value that says nothing in the place of a mask that cannot be made.
func (p place) blank(r datamap.Rule, why string) treatment {
	t := p.mask(datamap.Rule{Pos: r.Pos, Kind: datamap.Mask, How: datamap.MaskBlank})
	if t.set != nil && t.line.Refused == "" {
		t.line.Refused, t.line.Instead = r.String()+" does not fit: "+why, "mask("+datamap.MaskBlank+")"
	}
	return t
}

// leavesForm reports whether a mask leaves a list or a document, with nothing in it.
func (p place) leavesForm() bool { return p.kind() == connect.JSON && p.t.has(p.name) }

// leaves is what is left of what stands in a column: of a list or document one with
// nothing in it, of a moment the year.
func (p place) leaves(v any) any {
	if p.kind() != connect.JSON {
		return p.year(v)
	}
	switch v.(type) {
	case []any:
		return []any{}
	case nil:
		if p.mayBeEmpty() {
			return nil
		}
	}
	return map[string]any{}
}

// strict masks a column that takes certain values only: with the map's own text, or with
// the value that says nothing.
func (p place) strict(r datamap.Rule) treatment {
	const why = "the database takes only certain values in it"
	blank := p.schema.Blank
	if p.unique() {
		blank = nil
	}
	switch {
	case r.How == datamap.MaskText && p.schema.Kind == connect.TextKind && (len(p.schema.Takes) == 0 || slices.Contains(p.schema.Takes, r.Text)):
		return p.maskAs(r, mask{way: r.How, text: r.Text, kind: p.kind(), length: p.length(), unique: p.unique()})
	case blank != nil && r.How == datamap.MaskBlank:
		return treatment{Line{Columns: []string{p.name}, Action: Mask, How: r.How}, &set{column: p.name, to: *blank}}
	case blank != nil && !p.mayBeEmpty():
		t := treatment{Line{Columns: []string{p.name}, Action: Mask, How: datamap.MaskBlank}, &set{column: p.name, to: *blank}}
		t.line.Refused, t.line.Instead = r.String()+" does not fit: "+why, "mask(blank)"
		return t
	}
	return p.otherwise(r, why)
}

func (p place) maskAs(r datamap.Rule, m mask) treatment {
	t := treatment{Line{Columns: []string{p.name}, Action: Mask, How: m.way}, nil}
	if why := m.fit(); why != "" {
		t.line.Refused = r.String() + " does not fit: " + why
		m.way, m.text = datamap.MaskHash, ""
		if m.number() && !m.unique {
			m.way = datamap.MaskBlank
		}
		if m.fit() != "" {
			return p.otherwise(r, why)
		}
		t.line.How, t.line.Instead = m.way, "mask("+m.way+")"
	}
	t.set = &set{column: p.name, mask: &m}
	if v := p.fixed(); v != nil && (m.kind == connect.TimeKind || m.kind == connect.Binary) {
		t.set.mask, t.set.to = nil, v
	}
	return t
}

// fixed is the value that says nothing in a column of a size or a range of its own; nil
// where the usual one fits.
func (p place) fixed() any {
	switch {
	case p.schema == nil:
		return nil
	case p.kind() == connect.TimeKind && p.schema.Range != nil:
		return time.Unix(max(p.schema.Range.Least, 86_400), 0).UTC()
	case p.kind() == connect.Binary && datamap.Kind(p.t.of.System.Kind) == datamap.MySQL:
		return bytesOf(strings.ToLower(p.schema.Type))
	}
	return nil
}

// bytesOf are the bytes of `binary(4)` and `bit(12)`, all of them zero; nil for other types.
func bytesOf(kind string) any {
	name, rest, _ := strings.Cut(kind, "(")
	n, err := strconv.Atoi(strings.TrimSuffix(rest, ")"))
	switch {
	case err != nil, name != "binary" && name != "bit":
		return nil
	case name == "bit":
		n = (n + 7) / 8
	}
	return make([]byte, n)
}

// nothing is what stands in a column that may not be empty and of which no year is left.
func (p place) nothing() any {
	switch p.kind() {
	case connect.DateKind:
		return noDate
	case connect.TimeKind:
		if v := p.fixed(); v != nil {
			return v
		}
		return noTime()
	case connect.Binary:
		return []byte{}
	}
	return ""
}

// year leaves the year of what stands in a column, or nothing.
func (p place) year(v any) any {
	out := yearOf(v)
	if text, ok := out.(string); ok && p.kind() != connect.TextKind {
		var bad string
		if out, bad = p.momentValue(text, "none"); bad != "" {
			out = nil
		}
	}
	if t, ok := out.(time.Time); ok && p.schema != nil && p.schema.Range != nil {
		out = time.Unix(max(p.schema.Range.Least, t.Unix()), 0).UTC()
	}
	if out == nil && !p.mayBeEmpty() {
		return p.nothing()
	}
	return out
}

// otherwise empties a column that cannot be masked as it should.
func (p place) otherwise(r datamap.Rule, why string) treatment {
	if !p.mayBeEmpty() {
		return refused(p.name, r.String()+" does not fit: "+why+", and it may not be empty")
	}
	return treatment{Line{Columns: []string{p.name}, Action: Clear, Refused: r.String() + " does not fit: " + why, Instead: "clear"}, &set{column: p.name}}
}
