// Package match decides on rows what a system does not decide itself: which rows of a
// file or a document a read asks for, and which elements of a list.
//
// What stays true: it decides as a database with SQL would. Nothing is never equal to
// anything, an empty column makes a comparison neither true nor false, and through a
// list a comparison holds when it holds for one element. Several columns of one list
// are compared within one element of it.
//
// What it never does: read, write, or keep a row.
package match

import (
	"strings"

	"github.com/avowhq/avow/connect"
)

// Record is one row as a condition sees it.
type Record interface {
	// Tuples gives the values that the columns have together: one tuple for each way
	// through the lists that they lead through, one with nothing where there is none.
	Tuples(columns []string) []connect.Tuple
}

// Filter is what a read asks for. It is safe for concurrent use.
type Filter struct {
	any  []*Index
	all  []*Index
	when *connect.Cond
}

// NewFilter prepares the filter of a read.
func NewFilter(r connect.Read, region string) *Filter {
	return &Filter{any: indexes(r.Any, region), all: indexes(r.All, region), when: r.When}
}

func indexes(ins []connect.In, region string) []*Index {
	var out []*Index
	for _, in := range ins {
		out = append(out, NewIndex(in, region))
	}
	return out
}

// Holds reports whether the read asks for the row.
func (f *Filter) Holds(r Record) bool {
	for _, x := range f.all {
		if !x.Holds(r) {
			return false
		}
	}
	return f.anyHolds(r) && Holds(f.when, r)
}

func (f *Filter) anyHolds(r Record) bool {
	for _, x := range f.any {
		if x.Holds(r) {
			return true
		}
	}
	return len(f.any) == 0
}

// Index finds whether a row has one of the tuples of a connect.In.
type Index struct {
	Columns []string
	compare connect.Compare
	region  string
	tuples  map[string]int
}

// NewIndex prepares an In. Region is the country of phone numbers that name none.
func NewIndex(in connect.In, region string) *Index {
	x := &Index{Columns: in.Columns, compare: in.Compare, region: region, tuples: make(map[string]int, len(in.Tuples))}
	for i, t := range in.Tuples {
		if key, ok := x.key(t); ok {
			if _, twice := x.tuples[key]; !twice {
				x.tuples[key] = i
			}
		}
	}
	return x
}

// Holds reports whether the row has one of the tuples.
func (x *Index) Holds(r Record) bool {
	_, ok := x.Find(r)
	return ok
}

// Find is the first of the tuples that the row has, by its place in the In.
func (x *Index) Find(r Record) (first int, found bool) {
	for _, t := range r.Tuples(x.Columns) {
		key, ok := x.key(t)
		if !ok {
			continue
		}
		if i, ok := x.tuples[key]; ok && (!found || i < first) {
			first, found = i, true
		}
	}
	return first, found
}

// key is the text under which a tuple is found. One with nothing in it is never meant.
func (x *Index) key(t connect.Tuple) (string, bool) {
	if len(t) == 1 {
		key := x.normal(t[0])
		return key, key != ""
	}
	var b strings.Builder
	for _, v := range t {
		text := x.normal(v)
		if text == "" {
			return "", false
		}
		b.WriteString(text)
		b.WriteByte(0)
	}
	return b.String(), true
}
