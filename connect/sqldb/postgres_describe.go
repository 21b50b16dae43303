package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// postgresTables are the tables and views of the applications, not the parts of a
// partitioned one, which its parent shows.
const postgresTables = `
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text,
       CASE WHEN c.relkind = 'p' THEN
         (SELECT coalesce(sum(greatest(k.reltuples, 0)), 0) FROM pg_partition_tree(c.oid) p JOIN pg_class k ON k.oid = p.relid WHERE p.isleaf)
       ELSE c.reltuples END::float8,
       has_schema_privilege(n.oid, 'USAGE'),
       has_table_privilege(c.oid, 'SELECT'), has_any_column_privilege(c.oid, 'SELECT'),
       has_table_privilege(c.oid, 'UPDATE'), has_any_column_privilege(c.oid, 'UPDATE'),
       has_table_privilege(c.oid, 'DELETE'), current_user::text,
       (pg_relation_is_updatable(c.oid, true) & 4) <> 0, (pg_relation_is_updatable(c.oid, true) & 16) <> 0,
       c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`

const postgresColumns = `
SELECT a.attrelid::bigint, a.attname, format_type(a.atttypid, a.atttypmod),
       coalesce(b.typname, t.typname)::text, quote_ident(tn.nspname) || '.' || quote_ident(t.typname),
       t.typcategory::text, t.typtype::text,
       CASE WHEN a.atttypmod > 4 THEN a.atttypmod WHEN t.typtypmod > 4 THEN t.typtypmod ELSE -1 END,
       NOT (a.attnotnull OR t.typnotnull), a.attgenerated <> '' OR a.attidentity = 'a',
       coalesce(NOT l.collisdeterministic, false),
       has_column_privilege(a.attrelid, a.attnum, 'SELECT'), has_column_privilege(a.attrelid, a.attnum, 'UPDATE')
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
ORDER BY a.attrelid, a.attnum`

const postgresConstraints = `
SELECT k.conrelid::bigint, k.conname, k.contype::text, k.confrelid::bigint, k.confdeltype::text, k.confupdtype::text, k.condeferrable,
       (SELECT json_agg(a.attname ORDER BY u.at) FROM unnest(k.conkey) WITH ORDINALITY u(num, at) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num)::text,
       (SELECT json_agg(a.attname ORDER BY u.at) FROM unnest(k.confkey) WITH ORDINALITY u(num, at) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num)::text
FROM pg_constraint k WHERE k.contype IN ('p', 'f') AND k.conparentid = 0 ORDER BY k.conrelid, k.conname`

const postgresIndexes = `
SELECT i.indrelid::bigint, i.indisunique AND NOT i.indisprimary AND i.indexprs IS NULL, i.indisprimary,
       (SELECT json_agg(json_build_object('name', a.attname, 'is', pg_get_indexdef(i.indexrelid, u.at::int, true)) ORDER BY u.at)
        FROM unnest(i.indkey) WITH ORDINALITY u(num, at) LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.num AND u.num > 0
        WHERE u.at <= i.indnkeyatts)::text
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisvalid AND i.indpred IS NULL AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\_%' ORDER BY i.indexrelid`

// postgresTriggers: the bits of tgtype are 1 for each row, 8 for DELETE and 16 for UPDATE. A rule rewrites what is sent, which is as good as a trigger.
const postgresTriggers = `
SELECT t.tgrelid::bigint, t.tgname, (t.tgtype & 16) <> 0, (t.tgtype & 8) <> 0, (t.tgtype & 1) <> 0, CASE WHEN l.lanname = 'plpgsql' THEN p.prosrc ELSE '' END
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 24) <> 0
UNION ALL
SELECT r.ev_class::bigint, r.rulename, r.ev_type = '2', r.ev_type = '4', false, pg_get_ruledef(r.oid) FROM pg_rewrite r WHERE r.ev_type IN ('2', '4')
ORDER BY 1, 2`

// postgresPolicies are the tables of which row security may pass rows over, by what is done to
// them: 'r', 'w' or 'd'. A policy that holds for all rows passes over none.
const postgresPolicies = `
SELECT c.oid::bigint, m.cmd FROM pg_class c CROSS JOIN (VALUES ('r'), ('w'), ('d')) AS m(cmd)
WHERE c.relkind IN ('r', 'p') AND row_security_active(c.oid) AND (
  EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polcmd::text IN ('*', m.cmd)) OR
  NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd::text IN ('*', m.cmd) AND pg_get_expr(p.polqual, p.polrelid) = 'true'
    AND (m.cmd <> 'w' OR coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'true') = 'true')
    AND (p.polroles = '{0}' OR EXISTS (SELECT 1 FROM unnest(p.polroles) AS u(role) WHERE u.role <> 0 AND pg_has_role(u.role, 'USAGE')))))`

func (d postgres) describe(ctx context.Context, db asker, within string) (*catalog, error) {
	out := &catalog{}
	out.schema.Atomic = true
	var schema sql.NullString
	var follows bool
	err := each(ctx, db, `SELECT 'PostgreSQL ' || current_setting('server_version'), current_schema(), pg_is_in_recovery()`, func(scan scanner) error {
		return scan(&out.schema.Product, &schema, &follows)
	})
	if err != nil {
		return nil, err
	}
	if within == "" {
		within = schema.String
	}
	b := postgresCatalog{within: within, byID: map[int64]*table{}, parents: map[int64][]int64{}}
	for _, step := range []struct {
		query string
		row   func(scanner) error
	}{{postgresTables, b.table}, {postgresPolicies, b.policy}, {postgresParts, b.part}, {postgresColumns, b.column}, {postgresConstraints, b.constraint}, {postgresIndexes, b.index}, {postgresTriggers, b.trigger},
		{postgresDomains, b.domain}, {postgresEnums, b.enum}, {postgresChecks, b.check}, {postgresExclusions, b.exclusion},
		{postgresRequired, b.required}, {postgresPartitioned, b.partitioned}} {
		if err := each(ctx, db, step.query, step.row); err != nil {
			return nil, err
		}
	}
	b.settle()
	for _, t := range b.tables {
		if follows {
			t.lack(connect.OpUpdate, "nothing: this server only follows another; name the one that may be written to")
			t.lack(connect.OpDelete, t.Lacks[connect.OpUpdate])
		}
	}
	out.put(b.tables, within)
	return out, nil
}

type scanner func(into ...any) error

// each asks for a few columns and gives each row.
func each(ctx context.Context, db asker, query string, row func(scanner) error, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// postgresCatalog puts the answers together.
type postgresCatalog struct {
	within string
	tables []*table
	byID   map[int64]*table
	// parents are the tables that show the rows of one beside their own; see postgres_parts.go.
	parents map[int64][]int64
	role    string
}

func (b *postgresCatalog) table(scan scanner) error {
	var id int64
	var schema, name, kind string
	var rows float64
	var usage, read, readSome, update, updateSome, remove, updatable, deletable, inherited bool
	err := scan(&id, &schema, &name, &kind, &rows, &usage, &read, &readSome, &update, &updateSome, &remove, &b.role, &updatable, &deletable, &inherited)
	if err != nil {
		return err
	}
	t := newTable(schema, name, b.within)
	t.View, t.Inherited = kind == "v" || kind == "m", inherited
	if rows >= 0 && !t.View {
		t.Rows = int64(rows)
	}
	on, role := t.quoted(postgres{}), postgres{}.quote(b.role)
	grant := func(op connect.Op, word string, may, possible bool) {
		switch {
		case !possible:
			t.lack(op, fmt.Sprintf("nothing: PostgreSQL cannot %s the rows of %s", strings.ToLower(word), on))
		case !usage:
			t.lack(op, fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s; GRANT %s ON %s TO %s", postgres{}.quote(schema), role, word, on, role))
		case !may:
			t.lack(op, fmt.Sprintf("GRANT %s ON %s TO %s", word, on, role))
		}
	}
	grant(connect.OpRead, "SELECT", read || readSome, true)
	grant(connect.OpUpdate, "UPDATE", update || updateSome, updatable)
	grant(connect.OpDelete, "DELETE", remove, deletable)
	b.byID[id] = t
	b.tables = append(b.tables, t)
	return nil
}

// policy notes that row security may pass rows over. Of an update the new row must be one that
// the login sees.
func (b *postgresCatalog) policy(scan scanner) error {
	var id int64
	var cmd string
	err := scan(&id, &cmd)
	t := b.byID[id]
	if err != nil || t == nil {
		return err
	}
	op := map[string]connect.Op{"r": connect.OpUpdate, "w": connect.OpUpdate, "d": connect.OpDelete}[cmd]
	if cmd == "r" {
		t.Hides = fmt.Sprintf("row security is on for %s, so this login may not see every row; ALTER ROLE %s BYPASSRLS, or a policy for it with USING (true), would show them", t.quoted(postgres{}), postgres{}.quote(b.role))
	}
	if !slices.Contains(t.Withholds, op) {
		t.Withholds = append(t.Withholds, op)
	}
	return nil
}

func (b *postgresCatalog) column(scan scanner) error {
	var id int64
	var base, category, typtype string
	var modifier int
	var read, update bool
	c := &column{}
	err := scan(&id, &c.Name, &c.Type, &base, &c.cast, &category, &typtype, &modifier, &c.Nullable, &c.Generated, &c.loose, &read, &update)
	t := b.byID[id]
	if err != nil || t == nil {
		return err
	}
	c.Kind, c.like, c.float = postgresKind(base, category)
	c.low, c.high = postgresRange(base)
	c.Strict = c.Kind == connect.TextKind && !c.like
	if (base == "varchar" || base == "bpchar") && modifier > 4 {
		c.Length = modifier - 4
	}
	c.base = c.Type
	c.limits(base, c.Type)
	c.capitals = base == "citext"
	c.loose = c.loose || c.capitals
	on, role := t.quoted(postgres{}), postgres{}.quote(b.role)
	if !read && t.Lacks[connect.OpRead] == "" {
		c.lack(connect.OpRead, fmt.Sprintf("GRANT SELECT (%s) ON %s TO %s", postgres{}.quote(c.Name), on, role))
	}
	if !update && t.Lacks[connect.OpUpdate] == "" {
		c.lack(connect.OpUpdate, fmt.Sprintf("GRANT UPDATE (%s) ON %s TO %s", postgres{}.quote(c.Name), on, role))
	}
	t.columns = append(t.columns, c)
	return nil
}

func postgresKind(base, category string) (kind connect.Kind, like, float bool) {
	switch base {
	case "int2", "int4", "int8":
		return connect.Integer, true, false
	case "numeric":
		return connect.DecimalKind, true, false
	case "float4", "float8":
		return connect.DecimalKind, true, true
	case "bool":
		return connect.Boolean, true, false
	case "date":
		return connect.DateKind, true, false
	case "timestamp", "timestamptz":
		return connect.TimeKind, true, false
	case "bytea":
		return connect.Binary, true, false
	case "uuid":
		return connect.UUID, true, false
	case "json", "jsonb":
		return connect.JSON, false, false
	case "text", "varchar", "bpchar", "citext", "name":
		return connect.TextKind, true, false
	}
	if category == "A" {
		return connect.JSON, false, false
	}
	return connect.TextKind, false, false
}

func postgresRange(base string) (low, high int64) {
	switch base {
	case "int2":
		return math.MinInt16, math.MaxInt16
	case "int4":
		return math.MinInt32, math.MaxInt32
	}
	return 0, 0
}

func (b *postgresCatalog) constraint(scan scanner) error {
	var id, to int64
	var name, kind, onDelete, onUpdate string
	var deferred bool
	var columns, toColumns sql.NullString
	err := scan(&id, &name, &kind, &to, &onDelete, &onUpdate, &deferred, &columns, &toColumns)
	t := b.byID[id]
	if err != nil || t == nil && kind == "p" {
		return err
	}
	if kind == "p" {
		t.Key, err = texts(columns.String)
		return err
	}
	r := connect.Reference{Name: name, OnDelete: postgresOnDelete[onDelete], OnUpdate: postgresOnDelete[onUpdate], Deferred: deferred}
	if r.Columns, err = texts(columns.String); err != nil {
		return err
	}
	if r.To, err = texts(toColumns.String); err != nil {
		return err
	}
	b.refer(id, to, r)
	return nil
}

var postgresOnDelete = map[string]connect.OnDelete{"a": connect.NoAction, "r": connect.NoAction, "c": connect.Cascade, "n": connect.SetNull, "d": connect.SetDefault}

func texts(list string) (out []string, err error) {
	if list == "" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(list), &out)
	return out, err
}

func (b *postgresCatalog) index(scan scanner) error {
	var id int64
	var unique, primary bool
	var list string
	err := scan(&id, &unique, &primary, &list)
	t := b.byID[id]
	if err != nil || t == nil {
		return err
	}
	var parts []struct{ Name, Is string }
	if err := json.Unmarshal([]byte(list), &parts); err != nil {
		return err
	}
	var index []string
	for _, p := range parts {
		if p.Name == "" {
			p.Name = plainExpression(p.Is)
		}
		index = append(index, p.Name)
	}
	t.Indexes = append(t.Indexes, index)
	if unique {
		t.Unique = append(t.Unique, index)
	}
	return nil
}

var lowered = regexp.MustCompile(`^lower\(\(?"?((?:[^"()]|"")+?)"?\)?(?:::text)?\)$`)

// plainExpression writes `lower((email)::text)` as people do.
func plainExpression(is string) string {
	if m := lowered.FindStringSubmatch(is); m != nil {
		return "lower(" + strings.ReplaceAll(m[1], `""`, `"`) + ")"
	}
	return is
}

func (b *postgresCatalog) trigger(scan scanner) error {
	var id int64
	var trigger connect.Trigger
	var update, remove, eachRow bool
	var text string
	if err := scan(&id, &trigger.Name, &update, &remove, &eachRow, &text); err != nil {
		return err
	}
	trigger.Writes = lexer{text: text}.writes()
	if update {
		trigger.On = append(trigger.On, connect.OpUpdate)
	}
	if remove {
		trigger.On = append(trigger.On, connect.OpDelete)
	}
	if t := b.byID[id]; t != nil {
		t.Triggers = append(t.Triggers, trigger)
	}
	if eachRow {
		b.fires(id, trigger)
	}
	return nil
}

// settle sorts what came in the order of internal numbers.
func (b *postgresCatalog) settle() {
	for _, t := range b.tables {
		slices.SortStableFunc(t.References, func(x, y connect.Reference) int { return strings.Compare(x.Name, y.Name) })
	}
}
