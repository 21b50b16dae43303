package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// mysqlWhere keeps to the database of the connection, or to all that are not the server's own.
const mysqlWhere = ` WHERE (%[1]s = ? OR ? = '' AND %[1]s NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys'))`

const (
	mysqlTables = `SELECT table_schema, table_name, table_type = 'VIEW', table_rows,
		table_type <> 'VIEW' AND NOT EXISTS (SELECT 1 FROM information_schema.engines e WHERE e.engine = tables.engine AND e.transactions = 'YES') FROM information_schema.tables` + mysqlWhere +
		` AND table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')`
	mysqlColumns = `SELECT table_schema, table_name, column_name, is_nullable = 'YES', data_type, column_type, character_maximum_length,
		character_set_name, collation_name, coalesce(generation_expression, '') <> '', privileges FROM information_schema.columns` + mysqlWhere +
		` ORDER BY table_schema, table_name, ordinal_position`
	// A login that may only read sees which references there are, and not what deleting or changing does.
	mysqlReferences = `SELECT k.table_schema, k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema, k.referenced_table_name,
		k.referenced_column_name, coalesce(r.delete_rule, ''), coalesce(r.update_rule, '') FROM information_schema.key_column_usage k
		LEFT JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name` + mysqlWhere +
		` AND k.referenced_table_name IS NOT NULL ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position`
	mysqlIndexes = `SELECT table_schema, table_name, index_name, non_unique = 0, column_name, sub_part IS NOT NULL, %s FROM information_schema.statistics` + mysqlWhere +
		` ORDER BY table_schema, table_name, index_name, seq_in_index`
	mysqlTriggers = `SELECT event_object_schema, event_object_table, trigger_name, event_manipulation, coalesce(action_statement, '') FROM information_schema.triggers` + mysqlWhere +
		` AND event_manipulation <> 'INSERT' ORDER BY trigger_name`
	mysqlViews  = `SELECT table_schema, table_name FROM information_schema.views` + mysqlWhere + ` AND is_updatable = 'NO'`
	mysqlChecks = `SELECT constraint_schema, table_name, check_clause FROM information_schema.check_constraints` + mysqlWhere
)

func (d mysql) describe(ctx context.Context, db asker, within string) (*catalog, error) {
	out := &catalog{}
	out.schema.Atomic = true
	var version, current, user string
	var ansi bool
	err := each(ctx, db, `SELECT version(), coalesce(database(), ''), current_user(), 1`, func(scan scanner) error {
		return scan(&version, &current, &user, &ansi)
	})
	if err != nil {
		return nil, err
	}
	maria := strings.Contains(strings.ToLower(version), "mariadb")
	out.schema.Product = "MySQL " + version
	if maria {
		out.schema.Product = "MariaDB " + strings.TrimSuffix(version, "-MariaDB")
	}
	if within == "" {
		within = current
	}
	b := &mysqlCatalog{ctx: ctx, db: db, within: within, user: mysqlAccount(user), maria: maria, byName: map[[2]string]*table{}}
	if err := b.read(); err != nil {
		return nil, err
	}
	out.put(b.tables, within)
	return out, nil
}

// mysqlAccount quotes `user@host` as a GRANT wants it.
func mysqlAccount(user string) string {
	name, host, _ := cutLast(user, '@')
	return mysql{}.quote(name) + "@" + mysql{}.quote(host)
}

// mysqlCatalog puts the answers together.
type mysqlCatalog struct {
	ctx    context.Context
	db     asker
	within string
	user   string
	maria  bool
	tables []*table
	byName map[[2]string]*table
}

// ask fills in which column names the schema, and its value.
func (b *mysqlCatalog) ask(query, schema string, row func(scanner) error, more ...any) error {
	return each(b.ctx, b.db, fmt.Sprintf(strings.ReplaceAll(query, mysqlWhere, fmt.Sprintf(mysqlWhere, schema)), more...), row, b.within, b.within)
}

func (b *mysqlCatalog) read() error {
	expression := "NULL"
	if !b.maria {
		expression = "expression"
	}
	steps := []func() error{
		func() error { return b.ask(mysqlTables, "table_schema", b.table) },
		func() error { return b.ask(mysqlColumns, "table_schema", b.column) },
		func() error { return b.ask(mysqlIndexes, "table_schema", b.index, expression) },
		func() error { return b.exclusions(expression) },
		func() error { return b.ask(mysqlReferences, "k.table_schema", b.reference) },
		func() error { return b.ask(mysqlTriggers, "event_object_schema", b.trigger) },
		func() error { return b.ask(mysqlViews, "table_schema", b.fixedView) },
		b.deletable,
		b.seesTriggers,
	}
	if b.maria {
		steps = append(steps, func() error { return b.ask(mysqlChecks, "constraint_schema", b.check) })
	}
	for _, step := range append(steps, b.rules) {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (b *mysqlCatalog) table(scan scanner) error {
	var schema, name string
	var view, piecemeal bool
	var rows sql.NullInt64
	if err := scan(&schema, &name, &view, &rows, &piecemeal); err != nil {
		return err
	}
	t := newTable(schema, name, b.within)
	t.View, t.Piecemeal = view, piecemeal
	if rows.Valid && !view {
		t.Rows = rows.Int64
	}
	b.tables = append(b.tables, t)
	b.byName[[2]string{schema, name}] = t
	return nil
}

func (b *mysqlCatalog) column(scan scanner) error {
	var schema, name, data, privileges string
	var length sql.NullInt64
	var charset, collation sql.NullString
	c := &column{}
	err := scan(&schema, &name, &c.Name, &c.Nullable, &data, &c.Type, &length, &charset, &collation, &c.Generated, &privileges)
	t := b.byName[[2]string{schema, name}]
	if err != nil || t == nil {
		return err
	}
	mysqlKind(c, data)
	mysqlLimits(c, data)
	if length.Valid && (c.Kind == connect.TextKind || c.Kind == connect.Binary) && length.Int64 < math.MaxInt32 {
		c.Length = int(length.Int64)
	}
	if c.Kind == connect.TextKind && collation.Valid {
		c.loose = !strings.HasSuffix(collation.String, "_nopad_bin") && collation.String != "utf8mb4_0900_bin"
		c.capitals = strings.HasSuffix(collation.String, "_ci")
		c.cast = fmt.Sprintf("VARCHAR(%d) CHARACTER SET %s COLLATE %s", min(max(c.Length, 1), 16000), charset.String, collation.String)
	}
	on := t.quoted(mysql{})
	for word, op := range map[string]connect.Op{"select": connect.OpRead, "update": connect.OpUpdate} {
		if !strings.Contains(","+privileges+",", ","+word+",") {
			c.lack(op, fmt.Sprintf("GRANT %s (%s) ON %s TO %s", strings.ToUpper(word), mysql{}.quote(c.Name), on, b.user))
		}
	}
	t.columns = append(t.columns, c)
	return nil
}

func mysqlKind(c *column, data string) {
	unsigned := strings.Contains(c.Type, "unsigned")
	bits := map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64, "year": 16}[data]
	switch {
	case strings.HasPrefix(c.Type, "tinyint(1)"), c.Type == "bit(1)":
		c.Kind, c.cast = connect.Boolean, data
	case data == "bit":
		c.Kind, c.cast, c.high = connect.Integer, data, math.MaxInt64
		if n, err := strconv.Atoi(strings.Trim(c.Type, "bit()")); err == nil && n < 64 {
			c.high = 1<<n - 1
		}
	case bits > 0:
		c.Kind = connect.Integer
		if unsigned {
			c.high = math.MaxInt64
			if bits < 64 {
				c.high = 1<<bits - 1
			}
		} else if bits < 64 {
			c.low, c.high = -1<<(bits-1), 1<<(bits-1)-1
		}
	case data == "decimal":
		c.Kind = connect.DecimalKind
	case data == "float", data == "double":
		c.Kind, c.float, c.single = connect.DecimalKind, true, data == "float"
	case data == "date":
		c.Kind = connect.DateKind
	case data == "datetime", data == "timestamp":
		c.Kind = connect.TimeKind
	case data == "json":
		c.Kind = connect.JSON
	case data == "uuid":
		c.Kind = connect.UUID
	case strings.HasSuffix(data, "blob"), strings.HasSuffix(data, "binary"), strings.Contains(data, "geom"), strings.HasSuffix(data, "point"), strings.HasSuffix(data, "linestring"), strings.HasSuffix(data, "polygon"):
		c.Kind = connect.Binary
	default:
		c.Kind = connect.TextKind
	}
}

func (b *mysqlCatalog) index(scan scanner) error {
	var schema, name, index string
	var unique, prefix bool
	var column, expression sql.NullString
	err := scan(&schema, &name, &index, &unique, &column, &prefix, &expression)
	t := b.byName[[2]string{schema, name}]
	if err != nil || t == nil {
		return err
	}
	part := column.String
	if !column.Valid {
		part = strings.NewReplacer("`", "", "(", "(").Replace(expression.String)
	}
	if index == "PRIMARY" {
		t.Key = append(t.Key, part)
	}
	t.extend(index, part, unique && index != "PRIMARY" && !prefix && column.Valid)
	return nil
}

// extend adds a column to the index that is being read, and keeps unique ones apart.
func (t *table) extend(index, part string, unique bool) {
	if t.reading != index {
		t.reading, t.unique = index, unique
		t.Indexes = append(t.Indexes, nil)
		if unique {
			t.Unique = append(t.Unique, nil)
		}
	}
	last := &t.Indexes[len(t.Indexes)-1]
	*last = append(*last, part)
	switch {
	case t.unique && unique:
		set := &t.Unique[len(t.Unique)-1]
		*set = append(*set, part)
	case t.unique: // a part of it is only the beginning of a column
		t.unique = false
		t.Unique = t.Unique[:len(t.Unique)-1]
	}
}

func (b *mysqlCatalog) reference(scan scanner) error {
	var schema, name, constraint, column, toSchema, toName, toColumn, rule, update string
	err := scan(&schema, &name, &constraint, &column, &toSchema, &toName, &toColumn, &rule, &update)
	t := b.byName[[2]string{schema, name}]
	if err != nil || t == nil {
		return err
	}
	if n := len(t.References); n == 0 || t.References[n-1].Name != constraint {
		t.References = append(t.References, connect.Reference{Name: constraint, Table: nameOf(toSchema, toName, b.within), OnDelete: liteOnDelete(rule), OnUpdate: liteOnDelete(update)})
	}
	r := &t.References[len(t.References)-1]
	r.Columns, r.To = append(r.Columns, column), append(r.To, toColumn)
	return nil
}

func (b *mysqlCatalog) trigger(scan scanner) error {
	var schema, name, event, text string
	var trigger connect.Trigger
	err := scan(&schema, &name, &trigger.Name, &event, &text)
	if t := b.byName[[2]string{schema, name}]; err == nil && t != nil {
		trigger.On = []connect.Op{connect.Op(strings.ToLower(event))}
		trigger.Writes = lexer{text: text, mysql: true}.writes()
		t.Triggers = append(t.Triggers, trigger)
	}
	return err
}

func (b *mysqlCatalog) fixedView(scan scanner) error {
	var schema, name string
	err := scan(&schema, &name)
	if t := b.byName[[2]string{schema, name}]; err == nil && t != nil {
		t.lack(connect.OpUpdate, "nothing: the rows of this view cannot be changed")
		t.lack(connect.OpDelete, "nothing: the rows of this view cannot be changed")
	}
	return err
}

var mysqlJSON = regexp.MustCompile("(?i)^\\s*json_valid\\(`((?:[^`]|``)+)`\\)\\s*$")

// check finds the JSON columns of MariaDB, which are texts with a check.
func (b *mysqlCatalog) check(scan scanner) error {
	var schema, name, clause string
	err := scan(&schema, &name, &clause)
	t, m := b.byName[[2]string{schema, name}], mysqlJSON.FindStringSubmatch(clause)
	if err != nil || t == nil || m == nil {
		return err
	}
	if c := t.column(strings.ReplaceAll(m[1], "``", "`")); c != nil {
		c.isJSON()
	}
	return nil
}

// deletable asks the database itself: privileges reach a login in too many ways. It
// explains a deletion and does none.
func (b *mysqlCatalog) deletable() error {
	for _, t := range b.tables {
		t.liftLacks()
		if t.Lacks[connect.OpDelete] != "" {
			continue
		}
		err := each(b.ctx, b.db, "EXPLAIN DELETE FROM "+t.quoted(mysql{})+" WHERE 1 = 0", func(scanner) error { return nil })
		if err == nil {
			continue
		}
		switch f := (mysql{}).fault(err); {
		case f.kind == avow.Unavailable || f.kind == avow.Canceled || b.ctx.Err() != nil:
			return err
		case f.kind == avow.Forbidden && !f.lacks: // a server that only follows another
			t.lack(connect.OpUpdate, "nothing: "+f.what+"; name the server that may be written to")
			t.lack(connect.OpDelete, t.Lacks[connect.OpUpdate])
			continue
		case !f.lacks && !t.View:
			t.broken("nothing: the server itself cannot use this table; " + f.what)
			continue
		}
		t.lack(connect.OpDelete, fmt.Sprintf("GRANT DELETE ON %s TO %s", t.quoted(mysql{}), b.user))
	}
	return nil
}

// liftLacks says of a table what is said of all its columns.
func (t *table) liftLacks() {
	for word, op := range map[string]connect.Op{"SELECT": connect.OpRead, "UPDATE": connect.OpUpdate} {
		var remedy string
		all := len(t.columns) > 0
		for _, c := range t.columns {
			all = all && c.Lacks[op] != ""
			remedy = c.Lacks[op]
		}
		if !all {
			continue
		}
		for _, c := range t.columns {
			delete(c.Lacks, op)
		}
		_, on, _ := strings.Cut(remedy, ") ON ")
		if t.Lacks[op] == "" {
			t.lack(op, "GRANT "+word+" ON "+on)
		}
	}
}
