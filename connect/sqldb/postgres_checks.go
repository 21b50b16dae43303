package sqldb

import (
	"database/sql"
	"regexp"
	"strconv"
	"strings"

	"github.com/avowhq/avow/connect"
)

// postgresDomains are the columns whose type is a domain, with the type that it is made
// of in the end, and whether one on the way may not be empty.
const postgresDomains = `
WITH RECURSIVE up AS (
  SELECT a.attrelid, a.attname, t.typbasetype, t.typtypmod, t.typnotnull, 1 AS depth
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE t.typtype = 'd' AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT up.attrelid, up.attname, t.typbasetype, greatest(up.typtypmod, t.typtypmod), up.typnotnull OR t.typnotnull, up.depth + 1
  FROM up JOIN pg_type t ON t.oid = up.typbasetype WHERE t.typtype = 'd')
SELECT up.attrelid::bigint, up.attname, t.typname::text, t.typcategory::text, format_type(t.oid, up.typtypmod), up.typnotnull
FROM up JOIN pg_type t ON t.oid = up.typbasetype WHERE t.typtype <> 'd'`

// postgresEnums are the columns of enumerations, with what they take.
const postgresEnums = `
SELECT a.attrelid::bigint, a.attname, (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid)::text
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE t.typtype = 'e' AND a.attnum > 0 AND NOT a.attisdropped`

// postgresChecks are the rules of tables, and those of the domains of their columns.
const postgresChecks = `
SELECT k.conrelid::bigint, '' AS domain_of, k.conname, pg_get_expr(k.conbin, k.conrelid),
       (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey))::text, k.coninhcount = 0
FROM pg_constraint k WHERE k.contype = 'c' AND k.conrelid <> 0
UNION ALL
(WITH RECURSIVE up AS (
  SELECT a.attrelid, a.attname, t.oid, t.typbasetype FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE t.typtype = 'd' AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT up.attrelid, up.attname, t.oid, t.typbasetype FROM up JOIN pg_type t ON t.oid = up.typbasetype WHERE t.typtype = 'd')
SELECT up.attrelid::bigint, up.attname, k.conname, pg_get_expr(k.conbin, 0), NULL, false
FROM up JOIN pg_constraint k ON k.contypid = up.oid AND k.contype = 'c')
ORDER BY 1, 3`

func (b *postgresCatalog) domain(scan scanner) error {
	var id int64
	var name, base, category, full string
	var required bool
	if err := scan(&id, &name, &base, &category, &full, &required); err != nil {
		return err
	}
	c := b.columnOf(id, name)
	if c == nil {
		return nil
	}
	c.Kind, c.like, c.float = postgresKind(base, category)
	c.low, c.high = postgresRange(base)
	c.Strict, c.capitals = c.Kind == connect.TextKind && !c.like, base == "citext"
	c.Nullable = c.Nullable && !required
	c.Length, c.base = 0, full
	c.limits(base, full)
	return nil
}

func (b *postgresCatalog) columnOf(id int64, name string) *column {
	if t := b.byID[id]; t != nil {
		return t.column(name)
	}
	return nil
}

func (b *postgresCatalog) enum(scan scanner) error {
	var id int64
	var name string
	var labels sql.NullString
	if err := scan(&id, &name, &labels); err != nil {
		return err
	}
	members, err := texts(labels.String)
	if c := b.columnOf(id, name); err == nil && c != nil {
		c.enumerate(members)
	}
	return err
}

func (b *postgresCatalog) check(scan scanner) error {
	var id int64
	var domainOf, name string
	var expr, list sql.NullString
	var own bool // not one of a table that shows its rows
	if err := scan(&id, &domainOf, &name, &expr, &list, &own); err != nil {
		return err
	}
	columns, err := texts(list.String)
	if err != nil {
		return err
	}
	if own {
		b.holds(id, connect.Exclusion{Name: name, Columns: columns})
	}
	t := b.byID[id]
	if t == nil {
		return nil
	}
	r := rule{Check: connect.Check{Name: name, Columns: columns, Text: said(expr.String)}, expr: expr.String}
	if domainOf != "" {
		r.Columns = []string{domainOf}
		r.expr = "(SELECT (" + expr.String + ") FROM (SELECT " + postgres{}.quote(domainOf) + ` AS "value") AS of_domain)`
	}
	if expr.String == "" {
		r.Unsure = "the database does not say what it is"
	}
	_, r.words = lexer{text: unbracketed.Replace(expr.String)}.speaksOf(nil)
	t.addRule(r)
	return nil
}

// unbracketed: brackets are those of lists here, not of names.
var unbracketed = strings.NewReplacer("[", "(", "]", ")")

var (
	sized = regexp.MustCompile(`\((\d+)\)`)
	bits  = regexp.MustCompile(`^bit\((\d+)\)$`)
)

// limits notes what of its kind a type takes, and what of it says nothing. Full is the
// type with its size.
func (c *column) limits(base, full string) {
	switch base {
	case "int2", "int4":
		c.Range = &connect.Range{Least: c.low, Most: c.high}
	case "float4":
		c.Range = &connect.Range{Least: -1 << 24, Most: 1 << 24} // more digits are rounded
	case "numeric":
		c.digits(full)
	case "varchar", "bpchar":
		if m := sized.FindStringSubmatch(full); m != nil {
			c.Length, _ = strconv.Atoi(m[1])
		}
	case "bit":
		if m := bits.FindStringSubmatch(full); m != nil {
			n, _ := strconv.Atoi(m[1])
			c.blank(strings.Repeat("0", min(n, 10_000)))
		}
	}
	if !c.Strict || c.Blank != nil {
		return
	}
	if blank, ok := postgresBlanks[base]; ok {
		c.blank(blank)
	}
}

// postgresBlanks are values that say nothing, as PostgreSQL writes them.
var postgresBlanks = map[string]string{
	"time": "00:00:00", "timetz": "00:00:00+00", "interval": "00:00:00", "inet": "0.0.0.0/32", "cidr": "0.0.0.0/32", "macaddr": "00:00:00:00:00:00",
	"macaddr8": "00:00:00:00:00:00:00:00", "point": "(0,0)", "oid": "0", "pg_lsn": "0/0", "xml": "", "tsvector": "", "tsquery": "", "varbit": "",
	"int4range": "empty", "int8range": "empty", "numrange": "empty", "daterange": "empty", "tsrange": "empty", "tstzrange": "empty",
	"int4multirange": "{}", "int8multirange": "{}", "nummultirange": "{}", "datemultirange": "{}", "tsmultirange": "{}", "tstzmultirange": "{}",
}
