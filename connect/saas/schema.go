package saas

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// Describe asks the service which columns its tables have and what the login may do,
// where the description says how; what a description has no request for, a login lacks.
func (s *Source) Describe(ctx context.Context) (*connect.Schema, error) {
	b := s.budget()
	out := &connect.Schema{Product: s.d.title}
	if out.Product == "" {
		out.Product = s.d.name
	}
	granted, err := s.granted(ctx, b)
	if err != nil {
		return nil, err
	}
	for _, t := range s.d.tables {
		told, lacks, err := s.learn(ctx, t, b)
		if avow.KindOf(err) == avow.NotFound {
			continue // this customer's service has no such table
		}
		if err != nil {
			return nil, err
		}
		if granted == nil && t.fields.tells(connect.OpRead) == nil && lacks[connect.OpRead] == "" {
			if err := s.probe(ctx, t, lacks, b); err != nil {
				return nil, err
			}
		}
		out.Tables = append(out.Tables, s.schemaTable(told, lacks, granted))
	}
	for i := range out.Tables {
		t := &out.Tables[i]
		t.References = slices.DeleteFunc(slices.Clone(t.References), func(r connect.Reference) bool { return out.Table(r.Table) == nil })
	}
	return out, nil
}

// granted is what the login was allowed, in the service's words; nil when it does not say.
func (s *Source) granted(ctx context.Context, b *budget) ([]string, error) {
	g := s.d.grants
	if g == nil || s.c.auth.kind != "bearer" {
		return nil, nil
	}
	a, err := s.ask(ctx, g.request, &scope{credentials: s.c.creds}, b)
	if err != nil {
		return nil, s.c.explain(err, &table{name: "the scopes of the token"}, connect.OpRead)
	}
	return texts(g.scopes.of(a.body)), nil
}

// probe reads one page to see whether the login may.
func (s *Source) probe(ctx context.Context, t *table, lacks map[connect.Op]string, b *budget) error {
	if t.list == nil {
		return nil
	}
	_, err := s.ask(ctx, t.list, &scope{table: t, columns: keyColumns(t)}, b)
	if f, ok := err.(*failure); ok && f.means == denied {
		lacks[connect.OpRead] = t.scope(connect.OpRead)
		return nil
	}
	if err != nil {
		return s.c.explain(err, t, connect.OpRead)
	}
	return nil
}

func keyColumns(t *table) []*column {
	var out []*column
	for _, name := range t.key {
		out = append(out, t.column(name))
	}
	return out
}

// ask makes one request without pages.
func (s *Source) ask(ctx context.Context, q *request, sc *scope, b *budget) (*answer, error) {
	r, err := s.render(q, sc)
	if err != nil {
		return nil, err
	}
	one, err := r.call(nil)
	if err != nil {
		return nil, err
	}
	return s.c.send(ctx, one, b)
}

// tells is where the service says whether the login may do something; nil when it does not.
func (f *fields) tells(op connect.Op) path {
	if f == nil {
		return nil
	}
	return f.may[op]
}

// learn asks which columns a table has, and keeps them.
func (s *Source) learn(ctx context.Context, t *table, b *budget) (*table, map[connect.Op]string, error) {
	lacks := map[connect.Op]string{}
	if t.fields == nil {
		return t, lacks, nil
	}
	a, err := s.ask(ctx, t.fields.request, &scope{table: t}, b)
	if f, ok := err.(*failure); ok && f.means == denied {
		lacks[connect.OpRead] = t.scope(connect.OpRead)
		return t, lacks, nil
	}
	if err != nil {
		return nil, nil, s.c.explain(err, t, connect.OpRead)
	}
	for op, p := range t.fields.may {
		if may, said := p.of(a.body).(bool); said && !may {
			lacks[op] = t.scope(op)
		}
	}
	told := t.with(t.fields.rows.rows(a.body))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[t.name] = told
	return told, lacks, nil
}

// maxFields bounds the columns that a service tells of one table.
const maxFields = 5_000

// with is the table with what the service itself says of its columns.
func (t *table) with(told []any) *table {
	out := *t
	out.columns = nil
	for _, c := range t.columns {
		same := *c
		out.columns = append(out.columns, &same)
	}
	known := map[string]bool{}
	for _, item := range told[:min(len(told), maxFields)] {
		known[out.learn(item)] = true
	}
	// What the service does not tell of is not there for this login.
	out.columns = slices.DeleteFunc(out.columns, func(c *column) bool {
		return !c.always && !known[c.called()] && !slices.Contains(t.key, c.name)
	})
	out.references = nil
	for _, ref := range t.references {
		if out.lacksColumn(ref.Columns) == "" {
			out.references = append(out.references, ref)
		}
	}
	return &out
}

// learn takes over one field, and gives its name.
func (t *table) learn(item any) string {
	f := t.fields
	name, _ := f.name.of(item).(string)
	if skip, _ := f.skip.of(item).(bool); !columnName.MatchString(name) || skip && f.skip != nil {
		return ""
	}
	i := slices.IndexFunc(t.columns, func(c *column) bool { return c.called() == name })
	var c *column
	if i >= 0 {
		c = t.columns[i]
	} else {
		at, err := f.at.text(&scope{field: name}, inText)
		p, ok := readPath(at)
		if err != nil || !ok || t.column(name) != nil {
			return ""
		}
		c = &column{name: name, as: strings.Split(name, "."), path: p, kind: connect.TextKind}
		t.columns = append(t.columns, c)
	}
	c.tell(f, item, i < 0)
	return name
}

// tell takes over what the service says of a column.
func (c *column) tell(f *fields, item any, fresh bool) {
	if typ, _ := f.typ.of(item).(string); typ != "" {
		c.typ = typ
		if kind, ok := f.types[typ]; ok && fresh {
			c.kind = kind
		}
	}
	if n, ok := f.length.of(item).(json.Number); ok && f.length != nil {
		if length, err := n.Int64(); err == nil && length > 0 {
			c.length = int(length)
		}
	}
	if nullable, ok := f.nullable.of(item).(bool); ok && f.nullable != nil {
		c.required = !nullable
	}
	if locked, ok := f.readOnly.of(item).(bool); ok && f.readOnly != nil {
		c.readOnly = c.readOnly || locked // of what the description knows better
	}
	if writable, ok := f.writable.of(item).(bool); ok && f.writable != nil {
		c.readOnly = c.readOnly || !writable
	}
}

func (s *Source) schemaTable(t *table, lacks map[connect.Op]string, granted []string) connect.Table {
	out := connect.Table{Name: t.name, Key: t.key, References: t.references, Rows: -1, Lacks: lacks}
	for _, c := range t.columns {
		out.Columns = append(out.Columns, connect.Column{Name: c.name, Type: c.typ, Kind: c.kind, Length: c.length, Nullable: !c.required, Generated: c.readOnly})
	}
	for _, f := range t.find {
		if len(f.by) > 0 {
			out.Indexes = append(out.Indexes, f.by)
		}
	}
	for _, op := range []connect.Op{connect.OpUpdate, connect.OpDelete} {
		if what := t.also[op]; what != "" {
			out.Triggers = append(out.Triggers, connect.Trigger{Name: what, On: []connect.Op{op}})
		}
	}
	for _, op := range []connect.Op{connect.OpRead, connect.OpUpdate, connect.OpDelete} {
		if why := s.lacks(t, op, granted); why != "" && lacks[op] == "" {
			lacks[op] = why
		}
	}
	return out
}

// lacks says what the login would need for an operation; "" when nothing is known to be
// missing. It is the same of a source that is opened only to read: a plan is made with that.
func (s *Source) lacks(t *table, op connect.Op, granted []string) string {
	switch {
	case op == connect.OpRead && t.list == nil && len(t.find) == 0, op != connect.OpRead && t.request(op) == nil:
		return "a request for `" + string(op) + "` in the description of " + s.d.name + ": it has none for " + t.name
	case granted == nil || t.scopes[op] == "":
		return ""
	}
	for scope := range strings.SplitSeq(t.scopes[op], " and ") {
		if !slices.Contains(granted, scope) {
			return t.scopes[op]
		}
	}
	return ""
}
