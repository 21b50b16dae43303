package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/avowhq/avow/connect"
	lite "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"
)

func (d sqlite) describe(ctx context.Context, db asker, _ string) (*catalog, error) {
	out := &catalog{}
	out.schema.Atomic = true
	err := each(ctx, db, "SELECT 'SQLite ' || sqlite_version()", func(scan scanner) error { return scan(&out.schema.Product) })
	if err != nil {
		return nil, err
	}
	b := &liteCatalog{ctx: ctx, db: db, byName: map[string]*table{}, text: map[string]string{}, writable: mayWrite(d.path)}
	if err := b.read(); err != nil {
		return nil, err
	}
	out.put(b.tables, "")
	return out, nil
}

// liteCatalog puts the answers together. Its names do not mind capitals.
type liteCatalog struct {
	ctx      context.Context
	db       asker
	tables   []*table
	byName   map[string]*table
	text     map[string]string // the statement that made a table or an index
	rows     map[string]int64
	writable bool
}

func (b *liteCatalog) ask(query string, row func(scanner) error, args ...any) error {
	return each(b.ctx, b.db, query, row, args...)
}

func (b *liteCatalog) read() error {
	err := b.ask("SELECT name, coalesce(sql, '') FROM sqlite_master", func(scan scanner) error {
		var name, text string
		err := scan(&name, &text)
		b.text[name] = text
		return err
	})
	if err != nil {
		return err
	}
	if err := b.ask("SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", b.table); err != nil {
		return err
	}
	if err := b.counted(); err != nil {
		return err
	}
	for _, t := range b.tables {
		if err := b.fill(t); err != nil {
			return err
		}
	}
	for _, t := range b.tables { // now that every key is known
		if err := b.references(t); err != nil {
			return err
		}
	}
	return b.ask("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name", b.trigger)
}

func (b *liteCatalog) table(scan scanner) error {
	var name, kind string
	var rowless, strict bool
	if err := scan(&name, &kind, &rowless, &strict); err != nil {
		return err
	}
	t := newTable("", name, "")
	t.View = kind == "view"
	if t.View {
		t.lack(connect.OpUpdate, "nothing: a view of SQLite cannot be changed")
		t.lack(connect.OpDelete, "nothing: a view of SQLite cannot be changed")
	} else if !b.writable {
		t.lack(connect.OpUpdate, "permission to write to the file of the database and to its directory")
		t.lack(connect.OpDelete, "permission to write to the file of the database and to its directory")
	}
	b.tables = append(b.tables, t)
	b.byName[strings.ToLower(name)] = t
	return nil
}

// counted reads what ANALYZE noted, where it was ever run.
func (b *liteCatalog) counted() error {
	b.rows = map[string]int64{}
	if _, ok := b.text["sqlite_stat1"]; !ok {
		return nil
	}
	return b.ask("SELECT tbl, stat FROM sqlite_stat1 WHERE stat IS NOT NULL", func(scan scanner) error {
		var name, stat string
		if err := scan(&name, &stat); err != nil {
			return err
		}
		first, _, _ := strings.Cut(stat, " ")
		if n, err := strconv.ParseInt(first, 10, 64); err == nil {
			b.rows[name] = max(n, b.rows[name])
		}
		return nil
	})
}

func (b *liteCatalog) fill(t *table) error {
	loose := liteCollated.MatchString(b.text[t.name])
	keys := map[int]string{}
	err := b.ask(`SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid`, func(scan scanner) error {
		c := &column{shared: true}
		var required bool
		var key, hidden int
		if err := scan(&c.Name, &c.Type, &required, &key, &hidden); err != nil {
			return err
		}
		c.Nullable, c.Generated = !required, hidden > 1
		liteKind(c)
		c.loose = loose && c.Kind == connect.TextKind
		if key > 0 {
			keys[key] = c.Name
		}
		t.columns = append(t.columns, c)
		return nil
	}, t.name)
	if virtual := liteVirtual.MatchString(b.text[t.name]); (t.View || virtual) && liteBroken(err) {
		t.columns = nil
		t.broken("nothing: SQLite itself cannot read it; it shows what is not there any more, or needs a module or function that is not known here")
		return nil
	}
	if err != nil {
		return err
	}
	for i := 1; i <= len(keys); i++ {
		t.Key = append(t.Key, keys[i])
	}
	if t.View {
		return nil
	}
	if n, ok := b.rows[t.name]; ok {
		t.Rows = n
	}
	if text := b.text[t.name]; !liteVirtual.MatchString(text) {
		t.cutRules(lexer{text: text})
		for name, collation := range (lexer{text: text}).collations() {
			if c := t.column(t.spelled(name)); c != nil {
				c.collation = collation
			}
		}
	}
	if err := b.exclusions(t); err != nil {
		return err
	}
	return b.indexes(t)
}

// liteBroken reports that SQLite does not understand what a view or virtual table is made of.
func liteBroken(err error) bool {
	var e *lite.Error
	return errors.As(err, &e) && e.Code()&0xff == code.SQLITE_ERROR
}

var (
	liteCollated = regexp.MustCompile(`(?i)\bcollate\s+["'\[` + "`" + `]?(?:nocase|rtrim)`)
	liteVirtual  = regexp.MustCompile(`(?i)^\s*create\s+virtual\b`)
	liteLength   = regexp.MustCompile(`\(\s*(\d+)\s*\)`)
)

// liteKind reads a declared type as SQLite does (sqlite.org/datatype3.html, section
// 3.1), and the names that other databases gave it.
func liteKind(c *column) {
	name := strings.ToUpper(c.Type)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(name, w) {
				return true
			}
		}
		return false
	}
	switch {
	case name == "":
		c.Kind, c.like = connect.TextKind, true
	case has("BOOL"), name == "TINYINT(1)":
		c.Kind = connect.Boolean
	case has("DATETIME", "TIMESTAMP"):
		c.Kind = connect.TimeKind
	case name == "DATE":
		c.Kind = connect.DateKind
	case has("UUID", "GUID", "UNIQUEIDENTIFIER"):
		c.Kind = connect.UUID
	case has("JSON"):
		c.Kind = connect.JSON
	case has("INT"):
		c.Kind = connect.Integer
	case has("CHAR", "CLOB", "TEXT"):
		c.Kind = connect.TextKind
		if m := liteLength.FindStringSubmatch(name); m != nil {
			c.Length, _ = strconv.Atoi(m[1])
		}
	case has("BLOB", "BINARY", "BYTEA"):
		c.Kind = connect.Binary
	case has("REAL", "FLOA", "DOUB"):
		c.Kind, c.float = connect.DecimalKind, true
	case has("DEC", "NUMERIC", "MONEY", "NUMBER"):
		c.Kind = connect.DecimalKind
	default:
		c.Kind, c.like = connect.TextKind, true
	}
}

func (b *liteCatalog) references(t *table) error {
	last := -1
	return b.ask(`SELECT id, "table", "from", "to", on_delete, on_update FROM pragma_foreign_key_list(?) ORDER BY id, seq`, func(scan scanner) error {
		var id int
		var table, from, onDelete, onUpdate string
		var to sql.NullString
		if err := scan(&id, &table, &from, &to, &onDelete, &onUpdate); err != nil {
			return err
		}
		target := b.byName[strings.ToLower(table)]
		if id != last {
			last = id
			r := connect.Reference{Table: nameOf("", table, ""), OnDelete: liteOnDelete(onDelete), OnUpdate: liteOnDelete(onUpdate)}
			if target != nil {
				r.Table = target.Name
			}
			t.References = append(t.References, r)
		}
		r := &t.References[len(t.References)-1]
		r.Columns = append(r.Columns, t.spelled(from))
		switch {
		case target == nil:
			r.To = append(r.To, to.String)
		case to.Valid:
			r.To = append(r.To, target.spelled(to.String))
		case len(r.To) < len(target.Key): // it names no columns: the key is meant
			r.To = append(r.To, target.Key[len(r.To)])
		}
		return nil
	}, t.name)
}

// spelled is the name of a column as the table has it.
func (t *table) spelled(name string) string {
	for _, c := range t.columns {
		if strings.EqualFold(c.Name, name) {
			return c.Name
		}
	}
	return name
}

func liteOnDelete(action string) connect.OnDelete {
	switch action {
	case "CASCADE":
		return connect.Cascade
	case "SET NULL":
		return connect.SetNull
	case "SET DEFAULT":
		return connect.SetDefault
	}
	return connect.NoAction
}

func (b *liteCatalog) indexes(t *table) error {
	type index struct {
		name   string
		unique bool
		origin string
	}
	var list []index
	err := b.ask(`SELECT name, "unique", origin FROM pragma_index_list(?) WHERE partial = 0 ORDER BY seq DESC`, func(scan scanner) error {
		var i index
		err := scan(&i.name, &i.unique, &i.origin)
		list = append(list, i)
		return err
	}, t.name)
	if err != nil {
		return err
	}
	if len(t.Key) == 1 && strings.EqualFold(t.column(t.Key[0]).Type, "INTEGER") {
		t.Indexes = append(t.Indexes, t.Key)
	}
	if len(t.Key) == 1 && !slices.ContainsFunc(list, func(i index) bool { return i.origin == "pk" }) {
		t.column(t.Key[0]).Nullable = false // the number of the row; in other keys SQLite takes NULL as often as anybody likes
	}
	for _, i := range list {
		var columns []string
		plain := true
		expressions := indexed(b.text[i.name])
		err := b.ask(`SELECT seqno, name FROM pragma_index_xinfo(?) WHERE "key" = 1 ORDER BY seqno`, func(scan scanner) error {
			var at int
			var name sql.NullString
			if err := scan(&at, &name); err != nil {
				return err
			}
			if !name.Valid && at < len(expressions) {
				plain, name.String = false, expressions[at]
			}
			columns = append(columns, name.String)
			return nil
		}, i.name)
		if err != nil {
			return err
		}
		t.Indexes = append(t.Indexes, columns)
		if i.unique && i.origin != "pk" && plain {
			t.Unique = append(t.Unique, columns)
		}
	}
	return nil
}

var liteIndex = regexp.MustCompile(`(?is)^\s*create\b.*?\bon\b[^(]*\((.*)\)\s*$`)

// indexed are the parts of an index in the statement that made it.
func indexed(statement string) (out []string) {
	m := liteIndex.FindStringSubmatch(statement)
	if m == nil {
		return nil
	}
	depth, start := 0, 0
	for i, r := range m[1] + "," {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, unquoted.Replace(strings.TrimSpace(m[1][start:i])))
				start = i + 1
			}
		}
	}
	return out
}

var unquoted = strings.NewReplacer(`"`, "", "`", "", "[", "", "]", "")

var liteTrigger = regexp.MustCompile(`(?is)^create\s+(?:temp\w*\s+)?trigger\s+(?:if\s+not\s+exists\s+)?(?:"(?:[^"]|"")*"|\[[^\]]*\]|` + "`[^`]*`" + `|\S+)\s+(?:before\s+|after\s+|instead\s+of\s+)?(delete|insert|update)`)

func (b *liteCatalog) trigger(scan scanner) error {
	var name, table, text string
	if err := scan(&name, &table, &text); err != nil {
		return err
	}
	t, on := b.byName[strings.ToLower(table)], liteOn(text)
	if t != nil && len(on) > 0 {
		t.Triggers = append(t.Triggers, connect.Trigger{Name: name, On: on, Writes: lexer{text: named(liteBody, text)}.writes()})
	}
	return nil
}

// liteOn is what sets a trigger off, an INSERT aside; everything where that cannot be read.
func liteOn(text string) []connect.Op {
	m := liteTrigger.FindStringSubmatch(text)
	switch {
	case m == nil:
		return []connect.Op{connect.OpUpdate, connect.OpDelete}
	case strings.EqualFold(m[1], "insert"):
		return nil
	}
	return []connect.Op{connect.Op(strings.ToLower(m[1]))}
}
