package sqldb

import (
	"database/sql"
	"regexp"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// exclude adds a rule between rows: what it speaks of stands in its text, and in the text
// of its key that of which two rows may not have the same.
func (t *table) exclude(name string, l lexer, key string, unique bool) {
	x := connect.Exclusion{Name: name}
	x.Columns, _ = l.speaksOf(t.columns)
	if unique {
		x.Unique, _ = lexer{key, l.mysql}.speaksOf(t.columns)
		x.Plain = !l.mysql && !slices.ContainsFunc(strings.Split(key, ","), func(part string) bool { return !plainKey.MatchString(part) })
	}
	if slices.ContainsFunc(x.Columns, func(name string) bool { return t.column(name).Generated }) {
		x.Columns = nil // and of whatever that is computed from
	}
	t.Exclusions = append(t.Exclusions, x)
}

// plainKey is a column, or one in letters of one size, as PostgreSQL writes it. MySQL
// does not say there that only the beginning of a column counts.
var plainKey = regexp.MustCompile("^\\s*(?i:lower|upper)?\\s*[(]*[\"`]?[A-Za-z_][A-Za-z0-9_]*[\"`]?[)]*(::(text|character varying))?[)]*\\s*$")

// postgresExclusions are exclusion constraints, and the unique indexes that are not of plain
// columns of all rows, or in which empty ones are the same. Older servers do not know the last.
// Of tables whose rows others show it is every unique index that is not a part of one of theirs.
const postgresExclusions = `
SELECT i.indrelid::bigint, c.relname, i.indisexclusion, substring(pg_get_indexdef(i.indexrelid) from ' USING (.*)$'),
       (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, true), ' , ') FROM generate_series(1, i.indnkeyatts) n), x.special, NOT c.relispartition
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
CROSS JOIN LATERAL (SELECT i.indisexclusion OR i.indisunique AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL OR (to_jsonb(i) ->> 'indnullsnotdistinct')::boolean IS TRUE
  OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) AND a.attgenerated <> '')) AS special) x
WHERE i.indisvalid AND (x.special OR i.indisunique AND EXISTS (SELECT 1 FROM pg_inherits p WHERE p.inhrelid = i.indrelid))
ORDER BY 1, 2`

func (b *postgresCatalog) exclusion(scan scanner) error {
	var id int64
	var name, key string
	var text sql.NullString
	var exclusion, special, own bool
	if err := scan(&id, &name, &exclusion, &text, &key, &special, &own); err != nil {
		return err
	}
	l := lexer{text: unbracketed.Replace(text.String)}
	if t := b.byID[id]; t != nil && special {
		t.exclude(name, l, unbracketed.Replace(key), !exclusion)
	}
	for _, t := range b.wholes(id) {
		if columns, _ := l.speaksOf(t.columns); own && len(columns) > 0 {
			t.exclude(name, l, unbracketed.Replace(key), !exclusion)
		}
	}
	return nil
}

const mysqlUniques = `SELECT table_schema, table_name, index_name, coalesce(column_name, ''), sub_part IS NOT NULL, coalesce(%s, '') FROM information_schema.statistics` + mysqlWhere +
	` AND non_unique = 0 AND index_name <> 'PRIMARY' ORDER BY table_schema, table_name, index_name, seq_in_index`

// mysqlKey is a unique index while it is read.
type mysqlKey struct {
	t     *table
	name  string
	parts []string
	plain bool
}

// exclusions are unique indexes over the beginnings of columns, over expressions, and over
// what the server computes.
func (b *mysqlCatalog) exclusions(expression string) error {
	var all []*mysqlKey
	err := b.ask(mysqlUniques, "table_schema", func(scan scanner) error {
		var schema, name, index, column, expression string
		var prefix bool
		err := scan(&schema, &name, &index, &column, &prefix, &expression)
		t := b.byName[[2]string{schema, name}]
		if err != nil || t == nil {
			return err
		}
		if n := len(all); n == 0 || all[n-1].t != t || all[n-1].name != index {
			all = append(all, &mysqlKey{t: t, name: index, plain: true})
		}
		k := all[len(all)-1]
		c := t.column(column)
		k.plain = k.plain && !prefix && c != nil && !c.Generated
		if column != "" {
			expression = mysql{}.quote(column)
		}
		k.parts = append(k.parts, expression)
		return nil
	}, expression)
	for _, k := range all {
		if key := strings.Join(k.parts, ", "); !k.plain {
			k.t.exclude(k.name, lexer{key, true}, key, true)
		}
	}
	return err
}

// liteIndexed is what an index is over, from its parenthesis on, with what follows.
var liteIndexed = regexp.MustCompile(`(?is)^\s*create\b.*?\bon\b[^(]*(\(.*)$`)

// exclusions are unique indexes over some of the rows, over expressions, and over what SQLite computes.
func (b *liteCatalog) exclusions(t *table) error {
	plain := map[string]bool{}
	err := b.ask(`SELECT l.name, l.partial, i.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i WHERE l."unique" ORDER BY l.name`, func(scan scanner) error {
		var index string
		var partial bool
		var column sql.NullString
		err := scan(&index, &partial, &column)
		c := t.column(column.String)
		was, known := plain[index]
		plain[index] = (was || !known) && !partial && c != nil && !c.Generated
		return err
	}, t.name)
	if err != nil {
		return err
	}
	for index, whole := range plain {
		text := "" // of an index that came with the table: then nobody can tell
		if m := liteIndexed.FindStringSubmatch(b.text[index]); m != nil {
			text = m[1]
		}
		if !whole {
			t.exclude(index, lexer{text: text}, liteKey(text), true)
		}
	}
	slices.SortFunc(t.Exclusions, func(x, y connect.Exclusion) int { return strings.Compare(x.Name, y.Name) })
	return nil
}

// liteKey is the first parenthesis of a text; all of it where that cannot be read.
func liteKey(text string) string {
	l := lexer{text: text}
	tokens, err := l.tokens()
	if end := l.closing(tokens, 0); err == nil && end >= 0 {
		return text[:tokens[end].end]
	}
	return text
}
