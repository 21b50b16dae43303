package saas

import (
	"slices"
	"strings"
)

// usable are the places that each kind of request can fill.
var usable = map[string][]string{
	"find":   {"table", "columns", "by", "value", "values", "match|soql"},
	"list":   {"table", "columns"},
	"fields": {"table"},
	"grants": {"credential"},
	"update": {"table", "key", "keys", "changes"},
	"delete": {"table", "key", "keys"},
}

// places checks that every place of a request can be filled where it stands, and that a
// request for several values or rows has room for them.
func (r *reader) places(n *node, q *request, use string) {
	several := false
	check := func(t *template, where string) {
		for _, name := range t.places() {
			several = several || contains([]string{"values", "keys", "match|soql"}, name)
			r.place(n, name, use, where)
		}
	}
	check(q.path, "path")
	for _, p := range q.query {
		check(p.text, "query")
	}
	for _, h := range q.headers {
		check(h.text, "header")
	}
	if q.body != nil {
		several = r.bodyPlaces(n, q.body, use, "") || several
	}
	if q.batch > 1 && !several {
		r.add(n, "use `{values}`, `{keys}`, `{match|soql}` or `$each`", "the request takes %d at once and has no place for several", q.batch)
	}
}

func (r *reader) place(n *node, name, use, where string) {
	first, rest, _ := strings.Cut(name, ".")
	switch {
	case !contains(usable[use], first):
		r.add(n, "there are "+strings.Join(usable[use], ", "), "`{%s}` cannot be filled in a request for `%s`", name, use)
	case rest != "" && first != "key" && first != "keys" && first != "credential":
		r.add(n, "", "`{%s}` is no place", name)
	case first == "credential" && (rest == "" || where == "path" || where == "query"):
		r.add(n, "write it into a header or the body", "credentials never stand in an address")
	case first == "changes" && where != "body":
		r.add(n, "", "`{changes}` stands in the body")
	}
}

// bodyPlaces checks the places of a body, and reports whether it has room for several.
func (r *reader) bodyPlaces(n *node, b *body, use, each string) bool {
	several := false
	switch {
	case b.each != "":
		if (b.each == "rows") != (use == "update" || use == "delete") {
			r.add(n, "", "there are no `%s` in a request for `%s`", b.each, use)
		}
		r.bodyPlaces(n, b.item, use, b.each)
		return true
	case b.text != nil:
		for _, name := range b.text.places() {
			several = several || contains([]string{"values", "keys", "match|soql"}, name)
			r.place(n, name, use, "body")
			if name == "changes" && b.text.whole() == "" {
				r.add(n, "", "`{changes}` stands alone")
			}
		}
	}
	if b.merge && use != "update" {
		r.add(n, "", "`$changes` is for `update`")
	}
	for _, k := range b.keys {
		several = r.bodyPlaces(n, k.is, use, each) || several
	}
	for _, item := range b.items {
		several = r.bodyPlaces(n, item, use, each) || several
	}
	return several
}

// check judges what can only be judged with the whole description.
func (r *reader) check() {
	for _, name := range r.d.address.places() {
		if name != strings.ToLower(name) || strings.ContainsAny(name, ".|") {
			r.add(r.d.addressAt, "", "the place `{%s}` of the address is no name of a credential", name)
		}
	}
	for _, t := range r.d.tables {
		r.checkTable(t)
	}
}

func (r *reader) checkTable(t *table) {
	declared := func(what string, names []string) {
		for _, name := range names {
			if t.column(name) == nil {
				r.add(t.at, "write it under `columns`", "the table `%s` has no column `%s`, which its %s names", t.name, name, what)
			}
		}
	}
	declared("key", t.key)
	for _, f := range t.find {
		declared("find", f.by)
		if !f.any && len(f.by) > 1 && !slices.Contains(f.names(), "match|soql") {
			r.add(t.at, "use `{match|soql}`", "several columns of `%s` can only be matched together by a query", t.name)
		}
	}
	for _, ref := range t.references {
		declared("reference", ref.Columns)
		if to := r.d.table(ref.Table); to == nil || to.column(ref.To[0]) == nil {
			r.add(t.at, "", "`%s` refers to `%s.%s`, which is not there", t.name, ref.Table, ref.To[0])
		}
	}
}

// names lists all places of a request.
func (q *request) names() []string {
	out := q.path.places()
	for _, list := range [][]named{q.query, q.headers} {
		for _, p := range list {
			out = append(out, p.text.places()...)
		}
	}
	if q.body != nil {
		out = append(out, q.body.names()...)
	}
	return out
}

func (b *body) names() []string {
	var out []string
	if b.text != nil {
		out = b.text.places()
	}
	for _, k := range b.keys {
		out = append(out, k.is.names()...)
	}
	for _, item := range b.items {
		out = append(out, item.names()...)
	}
	if b.item != nil {
		out = append(out, b.item.names()...)
	}
	return out
}
