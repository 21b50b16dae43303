package sqldb

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
)

// table is the tuples as a table of the columns' own types, or the index is not used.
func (d mysql) table(w *writer, columns []*column, tuples [][]any, bytes bool) {
	w.text("SELECT ")
	w.list(len(columns), ", ", func(i int) {
		switch c := columns[i]; {
		case bytes && c.loose:
			fmt.Fprintf(w, "CAST(u.c%d AS BINARY)", i)
		default:
			w.text(mysqlKeyOf(c, fmt.Sprintf("u.c%d", i)))
		}
	})
	w.text(" FROM JSON_TABLE(")
	w.value(mysqlRows(columns, tuples))
	w.text(", '$[*]' COLUMNS (")
	w.list(len(columns), ", ", func(i int) {
		as := mysqlKeyType(columns[i])
		if bytes && columns[i].loose {
			as = mysqlWide(len(tuples), func(j int) string { return tuples[j][i].(string) })
		}
		fmt.Fprintf(w, "c%d %s PATH '$[%d]'", i, as, i)
	})
	w.text(")) AS u")
}

const mysqlText = "LONGTEXT CHARACTER SET utf8mb4"

// mysqlWide is a type as wide as the widest text: for short ones MySQL makes an index of its own.
func mysqlWide(n int, text func(i int) string) string {
	widest := 1
	for i := range n {
		widest = max(widest, utf8.RuneCountInString(text(i)))
	}
	if widest > 700 { // 3,072 bytes is the longest key
		return mysqlText
	}
	return fmt.Sprintf("VARCHAR(%d) CHARACTER SET utf8mb4", widest)
}

// values joins the keys and the new values as a table u.
func (d mysql) values(w *writer, u *update) {
	columns := slices.Clone(u.keys)
	for _, s := range u.sets {
		columns = append(columns, s.c)
	}
	w.text(" JOIN JSON_TABLE(")
	w.value(mysqlRows(columns, u.each))
	w.text(", '$[*]' COLUMNS (")
	for i, c := range u.keys {
		fmt.Fprintf(w, "c%d %s PATH '$[%d]', ", i, mysqlKeyType(c), i)
	}
	w.list(len(u.sets), ", ", func(i int) {
		at := len(u.keys) + i
		fmt.Fprintf(w, "c%d %s PATH '$[%d]'", at, mysqlText, at)
	})
	w.text(")) AS u ON ")
	w.list(len(u.keys), " AND ", func(i int) {
		ref, key := "t."+d.quote(u.keys[i].Name), mysqlKeyOf(u.keys[i], fmt.Sprintf("u.c%d", i))
		w.text(ref, " = ", key)
		if u.keys[i].loose {
			w.text(" AND ", mysqlBytes(ref), " = ", mysqlBytes(key))
		}
	})
}

// mysqlKeyType is the column's own type, or the index is not used; of those that a table made
// of JSON cannot have, what mysqlKeyOf makes them from.
func mysqlKeyType(c *column) string {
	switch {
	case c.Kind == connect.TextKind && c.cast != "": // else it is no text to MySQL, as a time
		return c.cast
	case c.Kind == connect.Binary && c.Length > 0 && c.Length < 1500:
		return fmt.Sprintf("VARCHAR(%d) CHARACTER SET ascii", 2*c.Length)
	case c.Kind == connect.Binary: // of a LONGTEXT beside another column MariaDB 10.11 finds nothing
		return "MEDIUMTEXT CHARACTER SET ascii"
	case c.cast == "bit":
		return "BIGINT UNSIGNED"
	case mariaOwn(c):
		return "VARCHAR(64) CHARACTER SET ascii"
	}
	return c.Type
}

// mysqlKeyOf is a value of a table made of JSON as one of its column.
func mysqlKeyOf(c *column, ref string) string {
	switch {
	case c.Kind == connect.Binary:
		return "UNHEX(" + ref + ")"
	case mariaOwn(c):
		return "CAST(" + ref + " AS " + c.Type + ")"
	}
	return ref
}

// mariaOwn are the types that only MariaDB has.
func mariaOwn(c *column) bool { return c.Type == "uuid" || c.Type == "inet6" || c.Type == "inet4" }

func mysqlRows(columns []*column, tuples [][]any) string {
	out := []byte{'['}
	for _, tuple := range tuples {
		out = append(out, '[')
		for i, v := range tuple {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, mysqlElement(columns[i], v))
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
