package sqldb

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// conditionColumns are the columns that a condition looks at.
func conditionColumns(c *connect.Cond) (out []string) {
	if c == nil {
		return nil
	}
	if c.Column != "" {
		out = append(out, c.Column)
	}
	for i := range c.Of {
		out = append(out, conditionColumns(&c.Of[i])...)
	}
	return out
}

var comparisons = map[connect.CondOp]string{
	connect.Equal: "=", connect.NotEqual: "<>", connect.Less: "<", connect.AtMost: "<=", connect.More: ">", connect.AtLeast: ">=",
}

// condition writes what connect.Cond.Holds judges. SQL has the same three values.
func condition(w *writer, alias string, t *table, c *connect.Cond) error {
	switch c.Op {
	case connect.And:
		return several(w, alias, t, c.Of, " AND ")
	case connect.Or:
		return several(w, alias, t, c.Of, " OR ")
	case connect.Not:
		w.text("NOT ")
		return several(w, alias, t, c.Of, "")
	case connect.IsEmpty:
		isEmpty(w, alias, t.column(c.Column))
		return nil
	case connect.OneOf:
		w.text("(")
		for i, v := range c.Values {
			if i > 0 {
				w.text(" OR ")
			}
			if err := comparison(w, alias, t, c.Column, "=", v); err != nil {
				return err
			}
		}
		w.text(")")
		return nil
	}
	op := comparisons[c.Op]
	if op == "" || len(c.Values) != 1 {
		return avow.Errorf(avow.Invalid, "table %s: a condition has the operation %q, which is none", t.Name, c.Op)
	}
	return comparison(w, alias, t, c.Column, op, c.Values[0])
}

func several(w *writer, alias string, t *table, of []connect.Cond, between string) error {
	w.text("(")
	for i := range of {
		if i > 0 {
			w.text(between)
		}
		if err := condition(w, alias, t, &of[i]); err != nil {
			return err
		}
	}
	w.text(")")
	return nil
}

func isEmpty(w *writer, alias string, c *column) {
	ref := alias + "." + w.d.quote(c.Name)
	w.text("(", ref, " IS NULL")
	if c.Kind == connect.TextKind || c.Kind == connect.Binary || c.shared {
		w.text(" OR length(", w.d.text(ref, c), ") = 0")
	}
	if d, ok := w.d.(interface{ nothing(string, *column) string }); ok {
		if nothing := d.nothing(ref, c); nothing != "" {
			w.text(" OR ", nothing)
		}
	}
	w.text(")")
}

// comparison takes an empty text for nothing, as Holds does.
func comparison(w *writer, alias string, t *table, column, op string, v any) error {
	c := t.column(column)
	mine, ok := own(c, v)
	if !ok {
		return avow.Errorf(avow.Invalid, "table %s: a condition compares column %s, which is %s, with what cannot be one", t.Name, column, c.Kind)
	}
	w.text("(")
	w.d.compare(w, alias+"."+w.d.quote(c.Name), c, op, mine)
	w.text(")")
	return nil
}
