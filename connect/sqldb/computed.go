package sqldb

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/avowhq/avow/connect"
)

// What a database computes from a column may refuse a value that the column itself takes: a
// computed column or an index that reads JSON out of a text, a cast, a computed column that may
// not be empty. Nobody can tell that beforehand from a SELECT, so it is tried like a rule
// between rows.

// computer is a dialect in which columns and indexes are computed.
type computer interface {
	// computed gives each expression that the rows of tables go through when they change.
	computed(ctx context.Context, db asker, within string, tell func(computation)) error
}

// computation is what is computed from the columns of a table.
type computation struct {
	schema, table string
	name          string // for people
	text          string
	required      bool // what is computed may not be empty
	whole         bool // the text is that of the whole table: nobody can tell which columns it is of
}

// addComputed adds what may refuse a change of what it is computed from.
func (c *catalog) addComputed(ctx context.Context, d dialect, db asker) error {
	_, backticks := d.(mysql)
	for _, t := range c.tables {
		for _, r := range t.rules {
			if backticks && mayRefuse.MatchString(r.expr) { // in a SELECT a wrong path or text is a warning, and nothing
				t.Exclusions = append(t.Exclusions, connect.Exclusion{Name: r.Name, Columns: r.Columns})
			}
		}
	}
	return d.(computer).computed(ctx, db, c.schema.Within, func(x computation) {
		i := slices.IndexFunc(c.tables, func(t *table) bool { return t.schema == x.schema && t.name == x.table })
		if i < 0 || !x.required && !mayRefuse.MatchString(castToText.ReplaceAllString(x.text, "")) {
			return
		}
		t := c.tables[i]
		out := connect.Exclusion{Name: x.name}
		if !x.whole {
			out.Columns, _ = lexer{unbracketed.Replace(x.text), backticks}.speaksOf(t.columns)
		}
		if slices.ContainsFunc(out.Columns, func(name string) bool { return t.column(name).Generated }) {
			out.Columns = nil // and of whatever that is computed from
		}
		t.Exclusions = append(t.Exclusions, out)
	})
}

var (
	// mayRefuse finds in an expression what does not take every value.
	mayRefuse = regexp.MustCompile(`(?i)json|xml|->|::|\bcast\b|\bconvert\b|to_date|to_timestamp|to_number|decode\s*\(|hstore`)
	// castToText takes every value.
	castToText = regexp.MustCompile(`(?i)::(text|character varying|varchar|bpchar|name|regconfig)\b(\[\])?`)
)

const (
	computedColumn = "the computed column "
	computedIndex  = "the index "
)

// postgresComputed are computed columns, and indexes over expressions or over some rows. Those that
// are unique are rules between rows, and tried as such.
const postgresComputed = `
SELECT n.nspname, c.relname, '` + computedColumn + "`' || a.attname || '`'" + `, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attnotnull
FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attgenerated <> '' AND NOT a.attisdropped
UNION ALL
SELECT n.nspname, c.relname, '` + computedIndex + "`' || x.relname || '`'" + `, coalesce(substring(pg_get_indexdef(i.indexrelid) from ' USING (.*)$'), ''), false
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisvalid AND NOT i.indisunique AND NOT i.indisexclusion AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1, 2, 3`

func (postgres) computed(ctx context.Context, db asker, _ string, tell func(computation)) error {
	return each(ctx, db, postgresComputed, func(scan scanner) error {
		var x computation
		err := scan(&x.schema, &x.table, &x.name, &x.text, &x.required)
		tell(x)
		return err
	})
}

const (
	mysqlComputed = `SELECT table_schema, table_name, concat('` + computedColumn + "`', column_name, '`'" + `), generation_expression, is_nullable = 'NO'
		FROM information_schema.columns` + mysqlWhere + ` AND coalesce(generation_expression, '') <> '' ORDER BY 1, 2, 3`
	mysqlComputedIndexes = `SELECT table_schema, table_name, concat('` + computedIndex + "`', index_name, '`'" + `), expression, false
		FROM information_schema.statistics` + mysqlWhere + ` AND coalesce(expression, '') <> '' AND non_unique = 1 ORDER BY 1, 2, 3`
)

// computed: MariaDB has no indexes over expressions, and no column that would tell of them.
func (d mysql) computed(ctx context.Context, db asker, within string, tell func(computation)) error {
	one := func(scan scanner) error {
		var x computation
		err := scan(&x.schema, &x.table, &x.name, &x.text, &x.required)
		tell(x)
		return err
	}
	if err := each(ctx, db, fmt.Sprintf(mysqlComputed, "table_schema"), one, within, within); err != nil {
		return err
	}
	err := each(ctx, db, fmt.Sprintf(mysqlComputedIndexes, "table_schema"), one, within, within)
	if err != nil && ctx.Err() == nil && d.fault(err).stale {
		return nil
	}
	return err
}

// liteComputes finds the computed columns in the statement that made a table.
var liteComputes = regexp.MustCompile(`(?i)\bas\s*\(`)

func (sqlite) computed(ctx context.Context, db asker, _ string, tell func(computation)) error {
	return each(ctx, db, "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type, name", func(scan scanner) error {
		var kind, name, text string
		x := computation{}
		if err := scan(&kind, &name, &x.table, &text); err != nil {
			return err
		}
		switch m := liteIndexed.FindStringSubmatch(text); {
		case kind == "index" && m != nil:
			x.name, x.text = computedIndex+"`"+name+"`", m[1]
			tell(x)
		case kind == "table" && liteComputes.MatchString(text):
			x.name, x.text, x.whole = "one of the computed columns", text, true
			tell(x)
		}
		return nil
	})
}
