package match

import (
	"strings"

	"github.com/avowhq/avow/connect"
)

// most ways through nested lists that are looked at in one document.
const most = 100_000

// Document is a row of maps and lists: map[string]any, []any and values.
type Document map[string]any

// Tuples implements Record.
func (d Document) Tuples(columns []string) []connect.Tuple { return Tuples(map[string]any(d), columns) }

// Value is what a column holds: through a list a list, with one entry for each element
// and nil where an element has nothing.
func (d Document) Value(column string) any { return value(map[string]any(d), Path(column)) }

// Step is one part of a path.
type Step struct {
	Name string
	List bool // `[]` stands behind it
}

// Path takes the path of a field apart: `orders[].sku`.
func Path(column string) []Step {
	var out []Step
	for part := range strings.SplitSeq(column, ".") {
		name, list := strings.CutSuffix(part, "[]")
		out = append(out, Step{Name: name, List: list})
	}
	return out
}

func value(node any, path []Step) any {
	if len(path) == 0 {
		return node
	}
	switch node := node.(type) {
	case map[string]any:
		child := node[path[0].Name]
		if list, ok := child.([]any); ok && (path[0].List || len(path) > 1) {
			return values(list, path[1:])
		}
		return value(child, path[1:])
	case []any:
		return values(node, path)
	}
	return nil
}

func values(list []any, path []Step) any {
	out := make([]any, len(list))
	for i, each := range list {
		out[i] = value(each, path)
	}
	return out
}

// Tuples is what the columns have together below a node of a document: columns that
// lead through one list are taken from one element of it.
func Tuples(node any, columns []string) []connect.Tuple {
	paths := make([]way, len(columns))
	for i, c := range columns {
		paths[i] = way{i, Path(c)}
	}
	return walk(node, paths, len(columns))
}

// way is the rest of the path of one column.
type way struct {
	at   int
	path []Step
}

// walk follows all ways at once.
func walk(node any, ways []way, width int) []connect.Tuple {
	if list, ok := node.([]any); ok {
		var out []connect.Tuple
		for _, each := range list {
			if out = append(out, walk(each, ways, width)...); len(out) > most {
				break
			}
		}
		if out == nil {
			out = []connect.Tuple{make(connect.Tuple, width)}
		}
		return out
	}
	out := []connect.Tuple{make(connect.Tuple, width)}
	fields, _ := node.(map[string]any)
	for len(ways) > 0 {
		if len(ways[0].path) == 0 {
			for _, t := range out {
				t[ways[0].at] = node
			}
			ways = ways[1:]
			continue
		}
		name := ways[0].path[0].Name
		var inside, others []way
		for _, w := range ways {
			if len(w.path) > 0 && w.path[0].Name == name {
				inside = append(inside, way{w.at, w.path[1:]})
			} else {
				others = append(others, w)
			}
		}
		out = cross(out, walk(fields[name], inside, width), inside)
		ways = others
	}
	return out
}

// cross joins each tuple with each of those that hold the values of ways.
func cross(tuples, with []connect.Tuple, ways []way) []connect.Tuple {
	if len(tuples) == 1 && len(with) == 1 {
		for _, w := range ways {
			tuples[0][w.at] = with[0][w.at]
		}
		return tuples
	}
	var out []connect.Tuple
	for _, a := range tuples {
		for _, b := range with {
			t := append(connect.Tuple(nil), a...)
			for _, w := range ways {
				t[w.at] = b[w.at]
			}
			if out = append(out, t); len(out) > most {
				return out
			}
		}
	}
	return out
}

// Flat is a row of columns without lists inside: it gives the value of a column.
type Flat func(column string) any

// Tuples implements Record. A value that is a list counts as any of its elements.
func (f Flat) Tuples(columns []string) []connect.Tuple {
	node := make(map[string]any, len(columns))
	ways := make([]way, len(columns))
	for i, c := range columns {
		node[c] = f(c)
		ways[i] = way{i, []Step{{Name: c}}}
	}
	return walk(node, ways, len(columns))
}
