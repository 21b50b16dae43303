package draft

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// fewTables is how many there are at most where letters are looked at: in greater schemas
// they stand for too much.
const fewTables = 400

// inferByLetters finds the table whose key a column holds by the few letters with which the
// columns of that table begin, or that are left of its name.
func (j *judgement) inferByLetters(ctx context.Context, src Reader, c *column) (bool, error) {
	if len(j.tables) > fewTables || c.table.keyColumn() == c.Name && len(c.table.Key) > 0 {
		return false, nil
	}
	named := c.named && c.name.strength > weak
	for _, target := range j.byLetters(c) {
		key := target.column(target.keyColumn())
		if target.View || !kindsMeet(c.Column, key.Column) {
			continue
		}
		found, of, err := holds(ctx, src, c, key)
		if err != nil {
			return false, err
		}
		if found*20 < of*19 || named && of < 5 {
			continue
		}
		if of == 0 && len(c.mayHold) > 1 {
			return false, nil // no values to tell them apart by
		}
		c.table.refs = append(c.table.refs, &reference{columns: []string{c.Name}, target: target, to: []string{key.Name}, found: "by the letters of its name", empty: c.Nullable})
		return true, nil
	}
	return j.inferByValues(ctx, src, c)
}

// inferByValues finds the table whose keys are the values of a column that nobody can read:
// all that were seen are keys of it. Small numbers are keys of many tables; then the column
// must reach as far as the keys do, and where it is called by more than a letter or two, from
// the first to the last.
func (j *judgement) inferByValues(ctx context.Context, src Reader, c *column) (bool, error) {
	if c.isKey() || c.Name == c.table.keyColumn() || c.named || c.counts() || c.seen.n() == c.seen.rows && !c.unreadable() || slices.ContainsFunc(c.tokens, func(t token) bool {
		return len(t.is) > 0 && !(len(c.tokens) == 1 && (t.means("number") || t.means("id")))
	}) {
		return false, nil
	}
	for _, t := range j.holders(c) {
		found, asked, err := holds(ctx, src, c, t.column(t.keyColumn()))
		if err != nil {
			return false, err
		}
		if found == asked && asked > 0 {
			c.table.refs = append(c.table.refs, &reference{columns: []string{c.Name}, target: t, to: []string{t.keyColumn()}, found: "by its values alone, so make sure", empty: c.Nullable})
			return true, nil
		}
	}
	return false, nil
}

// holders gives some tables that may hold the values of a column as their keys, those whose
// keys are the least first.
func (j *judgement) holders(c *column) []*table {
	coded := c.Kind == connect.TextKind && c.Length > 0 && c.seen.n() >= 5 && c.seen.share(markNameShape) < .5
	few := c.Kind == connect.Integer && c.seen.n() >= 8 && c.unreadable()
	many := c.Kind == connect.Integer && c.seen.n() >= 20 && len(cmp.Or(c.bare, c.Name)) <= 5
	if !coded && !few && !many {
		return nil
	}
	low, high := c.seen.bounds()
	var out []*table
	for _, t := range j.tables {
		key := t.column(t.keyColumn())
		if key == nil || t == c.table || t.View || key.seen.n() < 8 || key.Kind != c.Kind {
			continue
		}
		keys := t.keys()
		slack := (keys.last - keys.first) / 10
		within := low >= keys.first && (high <= keys.last+slack || key.seen.n() >= usualSample) // behind the rows that were read there may be more
		if coded && c.Length == key.Length || within && (few && high*2 >= keys.last || many && low <= keys.first+slack && high >= keys.last-slack) {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b *table) int { return cmp.Compare(a.keys().last, b.keys().last) })
	return out[:min(len(out), enoughHolders)]
}

// enoughHolders is how many tables are asked at most whether they hold the values of a column.
const enoughHolders = 5

// span is from which number to which keys go.
type span struct{ first, last int64 }

// keys are the least and the greatest key that was seen.
func (t *table) keys() span {
	if t.span == nil {
		first, last := t.column(t.keyColumn()).seen.bounds()
		t.span = &span{first, last}
	}
	return *t.span
}

// unreadable reports whether a column is called by a letter or two, with a number perhaps,
// that mean nothing: `k2`, `ct_m`.
func (c *column) unreadable() bool {
	name := strings.ToLower(cmp.Or(c.bare, c.Name))
	letters := strings.TrimRight(name, "0123456789")
	return len(letters) > 0 && len(letters) <= 2 && len(name) < 5 && !slices.Contains([]string{"n", "x", "y", "q", "kg", "cm", "km", "mg", "ml", "ht", "wt", "dt", "tm", "ct", "mi", "sq", "lp", "db", "yr", "pt"}, letters)
}

// byLetters gives the tables that what is left of a column's name, without what the columns
// of its own table begin with, may stand for: `ci_pt` for the table whose columns begin
// with `pt_`, `TCTNT` for TNT.
func (j *judgement) byLetters(c *column) []*table {
	if of := j.byKey(c); len(of) > 0 {
		return of
	}
	if of := j.cutShort(c); of != nil {
		return []*table{of}
	}
	rest := strings.ToLower(strings.TrimPrefix(c.Name, c.table.prefix))
	if c.table.prefix == "" || rest == "" || len(rest) > 6 {
		return j.numbered(c)
	}
	var out []*table
	for _, t := range j.tables {
		if key := t.keyColumn(); key == "" || t.prefix == "" || t == c.table || t.prefix == c.table.prefix {
			continue
		}
		mark := strings.ToLower(strings.TrimRight(t.prefix, "_. "))
		name := strings.ToLower(bareName(t.Name))
		if len(mark) > 1 && rest == mark || rest == name || len(rest) > 2 && strings.HasPrefix(name, rest) {
			out = append(out, t)
		}
	}
	return out
}

// cutShort gives the one table whose name a column's few letters are left of, where the
// database says of no column what it points at: `flx` for `flexkracht`.
func (j *judgement) cutShort(c *column) *table {
	if j.declared || len(c.tokens) != 1 || len(c.tokens[0].is) > 0 {
		return nil
	}
	short := c.tokens[0].text
	if len(short) < 2 || len(short) > 4 || c.Kind != connect.Integer && c.Kind != connect.TextKind || slices.Contains(countingLetters, short) {
		return nil
	}
	var found *table
	for _, t := range j.tables {
		key := t.column(t.keyColumn())
		if t == c.table || len(t.words) != 1 || key == nil || !leftOf(short, t.words[0].text) || len(short) == 2 && c.Kind == connect.Integer && !strings.HasPrefix(t.words[0].text, short) || c.Kind == connect.TextKind && (key.Kind != connect.TextKind || key.Length != c.Length || c.Length == 0) {
			continue
		}
		if found != nil {
			return nil
		}
		found = t
	}
	return found
}

// byKey gives the tables whose key, which is called as no other, a longer name ends with, or
// what is left of it: `VGPNR` holds a `PNR`, `KU` a `KUNR`. Those come first whose name begins
// as the column's does.
func (j *judgement) byKey(c *column) []*table {
	name := unparted(c.Name)
	if len(name) < 2 || c.named && c.name.strength > weak {
		return nil
	}
	var out []*table
	for n := 3; n < len(name) && n < 9; n++ {
		out = append(out, j.byName.key(name[len(name)-n:])...)
	}
	if len(name) < 5 {
		for _, number := range []string{"nr", "no", "num", "id", "key", "kz"} {
			out = append(out, j.byName.key(name+number)...)
		}
		if strings.HasSuffix(name, "n") {
			out = append(out, j.byName.key(name+"r")...)
		}
	}
	out = slices.DeleteFunc(out, func(t *table) bool { return plainKey(t, t.keyColumn()) || t.column(t.keyColumn()).onlyNames() })
	slices.SortStableFunc(out, func(a, b *table) int { return btoi(beginsAs(b, name)) - btoi(beginsAs(a, name)) })
	return out
}

func beginsAs(t *table, name string) bool {
	return strings.HasPrefix(strings.ToLower(bareName(t.Name)), name[:1])
}

// countingLetters are short for what is counted or measured.
var countingLetters = []string{"num", "cnt", "qty", "amt", "min", "max", "pos", "seq", "pct", "pts", "ord", "rev", "ver", "val", "tot", "dur", "len", "hgt", "wgt", "lvl", "cap", "vol"}

// leftOf reports whether letters are what is left of a word, in their order, its first among them.
func leftOf(short, word string) bool {
	if len(word) < len(short)+2 || short[0] != word[0] {
		return false
	}
	for i := range len(word) {
		if short != "" && short[0] == word[i] {
			short = short[1:]
		}
	}
	return short == ""
}

// numbered gives the tables that a column may point at which is called as their keys are
// but for a number behind: `nr2` where keys are called `nr`; first that which has hardly more
// rows than the column has values.
func (j *judgement) numbered(c *column) []*table {
	bare := strings.TrimRight(c.Name, "0123456789")
	if bare == c.Name || bare == "" || len(bare) > 4 || c.named || j.declared {
		return nil
	}
	var out []*table
	for _, t := range j.tables {
		if key := t.keyColumn(); key != "" && key != c.Name && strings.TrimRight(key, "0123456789") == bare {
			out = append(out, t)
		}
	}
	if len(out) < 2 {
		return nil
	}
	slices.SortStableFunc(out, func(a, b *table) int { return closer(c, a) - closer(c, b) })
	c.mayHold = out
	return out
}

// closer is how many more rows a table has than a column needs which points at it.
func closer(c *column, t *table) int {
	if n := t.rows - c.seen.n(); n >= 0 {
		return n
	}
	return t.rows
}
