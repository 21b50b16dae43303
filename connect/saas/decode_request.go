package saas

import (
	"encoding/json"
	"strings"

	"github.com/avowhq/avow/connect"
)

var methods = []string{"get", "post", "put", "patch", "delete"}

func (r *reader) find(n *node) *find {
	g := r.keys(n)
	f := &find{by: r.words(g.need("by"))}
	if len(f.by) == 1 && f.by[0] == "any" {
		f.any, f.by = true, nil
	}
	compares := g.take("compares")
	for _, w := range r.words(compares) {
		if !contains([]string{"exact", "trimmed", "ignore-case", "digits", "email", "phone"}, w) {
			r.add(compares, "there are exact, trimmed, ignore-case, digits, email and phone", "`%s` is no comparison", w)
		}
		f.compares = append(f.compares, connect.Compare(w))
	}
	if at := g.take("paths"); at != nil {
		f.at = map[string]path{}
		for _, p := range r.keys(at).n.pairs {
			f.at[p.key.text] = r.path(p.value)
		}
	}
	f.request = r.request(g, "find")
	g.done()
	return f
}

func (r *reader) fields(n *node) *fields {
	g := r.keys(n)
	f := &fields{types: map[string]connect.Kind{}, may: map[connect.Op]path{}}
	f.name, f.typ = r.path(g.need("name")), r.path(g.take("type"))
	f.length, f.nullable = r.path(g.take("length")), r.path(g.take("nullable"))
	f.readOnly, f.skip = r.path(g.take("read-only")), r.path(g.take("skip"))
	f.writable = r.path(g.take("writable"))
	f.at = r.template(g.take("at"))
	if types := g.take("types"); types != nil {
		for _, p := range r.keys(types).n.pairs {
			f.types[p.key.text] = r.kind(p.value)
		}
	}
	if may := g.take("may"); may != nil {
		mg := r.keys(may)
		for _, op := range []connect.Op{connect.OpRead, connect.OpUpdate, connect.OpDelete} {
			if p := r.path(mg.take(string(op))); p != nil {
				f.may[op] = p
			}
		}
		mg.done()
	}
	f.request = r.request(g, "fields")
	g.done()
	return f
}

// request reads the keys that every request may have.
func (r *reader) request(g *group, use string) *request {
	out := &request{batch: 1}
	for _, m := range methods {
		n := g.take(m)
		switch {
		case n == nil:
		case out.path != nil:
			r.add(n, "remove one", "a request has one method")
		default:
			out.method, out.path = strings.ToUpper(m), r.pathTemplate(n, use)
		}
	}
	if out.path == nil {
		r.add(g.n, "write `get: /path`, `post: …`, `put: …`, `patch: …` or `delete: …`", "the request is missing")
		out.path = &template{}
	}
	out.query = r.named(g.take("query"), false)
	out.headers = r.named(g.take("headers"), true)
	if n := g.take("body"); n != nil {
		out.body = r.body(n, "")
	}
	out.rows = r.path(g.take("rows"))
	out.page = r.page(g.take("page"))
	out.part = r.path(g.take("refuse-when"))
	out.batch = r.or(g.take("batch"), 10_000, 1)
	out.address = r.number(g.take("longest-address"), 1<<20)
	out.bytes = r.number(g.take("longest-body"), 1<<28)
	if n := g.take("rate"); n != nil {
		rg := r.keys(n)
		out.rate = r.rate(rg)
		rg.done()
	}
	if use == "find" {
		out.small = r.flag(g.take("small-letters"))
	}
	if use == "list" {
		out.scan = r.flag(g.take("scan"))
	}
	out.gone = r.statuses(g.take("gone"))
	out.results = r.results(g.take("results"))
	r.places(g.n, out, use)
	return out
}

func (r *reader) statuses(n *node) []int {
	if n == nil {
		return nil
	}
	items := []*node{n}
	if n.kind == sequenceNode {
		items = n.items
	}
	var out []int
	for _, item := range items {
		out = append(out, r.number(item, 599))
	}
	return out
}

// pathTemplate reads the path of a request. Its literals may not lead out of it.
func (r *reader) pathTemplate(n *node, use string) *template {
	t := r.template(n)
	text := r.word(n)
	bad := !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "?#\\ %")
	for segment := range strings.SplitSeq(text, "/") {
		bad = bad || segment == "." || segment == ".."
	}
	if bad {
		r.add(n, "parameters stand under `query`", "a path begins with one `/` and has no `?`, `#`, `%%`, space or `..`")
	}
	return t
}

func (r *reader) named(n *node, header bool) []named {
	if n == nil {
		return nil
	}
	var out []named
	for _, p := range r.keys(n).n.pairs {
		if header && (!headerName.MatchString(p.key.text) || contains([]string{"host", "authorization", "content-length", "transfer-encoding", "connection"}, strings.ToLower(p.key.text))) {
			r.add(p.key, "", "`%s` is no header that a description may set", p.key.text)
		}
		out = append(out, named{p.key.text, r.template(p.value)})
	}
	return out
}

func (r *reader) page(n *node) *page {
	if n == nil {
		return nil
	}
	g := r.keys(n)
	p := &page{origin: n, into: r.word(g.take("into")), size: r.number(g.take("size"), 1_000_000)}
	for _, kind := range []string{"cursor", "next", "link", "offset", "number"} {
		v := g.take(kind)
		if v == nil {
			continue
		}
		if p.kind != "" {
			r.add(v, "remove one", "there is one way to further pages")
		}
		p.kind = kind
		switch kind {
		case "cursor", "next":
			p.at = r.path(v)
		case "number":
			p.first = r.first(v)
		}
	}
	p.total, p.most = r.path(g.take("total")), r.number(g.take("most"), 1<<30)
	g.done()
	r.checkPage(n, p)
	return p
}

// first reads the number of the first page, 0 or 1.
func (r *reader) first(n *node) int {
	switch r.word(n) {
	case "0":
		return 0
	case "1":
		return 1
	}
	r.add(n, "write 0 or 1", "this is no number of a first page")
	return 0
}

func (r *reader) checkPage(n *node, p *page) {
	where, name, _ := strings.Cut(p.into, ".")
	switch {
	case p.kind == "":
		r.add(n, "write `cursor`, `next`, `link`, `offset` or `number`", "the way to further pages is missing")
	case p.kind == "next" || p.kind == "link":
	case where != "query" && where != "body" || name == "" || strings.Contains(name, "."):
		r.add(n, "write `into: query.after` or `into: body.after`", "it is not said where the page is written")
	case p.kind != "cursor" && p.size == 0:
		r.add(n, "write `size: 100`", "it is not said how many rows a page has")
	}
}

func (r *reader) results(n *node) *results {
	if n == nil {
		return nil
	}
	g := r.keys(n)
	out := &results{each: r.path(g.take("each")), ok: r.path(g.take("ok")), code: r.path(g.take("code")), done: r.words(g.take("done"))}
	g.done()
	return out
}

// body reads JSON with places. The keys `$each` and `$item` repeat a part, `$changes`
// puts what is changed among the keys.
func (r *reader) body(n *node, each string) *body {
	b := &body{kind: n.kind}
	switch n.kind {
	case mappingNode:
		if n.get("$each") != nil {
			return r.repeated(n)
		}
		for _, p := range n.pairs {
			if p.key.text == "$changes" {
				b.merge = true
				continue
			}
			b.keys = append(b.keys, bodyKey{p.key.text, r.body(p.value, each)})
		}
	case sequenceNode:
		for _, item := range n.items {
			b.items = append(b.items, r.body(item, each))
		}
	case scalarNode:
		r.scalar(b, n)
	}
	return b
}

func (r *reader) scalar(b *body, n *node) {
	if !n.quoted {
		d := json.NewDecoder(strings.NewReader(n.text))
		d.UseNumber()
		if err := d.Decode(&b.constant); err == nil && !d.More() {
			switch b.constant.(type) {
			case bool, json.Number, nil:
				return
			}
		}
		b.constant = nil
	}
	b.text = r.template(n)
}

func (r *reader) repeated(n *node) *body {
	g := r.keys(n)
	each, item := g.need("$each"), g.need("$item")
	b := &body{each: r.word(each)}
	if b.each != "values" && b.each != "rows" {
		r.add(each, "", "write `values` or `rows`")
	}
	if item != nil {
		b.item = r.body(item, b.each)
	} else {
		b.item = &body{}
	}
	g.done()
	return b
}
