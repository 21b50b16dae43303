package mongo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// shown is how many values of a command are shown.
const shown = 20

// Show implements connect.Source. A change is shown as the one command that it amounts to; the
// values stand as ?1, ?2 …
func (s *source) Show(changes []connect.Change) ([]connect.Statement, error) {
	var out []connect.Statement
	for _, c := range changes {
		if err := s.checkChange(c); err != nil {
			return nil, err
		}
		out = append(out, s.show(c))
	}
	return out, nil
}

// statement is a command being written.
type statement struct {
	values []any
	n      int
}

func (w *statement) value(v any) string {
	w.n++
	if len(w.values) < shown {
		w.values = append(w.values, v)
	}
	return fmt.Sprintf("?%d", w.n)
}

func (s *source) show(c connect.Change) connect.Statement {
	w := &statement{}
	filter := []string{w.in(connect.In{Columns: c.Key, Tuples: c.Keys})}
	for _, g := range c.Guard {
		filter = append(filter, w.in(g))
	}
	if c.When != nil {
		filter = append(filter, w.condition(c.When))
	}
	text := strings.TrimPrefix(c.Table, s.db.Name()+".")
	if c.Kind == connect.Delete {
		text += ".deleteMany({" + strings.Join(filter, ", ") + "})"
	} else {
		text += ".updateMany({" + strings.Join(filter, ", ") + "}, {" + strings.Join(w.sets(c.Set), ", ") + "}" + w.filters(c.Elements) + ")"
	}
	for _, u := range c.Unless {
		text += fmt.Sprintf(" unless %s has {%s: %s} of another", u.Table, strings.Join(u.Columns, ", "), strings.Join(u.Of, ", "))
	}
	return connect.Statement{Text: text, Values: w.values, Cut: w.n - len(w.values)}
}

func (w *statement) in(in connect.In) string {
	var parts []string
	for i, column := range in.Columns {
		var values []string
		for j, t := range in.Tuples {
			if text := w.value(t[i]); j < shown {
				values = append(values, text)
			}
		}
		if len(in.Tuples) > shown {
			values = append(values, "…")
		}
		compare := ""
		if in.Compare != "" && in.Compare != connect.Exact {
			compare = " by " + string(in.Compare)
		}
		parts = append(parts, fmt.Sprintf("%q: {$in: [%s]}%s", field(column), strings.Join(values, ", "), compare))
	}
	return strings.Join(parts, ", ")
}

func (w *statement) condition(c *connect.Cond) string {
	if len(c.Of) > 0 {
		parts := make([]string, len(c.Of))
		for i := range c.Of {
			parts[i] = "(" + w.condition(&c.Of[i]) + ")"
		}
		if c.Op == connect.Not {
			return "not " + parts[0]
		}
		return strings.Join(parts, " "+string(c.Op)+" ")
	}
	text := field(c.Column) + " " + string(c.Op)
	for _, v := range c.Values {
		text += " " + w.value(v)
	}
	return text
}

func (w *statement) sets(sets []connect.Set) []string {
	var set, unset, pull []string
	for _, each := range sets {
		path := fmt.Sprintf("%q", strings.ReplaceAll(each.Column, "[]", ".$[element]"))
		gone := each.Each == nil && each.To == nil || each.Each != nil && !slices.ContainsFunc(each.Each, func(v any) bool { return v != nil })
		switch {
		case gone && strings.HasSuffix(each.Column, "[]"):
			pull = append(pull, fmt.Sprintf("%q: element", field(each.Column)))
		case gone:
			unset = append(unset, path+`: ""`)
		case each.Each != nil:
			set = append(set, path+": each its own")
			w.n += len(each.Each)
		default:
			set = append(set, path+": "+w.value(each.To))
		}
	}
	var out []string
	for _, part := range []struct {
		name string
		of   []string
	}{{"$set", set}, {"$unset", unset}, {"$pull", pull}} {
		if len(part.of) > 0 {
			out = append(out, part.name+": {"+strings.Join(part.of, ", ")+"}")
		}
	}
	return out
}

func (w *statement) filters(elements []connect.In) string {
	if len(elements) == 0 {
		return ""
	}
	var parts []string
	for _, in := range elements {
		parts = append(parts, "{"+w.in(in)+"}")
	}
	return ", {arrayFilters: [" + strings.Join(parts, " or ") + "]}"
}
