package datamap

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow/policy"
)

// maxWord is the most characters of one name.
const maxWord = 200

// Word is a short text with its place: the name of a table, a column, a system.
type Word struct {
	policy.Pos
	Text string
}

// FreelyNamed says that such words stand under names that others chose.
func (Word) FreelyNamed() {}

// ReadPart reads a word.
func (w *Word) ReadPart(p policy.Part) {
	w.Pos = p.Pos
	text, ok := p.Text("a name")
	if !ok {
		return
	}
	if utf8.RuneCountInString(text) > maxWord {
		p.Report("too-long", "this name is too long", text, "at most 200 characters are read")
		return
	}
	w.Text = text
}

// Credentials is where what opens a system is found. It never holds it.
type Credentials struct {
	policy.Pos
	Scheme string // `env`, `file`, `secret`
	Name   string // of the variable, file or secret
}

// Given reports whether the file says where the credentials are.
func (c Credentials) Given() bool { return c.Scheme != "" }

var credentialPattern = regexp.MustCompile(`^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s:@]+|secret:[A-Za-z0-9][A-Za-z0-9._/-]*)$`)

// ReadPart reads a reference to credentials. What is none is not shown: it may be a password.
func (c *Credentials) ReadPart(p policy.Part) {
	c.Pos = p.Pos
	const do = "write `env:NAME`, `file:/path` or `secret:name`, and keep the credentials there"
	if !p.IsText() {
		p.Report("bad-credentials", "this is not a place where credentials are found", "", do)
		return
	}
	text, ok := p.Text("a place where credentials are found")
	if !ok {
		return
	}
	if len(text) > 500 || !credentialPattern.MatchString(text) {
		p.Report("bad-credentials", "credentials never stand in this file, only where they are found", "", do)
		return
	}
	c.Scheme, c.Name, _ = strings.Cut(text, ":")
}

// Taken is what the database itself is asked for.
type Taken struct {
	policy.Pos
	Keys, References bool
}

// ReadPart reads `keys`, `references` or both.
func (t *Taken) ReadPart(p policy.Part) {
	t.Pos = p.Pos
	for _, item := range p.List() {
		text, ok := item.Text("`keys` or `references`")
		switch {
		case !ok:
		case text == "keys":
			t.Keys = true
		case text == "references":
			t.References = true
		default:
			item.Report("unknown-word", policy.Quote(text)+" cannot be taken from a database", text, policy.DidYouMean(text, []string{"keys", "references"}))
		}
	}
}

// Relation is how a row relates to the person it is reached for.
type Relation uint8

// The relations, from the closest to the most distant.
const (
	Unrelated Relation = iota
	Owns               // the row is about this person
	Shares             // it belongs to several people
	Mentions           // it is about somebody else
)

var relationNames = []string{"", "owns", "shares", "mentions"}

func (r Relation) String() string { return relationNames[r] }

func relationOf(p policy.Part) Relation {
	text, ok := p.Text("`owns`, `shares` or `mentions`")
	if !ok {
		return Unrelated
	}
	for i, name := range relationNames {
		if name == text {
			return Relation(i)
		}
	}
	p.Report("unknown-word", policy.Quote(text)+" is no relation to a person", text, policy.DidYouMean(text, relationNames[1:]))
	return Unrelated
}

// Relations is how rows relate to people, as written: one word, or one for each link.
type Relations struct {
	policy.Pos
	Word Relation
	Each policy.Entries[RelationEntry]
}

// RelationEntry is the relation by one link.
type RelationEntry struct {
	policy.Pos
	Relation Relation
}

// FreelyNamed says that links bear the names of columns.
func (RelationEntry) FreelyNamed() {}

// ReadPart reads the word.
func (r *RelationEntry) ReadPart(p policy.Part) { r.Pos, r.Relation = p.Pos, relationOf(p) }

// ReadPart reads one word, or link → word.
func (r *Relations) ReadPart(p policy.Part) {
	r.Pos = p.Pos
	if p.IsKeys() {
		p.Value(&r.Each)
		return
	}
	r.Word = relationOf(p)
}

// Given reports whether anything was said.
func (r Relations) Given() bool { return r.Line > 0 }

// understood reports whether every relation could be read.
func (r Relations) understood() bool {
	for _, e := range r.Each {
		if e.Is.Relation == Unrelated {
			return false
		}
	}
	return r.Word != Unrelated || len(r.Each) > 0
}

// ReadPart reads `contact.email`, a list, or the keys of a column.
func (c *Column) ReadPart(p policy.Part) {
	c.Pos = p.Pos
	if p.IsKeys() {
		p.Keys(c)
		return
	}
	p.Value(&c.Is)
}

// ReadPart reads a kind, or the keys of an identity.
func (i *Identity) ReadPart(p policy.Part) {
	i.Pos = p.Pos
	if p.IsKeys() {
		p.Keys(i)
	} else {
		p.Value(&i.Kind)
	}
	if i.Compare == "" {
		i.Compare = usualComparison(i.Kind.Text)
	}
}

func usualComparison(kind string) string {
	if kind == "email" || kind == "phone" {
		return kind
	}
	return "exact"
}

// ReadPart reads a target, several, or the keys of a reference.
func (r *Reference) ReadPart(p policy.Part) {
	r.Pos = p.Pos
	if p.IsKeys() {
		p.Keys(r)
		return
	}
	p.Value(&r.To)
}

// Restriction is the column that says that a person's data is only kept.
type Restriction struct {
	policy.Pos
	// The column.
	Column Word `key:"column,required"`
	// What is written into it; without it true.
	Set Word `key:"set"`
	// What is written when the restriction is lifted; without it false.
	Lift Word `key:"lift"`
}

// ReadPart reads a column, or the keys of a restriction.
func (r *Restriction) ReadPart(p policy.Part) {
	r.Pos = p.Pos
	if p.IsKeys() {
		p.Keys(r)
		return
	}
	p.Value(&r.Column)
}

// Stops are the columns that say what a person stopped, by the request that they make.
type Stops struct {
	policy.Pos
	// They object to a use (gdpr:21); without it the column of the restriction.
	Object Restriction `key:"object"`
	// No more marketing.
	Marketing Restriction `key:"stop-marketing"`
	// Neither sold nor shared (ccpa:1798.120).
	OptOut Restriction `key:"opt-out"`
	// Sensitive data is used for nothing else (ccpa:1798.121).
	Limit Restriction `key:"limit"`
}

// all are the columns that are named, by the key.
func (s *Stops) all() map[string]Restriction {
	out := map[string]Restriction{"object": s.Object, "stop-marketing": s.Marketing, "opt-out": s.OptOut, "limit": s.Limit}
	for name, r := range out {
		if r.Line == 0 {
			delete(out, name)
		}
	}
	return out
}

// Marks tells whether a column says what a person stopped.
func (t *Table) Marks(column string) bool {
	for _, r := range t.Stops.all() {
		if r.Column.Text == column {
			return true
		}
	}
	return false
}

// marks are the columns that a mark is written into.
func (t *Table) marks() (out []Restriction) {
	for _, r := range []Restriction{t.Restriction, t.Stops.Object, t.Stops.Marketing, t.Stops.OptOut, t.Stops.Limit} {
		if r.Column.Text != "" {
			out = append(out, r)
		}
	}
	return out
}

// Mark is the column of a table that says of its rows what a person asked for: `restrict`, `object`,
// `stop-marketing`, `opt-out` or `limit`. An objection without a column of its own has that of the restriction.
func (t *Table) Mark(what string) (Restriction, bool) {
	r, ok := t.Stops.all()[what]
	if !ok && (what == "restrict" || what == "object") {
		r, ok = t.Restriction, t.Restriction.Line > 0
	}
	return r, ok
}
