package draft

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// ofSomebody reports whether rows are nothing but about one person: they are people, or
// what happened to one or what one has.
func (t *table) ofSomebody() bool {
	switch {
	case t.View || len(t.words) == 0 || t.deal() && (!t.ofSubjects() || t.byStaff()) || t.about == aboutCompanies || t.about == aboutAddress:
		return false
	case t.about == aboutPeople && (t.headed() || t.sorts >= 2):
		return t.ofPeople()
	case t.near() && t.details():
		return true
	case t.tie == tieOwned || t.namesSomebody() || t.about == aboutPeople || t.tie == tieNone && t.traced():
		return (t.lives() || t.hangsOnLife() || t.ofSubjects() && !tells(t.words, speech)) && !t.ofMachine()
	}
	return false
}

// ofMachine reports whether a table is of what a system keeps for itself.
func (t *table) ofMachine() bool {
	if len(t.words) == 0 {
		return false // `2024`
	}
	last := t.words[len(t.words)-1:]
	if t.attended() || t.health || tells(t.words, trait) || last[0].means("record") && tells(t.words[:len(t.words)-1], life) {
		return false
	}
	return tells(last, machine) || tells(t.words[:1], machine) && anyMeans(t.words[:1], "head")
}

// attended reports whether sessions are what people go to, not what a system keeps of
// who is logged in.
func (t *table) attended() bool {
	return len(t.words) > 1 && anyMeans(t.words[len(t.words)-1:], "session") && len(t.columns) > 4 && t.pointsAtPeople() && !slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.named && slices.Contains([]Sort{IP, Agent, Session, Secret}, c.name.sort) || tells(c.tokens, machinery)
	})
}

// details reports whether a table is of more about people: `emp_additional_details`.
func (t *table) details() bool {
	return t.namesSomebody() && !slices.ContainsFunc(t.words, func(w token) bool {
		return !w.means("person") && !w.means("filler") && !w.means("detail") && !slices.Contains(related()[w.text], "more")
	})
}

// ofSubjects reports whether rows belong to people of whom much is kept because of what
// they are to the organisation: who works, learns, is treated or insured there.
func (t *table) ofSubjects() bool {
	if t.tie != tieOwned || t.about == aboutThings {
		return false
	}
	return tells(t.words, subject) || slices.ContainsFunc(t.refs, func(r *reference) bool {
		return strings.Join(r.columns, "+") == t.by && r.target != t && (tells(r.target.words, subject) || r.target.staff() || r.target.followed)
	}) || slices.ContainsFunc(t.columns, func(c *column) bool { return c.Name == t.by && tells(c.tokens, subject) })
}

// lists reports whether rows are entries of a list of values, as far as their columns
// say: each has a name, and nobody is known in them.
func (t *table) lists() bool {
	return t.tie == tieNone && t.sorts == 0 && !t.lives() && !t.speaks() && !t.deal() && !t.health && len(t.columns) <= 8 && t.hasName() &&
		!slices.ContainsFunc(t.columns, func(c *column) bool {
			return c.numbersSomebody() || c.Name != "name" && c.named && c.name.strength == strong
		})
}

// byStaff reports whether the people that rows belong to work here.
func (t *table) byStaff() bool {
	return slices.ContainsFunc(t.refs, func(r *reference) bool { return strings.Join(r.columns, "+") == t.by && r.target.staff() }) ||
		slices.ContainsFunc(t.columns, func(c *column) bool { return c.Name == t.by && anyMeans(c.tokens, "staff") })
}

// hangsOnLife reports whether rows belong to what happened to somebody: the notes of a
// visit.
func (t *table) hangsOnLife() bool {
	return slices.ContainsFunc(t.refs, func(r *reference) bool {
		return strings.Join(r.columns, "+") == t.by && r.target != t && r.target.tie == tieOwned && (r.target.lives() || r.target.ofSubjects()) && !r.target.ofMachine()
	})
}

// links reports whether a table that is called after people only says which of them
// have to do with what: `course_user`.
func (t *table) links() bool {
	points := 0
	for _, c := range t.columns {
		if c.numbersSomebody() && !(len(t.Key) == 1 && t.Key[0] == c.Name) && !(c.numbersOwn() && c.Name == t.columns[0].Name) {
			points++
		}
		if c.named && c.name.strength >= medium && c.name.sort != Number && c.name.sort != Text && c.name.sort != Activity {
			return false
		}
	}
	return points > 0 || t.sorts == 0 && len(t.words) > 1 && !t.headedByPeopleAlone()
}

// programs reports whether a table is of the programs that ask another for data, which
// are called as people are: `api_clients`.
func (t *table) programs() bool {
	n := len(t.words)
	if n == 1 && slices.Contains([]string{"client", "clients", "consumer", "consumers", "agent", "agents"}, t.words[0].text) && t.enters() {
		return true
	}
	return n > 1 && tells(t.words[n-2:n-1], protocol) && slices.Contains([]string{"client", "clients", "consumer", "consumers", "agent", "agents"}, t.words[n-1].text)
}

// enters reports whether rows have what programs have that ask another for data, and
// nothing that people have.
func (t *table) enters() bool {
	program := slices.ContainsFunc(t.columns, func(c *column) bool {
		return anyText(c.tokens, "redirect", "protocol", "scope", "scopes", "grant", "grants", "callback")
	})
	return program && !slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.named && c.name.strength == strong && slices.Contains([]Sort{Email, Phone, Birth, Gender, Street, Name}, c.name.sort) && !onlyPeople(c.tokens) && c.tokens[0].text != t.words[0].text
	})
}

// headedByPeopleAlone reports whether a table's name has no other word than those for
// people and such as `data`.
func (t *table) headedByPeopleAlone() bool {
	return !slices.ContainsFunc(t.words, func(w token) bool { return w.means("thing") || w.means("deal") || w.means("organisation") })
}

// speaks reports whether rows are what people write to each other.
func (t *table) speaks() bool {
	n := len(t.words)
	for n > 1 && (t.words[n-1].means("record") || t.words[n-1].means("filler")) {
		n--
	}
	return n > 0 && tells(t.words[n-1:n], speech) && !t.broadcasts() && t.about != aboutCompanies && !(strings.HasPrefix(t.words[n-1].text, "newsletter") && t.hasName())
}

// visits reports whether rows are what somebody did in a system: logins, sessions.
func (t *table) visits() bool {
	return (tells(t.words, visit) || anyMeans(t.words, "record") && anyText(t.words, "visit", "visits")) && (len(t.words) == 0 || !t.words[len(t.words)-1].means("thing")) && t.about != aboutCompanies && t.about != aboutAddress
}

// ofPeople reports whether rows are people and nothing of the books or of a machine.
func (t *table) ofPeople() bool {
	return t.about == aboutPeople && !t.deal() && len(t.words) > 0 && !tells(t.words, apparatus) && (t.sorts >= 2 || t.headed())
}

// headed reports whether the last word of a table's name is one for people.
func (t *table) headed() bool {
	ws := t.words
	for len(ws) > 1 && ws[len(ws)-1].means("filler") && !ws[len(ws)-1].means("person") {
		ws = ws[:len(ws)-1]
	}
	return len(ws) > 0 && (ws[len(ws)-1].means("person") || ws[0].means("head") || len(ws[len(ws)-1].is) == 0 && len(ws) > 1 && ws[len(ws)-2].means("person") && len(ws[len(ws)-1].text) < 4)
}

// lives reports whether a table is of what happens to people or what they have.
func (t *table) lives() bool {
	return t.attended() || tells(t.words, life) || tells(t.words, trait) || t.health || slices.ContainsFunc([]concept{"school", "rating", "pay", "hire", "education", "job", "marital"}, func(w concept) bool { return anyMeans(t.words, w) })
}

// ofNothingElse reports whether rows hang on somebody, and no word of the table's name and
// no name of their own says that they are anything but a record of that.
func (t *table) ofNothingElse() bool {
	return t.tie == tieOwned && t.about == aboutUnknown && !t.View && !t.ofMachine() && !t.speaks() && !t.deal() && !t.entitled() && !t.written()
}

// written reports whether rows are only somebody's in that they wrote or reported them, and
// have a title: what stands in an issue is of the thing it is about.
func (t *table) written() bool {
	if !slices.ContainsFunc(t.columns, func(c *column) bool {
		n := len(c.tokens)
		return (n == 1 || n == 2) && anyText(c.tokens[n-1:], "subject", "title", "summary", "headline", "desc")
	}) {
		return false
	}
	authors := 0
	if c := t.column(t.by); c != nil && anyText(c.tokens, "author", "reporter", "creator", "submitter", "poster", "opener") {
		authors++
	}
	for _, r := range t.refs {
		if r.target.about != aboutPeople || t.asideBy(r) {
			continue
		}
		by := slices.ContainsFunc(r.columns, func(name string) bool {
			c := t.column(name)
			return c != nil && anyText(c.tokens, "author", "reporter", "creator", "submitter", "poster", "opener")
		})
		if !by {
			return false
		}
		authors++
	}
	return authors > 0
}

// ofAnimals reports whether rows are about animals and name nobody: what a vet keeps.
func (t *table) ofAnimals() bool {
	return !slices.ContainsFunc(t.columns, (*column).numbersSomebody) && (anyMeans(t.words, "animal") || slices.ContainsFunc(t.columns, func(c *column) bool {
		return anyMeans(c.tokens, "animal") && (anyMeans(c.tokens, "id") || anyMeans(c.tokens, "number") || t.isReference(c.Name))
	}))
}

// entitled reports whether rows have a name or a title of their own, as things have and
// records of what happened to somebody have not: a course that somebody teaches.
func (t *table) entitled() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool {
		if c.Kind != connect.TextKind || !anyMeans(c.tokens, "name") && !anyMeans(c.tokens, "title") || c.finding.What == Name && c.finding.Sure >= Likely || t.isReference(c.Name) {
			return false
		}
		rest := slices.DeleteFunc(slices.Clone(c.tokens), func(w token) bool {
			return w.means("name") || w.means("full") || w.means("title") || slices.Contains(t.own, stem(w.text))
		})
		return len(rest) == 0
	})
}

// ofTrait reports whether a table is called after what people have, so that what is
// measured in it is theirs: the amount of an income.
func (t *table) ofTrait() bool {
	return tells(t.words, trait) || anyMeans(t.words, "pay") || anyMeans(t.words, "school")
}

// deal reports whether rows are what is kept for the books: orders, invoices, payments.
func (t *table) deal() bool { return anyMeans(t.words, "deal") && !t.health }

// broadcasts reports whether rows are what is sent to many, again and again: how often
// each was sent is counted.
func (t *table) broadcasts() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.Kind == connect.Integer && len(c.tokens) == 2 && c.tokens[0].text == "sent" && c.tokens[1].text == "count"
	})
}
