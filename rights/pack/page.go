package pack

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("package").Funcs(template.FuncMap{
	"day":  func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	"word": func(s string) string { return strings.ReplaceAll(s, "-", " ") },
	"join": func(list []string) string { return strings.Join(list, ", ") },
	"list": func(list []string) string { return strings.Join(list, "; ") },
}).Parse(pageSource))

// category is one kind of data with what the law wants told of it.
type category struct {
	Name       string      `json:"name"`
	Title      string      `json:"title"`
	Fields     []string    `json:"fields"`
	Sources    []string    `json:"sources"`    // gdpr:15(1)(g)
	Purposes   []Purpose   `json:"purposes"`   // gdpr:15(1)(a)
	Recipients []Recipient `json:"recipients"` // gdpr:15(1)(c)
	Kept       []string    `json:"kept"`       // gdpr:15(1)(d)
	Tables     []part      `json:"-"`
}

// part is what a table has of one category.
type part struct {
	Title string
	Path  string
	File  string
	Heads []string
	Rows  []partRow
	More  int64
	Left  bool
}

// Upright tells that each record stands by itself, a line a column: a wide table would
// be cut off on paper and on a telephone.
func (p part) Upright() bool { return len(p.Rows) == 1 || len(p.Heads) > 8 }

type partRow struct {
	Key      string
	Relation string
	Cells    []cell
}

// categories are the kinds of data that were found, in the policy's order.
func (w *Writer) categories() []category {
	p := w.o.Policy
	var found policy.FieldSet
	for _, t := range w.tables {
		found = found.Or(t.fields)
	}
	out := []category{}
	for i := range p.Categories {
		c := &p.Categories[i]
		if fields := own(p, c.Name, found); !fields.Empty() {
			out = append(out, w.category(c, fields))
		}
	}
	return out
}

// own are the fields that stand in a category itself, not in its parts.
func own(p *policy.Policy, name string, of policy.FieldSet) (out policy.FieldSet) {
	of.Each(func(i int) {
		if p.Fields[i].Category == name {
			out.Add(i)
		}
	})
	return out
}

func (w *Writer) category(of *policy.CompiledCategory, fields policy.FieldSet) category {
	p := w.o.Policy
	c := category{Name: of.Name, Title: cmp.Or(of.Title, Spaced(of.Name)), Fields: []string{}, Sources: []string{}, Purposes: []Purpose{}, Recipients: []Recipient{}, Kept: []string{}}
	for _, s := range p.Sources {
		if !s.Yields.And(fields).Empty() {
			c.Sources = append(c.Sources, s.Title)
		}
	}
	fields.Each(func(i int) {
		c.Fields = append(c.Fields, p.Fields[i].Name)
		c.explain(p, i)
	})
	for _, t := range w.tables {
		if part, ok := t.part(p, fields); ok {
			c.Tables = append(c.Tables, part)
		}
	}
	return c
}

// explain adds what is told of one field, each thing once.
func (c *category) explain(p *policy.Policy, field int) {
	var set policy.PurposeSet
	for i, u := range p.Purposes {
		if u.Declared && (u.Kind == policy.Listed || u.Kind == policy.Unlisted) && slices.ContainsFunc(u.Reasons, Covers(field)) {
			set.Add(i)
		}
	}
	for _, u := range Purposes(p, set, field) {
		if !slices.ContainsFunc(c.Purposes, func(o Purpose) bool { return o.Name == u.Name }) {
			c.Purposes = append(c.Purposes, u)
		}
	}
	for _, r := range Recipients(p, set, field) {
		if !slices.ContainsFunc(c.Recipients, func(o Recipient) bool { return o.Name == r.Name && o.When == r.When }) {
			c.Recipients = append(c.Recipients, r)
		}
	}
	for _, k := range KeptFor(p, set, field) {
		c.Kept = once(c.Kept, k)
	}
}

// part is the columns of a table that hold some fields.
func (t *table) part(p *policy.Policy, fields policy.FieldSet) (part, bool) {
	return t.columns(p, func(c *datamap.Column) bool { return c != nil && !c.Fields.And(fields).Empty() })
}

// rest is the columns that the map does not know.
func (t *table) rest(p *policy.Policy) (part, bool) {
	return t.columns(p, func(c *datamap.Column) bool { return c == nil })
}

func (t *table) columns(p *policy.Policy, wanted func(*datamap.Column) bool) (part, bool) {
	out := part{Title: cmp.Or(notice.Text(p, t.Of.Says, ""), Spaced(t.Of.Name)), Path: t.Of.Path(), File: t.file, More: t.rows - int64(len(t.shown))}
	for _, r := range t.shown {
		line := partRow{Key: r.Key, Relation: r.Relation.String(), Cells: make([]cell, len(out.Heads))}
		some := false
		for _, c := range r.Cells {
			if !wanted(c.Column) {
				continue
			}
			i := slices.Index(out.Heads, c.Name)
			if i < 0 {
				i = len(out.Heads)
				out.Heads = append(out.Heads, c.Name)
				line.Cells = append(line.Cells, cell{})
			}
			line.Cells[i] = c
			some = some || c.Text != "" || c.Left != ""
			out.Left = out.Left || c.Left != ""
		}
		if some {
			out.Rows = append(out.Rows, line)
		}
	}
	for i := range out.Rows {
		for len(out.Rows[i].Cells) < len(out.Heads) {
			out.Rows[i].Cells = append(out.Rows[i].Cells, cell{})
		}
	}
	return out, len(out.Heads) > 0 && len(out.Rows) > 0
}

func (w *Writer) organisation() string { return w.o.Policy.Document.Organisation.Name.Plain }

type pageView struct {
	Options
	Title        string
	Organisation string
	Contact      string
	Categories   []category
	Rest         []part
	Notice       Notice
	Records      int64
	Beside       []File // what the package has beside the records
}

// page writes the page people read. It needs nothing else: no script, no other file.
func (w *Writer) page(to io.Writer, beside []File) error {
	v := pageView{Options: w.o, Organisation: w.organisation(), Categories: w.categories(), Notice: NoticeOf(w.o.Policy), Records: w.count, Beside: beside}
	usual := "What " + v.Organisation + " holds about you"
	if w.o.Portable {
		usual = "Your data at " + v.Organisation + ", to take elsewhere"
	}
	v.Title = cmp.Or(w.o.Title, usual)
	for _, t := range w.tables {
		if part, ok := t.rest(w.o.Policy); ok {
			v.Rest = append(v.Rest, part)
		}
	}
	return pageTemplate.Execute(to, v)
}
