package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
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
	config, err := driverMySQL.ParseDSN(strings.TrimPrefix(c.Secret, "mysql://"))
	if err != nil {
		return nil, nil, avow.Errorf(avow.Invalid,
			"system %s: its connection string cannot be read; one looks like user:password@tcp(host:3306)/database?tls=true", c.System)
	}
	config.ParseTime, config.MultiStatements, config.InterpolateParams, config.AllowAllFiles = false, false, false, false
	config.Logger = log.New(io.Discard, "", 0)
	if config.Timeout == 0 {
		config.Timeout = 10 * time.Second
	}
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["time_zone"] = "'+00:00'"
	config.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'" // a value that does not fit is refused, not cut
	config.Params["innodb_lock_wait_timeout"] = "10"
	connector, err := driverMySQL.NewConnector(config)
	if err != nil {
		return nil, nil, avow.Errorf(avow.Invalid, "system %s: its connection string asks for what cannot be; look at its tls", c.System)
	}
	return sql.OpenDB(bounded{connector}), sql.OpenDB(bounded{connector}), nil
}

// bounded lets no statement run for ever. MariaDB and MySQL have different words for it,
// and each refuses the other's.
type bounded struct{ driver.Connector }

func (b bounded) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := b.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	exec := conn.(driver.ExecerContext)
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

func (mysql) snapshot() sql.IsolationLevel { return sql.LevelRepeatableRead }
func (mysql) serial() sql.IsolationLevel   { return sql.LevelSerializable }
func (mysql) looksBack() bool              { return false }
func (mysql) lock() string                 { return " FOR UPDATE" }

// room: each value is a parameter, of which a statement takes 65,535; a server takes
// 16 MB at once unless it is told otherwise.
func (mysql) room() (values, bytes int) { return 10_000, 4 << 20 }

func (mysql) read(ref string, c *column) string {
	if c.cast == "bit" && c.Kind == connect.Boolean {
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

func (d mysql) member(w *writer, refs []string, columns []*column, tuples [][]any) {
	w.text("(")
	d.among(w, refs, columns, tuples, d.argument)
	var exact []string
	loose := false
	for i, c := range columns {
		ref := refs[i]
		if c.loose {
			loose, ref = true, mysqlBytes(ref)
		}
		exact = append(exact, ref)
	}
	if loose {
		w.text(" AND ")
		d.among(w, exact, columns, tuples, func(w *writer, c *column, v any) {
			if text, ok := v.(string); ok && c.loose {
				v = []byte(text)
			}
			d.argument(w, c, v)
		})
	}
	w.text(")")
}

// mysqlBytes is a text as its bytes, for what compares texts loosely: capitals, accents
// and blanks at the end do not count to most of its collations.
func mysqlBytes(ref string) string { return "CAST(CONVERT(" + ref + " USING utf8mb4) AS BINARY)" }

func (mysql) among(w *writer, refs []string, columns []*column, tuples [][]any, argument func(*writer, *column, any)) {
	if len(refs) == 1 {
		w.text(refs[0], " IN (")
		w.list(len(tuples), ", ", func(i int) { argument(w, columns[0], tuples[i][0]) })
		w.text(")")
		return
	}
	w.text("(", strings.Join(refs, ", "), ") IN (")
	w.list(len(tuples), ", ", func(i int) {
		w.text("(")
		w.list(len(columns), ", ", func(j int) { argument(w, columns[j], tuples[i][j]) })
		w.text(")")
	})
	w.text(")")
}

func (mysql) textMember(w *writer, expr string, texts []string) {
	w.text(expr, " IN (")
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
	default:
		w.text(ref, " ", op, " ")
		d.argument(w, c, v)
	}
}

func (d mysql) remove(w *writer, t *table, where func(*writer)) {
	w.text("DELETE t FROM ", t.quoted(d), " AS t WHERE ")
	where(w)
}

func (d mysql) update(w *writer, u *update) {
	w.text("UPDATE ", u.t.quoted(d), " AS t")
	if u.each != nil {
		d.values(w, u)
	}
	w.text(" SET ")
	w.list(len(u.sets), ", ", func(i int) {
		w.text("t.", d.quote(u.sets[i].c.Name), " = ")
		switch s := u.sets[i]; {
		case !s.each:
			d.argument(w, s.c, s.value)
		case s.c.Kind == connect.Binary:
			fmt.Fprintf(w, "UNHEX(u.c%d)", len(u.keys)+i)
		default:
			fmt.Fprintf(w, "u.c%d", len(u.keys)+i)
		}
	})
	w.text(" WHERE ")
	u.where(w)
}

// values joins the keys and the new values as a table u.
func (d mysql) values(w *writer, u *update) {
	w.text(" JOIN JSON_TABLE(")
	w.value(mysqlRows(u))
	w.text(", '$[*]' COLUMNS (")
	for i, c := range u.keys {
		fmt.Fprintf(w, "c%d %s PATH '$[%d]', ", i, mysqlKeyType(c), i)
	}
	w.list(len(u.sets), ", ", func(i int) {
		at := len(u.keys) + i
		fmt.Fprintf(w, "c%d LONGTEXT CHARACTER SET utf8mb4 PATH '$[%d]'", at, at)
	})
	w.text(")) AS u ON ")
	w.list(len(u.keys), " AND ", func(i int) {
		ref, key := "t."+d.quote(u.keys[i].Name), fmt.Sprintf("u.c%d", i)
		if u.keys[i].Kind == connect.Binary {
			key = "UNHEX(" + key + ")"
		}
		w.text(ref, " = ", key)
		if u.keys[i].loose {
			w.text(" AND ", mysqlBytes(ref), " = ", mysqlBytes(key))
		}
	})
}

// mysqlKeyType is the column's own type, or the index is not used.
func mysqlKeyType(c *column) string {
	switch c.Kind {
	case connect.TextKind:
		return c.cast
	case connect.Binary:
		return "LONGTEXT CHARACTER SET utf8mb4"
	}
	return c.Type
}

func mysqlRows(u *update) string {
	out := []byte{'['}
	for _, each := range u.each {
		out = append(out, '[')
		for i, v := range each {
			if i > 0 {
				out = append(out, ',')
			}
			c := (*column)(nil)
			if i < len(u.keys) {
				c = u.keys[i]
			} else {
				c = u.sets[i-len(u.keys)].c
			}
			out = appendJSON(out, mysqlElement(c, v))
		}
		out = append(out, ']', ',')
	}
	out[len(out)-1] = ']'
	return string(out)
}

func mysqlElement(c *column, v any) any {
	switch v := v.(type) {
	case []byte:
		return hex.EncodeToString(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case time.Time:
		return v.Format("2006-01-02 15:04:05.999999")
	case connect.Decimal:
		return string(v)
	case nil:
		return nil
	}
	if c.Kind == connect.JSON {
		return written(v)
	}
	return v
}
