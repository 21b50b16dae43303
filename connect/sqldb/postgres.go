package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

type postgres struct{}

// postgresSession makes what is read the same everywhere, and lets no statement wait
// or run for ever.
const postgresSession = `SET TimeZone='UTC'; SET DateStyle='ISO, YMD'; SET IntervalStyle='postgres'; SET bytea_output='hex'; ` +
	`SET lock_timeout='10s'; SET statement_timeout='30min'; SET idle_in_transaction_session_timeout='10min'`

func openPostgres(c connect.Config) (reads, writes *sql.DB, err error) {
	config, err := postgresConfig(c)
	if err != nil {
		return nil, nil, err
	}
	open := func(extra string) *sql.DB {
		return stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
			useLists(conn.TypeMap())
			_, err := conn.PgConn().Exec(ctx, postgresSession+extra).ReadAll()
			return err
		}))
	}
	return open("; SET default_transaction_read_only=on"), open(""), nil
}

func (postgres) quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func (postgres) param(n int) string { return "$" + strconv.Itoa(n) }

// args: what comes with many values is planned for them each time. A statement that was
// prepared is soon planned for any values, and then looks through all of them, one
// after the other, for every row.
func (postgres) args(values []any) []any {
	for _, v := range values {
		if list := reflect.ValueOf(v); list.Kind() == reflect.Slice && list.Len() > few && list.Type() != reflect.TypeFor[[]byte]() {
			return append([]any{pgx.QueryExecModeCacheDescribe}, values...)
		}
	}
	return values
}

func (postgres) clock() string {
	return "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
}

func (postgres) snapshot() sql.IsolationLevel { return sql.LevelRepeatableRead }
func (postgres) serial() sql.IsolationLevel   { return sql.LevelSerializable }
func (postgres) looksBack() bool              { return true }
func (postgres) lock() string                 { return " FOR UPDATE OF t" }

// room: a set is one parameter, an array.
func (postgres) room() (values, bytes int) { return 4_000_000, 64 << 20 }

// read: moments and what the driver has no type for come as the text the database writes.
func (postgres) read(ref string, c *column) string {
	switch c.Kind {
	case connect.Integer, connect.Boolean, connect.Binary:
		return ref
	case connect.DecimalKind:
		if c.float && c.base != "real" { // of which the driver makes a longer number
			return ref
		}
	case connect.JSON:
		if strings.HasSuffix(c.Type, "[]") {
			return "to_jsonb(" + ref + ")::text"
		}
	case connect.TextKind:
		if c.cast == `"pg_catalog"."text"` || c.cast == `"pg_catalog"."varchar"` {
			return ref
		}
	}
	return ref + "::text"
}

// argument sends what has no type of its own in the protocol as text, and has the database read it.
func (d postgres) argument(w *writer, c *column, v any) {
	w.value(scalar(c, v))
	w.text("::", wire(c), "::", c.cast)
}

// wire is the type in which values of a column are sent.
func wire(c *column) string {
	switch c.Kind {
	case connect.Integer:
		return "int8"
	case connect.Binary:
		return "bytea"
	case connect.Boolean:
		return "bool"
	case connect.DecimalKind:
		if c.float {
			return "float8"
		}
	}
	return "text"
}

func scalar(c *column, v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case time.Time:
		return moment(c, v)
	case connect.Decimal:
		return string(v)
	case connect.Date:
		return string(v)
	case []any:
		if len(v) == 0 && strings.HasSuffix(c.Type, "[]") {
			return "{}" // as an array is written that is no JSON
		}
	case int64, float64, bool, []byte, string:
		if c.Kind != connect.JSON {
			return v
		}
	}
	return written(v)
}

// moment leaves the zone out where the column has none: PostgreSQL would ignore it there too.
func moment(_ *column, t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04:05.999999999Z07:00")
}

// member asks for many tuples in their own order, in which an index finds the next one
// beside the last: in any order it takes twice as long. How many they are is hidden, as in named.
func (d postgres) member(w *writer, refs []string, columns []*column, tuples [][]any) {
	if len(columns) == 1 {
		d.ref(w, refs[0], columns[0])
		w.text(" = ANY(")
		d.array(w, columns[0], tuples, 0)
		w.text(")")
		return
	}
	w.text("(")
	w.list(len(refs), ", ", func(i int) { d.ref(w, refs[i], columns[i]) })
	w.text(") IN (SELECT DISTINCT ")
	w.list(len(refs), ", ", func(i int) { fmt.Fprintf(w, "u.c%d", i) })
	w.text(" FROM unnest(")
	w.list(len(refs), ", ", func(i int) {
		w.text("(SELECT ")
		d.array(w, columns[i], tuples, i)
		w.text(")")
	})
	w.text(") AS u(")
	w.list(len(refs), ", ", func(i int) { fmt.Fprintf(w, "c%d", i) })
	w.text(") ORDER BY ")
	w.list(len(refs), ", ", func(i int) { fmt.Fprintf(w, "u.c%d", i) })
	w.text(")")
}

// aside hides a condition from the indexes. Where many rows were just emptied, the
// statistics do not know of it yet, and an index of the empty ones would be read first.
func (postgres) aside(w *writer, cond func()) {
	w.text("(")
	cond()
	w.text(") IS TRUE")
}

// ref is a column as it is compared with a set: exactly, whatever its own order is.
func (postgres) ref(w *writer, ref string, c *column) {
	w.text(ref)
	if !c.like || c.loose {
		w.text(`::text COLLATE "C"`)
	}
}

func (d postgres) array(w *writer, c *column, tuples [][]any, i int) {
	w.value(array(c, tuples, i))
	w.text("::", wire(c), "[]")
	if c.like && !c.loose {
		w.text("::", c.cast, "[]")
	}
}

// array is one column of tuples as the driver sends it.
func array(c *column, tuples [][]any, i int) any {
	switch wire(c) {
	case "int8":
		return column64[int64](tuples, i)
	case "float8":
		return column64[float64](tuples, i)
	case "bool":
		return column64[bool](tuples, i)
	case "bytea":
		return column64[[]byte](tuples, i)
	}
	out := make([]string, len(tuples))
	for j, tuple := range tuples {
		out[j] = scalar(c, tuple[i]).(string)
	}
	return out
}

func column64[T any](tuples [][]any, i int) []T {
	out := make([]T, len(tuples))
	for j, tuple := range tuples {
		out[j] = tuple[i].(T)
	}
	return out
}

func (d postgres) textMember(w *writer, expr string, texts []string) {
	w.text(expr, ` COLLATE "C" = ANY(`)
	w.value(texts)
	w.text("::text[])")
}

func (postgres) text(ref string, c *column) string {
	if c.Kind == connect.Binary {
		return "encode(" + ref + ", 'escape')"
	}
	return ref + "::text"
}

func (postgres) trim(expr string) string { return "btrim(" + expr + ", " + literal(spaces) + ")" }

// literal writes a text of ours, never one of a file or a person.
func literal(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func (postgres) plainDigits(expr string) string { return "translate(" + expr + ", ' ()./+-', '')" }

func (postgres) last(expr string, n int) string { return fmt.Sprintf("right(%s, %d)", expr, n) }

func (postgres) other(expr string, of class) string {
	if of == ascii {
		return expr + ` ~ E'[^\\x01-\\x7f]'`
	}
	return expr + ` ~ '[^0-9 ()./+-]'`
}

func (d postgres) compare(w *writer, ref string, c *column, op string, v any) {
	switch {
	case c.Kind == connect.TextKind || c.Kind == connect.JSON || !c.like:
		w.text("NULLIF(", ref, `::text, '') COLLATE "C" `, op, " ")
		w.value(scalar(c, v))
		w.text("::text")
	case c.Kind == connect.DateKind || c.Kind == connect.TimeKind:
		w.moments(func() {
			w.text(ref, " ", op, " ")
			d.argument(w, c, v)
		}, ref+" >= '0001-01-01' AND "+ref+" < '10000-01-01'")
	default:
		w.text(ref, " ", op, " ")
		d.argument(w, c, v)
	}
}

// seek hides how many texts there are: with thousands of spellings the planner would
// read the whole table, although nearly none of them is there and each is looked up in
// microseconds. That an index is asked was decided before.
func (d postgres) seek(w *writer, ref string, c *column, how connect.Compare, texts []string) {
	as := "text[]"
	if how == connect.Trimmed || !c.lowered {
		as = "text[]::" + c.cast + "[]"
	} else {
		ref = "lower(" + ref + ")"
	}
	w.text(ref, " = ANY((SELECT ")
	w.value(texts)
	w.text("::", as, ")::", as, ")")
}
