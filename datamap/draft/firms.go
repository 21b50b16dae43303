package draft

import (
	"slices"

	"github.com/avowhq/avow/connect"
)

// ofFirms reports whether rows that look like people are organisations: somebody to turn
// to is named apart from the row itself, or what the rows are called is what firms are.
func (t *table) ofFirms() bool {
	own, contact, single := false, false, false
	for _, c := range t.columns {
		if !c.named || !slices.Contains([]Sort{Name, Company, Birth, Gender}, c.name.sort) || anyMeans(c.tokens, "aside") {
			continue
		}
		turned := anyMeans(c.tokens, "contactword") && !anyText(c.tokens, "emergency") && !onlyPeople(c.tokens) ||
			len(c.tokens) == 1 && anyText(c.tokens, "contactperson", "contactpersoon", "kontaktperson", "ansprechpartner", "interlocuteur", "referente")
		switch parts := anyMeans(c.tokens, "first") || anyMeans(c.tokens, "last") || anyMeans(c.tokens, "middle"); {
		case c.name.sort == Birth || c.name.sort == Gender:
			return false
		case turned && c.name.sort == Name:
			contact = true
		case c.name.sort == Company || !parts:
			own = true
		default:
			single = true
		}
	}
	return own && contact && !single || !single && !t.leadsToPeople() && (t.calledAsFirms() || t.calledElse())
}

// leadsToPeople reports whether rows point at people, and not at such as look after them.
func (t *table) leadsToPeople() bool {
	return !t.noun && slices.ContainsFunc(t.refs, func(r *reference) bool {
		return r.target != t && r.target.about == aboutPeople && !t.asideBy(r) && !r.target.staff()
	})
}

// calledElse reports whether rows are called something first that is no name of a person,
// and somebody stands behind it: an agency and whom to ask for there, a branch and who
// runs it.
func (t *table) calledElse() bool {
	called := false
	for _, c := range t.columns {
		if !c.inWords() || c.isKey() || t.isReference(c.Name) || c.seen.n() < 3 {
			continue
		}
		s, how := c.says()
		people := s == Name && how >= medium && c.seen.share(markFirm) < .1
		switch {
		case people && c.seen.share(markWhole) < .2:
			return false // first names stand alone
		case people:
			return called
		case c.named && (c.name.sort == Government || c.name.sort == Login || c.name.sort == Nationality):
			return false
		case !t.noun && c.named && c.name.sort == Name && c.seen.share(markGiven) < peopleShare, c.seen.share(markFirm) >= firmShare && c.seen.share(markSentence) < .5:
			called = true
		}
	}
	return false
}

// firmShare is from which share of names with a word such as `Ltd` on a column is one of
// names of firms; people who are in business have some as well.
const firmShare = .25

// peopleShare is from which share of names with a first name in them on people may be among
// the firms: then the rows are judged as people's, or theirs would be left out unsaid.
const peopleShare = .05

// calledAsFirms reports whether the names of rows are those of firms, and no column holds
// names of people.
func (t *table) calledAsFirms() bool {
	firms := false
	for _, c := range t.columns {
		if s, how := c.says(); s == Name && how > 0 && !(c.named && c.name.sort != Name) {
			return false
		}
		if c.named && c.name.sort == Name && (c.seen.share(markGiven) >= peopleShare || anyMeans(c.tokens, "full") || anyMeans(c.tokens, "first") || anyMeans(c.tokens, "last")) {
			return false
		}
		firms = firms || c.inWords() && (c.Length == 0 || c.Length > 4) && c.seen.n() >= 2 && c.seen.share(markFirm) >= firmShare && c.seen.share(markSentence) < .5 && !t.isReference(c.Name)
	}
	return firms
}

// calledByFirms reports whether a column holds what firms are called.
func (t *table) calledByFirms() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.inWords() && c.seen.n() >= 3 && c.seen.share(markFirm) >= firmShare && c.seen.share(markSentence) < .5
	})
}

// ofPlaces reports whether rows that nothing ties to anybody say where something is: an
// address, perhaps a number to call, and nothing of a person.
func (t *table) ofPlaces() bool {
	if t.about == aboutAddress {
		return t.tie == tieNone && !anyMeans(t.words, "address") && !anyMeans(t.words, "street") && !t.pointsAtPeople()
	}
	if t.about != aboutUnknown || t.tie != tieNone || t.deal() || t.health || t.pointsAtPeople() {
		return false
	}
	parts, called, calls := 0, 0, 0
	for _, c := range t.columns {
		s := c.surely()
		if s == Name && c.name == (reading{Name, medium}) {
			s = ""
		}
		switch {
		case slices.Contains([]Sort{Name, Email, Birth, Gender, Government, Login, Secret, IP, Session, Card, Bank, Agent}, s), c.numbersSomebody():
			return false
		case c.named && (c.name.sort == Street || c.name.sort == City || c.name.sort == Zip), s == Street:
			parts++
		case s == Phone && onlyPhone(c.tokens):
			calls = 1
		case c.designates():
			called = 1
		}
	}
	return parts >= 2 || parts+calls+called >= 2
}

// onlyPhone reports whether a name says of a number to ring nothing else: not whose.
func onlyPhone(ts []token) bool {
	return !slices.ContainsFunc(ts, func(t token) bool { return !t.means("phone") && !t.means("number") })
}

// inWords reports whether a column is text, also such as is kept as binary.
func (c *column) inWords() bool { return c.Kind == connect.TextKind || c.seen.binary }

// designates reports whether a column says what a thing is called, and not one of its values
// is a name of somebody.
func (c *column) designates() bool {
	called := c.named && c.name.sort == Name || anyText(c.tokens, "bez", "bezeichnung", "denomination", "denominacion", "denominazione", "omschrijving", "nazwa", "libelle", "label", "title")
	return called && c.inWords() && c.seen.n() >= 3 && c.seen.share(markGiven) == 0 && c.seen.share(markWhole) == 0
}

// ofBeasts reports whether each row is an animal.
func (t *table) ofBeasts() bool {
	return len(t.words) > 0 && t.words[len(t.words)-1].means("animal")
}

// ofBeast reports whether a column of animals, or one that is called after one, says what it
// is called, or is.
func (c *column) ofBeast(byValue Sort) bool {
	called := c.table.about != aboutPeople && len(c.tokens) > 1 && anyMeans(c.tokens, "animal")
	if !c.table.ofBeasts() && !called || anyMeans(c.tokens, "person") || anyMeans(c.tokens, "contactword") {
		return false
	}
	s := byValue
	if c.named {
		s = c.name.sort
	}
	return slices.Contains([]Sort{Name, Birth, Gender, Health, Age, Trait, Photo, Text, Marital, Nationality, Belief}, s)
}

// ofTask reports whether a job in a name is one that a program does: rows of jobs that say
// when they run, or how they ended.
func (c *column) ofTask() bool {
	return len(c.tokens) > 1 && c.tokens[0].text == "job" && anyText(c.table.words, "job", "jobs", "task", "tasks", "qrtz", "cron", "trigger", "triggers", "queue", "batch") && slices.ContainsFunc(c.table.columns, func(o *column) bool {
		return anyText(o.tokens, "cron", "invoke", "queue", "exception", "misfire", "concurrent", "trigger", "schedule", "payload", "attempts", "retries")
	})
}
