package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Effect is what a change does to the promise.
type Effect string

// The effects.
const (
	Widens   Effect = "widens"   // more is done with data, or less is promised
	Narrows  Effect = "narrows"  // less is done with data, or more is promised
	Restates Effect = "restates" // the same promise in other words, or one that cannot be called more or less
)

// Change is one difference between two versions, in words.
type Change struct {
	Effect Effect `json:"effect"`
	What   string `json:"what"` // a sentence without a full stop: "`marketing` may now use `contact.phone`"
	Key    string `json:"key"`  // `purpose-groups.marketing.purposes.marketing`
	Line   int    `json:"line"` // in the later file; in the earlier one where Gone
	Gone   bool   `json:"gone,omitempty"`
}

// Widening reports whether any of the changes widens the promise.
func Widening(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Effect == Widens })
}

// Diff says in words what changed between two versions of one policy, of which
// one was compiled after the other. Nothing that differs goes unsaid: what has no
// sentence of its own is reported as restated. Changes are sorted by the part of
// the file they are in, in its order; of one part, what widens comes first.
func Diff(before, after *Policy) []Change {
	d := &diff{old: before, now: after, said: map[string]bool{}}
	d.head()
	d.data()
	d.purposes()
	d.sharing()
	d.keeping()
	d.collecting()
	d.duties()
	d.words()
	slices.SortStableFunc(d.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(partOf(a.Key), partOf(b.Key)), cmp.Compare(a.Key, b.Key), cmp.Compare(grave(b.Effect), grave(a.Effect)), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(d.changes)
}

func grave(e Effect) int { return slices.Index([]Effect{Restates, Narrows, Widens}, e) }

// parts is the order of the file.
var parts = []string{"policy", "title", "covers", "accepted-by", "extends", "changes", "signals", "outcome-if-refused", "provision",
	"languages", "organisation", "people", "data", "sources", "combine", "enrich", "default-basis", "defaults", "purpose-groups",
	"unlisted-purposes", "ends", "consents", "stop", "children", "staff", "recipients", "disclosures", "never", "agreements", "transfers",
	"safeguards", "schemes", "retention", "cookies", "embeds", "links", "forums", "collect", "statistics", "security", "rights", "complaints",
	"regimes", "glossary", "systems"}

func partOf(key string) int {
	part, _, _ := strings.Cut(key, ".")
	return slices.Index(parts, part)
}

// diff gathers the changes of one comparison.
type diff struct {
	old, now *Policy
	changes  []Change
	said     map[string]bool // keys of parts about which enough was said
}

func (d *diff) add(e Effect, key string, what string) {
	if line := d.now.lineOf(key); line > 0 {
		d.changes = append(d.changes, Change{Effect: e, What: what, Key: key, Line: line})
		return
	}
	line := d.old.lineOf(key)
	d.changes = append(d.changes, Change{Effect: e, What: what, Key: key, Line: line, Gone: line > 0})
}

// lineOf finds the line of a key: of its clause, else of its entry in the document.
func (p *Policy) lineOf(key string) int {
	if i := p.Clause(key); i > 0 {
		return p.Clauses[i].Line
	}
	return p.Document.lineOf(key)
}

// either adds one of two sentences: what is there now and was not, or the reverse.
func (d *diff) either(more Effect, was, is bool, key, now, gone string) {
	switch {
	case is && !was:
		d.add(more, key, now)
	case was && !is:
		d.add(more.reverse(), key, gone)
	}
}

func (e Effect) reverse() Effect {
	switch e {
	case Narrows:
		return Widens
	case Widens:
		return Narrows
	}
	return Restates
}

// fields compares two sets of data; more of it has the effect given. The
// sentences take the data in the place of %.
func (d *diff) fields(more Effect, was, is FieldSet, key, now, gone string) {
	if added := is.Minus(was); !added.Empty() {
		d.add(more, key, strings.Replace(now, "%", d.now.describe(added), 1))
	}
	if removed := was.Minus(is); !removed.Empty() {
		d.add(more.reverse(), key, strings.Replace(gone, "%", d.old.describe(removed), 1))
	}
}

func (d *diff) purposeSets(more Effect, was, is PurposeSet, key, now, gone string) {
	if added := is.Minus(was); !added.Empty() {
		d.add(more, key, strings.Replace(now, "%", d.now.describePurposes(added), 1))
	}
	if removed := was.Minus(is); !removed.Empty() {
		d.add(more.reverse(), key, strings.Replace(gone, "%", d.old.describePurposes(removed), 1))
	}
}

func (p *Policy) describePurposes(set PurposeSet) string {
	var names []string
	set.Each(func(i int) { names = append(names, quote(p.Purposes[i].Name)) })
	return list(names)
}

// names compares two lists of names or short texts. A name that is a part of
// the file stands under its own key.
func (d *diff) names(more Effect, was, is []string, key, now, gone string) {
	for _, n := range is {
		if !slices.Contains(was, n) {
			d.add(more, d.under(key, n), strings.Replace(now, "%", quote(n), 1))
		}
	}
	for _, n := range was {
		if !slices.Contains(is, n) {
			d.add(more.reverse(), d.under(key, n), strings.Replace(gone, "%", quote(n), 1))
		}
	}
}

func (d *diff) under(key, name string) string {
	if own := key + "." + name; d.now.lineOf(own)+d.old.lineOf(own) > 0 {
		return own
	}
	return key
}

// still is the data that both versions declare.
func (d *diff) still() FieldSet { return d.old.declaredFields().And(d.now.declaredFields()) }

// rank compares places on a scale where a higher one promises more.
func (d *diff) rank(was, is int, key, what string) {
	switch {
	case is > was:
		d.add(Narrows, key, what)
	case is < was:
		d.add(Widens, key, what)
	}
}

// at gives an entry of a table by index, the zero value past its end.
func at[T any](table []T, i int) T {
	if i < len(table) {
		return table[i]
	}
	var none T
	return none
}

func texts(ws Words) []string {
	list := make([]string, len(ws))
	for i, w := range ws {
		list[i] = w.plain()
	}
	return list
}

// plain is a text for comparing: all its languages.
func (t Text) plain() string {
	s := t.Plain
	for _, e := range t.In {
		s += e.Key + ":" + e.Is + " "
	}
	return strings.TrimSpace(s)
}
