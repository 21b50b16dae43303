package mongo

import (
	"maps"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// fields are the paths that were seen in documents, with the types of their values.
type fields struct {
	seen map[string]*seen
}

type seen struct {
	types map[string]int // how often, in the server's words
	kinds map[connect.Kind]int
}

func (f *fields) document(above string, d bson.D) {
	for _, e := range d {
		if strings.ContainsAny(e.Key, ".[]\x00") || strings.HasPrefix(e.Key, "$") || e.Key == "" {
			continue // no path can name it
		}
		f.value(above+e.Key, e.Value)
	}
}

func (f *fields) value(path string, v any) {
	switch v := v.(type) {
	case bson.D:
		if len(v) == 0 {
			f.add(path, "object", connect.JSON)
		}
		f.document(path+".", v)
	case bson.A:
		if len(v) == 0 {
			f.add(path+"[]", "", "")
		}
		for _, e := range v {
			if _, list := e.(bson.A); list {
				f.add(path+"[]", "array", connect.JSON)
				continue
			}
			f.value(path+"[]", e)
		}
	default:
		name, kind := kindOf(v)
		f.add(path, name, kind)
	}
}

func (f *fields) add(path, name string, kind connect.Kind) {
	s := f.seen[path]
	if s == nil {
		if len(f.seen) == maxFields {
			return
		}
		s = &seen{map[string]int{}, map[connect.Kind]int{}}
		f.seen[path] = s
	}
	if kind != "" {
		s.types[name]++
		s.kinds[kind]++
	}
}

// columns are the leaves: a path that was empty once and led on in another document is none.
func (f *fields) columns() []connect.Column {
	var out []connect.Column
	paths := slices.Sorted(maps.Keys(f.seen))
	for _, path := range paths {
		if slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, path+".") || p == path+"[]" }) && f.seen[path].empty() {
			continue
		}
		out = append(out, f.seen[path].column(path))
	}
	if !slices.ContainsFunc(out, func(c connect.Column) bool { return c.Name == "_id" || strings.HasPrefix(c.Name, "_id.") }) {
		out = append(out, connect.Column{Name: "_id", Kind: connect.ObjectID})
	}
	return out
}

// empty reports whether nothing of its own was ever found there.
func (s *seen) empty() bool {
	for name := range s.types {
		if name != "object" {
			return false
		}
	}
	return true
}

func (s *seen) column(path string) connect.Column {
	c := connect.Column{Name: path, Nullable: path != "_id", Kind: connect.JSON}
	c.Type = strings.Join(slices.Sorted(maps.Keys(s.types)), " or ")
	most := 0
	for _, kind := range slices.Sorted(maps.Keys(s.kinds)) {
		if n := s.kinds[kind]; n > most {
			c.Kind, most = kind, n
		}
	}
	return c
}

// kindOf is the type of a value in the server's words, and ours. Nothing has none.
func kindOf(v any) (string, connect.Kind) {
	switch v := v.(type) {
	case string, bson.Symbol:
		return "string", connect.TextKind
	case int32:
		return "int", connect.Integer
	case int64:
		return "long", connect.Integer
	case float64:
		return "double", connect.DecimalKind
	case bson.Decimal128:
		return "decimal", connect.DecimalKind
	case bool:
		return "bool", connect.Boolean
	case bson.DateTime, bson.Timestamp:
		return "date", connect.TimeKind
	case bson.ObjectID:
		return "objectId", connect.ObjectID
	case bson.Binary:
		if _, ok := binary(v).(string); ok {
			return "binData", connect.UUID
		}
		return "binData", connect.Binary
	case bson.JavaScript, bson.Regex:
		return "string", connect.TextKind
	}
	return "", ""
}

// named is the path of a field as columns are written, with `[]` behind lists.
func named(t *connect.Table, field string) string {
	for _, c := range t.Columns {
		if strings.ReplaceAll(c.Name, "[]", "") == field {
			return c.Name
		}
	}
	return field
}
