package draft

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
)

// affixes are what the names of a table's columns begin and end with, all of them or
// most.
func affixes(columns []connect.Column) (prefix, suffix string) {
	if prefix = commonPrefix(columns); strings.HasSuffix(prefix, "_") {
		return prefix, ""
	}
	begin, end := map[string]int{}, map[string]int{}
	for _, c := range columns {
		if i := strings.IndexByte(c.Name, '_'); i > 0 && i < len(c.Name)-1 {
			begin[c.Name[:i+1]]++
		}
		if i := strings.LastIndexByte(c.Name, '_'); i > 0 && i < len(c.Name)-1 {
			end[c.Name[i:]]++
		}
	}
	return cmp.Or(most(begin, len(columns)), prefix), most(end, len(columns))
}

// most is what at least four, and six of ten, have.
func most(counts map[string]int, of int) string {
	for text, n := range counts {
		if n >= 4 && n*10 >= of*6 {
			return text
		}
	}
	return ""
}

// commonPrefix is what all names of columns begin with, at most nine letters.
func commonPrefix(columns []connect.Column) string {
	if len(columns) < 3 {
		return ""
	}
	prefix := columns[0].Name
	for _, c := range columns[1:] {
		for !strings.HasPrefix(c.Name, prefix) || len(c.Name) == len(prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	if i := strings.LastIndexAny(prefix, "_. "); i >= 0 {
		return prefix[:i+1]
	}
	if len(prefix) > 4 {
		return ""
	}
	return prefix
}

// bareName is a table's name without its schema.
func bareName(name string) string {
	_, bare := connect.SplitTable(name)
	return bare
}

// systemWord is the word that the names of most tables begin with, as those of one
// application do: `adm_members`, `gibbonPerson`. It says nothing of a row.
func systemWord(tables []connect.Table) string {
	if len(tables) < 5 {
		return ""
	}
	n := map[string]int{}
	for i := range tables {
		if ws := split(bareName(tables[i].Name)); len(ws) > 1 {
			n[fold(ws[0])]++
		}
	}
	for word, count := range n {
		if count*10 >= len(tables)*6 {
			return word
		}
	}
	return ""
}

// without is a name behind the system's word.
func without(name, system string) string {
	if system == "" {
		return name
	}
	if ws := split(name); len(ws) < 2 || fold(ws[0]) != system {
		return name
	}
	_, size := utf8.DecodeRuneInString(name)
	for size < len(name) && fold(name[:size]) != system {
		_, n := utf8.DecodeRuneInString(name[size:])
		size += n
	}
	return strings.TrimLeft(name[size:], "_.- ")
}

// kindMarks reports whether the names of most columns begin with one letter or two for the
// kind of their values, several such: `c_nome`, `n_porc`, `dt_nasc`.
func kindMarks(columns []connect.Column) bool {
	marks, n := map[string]bool{}, 0
	for _, c := range columns {
		if rest := behindMark(c.Name, true); rest != c.Name {
			marks[c.Name[:len(c.Name)-len(rest)]] = true
			n++
		}
	}
	return len(marks) > 1 && n >= 4 && n*10 >= len(columns)*7
}

// behindMark is a name without the mark of its kind.
func behindMark(name string, marked bool) string {
	mark, rest, ok := strings.Cut(name, "_")
	if !marked || !ok || len(mark) == 0 || len(mark) > 2 || len(rest) < 2 || slices.Contains([]string{"id", "is", "fk", "pk", "ip", "no", "nr", "to"}, strings.ToLower(mark)) {
		return name
	}
	return rest
}

// tableTail is the end of a table's name that the names of most of its columns end with
// too, written as one word with what stands before: `codivende` of `comvende`.
func tableTail(t *connect.Table, marked bool) string {
	name := bareName(t.Name)
	for at := 0; at+4 <= len(name); at++ {
		tail, n := name[at:], 0
		for _, c := range t.Columns {
			if bare := behindMark(c.Name, marked); len(bare) > len(tail)+2 && strings.HasSuffix(bare, tail) {
				n++
			}
		}
		if n >= 4 && n*10 >= len(t.Columns)*6 {
			return tail
		}
	}
	return ""
}
