package draft

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// reference is a foreign key, or what looks like one.
type reference struct {
	columns []string
	target  *table
	to      []string
	found   string // why it is thought to be one; empty when the database says so
	empty   bool   // its columns may be empty
}

// table finds a table by its name, with the schema that names have without one or not.
func (j *judgement) table(name string) *table {
	if t := j.named[name]; t != nil {
		return t
	}
	within := connect.TableName(j.schema.Within, "")
	if bare, ok := strings.CutPrefix(name, within); ok {
		return j.named[bare]
	}
	return j.named[within+name]
}

// references gathers the foreign keys, and finds what is one without being declared.
func (j *judgement) references(ctx context.Context, src Reader) error {
	for _, t := range j.tables {
		j.declared = j.declared || len(t.References) > 0
		for _, r := range t.References {
			if target := j.table(r.Table); target != nil {
				t.refs = append(t.refs, &reference{columns: r.Columns, target: target, to: r.To, empty: t.nullable(r.Columns)})
			}
		}
	}
	for _, t := range j.tables {
		for _, c := range t.columns {
			if t.isReference(c.Name) || c.onlyNames() || c.seen.share(markEmail) > .5 || kindOf(c.Column)&(written|numeric) == 0 {
				continue
			}
			if err := j.infer(ctx, src, c); err != nil {
				return err
			}
		}
	}
	for _, t := range j.tables {
		for _, r := range t.refs {
			r.target.targets = append(r.target.targets, r.to...)
		}
	}
	return nil
}

// onlyNames reports whether a column is called `name` and no more: also where that is the
// key of another table it is the name of what the row is.
func (c *column) onlyNames() bool {
	return len(c.tokens) > 0 && !slices.ContainsFunc(c.tokens, func(t token) bool { return !t.means("name") || t.means("id") || t.means("number") })
}

func (t *table) nullable(columns []string) bool {
	for _, name := range columns {
		if c := t.Column(name); c == nil || !c.Nullable {
			return false
		}
	}
	return true
}

func (t *table) isReference(name string) bool {
	return slices.ContainsFunc(t.refs, func(r *reference) bool { return slices.Contains(r.columns, name) })
}

// infer finds the table whose key a column holds: by its name, and by its values
// where there are rows.
func (j *judgement) infer(ctx context.Context, src Reader, c *column) error {
	for _, target := range j.candidates(c) {
		key := target.column(target.keyColumn())
		sure, err := held(ctx, src, c, key)
		if err != nil {
			return err
		}
		if sure == no || sure == unknown && target == c.table && c.numbersOwn() && anyMeans(c.tokens, "number") {
			continue // the number that somebody has is no key of somebody else
		}
		why := "by its name"
		if sure == yes {
			why = "by its name and values"
		}
		c.table.refs = append(c.table.refs, &reference{columns: []string{c.Name}, target: target, to: []string{key.Name}, found: why, empty: c.Nullable})
		return nil
	}
	if found, err := j.inferByLetters(ctx, src, c); found || err != nil {
		return err
	}
	if own := j.byName.shorts[c.shortNumber()]; own != nil && !c.table.headed() && kindsMeet(c.Column, own.Column) {
		c.table.refs = append(c.table.refs, &reference{columns: []string{c.Name}, target: own.table, to: []string{own.Name}, found: "by its name", empty: c.Nullable})
	}
	return nil
}

// shortNumber is the name of a column that is cut short to the first letter of what it
// numbers: `pid` of patients. People may have one beside the key of their table.
func (c *column) shortNumber() string {
	if len(c.tokens) != 1 || len(c.tokens[0].is) > 0 || len(c.tokens[0].text) > 5 || !strings.HasSuffix(c.tokens[0].text, "id") {
		return ""
	}
	return c.tokens[0].text
}

// keyColumn is the one column by which rows of a table are named; without a declared
// key one that looks like it.
func (t *table) keyColumn() string {
	if !t.keyKnown {
		t.keyKnown, t.keyed = true, t.findKey()
	}
	return t.keyed
}

func (t *table) findKey() string {
	if len(t.Key) == 1 {
		return t.Key[0]
	}
	for _, u := range t.Unique {
		if len(u) == 1 && len(t.Key) == 0 {
			return u[0]
		}
	}
	if len(t.Key) > 0 || len(t.columns) == 0 {
		return ""
	}
	if c := t.columns[0]; kindOf(c.Column) == numeric && anyMeans(c.tokens, "id") && len(t.words) == 1 && t.headed() && !c.numbersSomebodyElse() {
		return c.Name // it names people, though rows may repeat as they change
	}
	for _, c := range t.columns[:min(len(t.columns), 3)] {
		numbered := anyMeans(c.tokens, "id") || anyMeans(c.tokens, "number")
		if numbered && (t.rows == 0 || c.seen.rows == c.seen.n() || c.seen.n() == maxDistinct) {
			return c.Name
		}
	}
	if c := t.columns[0]; kindOf(c.Column) == numeric && c.seen.n() >= 8 && c.seen.rows == c.seen.n() {
		return c.Name
	}
	return ""
}

// numbersSomebodyElse reports whether a column numbers people other than those a table
// is of.
func (c *column) numbersSomebodyElse() bool { return c.numbersSomebody() && !c.numbersOwn() }

// candidates are the tables a column may point at, the likeliest first.
func (j *judgement) candidates(c *column) []*table {
	var out []*table
	add := func(t *table, key string) {
		if key != "" && !t.View && !(t == c.table && key == c.Name) && kindsMeet(c.Column, t.Column(key)) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	if keyless := len(c.table.Key) == 0 && !c.table.headed(); keyless || c.table.keyColumn() != c.Name {
		of := j.byName.key(c.Name)
		if c.table.keyColumn() == c.Name {
			of = slices.DeleteFunc(of, func(t *table) bool { return !t.headed() }) // what stands first may only be whose row it is
		}
		if c.bare != "" && len(c.bare) > 3 {
			of = append(of, j.byName.key(c.bare)...)
		}
		slices.SortStableFunc(of, func(a, b *table) int { return btoi(b.headed()) - btoi(a.headed()) })
		for _, t := range of {
			if key := t.keyColumn(); t != c.table && !plainKey(t, key) && !anyMeans(c.tokens, "time") && !t.borrowsKey() {
				add(t, key)
			}
		}
	}
	if c.counts() {
		return out
	}

	found, stems := j.byName.find(stemmed(c.stems())), stemmed(c.stems())
	if len(stems) > 0 && len(c.table.Key) == 1 && c.isKey() && stems[0] == strings.Join(c.table.own, "") {
		return out // it is the key of its own table
	}
	slices.SortStableFunc(found, func(a, b *table) int {
		return btoi(strings.Join(b.own, "") == stems[0]) - btoi(strings.Join(a.own, "") == stems[0])
	}) // the `user_id` of `account_users` is none of these but of `users`
	for _, t := range found {
		if own := len(c.table.Key) == 1 && c.isKey(); own && len(t.own) > 1 && strings.Join(t.own, "") != stemmed(c.stems())[0] {
			continue // the key of `post_meta` is no key of `comment_meta`
		}
		if n := len(t.words); n > 1 && anyMeans(t.words[:n-1], "deal") && !anyMeans(c.tokens, "deal") {
			continue // the `product_id` of a text about products is none of `order_products`
		}
		add(t, t.keyColumn())
	}
	if c.Kind == connect.Integer && c.shortNumber() == "uid" {
		for _, t := range j.byName.find(stemmed([]string{"user"})) {
			if t.headed() {
				add(t, t.keyColumn()) // what systems call the number of a user
			}
		}
	}
	if c.Kind == connect.TextKind && (c.numbersSomebody() || anyText(c.tokens, "uid")) {
		for _, t := range j.byName.find(stemmed([]string{"user"})) {
			if key := t.column(t.keyColumn()); key != nil && t.headed() && key.isName() {
				add(t, key.Name) // where users are known by their names, so they are in other tables
			}
		}
	}
	if c.Kind == connect.Integer && !c.named && !c.technical() && len(c.stems()) == 0 && len(c.tokens) > 0 && !c.plural() {
		for _, t := range j.byName.called(texts(c.tokens)) {
			add(t, t.keyColumn()) // `patient` holds the number of one
		}
	}
	return out
}

// borrowsKey reports whether what seems to be the key of a table, which declares none, is
// called after something else: its rows hang on that, and nothing hangs on them by it.
func (t *table) borrowsKey() bool {
	if len(t.Key) > 0 || len(t.Unique) > 0 || t.headed() || len(t.own) == 0 {
		return false
	}
	key := t.column(t.keyColumn())
	return key != nil && t.rows == 0 && !slices.ContainsFunc(key.tokens, func(w token) bool { return slices.Contains(t.own, stem(w.text)) })
}

// plainKey reports whether a key is called as keys of all tables are: `id`.
func plainKey(t *table, key string) bool {
	ts := tokens(key)
	return len(ts) == 1 && (ts[0].means("id") || ts[0].means("number"))
}

// stems are the words of a column that may be the name of a table, when the column
// is called as references are: `customer_id`, `kd_nr`, `fk_author`.
func (c *column) stems() []string {
	var out []string
	marked := false
	for _, t := range c.tokens {
		if t.means("id") || t.means("number") {
			marked = true
			continue
		}
		out = append(out, t.text)
	}
	if !marked {
		return nil
	}
	return out
}

// stemmed is the stem of some words together, and of the last.
func stemmed(ws []string) []string {
	if len(ws) == 0 {
		return nil
	}
	var whole strings.Builder
	for _, w := range ws {
		whole.WriteString(stem(w))
	}
	return []string{whole.String(), stem(ws[len(ws)-1])}
}

func kindsMeet(a, b *connect.Column) bool {
	if a == nil || b == nil {
		return false
	}
	return a.Kind == b.Kind || kindOf(a)&kindOf(b) == written && a.Kind != connect.Binary && b.Kind != connect.Binary || kindOf(a) == numeric && kindOf(b) == numeric
}

type answer uint8

const (
	unknown answer = iota
	yes
	no
)

// held asks whether the values of a column are keys of a table.
func held(ctx context.Context, src Reader, c, key *column) (answer, error) {
	found, of, err := holds(ctx, src, c, key)
	switch {
	case err != nil || of == 0:
		return unknown, err
	case found*10 >= of*7:
		return yes, nil
	case found*10 < of*3:
		return no, nil
	}
	return unknown, nil
}

// holds counts how many of some values of a column are keys of a table; of none where there
// are too few, or the table cannot be asked.
func holds(ctx context.Context, src Reader, c, key *column) (found, of int, err error) {
	if src == nil || c.seen.n() < 2 || key.seen.n() == 0 {
		return 0, 0, nil
	}
	in := connect.In{Columns: []string{key.Name}}
	for _, v := range c.seen.spread(50) {
		in.Tuples = append(in.Tuples, connect.Tuple{v})
	}
	keys := map[string]bool{}
	err = src.Read(ctx, connect.Read{Table: key.table.Name, Columns: []string{key.Name}, Any: []connect.In{in}, Limit: 0}, func(row connect.Row) error {
		keys[connect.Text(row[0])] = true
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return 0, 0, ctx.Err()
	case err != nil:
		return 0, 0, nil
	}
	return len(keys), len(in.Tuples), nil
}
