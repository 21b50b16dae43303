package draft

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/avowhq/avow/connect"
)

// What a column is called, where it stands, what stands around it and how it was judged
// so far are its marks. How much each speaks for data about people was learned from the
// columns of many labelled schemas (see learn_test.go), in hundredths of the natural
// logarithm of the odds. What the rules do not know is put to somebody when columns with
// the same marks are mostly about people, and what they only suspect is let go when
// they mostly are not. What they are sure of stays.

//go:embed likeness.txt
var likenessList string

// likeness is mark → weight.
var likeness = sync.OnceValue(func() map[string]int {
	out := map[string]int{}
	for line := range strings.Lines(likenessList) {
		mark, weight, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if n, err := strconv.Atoi(weight); ok && err == nil {
			out[mark] = n
		}
	}
	return out
})

// From which weight a column is listed, and below which one that was listed is let go.
const (
	listedFrom    = 50
	technicalFrom = 150 // what is called as what a system keeps
	letGoBelow    = -100
)

// byLikeness lists what is like columns about people, and lets go what is not.
func (t *table) byLikeness() {
	ofTable := weigh(t.marks())
	weights := map[*column]int{} // of what was judged before any of it is changed
	for _, c := range t.columns {
		if !c.stays() {
			weights[c] = ofTable + weigh(c.marks())
		}
	}
	nobodys := t.logsNobody()
	for c, weight := range weights {
		switch {
		case c.finding.Sure == Not && weight >= c.listedFrom() && !nobodys && !c.ofLook() && !c.numbersPaper():
			c.say(c.perhaps(), Unsure, "columns like it are mostly about people in other systems")
		case c.finding.Sure == Unsure && weight < letGoBelow:
			c.say("", Not, "columns like it are mostly about nobody in other systems")
		}
	}
}

// listedFrom is higher where a column is called as what a system keeps of its rows.
func (c *column) listedFrom() int {
	if !c.named && c.technical() && !(len(c.tokens) > 1 && slices.Contains(c.table.own, stem(c.tokens[0].text))) {
		return technicalFrom
	}
	return listedFrom
}

// ofLook reports whether a column says how a program looks for somebody.
func (c *column) ofLook() bool {
	return anyText(c.tokens, "theme", "skin", "layout", "motyw", "tema", "farbe", "colour", "color", "couleur", "font", "locale", "interface")
}

// numbersPaper reports whether a column is called a number and no more, in rows that are not
// people: of an invoice, of a file.
func (c *column) numbersPaper() bool {
	return len(c.tokens) == 1 && c.numberish() && c.table.about != aboutPeople
}

// logsNobody reports whether rows are entries of a log, and nothing
// in them says whose they are.
func (t *table) logsNobody() bool {
	return len(t.words) > 0 && t.words[len(t.words)-1].means("record") && t.tie == tieNone && !slices.ContainsFunc(t.columns, func(c *column) bool { return c.finding.Sure >= Likely })
}

// stays reports whether likeness changes nothing: a key, a reference, what is sure, and what
// its values say something of, or what stands inside them: that has been read.
func (c *column) stays() bool {
	_, how := c.seen.say()
	return c.finding.Sure >= Likely || c.settled || c.saysNothing() || c.finding.Sure == Not && (c.keepsBooks() || c.table.dealsWithFirms()) || c.signs() || c.finding.Sure == Not && (!c.named || c.name.strength == weak) && kindOf(c.Column) != dated && c.pointsByName() || c.isKey() || c.table.isReference(c.Name) || how > 0 || len(c.seen.inside) > 0
}

// saysNothing reports whether a column has neither a word nor a value.
func (c *column) saysNothing() bool {
	return c.seen.n() == 0 && !slices.ContainsFunc(c.tokens, func(t token) bool { return len(t.text) > 1 })
}

// keepsBooks reports whether a time is when a system wrote a row that is somebody or
// something, or that says in another column when what it is of was.
func (c *column) keepsBooks() bool {
	t := c.table
	if t.rows == 0 || len(c.tokens) == 0 || !c.moment() || t.visits() || t.recordsActs() || !tells(c.tokens, noting) && !anyText(c.tokens, "created", "create", "creation", "creado", "criado", "cree", "erstellt", "angelegt", "inserted", "added", "add", "crtd", "datec") {
		return false
	}
	return t.about != aboutUnknown || slices.ContainsFunc(t.columns, func(o *column) bool { return o != c && o.finding.Sure > Not && len(o.tokens) > 0 && o.moment() })
}

// signs reports whether a column is called as who did something, and its values are such as
// people log in with.
func (c *column) signs() bool {
	return c.named && c.name == reading{Login, strong} && c.finding.Sure > Not && c.seen.n() > 0 && c.seen.share(markWord) >= .8 && c.seen.share(markUUID)+c.seen.share(markHex) < .2
}

// pointsByName reports whether a column without a reference is called as those that are
// one, after what nobody takes for a person: `care_site_id`.
func (c *column) pointsByName() bool {
	name := strings.ToLower(c.Name)
	return (strings.HasSuffix(name, "_id") || strings.HasPrefix(name, "fk_")) && (!c.numbersSomebody() || c.Kind == connect.Integer) && c.table.rows > 0 && c.seen.share(markWord) < .5
}

func weigh(marks markSet) int {
	sum, by := 0, likeness()
	for mark := range marks {
		sum += by[mark]
	}
	return sum
}

// perhaps is what a column would hold if it were about people.
func (c *column) perhaps() Sort {
	switch k := kindOf(c.Column); {
	case c.named:
		return c.name.sort
	case k == dated:
		return Activity
	case c.Kind == connect.JSON:
		return Mixed
	}
	return Trait
}

// marks are those of a column alone. The word before the colon says what of the column it is.
func (c *column) marks() markSet {
	m := markSet{}
	t := c.table
	place := fmt.Sprint(t.about, t.tie)
	m.ofName(c, place)
	m.add("place", place)
	m.add("kind", string(c.Kind))
	m.add("place-kind", place, string(c.Kind))
	m.add("judged", c.finding.Sure.String(), string(c.finding.What))
	m.add("role", place, strconv.FormatBool(c.technical()), strconv.FormatBool(c.isKey()), strconv.FormatBool(t.isReference(c.Name)))
	m.around(c, place)
	m.ofRules(c, place)
	m.ofValues(c, place)
	return m
}

// ofRules adds what the rules think of the column and of its table.
func (m markSet) ofRules(c *column, place string) {
	t := c.table
	for _, each := range []struct {
		what string
		is   bool
	}{
		{"technical", c.technical()}, {"keyed", c.looksKeyed()}, {"flags", c.flags()}, {"moment", len(c.tokens) > 0 && c.moment()},
		{"another moment", len(c.tokens) > 0 && c.moment() && c.besideMoments()}, {"noting", tells(c.tokens, noting)}, {"noted", tells(c.tokens, noted)}, {"begun", tells(c.tokens, begun)}, {"natural", c.numbersOwn()},
		{"lives", t.lives()}, {"deal", t.deal()}, {"machine", len(t.words) > 0 && t.ofMachine()}, {"speaks", t.speaks()}, {"visits", t.visits()}, {"staff", t.byStaff()}, {"lists", t.lists()},
		{"firms", c.table.about == aboutCompanies}, {"entitled", t.entitled()}, {"subjects", t.ofSubjects()},
	} {
		if each.is {
			m.add("rule", each.what)
			m.add("rule-place", each.what, place)
			m.add("rule-kind", each.what, string(c.Kind), strconv.FormatBool(c.technical()))
		}
	}
	if n := len(c.tokens); n > 0 {
		m.add("last-table", c.tokens[n-1].text, strconv.FormatBool(t.deal()), strconv.FormatBool(t.lives()), place)
	}
	m.add("sorts", strconv.Itoa(min(3, t.sorts)), place)
}

// ofValues adds what the sampled values look like, and how many of them differ.
func (m markSet) ofValues(c *column, place string) {
	n := c.seen.n()
	if n == 0 {
		if c.table.rows > 0 {
			m.add("values", "none")
		}
		return
	}
	differ := "few"
	switch {
	case n == 1:
		differ = "one"
	case n*10 >= c.seen.rows*9:
		differ = "all"
	case n*10 >= c.seen.rows*3:
		differ = "many"
	}
	m.add("values", differ)
	m.add("values-place", differ, place, string(c.Kind))
	for _, each := range []struct {
		what string
		mark mark
	}{{"word", markWord}, {"words", markWords}, {"sentence", markSentence}, {"name", markNameShape}, {"firm", markFirm}, {"page", markURL}, {"key", markUUID}, {"hex", markHex}, {"day", markDate}} {
		if c.seen.share(each.mark) > .5 {
			m.add("values", each.what)
			m.add("values-place", each.what, place)
		}
	}
}

// marks are those that all columns of a table have.
func (t *table) marks() markSet {
	m := markSet{}
	for _, w := range t.words {
		m.add("table", w.text)
		for _, is := range w.is {
			m.add("table-means", string(is))
		}
	}
	if n := len(t.words); n > 0 {
		m.add("table-last", stem(t.words[n-1].text))
	}
	m.pieces("table-piece", strings.Join(texts(t.words), "_"), 4, 5)
	m.add("width", strconv.Itoa(min(5, (len(t.columns)+2)/4)))
	for _, r := range t.refs {
		for _, w := range r.target.words {
			m.add("beside-to", w.text)
		}
	}
	for _, c := range t.columns {
		for _, w := range c.tokens {
			m.add("beside", w.text)
		}
	}
	return m
}

type markSet map[string]bool

func (m markSet) add(kind string, parts ...string) { m[kind+":"+strings.Join(parts, " ")] = true }

// pieces adds the pieces of some lengths of a name, with its ends: compound words, other
// languages and short forms have some in common.
func (m markSet) pieces(kind string, name string, least, most int) {
	name = "^" + name + "$"
	for n := least; n <= most; n++ {
		for i := 0; i+n <= len(name); i++ {
			m.add(kind, name[i:i+n])
		}
	}
}

func (m markSet) ofName(c *column, place string) {
	for i, w := range c.tokens {
		m.add("word", w.text)
		m.add("place-word", place, w.text)
		if i > 0 {
			m.add("words", c.tokens[i-1].text, w.text)
		}
		for _, is := range w.is {
			m.add("means", string(is))
		}
	}
	if n := len(c.tokens); n > 0 {
		m.add("first", c.tokens[0].text)
		m.add("last", c.tokens[n-1].text)
	}
	m.pieces("piece", strings.Join(texts(c.tokens), "_"), 3, 5)
}

// around adds what a column points at, and how many of the others of its table are about
// people, in quarters.
func (m markSet) around(c *column, place string) {
	t := c.table
	for _, r := range t.refs {
		for _, w := range r.target.words {
			if slices.Contains(r.columns, c.Name) {
				m.add("to", w.text)
			}
		}
	}
	found, all := 0, 0
	for _, o := range t.columns {
		if o == c || o.isKey() || t.isReference(o.Name) {
			continue
		}
		all++
		if o.finding.Sure > Not {
			found++
		}
	}
	if all > 0 {
		m.add("found", strconv.Itoa(4*found/all))
		m.add("place-found", place, strconv.Itoa(4*found/all))
	}
}
