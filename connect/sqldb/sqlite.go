package sqldb

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	lite "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"
)

// sqlite knows the file, to see whether it may be written.
type sqlite struct{ path string }

// openSQLite never makes a file: a wrong name is an error, not an empty database.
func openSQLite(c connect.Config) (d sqlite, reads, writes *sql.DB, err error) {
	path, query, err := sqliteFile(c)
	if err != nil {
		return d, nil, nil, err
	}
	pragmas := []string{"busy_timeout(10000)", "foreign_keys(1)", "trusted_schema(0)"}
	mode := "rw" // a program that was stopped while it wrote left a journal, which only who may write can undo
	if c.ReadOnly {
		mode = "ro"
	}
	reads, err = openFile(path, query, mode, "deferred", append(pragmas, "query_only(1)"))
	if err == nil {
		writes, err = openFile(path, query, "rw", "immediate", pragmas)
	}
	if err != nil {
		err = avow.Errorf(avow.Invalid, "system %s: its connection string cannot be read; one is a path, or file:PATH", c.System)
	}
	return sqlite{path}, reads, writes, err
}

// sqliteFile reads a path, relative to the folder, or a file: URI.
func sqliteFile(c connect.Config) (path string, query url.Values, err error) {
	path, query = strings.TrimPrefix(c.Secret, "sqlite://"), url.Values{}
	if strings.HasPrefix(path, "file:") {
		u, err := url.Parse(path)
		if err != nil {
			return "", nil, avow.Errorf(avow.Invalid, "system %s: its connection string cannot be read; one is a path, or file:PATH", c.System)
		}
		query = u.Query()
		if path = u.Path; u.Opaque != "" {
			path, err = url.PathUnescape(u.Opaque)
		}
		if err != nil {
			return "", nil, avow.Errorf(avow.Invalid, "system %s: its connection string cannot be read; one is a path, or file:PATH", c.System)
		}
	}
	if path == "" || path == ":memory:" {
		return "", nil, avow.Errorf(avow.Invalid, "system %s: its connection string names no file", c.System)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Folder, path)
	}
	return path, query, nil
}

func openFile(path string, query url.Values, mode, lock string, pragmas []string) (*sql.DB, error) {
	q := url.Values{"mode": {mode}, "_txlock": {lock}, "_pragma": pragmas}
	for _, keep := range []string{"vfs", "immutable", "nolock"} {
		if v := query.Get(keep); v != "" {
			q.Set(keep, v)
		}
	}
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	connector, err := lite.NewConnector(uri.String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

func (sqlite) quote(name string) string { return postgres{}.quote(name) }
func (sqlite) param(n int) string       { return "?" + strconv.Itoa(n) }

func (sqlite) clock() string                { return "" }               // it is this machine's
func (sqlite) snapshot() sql.IsolationLevel { return sql.LevelDefault } // each transaction sees one state
func (sqlite) serial() sql.IsolationLevel   { return sql.LevelDefault } // one writes at a time
func (sqlite) looksBack() bool              { return true }
func (sqlite) lock() string                 { return "" }

// room: a set is one parameter, a JSON text.
func (sqlite) room() (values, bytes int) { return 4_000_000, 64 << 20 }

// read takes a column's declared type away, after which the driver would parse texts as moments.
func (sqlite) read(ref string, c *column) string {
	if c.Kind == connect.DateKind || c.Kind == connect.TimeKind {
		return "+" + ref
	}
	return ref
}

func (sqlite) argument(w *writer, c *column, v any) {
	if _, ok := v.([]byte); !ok && v != nil {
		v = liteForms(c, v)[0]
	}
	w.value(v)
}

// liteForms are the ways in which a value may stand in a column, the usual one first.
// SQLite keeps what it is given: a moment is a text in one of several forms.
func liteForms(c *column, v any) []any {
	switch v := v.(type) {
	case bool:
		if v {
			return []any{int64(1), "true", "TRUE", "True", "t"}
		}
		return []any{int64(0), "false", "FALSE", "False", "f"}
	case time.Time:
		return liteMoments(v)
	case connect.Date:
		return []any{string(v), string(v) + " 00:00:00", string(v) + "T00:00:00Z", string(v) + " 00:00:00+00:00"}
	case connect.Decimal:
		return []any{string(v)}
	case string:
		switch c.Kind {
		case connect.UUID:
			return []any{v, strings.ToUpper(v)}
		case connect.JSON:
			return []any{written(v)}
		}
		if c.like { // no affinity: nothing turns a number into a text or back
			if i, err := strconv.ParseInt(v, 10, 64); err == nil {
				return []any{v, i}
			}
		}
		return []any{v}
	case int64, float64:
		return []any{v}
	}
	return []any{written(v)}
}

func liteMoments(t time.Time) []any {
	out := []any{t.Format("2006-01-02 15:04:05.999999999"), t.Format("2006-01-02T15:04:05.999999999Z07:00"),
		t.Format("2006-01-02 15:04:05.999999999+00:00"), t.Format("2006-01-02T15:04:05.999999999"), t.Format("2006-01-02T15:04:05.999999999+00:00"),
		t.Format("2006-01-02 15:04:05.999999999 +0000 UTC"), t.Format("2006-01-02 15:04:05.000"), t.Format("2006-01-02T15:04:05.000Z"), t.Format("2006-01-02 15:04:05.000000")}
	if t.Equal(t.Truncate(24 * time.Hour)) {
		out = append(out, t.Format(time.DateOnly))
	}
	return out
}

func (d sqlite) member(w *writer, refs []string, columns []*column, tuples [][]any) {
	w.text("(")
	d.among(w, refs, "", columns, tuples)
	for _, c := range columns {
		if c.loose {
			w.text(" AND ")
			d.among(w, refs, " COLLATE BINARY", columns, tuples)
			break
		}
	}
	w.text(")")
}

func (d sqlite) among(w *writer, refs []string, collate string, columns []*column, tuples [][]any) {
	if len(columns) == 1 {
		w.text(refs[0], collate, " IN (SELECT ", liteElement(columns[0], "value"), " FROM json_each(")
		set := liteSet(columns, tuples)
		w.value(set)
		w.text(")")
		if columns[0].Kind == connect.Binary {
			w.text(" UNION ALL SELECT CAST(unhex(value) AS TEXT) FROM json_each(")
			w.value(set)
			w.text(")")
		}
		w.text(")")
		return
	}
	w.text("(")
	w.list(len(refs), ", ", func(i int) { w.text(refs[i], collate) })
	w.text(") IN (SELECT ")
	w.list(len(refs), ", ", func(i int) { w.text(liteElement(columns[i], fmt.Sprintf("json_extract(value, '$[%d]')", i))) })
	w.text(" FROM json_each(")
	w.value(liteSet(columns, tuples))
	w.text("))")
}

func liteElement(c *column, expr string) string {
	if c.Kind == connect.Binary {
		return "unhex(" + expr + ")"
	}
	return expr
}

// liteSet is the tuples in all their forms as a JSON array.
func liteSet(columns []*column, tuples [][]any) string {
	out := []byte{'['}
	for _, tuple := range tuples {
		if len(columns) == 1 {
			for _, form := range liteSetForms(columns[0], tuple[0]) {
				out = append(appendJSON(out, form), ',')
			}
			continue
		}
		out = appendTuples(out, columns, tuple, nil)
	}
	if len(out) > 1 {
		out = out[:len(out)-1]
	}
	return string(append(out, ']'))
}

func liteSetForms(c *column, v any) []any {
	if b, ok := v.([]byte); ok {
		return []any{hex.EncodeToString(b)}
	}
	return liteForms(c, v)
}

func appendTuples(out []byte, columns []*column, tuple []any, forms []any) []byte {
	if len(forms) < len(columns) {
		for _, form := range liteSetForms(columns[len(forms)], tuple[len(forms)]) {
			out = appendTuples(out, columns, tuple, append(forms[:len(forms):len(forms)], form))
		}
		return out
	}
	for i, form := range forms {
		if i == 0 {
			out = append(out, '[')
		} else {
			out = append(out, ',')
		}
		out = appendJSON(out, form)
	}
	return append(out, ']', ',')
}

func appendJSON(out []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return strconv.AppendInt(out, v, 10)
	case nil:
		return append(out, "null"...)
	}
	return append(out, written(v)...)
}

func (sqlite) textMember(w *writer, expr string, texts []string) {
	tuples := make([]any, len(texts))
	for i, text := range texts {
		tuples[i] = text
	}
	w.text(expr, " IN (SELECT value FROM json_each(")
	w.value(written(tuples))
	w.text("))")
}

func (sqlite) text(ref string, _ *column) string { return "CAST(" + ref + " AS TEXT)" }

func (sqlite) trim(expr string) string {
	var list []string
	for _, r := range spaces {
		list = append(list, strconv.Itoa(int(r)))
	}
	return "trim(" + expr + ", char(" + strings.Join(list, ",") + "))"
}

func (sqlite) plainDigits(expr string) string {
	for _, c := range []string{" ", "(", ")", ".", "/", "+", "-"} {
		expr = "replace(" + expr + ", '" + c + "', '')"
	}
	return expr
}

func (sqlite) last(expr string, n int) string { return fmt.Sprintf("substr(%s, -%d)", expr, n) }

func (sqlite) other(expr string, of class) string {
	if of == ascii {
		return expr + ` GLOB '*[^ -~]*'`
	}
	return expr + ` GLOB '*[^0-9 ()./+-]*'`
}

const liteMoment = "strftime('%Y-%m-%d %H:%M:%f', "

func (d sqlite) compare(w *writer, ref string, c *column, op string, v any) {
	switch c.Kind {
	case connect.Integer, connect.DecimalKind:
		w.text("CASE WHEN typeof(", ref, ") IN ('integer', 'real') THEN ", ref, " END ", op, " CAST(")
		d.argument(w, c, v)
		w.text(" AS NUMERIC)")
	case connect.Boolean:
		w.text("CASE lower(CAST(", ref, " AS TEXT)) WHEN '1' THEN 1 WHEN 'true' THEN 1 WHEN 't' THEN 1 WHEN '0' THEN 0 WHEN 'false' THEN 0 WHEN 'f' THEN 0 END ", op, " ")
		d.argument(w, c, v)
	case connect.DateKind, connect.TimeKind:
		w.text("CASE typeof(", ref, ") WHEN 'text' THEN coalesce(", liteMoment, ref, "), ", liteMoment, "substr(", ref, ", 1, 23)), ", liteMoment, "substr(", ref, ", 1, 19))) END ", op, " ", liteMoment)
		d.argument(w, c, v)
		w.text(")")
	case connect.Binary:
		w.text("CAST(", ref, " AS BLOB) ", op, " ")
		w.value(v)
	default:
		w.text("NULLIF(CAST(", ref, " AS TEXT), '') COLLATE BINARY ", op, " ")
		w.value(connect.Text(v))
	}
}

func (d sqlite) remove(w *writer, r *rows) {
	w.text("DELETE FROM ", r.t.quoted(d), " AS t WHERE ")
	r.where(w)
}

func (d sqlite) update(w *writer, u *update) {
	w.text("UPDATE ", u.t.quoted(d), " AS t SET ")
	w.list(len(u.sets), ", ", func(i int) {
		w.text(d.quote(u.sets[i].c.Name), " = ")
		d.becomes(w, u, i)
	})
	if u.each != nil {
		d.values(w, u)
	}
	w.text(" WHERE ")
	if u.each != nil {
		w.list(len(u.keys), " AND ", func(i int) { fmt.Fprintf(w, "t.%s = u.c%d", d.quote(u.keys[i].Name), i) })
		w.text(" AND ")
	}
	u.where(w)
	w.text(" AND (")
	w.list(len(u.sets), " OR ", func(i int) {
		w.text("t.", d.quote(u.sets[i].c.Name), " COLLATE BINARY IS NOT ")
		d.becomes(w, u, i)
	})
	w.text(")")
}

func (d sqlite) becomes(w *writer, u *update, i int) {
	if u.sets[i].each {
		fmt.Fprintf(w, "u.c%d", len(u.keys)+i)
		return
	}
	d.argument(w, u.sets[i].c, u.sets[i].value)
}

// values are the keys and the new values as a table u. A key stands there in all its forms.
func (d sqlite) values(w *writer, u *update) {
	w.text(" FROM (SELECT ")
	for i, c := range u.keys {
		w.text(liteElement(c, fmt.Sprintf("json_extract(value, '$[%d]')", i)), fmt.Sprintf(" AS c%d, ", i))
	}
	w.list(len(u.sets), ", ", func(i int) {
		at := len(u.keys) + i
		w.text(liteElement(u.sets[i].c, fmt.Sprintf("json_extract(value, '$[%d]')", at)), fmt.Sprintf(" AS c%d", at))
	})
	w.text(" FROM json_each(")
	out := []byte{'['}
	for _, each := range u.each {
		var values []any
		for i, s := range u.sets {
			values = append(values, liteNew(s.c, each[len(u.keys)+i]))
		}
		out = appendKeyed(out, u.keys, each, nil, values)
	}
	out[len(out)-1] = ']'
	w.value(string(out))
	w.text(")) AS u")
}

func liteNew(c *column, v any) any {
	if v == nil {
		return nil
	}
	return liteSetForms(c, v)[0]
}

func appendKeyed(out []byte, keys []*column, tuple, forms, values []any) []byte {
	if len(forms) < len(keys) {
		for _, form := range liteSetForms(keys[len(forms)], tuple[len(forms)]) {
			out = appendKeyed(out, keys, tuple, append(forms[:len(forms):len(forms)], form), values)
		}
		return out
	}
	out = append(out, '[')
	for _, v := range append(forms[:len(forms):len(forms)], values...) {
		out = append(appendJSON(out, v), ',')
	}
	out[len(out)-1] = ']'
	return append(out, ',')
}

var liteConstraint = regexp.MustCompile(`(UNIQUE|NOT NULL) constraint failed: ([^()]+?)(?: \(\d+\))?$`)

func (sqlite) fault(err error) fault {
	var e *lite.Error
	if !errors.As(err, &e) {
		return fault{kind: avow.Unavailable, what: "its file cannot be opened; look at its path"}
	}
	switch e.Code() {
	case code.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fault{kind: avow.Conflict, what: "a foreign key refuses it: another row points at this one, or what it would point at is not there"}
	case code.SQLITE_READONLY_ROLLBACK, code.SQLITE_READONLY_RECOVERY:
		return fault{kind: avow.Unavailable, what: "a program that wrote to its file was stopped in the middle; it can be read again when somebody who may write has opened it"}
	case code.SQLITE_BUSY_SNAPSHOT:
		return fault{kind: avow.Unavailable, what: "others write to it all the time; nothing was changed, try again", again: true}
	case code.SQLITE_CONSTRAINT_TRIGGER:
		return fault{kind: avow.Conflict, what: "a trigger of the database refuses the change"}
	}
	switch e.Code() & 0xff {
	case code.SQLITE_BUSY:
		return fault{kind: avow.Unavailable, what: "others lock its file; nothing was changed, try again", locked: true}
	case code.SQLITE_LOCKED:
		return fault{kind: avow.Unavailable, what: "others write to it all the time; nothing was changed, try again", again: true}
	case code.SQLITE_CONSTRAINT:
		if m := liteConstraint.FindStringSubmatch(err.Error()); m != nil {
			return fault{kind: avow.Conflict, what: "the " + strings.ToLower(m[1]) + " constraint of " + m[2] + " refuses it"}
		}
		return fault{kind: avow.Conflict, what: "a constraint refuses it"}
	case code.SQLITE_READONLY, code.SQLITE_PERM:
		return fault{kind: avow.Forbidden, what: "its file may not be written; " + liteRemedy}
	case code.SQLITE_CANTOPEN:
		return fault{kind: avow.Unavailable, what: "its file cannot be opened; look at its path and its owner"}
	case code.SQLITE_NOTADB, code.SQLITE_CORRUPT:
		return fault{kind: avow.Unavailable, what: "its file is no SQLite database, or damaged"}
	case code.SQLITE_ERROR, code.SQLITE_SCHEMA:
		if strings.Contains(err.Error(), "no such") {
			return fault{kind: avow.NotFound, what: "a table or column is no longer there", stale: true}
		}
		if strings.Contains(err.Error(), "malformed JSON") || strings.Contains(err.Error(), "JSON path error") {
			return fault{kind: avow.Conflict, what: "a rule, an index or a computed column reads JSON out of what would be written, and it is not what that asks for"}
		}
		return fault{kind: avow.Internal, what: "SQLite does not understand what was asked", stale: true}
	case code.SQLITE_FULL, code.SQLITE_IOERR:
		return fault{kind: avow.Unavailable, what: "the disk of its file is full, or fails"}
	}
	return fault{kind: avow.Internal, what: "SQLite could not do it (" + strconv.Itoa(e.Code()) + ")"}
}

const liteRemedy = "what is missing is: permission to write to the file and to its directory"

func (d sqlite) seek(w *writer, ref string, c *column, how connect.Compare, texts []string) {
	if how != connect.Trimmed && c.lowered {
		ref = "lower(" + ref + ")"
	}
	d.textMember(w, ref, texts)
}
