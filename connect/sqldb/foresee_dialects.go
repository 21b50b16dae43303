package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/jackc/pgx/v5/pgconn"
)

// wouldBe writes the type that a domain is made of: a domain would refuse the value there
// and then, and its rules are put to it by themselves. The CASE keeps the column's collation.
func (d postgres) wouldBe(w *writer, of *work, c *column) {
	ref := "t." + d.quote(c.Name)
	s, i := of.setOf(c)
	if s == nil {
		w.text(ref)
		return
	}
	w.text("CASE WHEN true THEN ")
	if s.each {
		fmt.Fprintf(w, "u.c%d", len(of.keys.columns)+i)
	} else {
		w.value(scalar(c, s.value))
		w.text("::", wire(c))
	}
	w.text("::", c.base, " ELSE ", ref, "::", c.base, " END")
}

func (d postgres) meant(w *writer, u *update) {
	w.text(", ")
	d.named(w, &u.rows, u)
	w.text(" WHERE ")
	d.those(w, &u.rows)
}

// takes has the database read the value as the type. A text that it would write otherwise
// counts as none: nobody could tell afterwards that it is the one.
func (d postgres) takes(ctx context.Context, db asker, c *column, v any) (bool, error) {
	if !c.Strict && c.Kind != connect.JSON && c.base == c.Type {
		return true, nil
	}
	w := newWriter(d)
	w.text("SELECT (")
	w.value(scalar(c, v))
	w.text("::", wire(c), "::", c.base, ")::text")
	same := true
	err := each(ctx, db, w.String(), func(scan scanner) error {
		var as string
		err := scan(&as)
		same = !c.Strict || as == connect.Text(v)
		return err
	}, w.values...)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && isNoValue(refused) {
		return false, nil
	}
	return same, err
}

// isNoValue reports whether PostgreSQL says of a value that it is none of its type: in the classes
// 22 and 23 (appendix A). Types of extensions have parsers that call it an internal error (hstore,
// PostGIS) or a syntax error (ltree, cube); one of the statement itself has a place in it.
func isNoValue(e *pgconn.PgError) bool {
	return strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23") || e.Code == "XX000" || e.Code == "42601" && e.Position == 0
}

// wouldBe gives a text the column's own collation, and what comes as a text its type.
func (d mysql) wouldBe(w *writer, of *work, c *column) {
	s, i := of.setOf(c)
	if s == nil {
		w.text("t.", d.quote(c.Name))
		return
	}
	value := func() {
		switch {
		case !s.each:
			d.argument(w, c, s.value)
		case c.Kind == connect.Binary:
			fmt.Fprintf(w, "UNHEX(u.c%d)", len(of.keys.columns)+i)
		default:
			fmt.Fprintf(w, "u.c%d", len(of.keys.columns)+i)
		}
	}
	_, spelt, _ := strings.Cut(c.cast, " CHARACTER SET ")
	charset, collation, text := strings.Cut(spelt, " COLLATE ")
	switch {
	case s.value == nil && !s.each:
		value()
	case c.Kind == connect.TextKind && text:
		w.text("CONVERT(")
		value()
		w.text(" USING ", charset, ") COLLATE ", collation)
	case c.Kind == connect.Integer, c.Kind == connect.Boolean:
		w.text("CAST(")
		value()
		w.text(" AS SIGNED)")
	case s.each && mysqlCasts[c.Kind] != "":
		w.text("CAST(")
		value()
		w.text(" AS ", mysqlCasts[c.Kind], ")")
	default:
		value()
	}
}

// mysqlCasts are the types that texts are turned into.
var mysqlCasts = map[connect.Kind]string{connect.DecimalKind: "DECIMAL(65,30)", connect.DateKind: "DATE", connect.TimeKind: "DATETIME(6)"}

func (d mysql) meant(w *writer, u *update) {
	if u.each != nil {
		d.values(w, u)
	}
	w.text(" WHERE ")
	u.where(w)
}

// takes: what MySQL takes is known from its description; in a SELECT it takes everything.
func (mysql) takes(context.Context, asker, *column, any) (bool, error) { return true, nil }

// wouldBe gives a value the affinity that it would have in the column
// (sqlite.org/datatype3.html, section 3): rules compare by it.
func (d sqlite) wouldBe(w *writer, of *work, c *column) {
	s, i := of.setOf(c)
	if s == nil {
		w.text("t.", d.quote(c.Name))
		return
	}
	as := ""
	switch c.Kind {
	case connect.TextKind:
		if !c.like {
			as = "TEXT"
		}
	case connect.Integer, connect.DecimalKind, connect.Boolean:
		as = "NUMERIC"
	}
	if as != "" {
		w.text("CAST(")
	}
	if s.each {
		fmt.Fprintf(w, "u.c%d", len(of.keys.columns)+i)
	} else {
		d.argument(w, c, s.value)
	}
	if as != "" {
		w.text(" AS ", as, ")")
	}
	if c.collation != "" {
		w.text(" COLLATE ", d.quote(c.collation))
	}
}

func (d sqlite) meant(w *writer, u *update) {
	if u.each != nil {
		values := &writer{d: d, values: w.values}
		d.values(values, u)
		w.values = values.values
		w.text(", ", strings.TrimPrefix(values.String(), " FROM "))
	}
	w.text(" WHERE ")
	if u.each != nil {
		for i, c := range u.keys {
			fmt.Fprintf(w, "t.%s = u.c%d AND ", d.quote(c.Name), i)
		}
	}
	u.where(w)
}

// takes: SQLite takes everything, but for what its rules and strict tables refuse.
func (sqlite) takes(context.Context, asker, *column, any) (bool, error) { return true, nil }
