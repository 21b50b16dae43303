package saas

import (
	"regexp"
	"strings"
	"time"

	"github.com/avowhq/avow/connect"
)

var (
	serviceName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,60}$`)
	tableName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,199}$`)
	columnName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`)
	headerName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,60}$`)
)

// read reads a description; nil with everything that is wrong.
func read(file string, text []byte) (*description, Problems) {
	r := &reader{problems: &problems{file: file}, d: &description{file: file}}
	root := tree(text, r.problems)
	if root == nil {
		return nil, r.all.sorted()
	}
	r.service(r.keys(root))
	if len(r.all) > 0 {
		return nil, r.all.sorted()
	}
	return r.d, nil
}

// reader makes one description.
type reader struct {
	*problems
	d     *description
	every *node // what stands in no table
}

func (r *reader) service(g *group) {
	d := r.d
	name := g.need("service")
	if d.name = r.word(name); name != nil && !serviceName.MatchString(d.name) {
		r.add(name, "write small letters, digits and `-`", "this is no name of a service")
	}
	d.title = r.word(g.take("title"))
	d.addressAt = g.need("address")
	d.address = r.address(d.addressAt)
	r.auth(g.need("auth"))
	d.headers = r.named(g.take("headers"), true)
	r.limits(r.keys(g.take("limits")))
	r.errors(r.keys(g.take("errors")))
	r.empty(g.take("empty"))
	if n := g.take("grants"); n != nil {
		d.grants = r.readGrants(n)
	}
	r.every = g.take("every-table")
	if tables := r.keys(g.need("tables")); true {
		for _, p := range tables.n.pairs {
			r.table(p.key, p.value)
		}
	}
	g.done()
	r.check()
}

func (r *reader) empty(n *node) {
	switch w := r.word(n); {
	case n != nil && n.quoted && w == "":
		r.d.empty = ""
	case w != "" && w != "null":
		r.add(n, "", "write `null`, or `\"\"` where the service takes an empty text for nothing")
	}
}

func (r *reader) template(n *node) *template {
	t, wrong := readTemplate(r.word(n))
	if wrong != "" {
		r.add(n, "", "%s", wrong)
		return &template{}
	}
	return t
}

// address reads where the service is. Places in it are names of hosts, from the credentials.
func (r *reader) address(n *node) *template {
	t := r.template(n)
	text := r.word(n)
	if n != nil && (!strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "http://") || strings.ContainsAny(text, "@?#\\ ")) {
		r.add(n, "", "the address of a service begins with https:// and has no user, `?` or `#`")
	}
	return t
}

func (r *reader) auth(n *node) {
	if n == nil {
		return
	}
	items := []*node{n}
	if n.kind == sequenceNode {
		items = n.items
	}
	for _, item := range items {
		g := r.keys(item)
		if len(g.n.pairs) != 1 {
			r.add(item, "several ways are a list", "one way to sign in is one key: `bearer`, `basic`, `header` or `oauth`")
			continue
		}
		r.d.auth = append(r.d.auth, r.oneAuth(g))
		g.done()
	}
}

func (r *reader) oneAuth(g *group) auth {
	a := auth{kind: g.n.pairs[0].key.text}
	if n := g.take("bearer"); n != nil {
		a.names = []string{r.word(n)}
	}
	if n := g.take("basic"); n != nil {
		if a.names = r.words(n); len(a.names) != 2 {
			r.add(n, "write `basic: [user, password]`", "the names of two credentials belong here")
		}
	}
	if n := g.take("header"); n != nil {
		h := r.keys(n)
		name := h.need("name")
		if a.header = r.word(name); name != nil && !headerName.MatchString(a.header) {
			r.add(name, "", "this is no name of a header")
		}
		a.names = []string{r.word(h.need("from"))}
		h.done()
	}
	if n := g.take("oauth"); n != nil {
		r.oauth(r.keys(n), &a)
	}
	return a
}

func (r *reader) oauth(g *group, a *auth) {
	a.names = []string{"client_id", "client_secret"}
	switch grant := g.need("grant"); r.word(grant) {
	case "client-credentials":
		a.grant = "client_credentials"
	case "refresh-token":
		a.grant = "refresh_token"
		a.names = append(a.names, "refresh_token")
	default:
		if grant != nil {
			r.add(grant, "", "write `client-credentials` or `refresh-token`")
		}
	}
	token := g.need("token")
	if a.token = r.word(token); token != nil && !strings.HasPrefix(a.token, "/") && !strings.HasPrefix(a.token, "https://") {
		r.add(token, "", "write a path of the service, or an address with https://")
	}
	a.basic = r.word(g.take("client-in")) == "header"
	a.scope = r.word(g.take("scope"))
	g.done()
}

func (r *reader) limits(g *group) {
	l := limits{together: 4, budget: 20_000, timeout: 60 * time.Second, retries: 4, answer: 16 << 20}
	l.rate = r.rate(g)
	l.together = r.or(g.take("together"), 64, l.together)
	l.budget = r.or(g.take("budget"), 10_000_000, l.budget)
	l.retries = r.or(g.take("retries"), 10, l.retries)
	l.timeout = time.Duration(r.or(g.take("timeout"), 600, 60)) * time.Second
	l.answer = int64(r.or(g.take("answer"), 256, 16)) << 20
	g.done()
	r.d.limits = l
}

func (r *reader) or(n *node, most, usual int) int {
	if v := r.number(n, most); v > 0 {
		return v
	}
	return usual
}

// rate reads `requests` and `per`, in seconds.
func (r *reader) rate(g *group) rate {
	out := rate{requests: r.number(g.take("requests"), 10_000)}
	out.per = time.Duration(r.or(g.take("per"), 3600, 1)) * time.Second
	return out
}

func (r *reader) errors(g *group) {
	e := &r.d.errors
	code := g.take("code")
	for _, text := range r.words(code) {
		e.code = append(e.code, r.pathText(code, text))
	}
	e.field = r.path(g.take("field"))
	if rules := g.take("rules"); rules != nil {
		for _, item := range rules.items {
			rg := r.keys(item)
			rule := errorRule{status: r.number(rg.take("status"), 599), code: r.word(rg.take("code"))}
			means := rg.need("means")
			if rule.means = meaning(r.word(means)); means != nil && !contains(meanings, string(rule.means)) {
				r.add(means, "there are "+strings.Join(meanings, ", "), "an answer does not mean `%s`", rule.means)
			}
			rg.done()
			e.rules = append(e.rules, rule)
		}
	}
	g.done()
}

func (r *reader) path(n *node) path { return r.pathText(n, r.word(n)) }

func (r *reader) pathText(n *node, text string) path {
	if text == "" {
		return nil
	}
	p, ok := readPath(text)
	if !ok {
		r.add(n, "write for instance `paging.next.after` or `results[].to[]`", "`%s` is no place in JSON", text)
	}
	return p
}

func (r *reader) readGrants(n *node) *grants {
	g := r.keys(n)
	out := &grants{scopes: r.path(g.need("scopes"))}
	out.request = r.request(g, "grants")
	g.done()
	return out
}

// inherit is the node of a key of a table, or of every table. `none` takes it away.
func (r *reader) inherit(g *group, key string) *node {
	n := g.take(key)
	if n == nil && r.every != nil {
		n = r.every.get(key)
	}
	if n != nil && n.kind == scalarNode && n.text == "none" {
		return nil
	}
	return n
}

func (r *reader) table(key, n *node) {
	t := &table{at: key, name: key.text, scopes: map[connect.Op]string{}, also: map[connect.Op]string{}}
	if !tableName.MatchString(t.name) {
		r.add(key, "", "this is no name of a table")
	}
	if n != nil && n.kind == emptyNode {
		n = nil
	}
	g := r.keys(n)
	t.key = r.words(r.inherit(g, "key"))
	r.columns(t, g)
	r.references(t, g.take("references"))
	if f := r.inherit(g, "fields"); f != nil {
		t.fields = r.fields(f)
	}
	if finds := r.inherit(g, "find"); finds != nil {
		for _, item := range finds.items {
			t.find = append(t.find, r.find(item))
		}
	}
	t.list = r.operation(g, "list")
	t.update = r.operation(g, "update")
	t.delete = r.operation(g, "delete")
	r.perOp(t, r.inherit(g, "scopes"), t.scopes)
	r.perOp(t, r.inherit(g, "also"), t.also)
	g.done()
	if len(t.key) == 0 {
		r.add(key, "write `key: id`", "nothing names one row of `%s`", t.name)
	}
	r.d.tables = append(r.d.tables, t)
}

func (r *reader) operation(g *group, key string) *request {
	n := r.inherit(g, key)
	if n == nil {
		return nil
	}
	rg := r.keys(n)
	out := r.request(rg, key)
	rg.done()
	return out
}

func (r *reader) perOp(t *table, n *node, into map[connect.Op]string) {
	if n == nil {
		return
	}
	g := r.keys(n)
	for _, op := range []connect.Op{connect.OpRead, connect.OpUpdate, connect.OpDelete} {
		if text := r.word(g.take(string(op))); text != "" {
			into[op] = strings.ReplaceAll(text, "{table}", t.name)
		}
	}
	g.done()
}

func (r *reader) columns(t *table, g *group) {
	own := g.take("columns")
	for _, from := range []*node{own, r.everyColumns()} {
		for _, p := range r.keys(from).n.pairs {
			if t.column(p.key.text) == nil && !own.without(p.key.text) {
				t.columns = append(t.columns, r.column(p.key, p.value))
			}
		}
	}
}

// without reports whether a part says that it does not have what every other has.
func (n *node) without(key string) bool {
	if n == nil {
		return false
	}
	v := n.get(key)
	return v != nil && v.kind == scalarNode && v.text == "none"
}

func (r *reader) everyColumns() *node {
	if r.every == nil {
		return nil
	}
	return r.every.get("columns")
}

// column reads a type, or the keys of a column.
func (r *reader) column(key, n *node) *column {
	c := &column{name: key.text, kind: connect.TextKind}
	if !columnName.MatchString(c.name) {
		r.add(key, "write letters, digits and `_`, with dots between parts", "this is no name of a column")
	}
	c.as = strings.Split(c.name, ".")
	c.path = path(c.as)
	if n == nil || n.kind != mappingNode {
		c.kind, c.typ = r.kind(n), r.word(n)
		return c
	}
	g := r.keys(n)
	kind := g.take("type")
	c.kind, c.typ = r.kind(kind), r.word(kind)
	if at := g.take("path"); at != nil {
		c.path = r.path(at)
	}
	if as := g.take("as"); as != nil {
		if !columnName.MatchString(r.word(as)) {
			r.add(as, "", "this is no name that can be sent")
		}
		c.as = strings.Split(r.word(as), ".")
	}
	c.length = r.number(g.take("length"), 1<<30)
	c.required = r.flag(g.take("required"))
	c.readOnly = r.flag(g.take("read-only"))
	c.always = r.flag(g.take("always"))
	if split := g.take("split"); split != nil {
		if c.split = r.word(split); c.split == "" || !c.readOnly {
			r.add(split, "write `read-only: true` too", "a list in a text is only read here")
		}
	}
	g.done()
	return c
}

var kinds = []string{"text", "integer", "decimal", "boolean", "date", "time", "binary", "uuid", "object-id", "json"}

func (r *reader) kind(n *node) connect.Kind {
	w := r.word(n)
	if w == "" {
		return connect.TextKind
	}
	if !contains(kinds, w) {
		r.add(n, "there are "+strings.Join(kinds, ", "), "`%s` is no type", w)
	}
	return connect.Kind(w)
}

func (r *reader) references(t *table, n *node) {
	if n == nil {
		return
	}
	for _, p := range r.keys(n).n.pairs {
		ref := connect.Reference{Name: p.key.text, Columns: []string{p.key.text}, OnDelete: connect.NoAction}
		to := p.value
		if to.kind == mappingNode {
			g := r.keys(to)
			to = g.need("to")
			ref.OnDelete = r.onDelete(g.take("on-delete"))
			g.done()
		}
		table, column, ok := strings.Cut(r.word(to), ".")
		if !ok {
			r.add(to, "write `Account.Id`", "this is no table with a column")
		}
		ref.Table, ref.To = table, []string{column}
		t.references = append(t.references, ref)
	}
}

func (r *reader) onDelete(n *node) connect.OnDelete {
	w := connect.OnDelete(strings.ReplaceAll(r.word(n), "-", " "))
	switch w {
	case "":
		return connect.NoAction
	case connect.NoAction, connect.Cascade, connect.SetNull, connect.SetDefault:
	default:
		r.add(n, "", "write `no-action`, `cascade`, `set-null` or `set-default`")
	}
	return w
}
