package find

import (
	"hash/maphash"
	"slices"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Distinct reports whether a system itself holds to it that no two rows of a table share a key,
// as far as anybody knows. A service knows a record by its number. A database holds to its
// own keys and unique indexes, and to nothing in what only shows rows of other tables. Nobody
// holds to anything in a folder of files. A key of which a part is empty may be there twice all the same.
func Distinct(of *datamap.Table, schema *connect.Table, key []string) bool {
	switch datamap.Kind(of.System.Kind) {
	case datamap.HTTP:
		return true
	case datamap.Files, datamap.Manual:
		return false
	}
	return schema != nil && !schema.View && !schema.Inherited && unique(schema, key)
}

// unique reports whether a key of a table or one of its unique indexes lies within some columns.
func unique(schema *connect.Table, columns []string) bool {
	if schema == nil {
		return false
	}
	within := func(of []string) bool {
		return len(of) > 0 && !slices.ContainsFunc(of, func(c string) bool { return !slices.Contains(columns, c) })
	}
	return within(schema.Key) || slices.ContainsFunc(schema.Unique, within)
}

// settle decides what names the rows of a table in a search.
func (t *table) settle(toShow bool) {
	key := t.columns[:t.key]
	t.distinct = Distinct(t.Table, t.schema, key)
	t.named = t.key == 0 || t.distinct && (datamap.Kind(t.System.Kind) == datamap.HTTP || !slices.ContainsFunc(key, t.mayBeEmpty))
	t.whole = toShow && !t.named
}

// mayBeEmpty reports whether nothing may stand in a column, for all that is known.
func (t *table) mayBeEmpty(column string) bool {
	c := t.schema.Column(column)
	return c == nil || c.Nullable
}

// name is what tells a row from all others: its key, where the system holds to that. Else the
// values that links stand on belong to it, because rows of one key may be different people's, and
// a sum of the rest, where that was read, because one person may have several.
func (t *table) name(rec *record) []byte {
	if t.named {
		return rec.first(t.key)
	}
	kept := rec.first(t.kept)
	if len(rec.bytes) == len(kept) {
		return kept
	}
	return appendInt(slices.Clip(kept), int64(maphash.Bytes(t.set.seed, rec.bytes[len(kept):])))
}

// naming is how many of the columns of a table are read to name its rows.
func (t *table) naming() int {
	switch {
	case t.named:
		return t.key
	case t.whole:
		return len(t.columns)
	}
	return t.kept
}
