package draft

import (
	"slices"
	"strings"
)

// byName finds tables by their names and keys, so that a schema of thousands of tables
// is not gone through for every column.
type byName struct {
	tables []*table
	whole  map[string][]int   // by all words of a name
	head   map[string][]int   // by the last
	single map[string][]int   // by the only one
	heads  []string           // of single, sorted
	keys   map[string][]int   // by the name of the key
	shorts map[string]*column // of people, by names cut short
}

func newByName(tables []*table) *byName {
	x := &byName{tables, map[string][]int{}, map[string][]int{}, map[string][]int{}, nil, map[string][]int{}, map[string]*column{}}
	for i, t := range tables {
		if key := t.keyColumn(); key != "" {
			x.keys[unparted(key)] = append(x.keys[unparted(key)], i)
		}
		if len(t.own) == 0 {
			continue
		}
		for _, c := range t.columns {
			if s := c.shortNumber(); s != "" && t.headed() && strings.HasPrefix(t.own[0], s[:1]) {
				x.shorts[s] = c
			}
		}
		whole, head := strings.Join(t.own, ""), t.own[len(t.own)-1]
		x.whole[whole] = append(x.whole[whole], i)
		x.head[head] = append(x.head[head], i)
		if len(t.own) == 1 {
			x.single[head] = append(x.single[head], i)
		}
	}
	for head := range x.single {
		x.heads = append(x.heads, head)
	}
	slices.Sort(x.heads)
	return x
}

// find gives the tables whose name is the last of some words or all together, in the
// order of the schema. A name of one word may also be the beginning of the last or
// begin with it.
func (x *byName) find(stems []string) []*table {
	if len(stems) == 0 {
		return nil
	}
	all, last := stems[0], stems[1]
	at := slices.Concat(x.whole[all], x.single[last])
	if len(all) >= 2 {
		at = append(at, x.head[all]...)
	}
	if len(last) >= 3 {
		from, _ := slices.BinarySearch(x.heads, last)
		for _, head := range x.heads[from:] {
			if !strings.HasPrefix(head, last) {
				break
			}
			at = append(at, x.single[head]...)
		}
		for n := 3; n < len(last); n++ {
			at = append(at, x.single[last[:n]]...)
		}
	}
	return x.of(at)
}

// key gives the tables whose key has a name.
func (x *byName) key(name string) []*table { return x.of(x.keys[unparted(name)]) }

// unparted is a name without what parts its words: `pt_id` is also written `ptid`.
func unparted(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(name))
}

func (x *byName) of(at []int) []*table {
	at = slices.Clone(at)
	slices.Sort(at)
	var out []*table
	for _, i := range slices.Compact(at) {
		out = append(out, x.tables[i])
	}
	return out
}

// called gives the tables that are called as some words are, all or the last.
func (x *byName) called(words []string) []*table {
	stems := stemmed(words)
	if len(stems) == 0 {
		return nil
	}
	return x.of(slices.Concat(x.whole[stems[0]], x.single[stems[1]]))
}
