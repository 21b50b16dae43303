package match

import (
	"slices"

	"github.com/avowhq/avow/connect"
)

// Holds reports whether a condition holds for a row; none always does. Through a list it
// holds when it holds, as a whole, for one element.
func Holds(c *connect.Cond, r Record) bool {
	if c == nil {
		return true
	}
	columns := Columns(c)
	return slices.ContainsFunc(r.Tuples(columns), func(t connect.Tuple) bool {
		return c.Holds(func(column string) any { return t[slices.Index(columns, column)] })
	})
}

// Columns are the columns a condition looks at, each once.
func Columns(c *connect.Cond) []string {
	if c == nil {
		return nil
	}
	var out []string
	if len(c.Of) == 0 {
		out = append(out, c.Column)
	}
	for i := range c.Of {
		for _, column := range Columns(&c.Of[i]) {
			if !slices.Contains(out, column) {
				out = append(out, column)
			}
		}
	}
	return out
}

// normal is the one text of all values that are the same to the comparison.
func (x *Index) normal(v any) string {
	text, ok := connect.Normal(x.compare, x.region, connect.Text(v))
	if !ok {
		return ""
	}
	return text
}
