package draft

import "slices"

// How many names of people stand among others before some of the rows are people, and
// which share of all that was seen: firms, places and articles are called after people, too.
const (
	fewestPeople = 3
	amongShare   = .04
)

// reached are the sorts that say who somebody is or how they are reached.
var reached = []Sort{Name, Email, Phone, Street, City, Zip, Birth, Gender, Government, Bank, Card, Login, Secret, Photo, IP, Plate}

// amongOthers lists what was left out of rows that are mostly firms, places, animals or
// things, when some of them are people: their names, and how they are reached.
func (t *table) amongOthers() {
	people := false
	for _, c := range t.columns {
		switch {
		case c.namesSome():
			people = people || c.callsRow()
			c.listAmong(Name, "some of its values are names of people")
		case c.some(markMailbox):
			c.listAmong(Email, "some of its values are addresses of people")
		}
	}
	if !people {
		return
	}
	for _, c := range t.columns {
		s, _ := c.says()
		if c.named && s == "" {
			s = c.name.sort
		}
		if slices.Contains(reached, s) && !(s == Name && c.name.strength < strong) && !c.seen.contradicts(s) {
			c.listAmong(s, "some of the rows are people, by their names")
		}
	}
}

// besidePerson lists a name that stands beside somebody's surname, or beside the secret with which whoever is called
// so comes in.
func (t *table) besidePerson() {
	if !slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.finding.Sure >= Likely && (c.finding.What == Name && anyMeans(c.tokens, "last") || c.finding.What == Secret && t.about == aboutUnknown && !t.ofMachine())
	}) || anyText(t.beside(), "host", "server", "url", "port", "driver", "protocol") {
		return
	}
	for _, c := range t.columns {
		if c.named && c.name.sort == Name && len(c.tokens) == 1 && !c.seen.contradicts(Name) {
			c.listAmong(Name, "it stands beside what only people have")
		}
	}
}

// beside are the words of all columns.
func (t *table) beside() (words []token) {
	for _, c := range t.columns {
		words = append(words, c.tokens...)
	}
	return words
}

// listAmong lists what was left out, unless it is a key or a reference.
func (c *column) listAmong(s Sort, why string) {
	if c.finding.Sure == Not && !c.table.isReference(c.Name) && (!c.isKey() || s == Name) {
		c.say(s, Unsure, why)
	}
}

// namesSome reports whether several values are names of people, and not of towns and
// streets, many of which are called after some.
func (c *column) namesSome() bool {
	return c.some(markWhole) && !(c.named && (addressing(c.name.sort) || c.name.sort == Place)) && !anyMeans(c.tokens, "location")
}

// callsRow reports whether a column is what the row itself is called, not whom to turn to.
func (c *column) callsRow() bool {
	return c.named && (c.name.sort == Name || c.name.sort == Company) && !anyMeans(c.tokens, "contactword") && !anyMeans(c.tokens, "aside") && !anyMeans(c.tokens, "title")
}

// some reports whether several values have a mark, though they may be few of all.
func (c *column) some(m mark) bool {
	return c.seen.marks[m] >= fewestPeople && c.seen.share(m) >= amongShare
}
