package draft

import (
	"maps"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// ties decides how each table hangs on people: what points at somebody is theirs,
// what points at that too.
func (j *judgement) ties() {
	for _, t := range j.tables {
		for _, target := range t.kinds {
			if target.about == aboutPeople && t.tie == tieNone {
				t.tie, t.by = tieOwned, "a kind and an id"
			}
		}
	}
	for _, t := range j.tables {
		t.tieByKey()
	}
	for range len(j.tables) {
		changed := false
		for _, t := range j.tables {
			changed = t.tieUp() || changed
		}
		if !changed {
			break
		}
	}
	j.addresses()
	j.followed()
	j.held()
	for _, t := range j.tables {
		t.tieByName()
	}
}

// held finds the accounts that a table of who holds which leads to, and what hangs on them.
func (j *judgement) held() {
	found := false
	for _, t := range j.tables {
		if t.tie != tieOwned || !slices.ContainsFunc(t.refs, func(r *reference) bool { return r.target.about == aboutPeople && !t.aside(r) }) {
			continue
		}
		for _, r := range t.refs {
			if to := r.target; to.tie == tieNone && to.about == aboutUnknown && to != t && to.ofMoney() {
				to.tie, to.by, found = tieOwned, t.Name, true
			}
		}
	}
	for found {
		found = false
		for _, t := range j.tables {
			found = t.tieUp() || found
		}
	}
}

// tieByName ties a table whose rows name somebody in words: who complains, who pays.
func (t *table) tieByName() {
	if t.about != aboutUnknown || t.tie != tieNone || t.View || t.askable {
		return
	}
	for _, c := range t.columns {
		if s := c.surely(); (t.recordsActs() && (s == IP || s == Login) || s == Name || s == Email || s == Government && !t.deal() && !c.isKey() && !t.calledByFirms() && c.seen.n() > 0 && !c.seen.contradicts(s) || c.namesInWords() || t.deal() && c.namesPayer()) && !c.ofAnother() && (t.speaks() || !anyMeans(c.tokens, "aside")) && (s == IP || s == Login || !t.entitledBeside(c)) {
			t.tie, t.by = tieOwned, c.Name
			return
		}
	}
}

// namesInWords reports whether a text is called after somebody, and its values are words.
func (c *column) namesInWords() bool {
	return c.Kind == connect.TextKind && c.named && c.name == reading{Name, strong} && onlyPeople(c.tokens) && c.seen.n() >= 3 && c.seen.share(markWord)+c.seen.share(markNameShape) >= .8
}

// namesPayer reports whether the name in rows of the books is mostly somebody's.
func (c *column) namesPayer() bool {
	return c.named && c.name == reading{Name, medium} && len(c.tokens) == 1 && c.seen.n() >= 3 && c.seen.share(markNameShape) >= .6 && c.seen.share(markFirm) < .2
}

// entitledBeside reports whether rows have a title or a name beside what names somebody: a
// book has an author.
func (t *table) entitledBeside(c *column) bool {
	return slices.ContainsFunc(t.columns, func(o *column) bool {
		return o != c && o.Kind == connect.TextKind && len(o.tokens) > 0 && (anyMeans(o.tokens, "title") || anyText(o.tokens, "title", "titel", "titre", "titulo", "ttl", "label", "sku", "isbn", "isb") || c.name.sort != Email && o.named && o.name == reading{Name, medium} && o.seen.share(markGiven) < .2)
	})
}

// followed finds the people of whom much is kept whatever they are called, by what hangs
// on them; then what is called after things is theirs too, where nothing else is its
// last word: `drug_exposure` of a person.
func (j *judgement) followed() {
	on := map[*table]int{}
	for _, t := range j.tables {
		if target := t.owner(); target != nil && t.lives() && !t.ofMachine() && !tells(t.words, speech) {
			on[target]++
		}
	}
	for _, t := range j.tables {
		for _, r := range t.refs {
			if t.about != aboutThings || t.tie != tieAside || r.target == t || on[r.target] < enoughKept || !r.target.followable() || t.asideBy(r) {
				continue
			}
			if last := t.words[len(t.words)-1]; len(last.is) == 0 || strings.HasPrefix(last.text, "event") {
				t.about, t.tie, t.by = aboutUnknown, tieOwned, strings.Join(r.columns, "+")
			}
		}
	}
	for target, n := range on {
		target.followed = n >= enoughKept && target.followable()
	}
}

// enoughKept is how many tables of what happens to people must hang on some before they
// are taken for such of whom much is kept.
const enoughKept = 3

// followable reports whether people may be such: not who only uses a system or buys.
func (t *table) followable() bool {
	return t.about == aboutPeople && !slices.ContainsFunc(t.own, func(w string) bool {
		return slices.Contains([]string{"user", "account", "member", "customer", "client", "usuario", "utilisateur", "benutzer", "kund", "contact", "author", "profil"}, w)
	})
}

// owner is the table of people that rows belong to, if they do so directly.
func (t *table) owner() *table {
	if t.tie != tieOwned {
		return nil
	}
	for _, r := range t.refs {
		if strings.Join(r.columns, "+") == t.by && r.target != t && r.target.about == aboutPeople {
			return r.target
		}
	}
	return nil
}

// tieByKey ties a table by a column that is called as the number of somebody, although
// there is no table of those people: they may be kept in another system. A table that
// is called after people and what they have is theirs.
func (t *table) tieByKey() {
	if t.about == aboutPeople || t.tie != tieNone {
		return
	}
	named := t.namesSomebody()
	if named && t.about == aboutUnknown && !t.ofKinds() {
		t.tie, t.by = tieOwned, "its name"
	}
	for _, c := range t.columns {
		if !c.numbersSomebody() && !c.saysWho() && !c.mayNumberSomebody() || t.isReference(c.Name) || t.tie == tieOwned {
			continue
		}
		t.by, t.tie = c.Name, tieOwned
		if t.about != aboutUnknown && !(named && t.about == aboutThings) || anyMeans(c.tokens, "aside") {
			t.tie = tieAside
		}
	}
}

// mayNumberSomebody reports whether a column may hold the keys of several tables, of people
// among them.
func (c *column) mayNumberSomebody() bool {
	return slices.ContainsFunc(c.mayHold, func(t *table) bool { return t != c.table && t.about == aboutPeople })
}

// ofKinds reports whether rows say more of kinds of people, not of people: `member_type_texts`.
func (t *table) ofKinds() bool {
	person := slices.IndexFunc(t.words, func(w token) bool { return w.means("person") })
	return person+1 < len(t.words)-1 && slices.Contains([]string{"type", "types", "kind", "category", "status", "group", "role"}, t.words[person+1].text) && !t.pointsAtPeople() &&
		!slices.ContainsFunc(t.columns, (*column).numbersSomebody)
}

// saysWho reports whether a column is by what somebody is known in the system: `username`.
func (c *column) saysWho() bool {
	return c.named && c.name == reading{Login, strong} && c.Kind == connect.TextKind && !anyMeans(c.tokens, "aside") && len(c.tokens) <= 2 && !c.table.visits() && !c.ofAnother()
}

// namesSomebody reports whether a word before the last of a table's name is one for
// people: `user_tokens`.
func (t *table) namesSomebody() bool {
	ts := t.words
	return len(ts) > 1 && anyMeans(ts[:len(ts)-1], "person")
}

// numbersSomebody reports whether a column is called as the number of a person:
// `user_id`, `kundennr`, `user_id_create`.
func (c *column) numbersSomebody() bool {
	if c.named && c.name.sort == Phone || c.counts() {
		return false
	}
	who, id := false, false
	for _, t := range c.tokens {
		switch {
		case t.means("person"):
			who = true
		case t.means("numberword"):
			who, id = true, true
		case t.means("id") || t.means("number"):
			id = true
		case !t.means("filler") && !t.means("aside"):
			return false
		}
	}
	return who && (id || c.Kind == connect.Integer && !c.plural())
}

// counts reports whether a column is called as how many there are: `number_of_donors`,
// `num_followers`.
func (c *column) counts() bool {
	n := len(c.tokens)
	if n == 2 && c.Kind == connect.Integer && slices.Contains([]string{"num", "nb", "nr"}, c.tokens[0].text) && strings.HasSuffix(c.tokens[1].text, "s") {
		return true
	}
	return n > 2 && c.tokens[0].means("number") && c.tokens[1].means("counting") && c.plural()
}

// plural reports whether a column is called after several: `employees` is how many.
func (c *column) plural() bool {
	last := c.tokens[len(c.tokens)-1].text
	return strings.HasSuffix(last, "s") || strings.HasSuffix(last, "en") || len(last) < 3
}

// numbersOwn reports whether that person is what the table is of.
func (c *column) numbersOwn() bool {
	return slices.ContainsFunc(c.tokens, func(t token) bool {
		return t.means("person") && slices.Contains(c.table.own, stem(t.text))
	})
}

func (t *table) tieUp() bool {
	if t.about == aboutPeople {
		return false
	}
	before, staff := t.tie, t.tie == tieOwned && t.byStaff()
	for _, r := range t.refs {
		paid := t.deal() && t.about == aboutUnknown && r.target.animals && r.target.tie == tieAside // somebody is billed for it
		if r.target == t || r.target.about != aboutPeople && r.target.tie != tieOwned && !paid {
			continue
		}
		level := tieOwned
		if t.aside(r) || r.target.about != aboutPeople && t.about == aboutThings {
			level = tieAside
		}
		if level > t.tie || level == tieOwned && staff && r.target.about == aboutPeople && !r.staff(t) {
			t.tie, t.by = level, strings.Join(r.columns, "+")
			staff = level == tieOwned && t.byStaff()
		}
	}
	return t.tie != before
}

// staff reports whether a reference of a table is to those who work here, by the table
// it points at or by its own name.
func (r *reference) staff(t *table) bool {
	return r.target.staff() || slices.ContainsFunc(r.columns, func(name string) bool {
		c := t.column(name)
		return c != nil && anyMeans(c.tokens, "staff")
	})
}

// aside reports whether a reference names somebody who had to do with a row that is
// not theirs: who made it, who looks after it.
func (t *table) aside(r *reference) bool {
	if slices.Equal(r.columns, t.Key) {
		return false // one row for one person
	}
	if t.about == aboutThings && !t.namesSomebody() || t.about == aboutCompanies {
		return true
	}
	if t.asideBy(r) {
		return true
	}
	if t.deal() && slices.ContainsFunc(r.columns, func(name string) bool {
		c := t.column(name)
		return c != nil && anyText(c.tokens, "author", "auteur", "autor", "creat", "cashier", "seller", "vendedor", "vendeur")
	}) {
		return true // who wrote it into the books
	}
	return r.target.staff() && t.pointsAtOthersThan(r)
}

// asideBy reports whether the words of a reference say so.
func (t *table) asideBy(r *reference) bool {
	return slices.ContainsFunc(r.columns, func(name string) bool {
		c := t.column(name)
		return c != nil && (c.helps(r) || c.namesAside() && !(r.target != t && c.namesParent()) || anyMeans(c.tokens, "recent") || len(c.tokens) > 2 && anyText(c.tokens[:1], "first", "default"))
	})
}

// helps reports whether a column names whom to turn to about a row: `qa_contact` of users.
func (c *column) helps(r *reference) bool {
	n := len(c.tokens)
	return n > 1 && c.tokens[n-1].text == "contact" && !anyMeans(c.tokens[:n-1], "person") && !anyText(c.tokens, "emergency") && anyText(r.target.words, "user", "users", "profiles", "staff", "employees", "members")
}

// namesAside reports whether a column is called after somebody who had to do with a row.
func (c *column) namesAside() bool { return anyMeans(c.tokens, "aside") }

// namesParent reports whether a column is called `parent_id` and no more: what it points
// at, when that is another table, is what the row is a part of.
func (c *column) namesParent() bool {
	return len(c.tokens) > 0 && c.tokens[0].text == "parent" && !slices.ContainsFunc(c.tokens[1:], func(t token) bool { return !t.means("id") })
}

// staff reports whether the people of a table work here.
func (t *table) staff() bool { return anyMeans(t.words, "staff") }

// pointsAtOthersThan reports whether a table also points at people who are not staff.
func (t *table) pointsAtOthersThan(r *reference) bool {
	for _, other := range t.refs {
		if other != r && other.target != t && !other.target.staff() && (other.target.about == aboutPeople || other.target.tie == tieOwned || t.deal() && other.target.firms) {
			return true
		}
	}
	return false
}

// addresses finds the tables people point at because they live there.
func (j *judgement) addresses() {
	for _, t := range j.tables {
		for _, r := range t.refs {
			if r.target.about == aboutAddress && (t.about == aboutPeople || t.tie == tieOwned) && r.target.tie == tieNone {
				r.target.tie, r.target.by = tieOwned, t.Name+"."+strings.Join(r.columns, "+")
			}
		}
	}
}

// kinded finds tables whose rows say in one column what kind of row they are about and
// in another which: `subject_type`, `subject_id`. The kinds are the names of tables.
func (j *judgement) kinded() {
	for _, t := range j.tables {
		for _, c := range t.columns {
			if !c.saysKind() {
				continue
			}
			for _, value := range slices.Sorted(maps.Keys(c.seen.distinct)) {
				for _, target := range j.byName.find(stemmed(texts(tokens(value)))) {
					if target != t {
						t.kinds = append(t.kinds, target)
					}
				}
			}
		}
	}
}

// saysKind reports whether a column is the kind of a pair of kind and id.
func (c *column) saysKind() bool {
	last := len(c.tokens) - 1
	if last < 1 || c.tokens[last].text != "type" && c.tokens[last].text != "kind" || c.seen.n() == 0 || c.seen.n() > 20 {
		return false
	}
	for _, o := range c.table.columns {
		if len(o.tokens) == last+1 && o.tokens[0].text == c.tokens[0].text && o.tokens[last].means("id") {
			return true
		}
	}
	return false
}

func texts(ts []token) []string {
	var out []string
	for _, t := range ts {
		out = append(out, t.text)
	}
	return out
}

// asCopied judges what rows repeat of rows they point at as it is judged there: a list of
// visits with the pet's name, and the owner's, in it.
func (t *table) asCopied() {
	for _, r := range t.refs {
		if r.target == t || len(r.columns) != 1 || r.columns[0] != r.to[0] {
			continue
		}
		var copies []*column
		for _, c := range t.columns {
			if c.Name != r.to[0] && !t.isReference(c.Name) && t.copiedOnce(c.Name) && c.repeatsValues(r.target.column(c.Name)) {
				copies = append(copies, c)
			}
		}
		if len(copies) < 2 {
			continue
		}
		for _, c := range copies {
			f := r.target.column(c.Name).finding
			c.say(f.What, f.Sure, append([]string{"it repeats a column of " + r.target.Name}, f.Why...)...)
			c.settled = true
		}
	}
}

// repeatsValues reports whether most values of a column stand in another, several of them.
func (c *column) repeatsValues(of *column) bool {
	if of == nil || c.seen.n() < 3 {
		return false
	}
	n := 0
	for text := range c.seen.distinct {
		if _, there := of.seen.distinct[text]; there {
			n++
		}
	}
	return n*10 >= c.seen.n()*7
}

// copiedOnce reports whether a name is that of a column in only one of the tables that a
// table points at.
func (t *table) copiedOnce(name string) bool {
	n := 0
	for _, r := range t.refs {
		if r.target != t && r.target.column(name) != nil {
			n++
		}
	}
	return n == 1
}
