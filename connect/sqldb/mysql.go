package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	driverMySQL "github.com/go-sql-driver/mysql"
)

type mysql struct{}

func openMySQL(c connect.Config) (reads, writes *sql.DB, err error) {
	config, err := mysqlConfig(c)
	if err != nil {
		return nil, nil, err
	}
	config.ParseTime, config.MultiStatements, config.InterpolateParams, config.AllowAllFiles = false, false, false, false
	config.Logger = log.New(io.Discard, "", 0)
	if config.Timeout == 0 {
		config.Timeout = dialTimeout
	}
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["time_zone"] = "'+00:00'"
	config.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'" // a value that does not fit is refused, not cut
	config.Params["innodb_lock_wait_timeout"] = "10"
	config.Params["lock_wait_timeout"] = "10" // for whoever locks a whole table, or alters it
	connector, err := driverMySQL.NewConnector(config)
	if err != nil {
		return nil, nil, avow.Errorf(avow.Invalid, "system %s: its connection string asks for what cannot be; look at its tls", c.System)
	}
	return sql.OpenDB(bounded{connector, mysqlReads}), sql.OpenDB(bounded{connector, ""}), nil
}

// mysqlReads is for what is read without a transaction of its own.
const mysqlReads = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"

// bounded lets no statement run for ever. MariaDB and MySQL have different words for it,
// and each refuses the other's.
type bounded struct {
	driver.Connector
	first string // is sent on every connection before; empty: nothing
}

func (b bounded) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := b.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	exec := conn.(driver.ExecerContext)
	if b.first != "" {
		if _, err := exec.ExecContext(ctx, b.first, nil); err != nil {
			conn.Close()
			return nil, err
		}
	}
	if _, err := exec.ExecContext(ctx, "SET max_statement_time = 1800", nil); err == nil {
		return conn, nil
	}
	if _, err := exec.ExecContext(ctx, "SET max_execution_time = 1800000", nil); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (mysql) quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
func (mysql) param(int) string         { return "?" }

// clock is of times that do not end in 2038, as those of UNIX_TIMESTAMP may.
func (mysql) clock() string {
	return "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
}

func (mysql) snapshot() sql.IsolationLevel { return sql.LevelRepeatableRead }
func (mysql) serial() sql.IsolationLevel   { return sql.LevelSerializable }
func (mysql) looksBack() bool              { return false }
func (mysql) lock() string                 { return " FOR UPDATE" }

// room: many values are one parameter, a JSON text; a server takes 16 MB at once unless it is told otherwise.
func (mysql) room() (values, bytes int) { return 400_000, 4 << 20 }

// few values are a list of parameters, more are a table made of JSON: a list of
// thousands takes the server longer to read than to answer.
const few = 50

func (mysql) read(ref string, c *column) string {
	if c.cast == "bit" {
		return "(" + ref + " + 0)"
	}
	return ref
}

func (d mysql) argument(w *writer, c *column, v any) {
	switch v := v.(type) {
	case time.Time:
		w.typed("DATETIME(6)", v.Format("2006-01-02 15:04:05.999999999"))
	case connect.Date:
		w.typed("DATE", string(v))
	case connect.Decimal:
		w.typed("DECIMAL(65,30)", string(v))
	case nil, int64, float64, bool, []byte:
		w.value(v)
	case string:
		if c.Kind == connect.JSON {
			w.value(written(v))
			return
		}
		w.value(v)
	default:
		w.value(written(v))
	}
}

// typed writes a parameter as a value of a type: beside a text MySQL compares numbers as floats.
func (w *writer) typed(as string, v any) {
	w.text("CAST(")
	w.value(v)
	w.text(" AS ", as, ")")
}

// member holds also for what MySQL takes for the same, and then for its bytes.
func (d mysql) member(w *writer, refs []string, columns []*column, tuples [][]any) {
	w.text("(")
	d.among(w, refs, columns, tuples, false)
	exact, loose := make([]string, len(refs)), false
	for i, c := range columns {
		exact[i] = refs[i]
		if c.loose {
			loose, exact[i] = true, mysqlBytes(refs[i])
		}
	}
	if loose {
		w.text(" AND ")
		d.among(w, exact, columns, tuples, true)
	}
	w.text(")")
}

// mysqlBytes is a text as its bytes, for what compares texts loosely: capitals, accents
// and blanks at the end do not count to most of its collations.
func mysqlBytes(ref string) string { return "CAST(CONVERT(" + ref + " USING utf8mb4) AS BINARY)" }

func (d mysql) among(w *writer, refs []string, columns []*column, tuples [][]any, bytes bool) {
	w.text("(", strings.Join(refs, ", "), ") IN (")
	if len(tuples) > few {
		d.table(w, columns, tuples, bytes)
		w.text(")")
		return
	}
	w.list(len(tuples), ", ", func(i int) {
		w.text("(")
		w.list(len(columns), ", ", func(j int) {
			v := tuples[i][j]
			if text, ok := v.(string); ok && bytes && columns[j].loose {
				v = []byte(text)
			}
			d.argument(w, columns[j], v)
		})
		w.text(")")
	})
	w.text(")")
}

func (d mysql) textMember(w *writer, expr string, texts []string) {
	w.text(expr, " IN (")
	if len(texts) > few {
		list := make([]any, len(texts))
		for i, text := range texts {
			list[i] = text
		}
		w.text("SELECT u.c FROM JSON_TABLE(")
		w.value(written(list))
		w.text(", '$[*]' COLUMNS (c ", mysqlWide(len(texts), func(i int) string { return texts[i] }), " PATH '$')) AS u)")
		return
	}
	w.list(len(texts), ", ", func(i int) { w.value(texts[i]) })
	w.text(")")
}

func (mysql) text(ref string, c *column) string {
	switch c.Kind {
	case connect.TextKind, connect.Binary, connect.JSON:
		return "CONVERT(" + ref + " USING utf8mb4)"
	}
	return "CAST(" + ref + " AS CHAR)"
}

func (mysql) trim(expr string) string {
	return "REGEXP_REPLACE(" + expr + ", '^[" + spaces + "]+|[" + spaces + "]+$', '')"
}

func (mysql) plainDigits(expr string) string { return sqlite{}.plainDigits(expr) }

func (mysql) last(expr string, n int) string { return fmt.Sprintf("RIGHT(%s, %d)", expr, n) }

func (mysql) other(expr string, of class) string {
	if of == ascii {
		return expr + ` REGEXP '[^ -~]'`
	}
	return expr + ` REGEXP '[^0-9 ()./+-]'`
}

func (d mysql) compare(w *writer, ref string, c *column, op string, v any) {
	switch c.Kind {
	case connect.TextKind, connect.JSON, connect.Binary:
		text := d.text(ref, c)
		w.text("CASE WHEN LENGTH(", text, ") > 0 THEN CAST(", text, " AS BINARY) END ", op, " ")
		if s, ok := v.(string); ok {
			v = []byte(s)
		}
		w.value(v)
	case connect.DateKind, connect.TimeKind:
		w.moments(func() {
			w.text(ref, " ", op, " ")
			d.argument(w, c, v)
		}, ref+" >= '0001-01-01' AND MONTH("+ref+") > 0 AND DAYOFMONTH("+ref+") > 0")
	default:
		w.text(ref, " ", op, " ")
		d.argument(w, c, v)
	}
}

// nothing holds for what stands in place of a moment where there is none.
func (mysql) nothing(ref string, c *column) string {
	if c.Kind == connect.DateKind || c.Kind == connect.TimeKind {
		return ref + " = '0000-00-00'"
	}
	return ""
}

func (d mysql) remove(w *writer, r *rows) {
	w.text("DELETE t FROM ", r.t.quoted(d), " AS t WHERE ")
	r.where(w)
}

// update joins the keys with their values, many keys also without: only what changes
// several tables at once may use an index to look a set up.
func (d mysql) update(w *writer, u *update) {
	w.text("UPDATE ", u.t.quoted(d), " AS t")
	if u.each != nil {
		d.values(w, u)
	} else {
		w.text(" JOIN (SELECT 1 AS n) AS one")
	}
	w.text(" SET ")
	w.list(len(u.sets), ", ", func(i int) {
		w.text("t.", d.quote(u.sets[i].c.Name), " = ")
		switch s := u.sets[i]; {
		case !s.each:
			d.argument(w, s.c, s.value)
		case s.c.Kind == connect.Binary:
			fmt.Fprintf(w, "UNHEX(u.c%d)", len(u.keys)+i)
		case s.c.cast == "bit": // of a text it would take the letters
			fmt.Fprintf(w, "CAST(u.c%d AS UNSIGNED)", len(u.keys)+i)
		default:
			fmt.Fprintf(w, "u.c%d", len(u.keys)+i)
		}
	})
	w.text(" WHERE ")
	u.where(w)
}

func (d mysql) seek(w *writer, ref string, c *column, how connect.Compare, texts []string) {
	if how != connect.Trimmed && c.lowered {
		d.textMember(w, "lower("+ref+")", texts)
		return
	}
	tuples := make([][]any, len(texts))
	for i, text := range texts {
		tuples[i] = []any{text}
	}
	d.among(w, []string{ref}, []*column{c}, tuples, false)
}
