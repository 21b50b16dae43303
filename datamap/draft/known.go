package draft

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// namedByPerson reports whether the name of a column says that people are known by
// it: a login, an address, a number of their own.
func (c *column) namedByPerson() bool {
	if c.isKey() && c.numbersOwnRow() {
		return false // `visitorid` of visitors
	}
	return c.named && c.name.strength == strong && slices.Contains([]Sort{Email, Phone, Login, Number, Government, Bank, Card, Session, Secret, Device, IP, Name}, c.name.sort)
}

// logsIn reports whether the key of people is what they log in with: a text called as the
// number of a user, beside a password.
func (c *column) logsIn() bool {
	t := c.table
	return t.about == aboutPeople && t.keyColumn() == c.Name && c.isName() && slices.ContainsFunc(t.columns, func(o *column) bool { return o.named && o.name == reading{Secret, strong} })
}

// isName reports whether a text is called as the number of a user, and has neither the
// length nor the values of a key that a system drew.
func (c *column) isName() bool {
	return c.Kind == connect.TextKind && anyText(c.tokens, "uid", "userid", "user") && !slices.Contains([]int{24, 26, 32, 36}, c.Length) && c.seen.share(markUUID)+c.seen.share(markHex) < .5
}

// numbersOwnRow reports whether a key of people is called after its table, as what counts
// its rows is.
func (c *column) numbersOwnRow() bool {
	return c.named && c.name.sort == Session && len(c.table.words) > 0 && strings.EqualFold(unparted(c.Name), c.table.words[len(c.table.words)-1].text+"id")
}

// secretive reports whether a column holds by its name what nobody else may have, and
// no foreign key of the database says otherwise.
func (c *column) secretive() bool {
	return (c.Kind == connect.TextKind || c.Kind == connect.Binary) && c.namedByPerson() && slices.Contains([]Sort{Session, Secret, Device, IP, Email, Phone, Government, Bank, Card}, c.name.sort) &&
		!slices.ContainsFunc(c.table.refs, func(r *reference) bool { return r.found == "" && slices.Contains(r.columns, c.Name) })
}

// repeats is the sort of what somebody is known by in the table a column points at:
// the login of a pupil in the table of classes. A bare number says nothing.
func (c *column) repeats() Sort {
	for _, r := range c.table.refs {
		if len(r.columns) != 1 || r.columns[0] != c.Name || r.target == c.table {
			continue
		}
		to := r.target.column(r.to[0])
		if to != nil && to.logsIn() {
			return Login
		}
		if to != nil && to.natural() {
			return Number
		}
		if kindOf(c.Column)&written == 0 || c.Kind == connect.UUID {
			continue
		}
		if to != nil && to.namedByPerson() && kindOf(to.Column)&written != 0 && to.name.sort != Number && to.name.sort != Session {
			return to.name.sort
		}
	}
	return ""
}

// namesUser reports whether a text says which user a row is about, and points at no
// table: logs keep it so.
func (c *column) namesUser() bool {
	return c.Kind == connect.TextKind && c.numbersSomebody() && !c.isKey() && !anyMeans(c.tokens, "aside") && c.seen.share(markUUID)+c.seen.share(markHex) < .5 &&
		(c.table.visits() || slices.ContainsFunc(c.table.words, func(t token) bool { return t.means("record") }))
}

// opensWith reports whether a text says by its name which user somebody is, and stands
// beside the secret they open the door with. A foreign key of the database says otherwise.
func (c *column) opensWith() bool {
	return c.Kind == connect.TextKind && c.near() && c.numbersSomebody() && slices.ContainsFunc(c.tokens, func(t token) bool { return t.text == "user" || t.text == "login" }) &&
		!slices.ContainsFunc(c.table.refs, func(r *reference) bool { return r.found == "" && slices.Contains(r.columns, c.Name) }) &&
		slices.ContainsFunc(c.table.columns, func(o *column) bool { return o.named && o.name == reading{Secret, strong} })
}

// besideProse reports whether a text without bounds, in rows that are somebody's, stands
// beside another that is free text: what people answer to several questions.
func (c *column) besideProse() bool {
	return c.table.tie == tieOwned && c.finding.Sure == Not && c.Kind == connect.TextKind && c.Length == 0 && strings.Contains(strings.ToLower(c.Type), "text") &&
		c.untechnical() && !c.technical() && len(c.seen.inside) == 0 && c.seen.share(markURL)+c.seen.share(markUUID) < .5 &&
		slices.ContainsFunc(c.table.columns, func(o *column) bool {
			return o != c && o.named && o.finding.What == Text && o.finding.Sure >= Likely && o.Length == 0
		})
}

// heads reports whether a column is the title of what somebody wrote.
func (c *column) heads() bool {
	title := len(c.tokens) > 0 && slices.ContainsFunc([]string{"title", "subject", "betreff", "titel", "titre", "titulo", "titolo", "objet", "asunto", "assunto", "oggetto", "onderwerp", "headline", "topic", "subj"}, func(w string) bool { return c.tokens[len(c.tokens)-1].text == w })
	if title && c.Kind == connect.TextKind && c.table.speaks() && c.table.about == aboutUnknown {
		return true
	}
	return title && c.Kind == connect.TextKind && (c.near() || c.table.about == aboutUnknown && tells(c.table.words, speech)) && slices.ContainsFunc(c.table.columns, func(o *column) bool {
		return o != c && o.finding.What == Text && o.finding.Sure >= Likely
	})
}

// keysWho reports whether a column says by a key of the system, not by a name, who had to
// do with a row: `created_by char(36)`.
func (c *column) keysWho() bool {
	n := len(c.tokens)
	return n > 1 && c.tokens[n-1].text == "by" && c.Kind == connect.TextKind &&
		(c.seen.share(markUUID)+c.seen.share(markHex) > .5 || c.seen.share(markNameShape)+c.seen.share(markEmail) < .2 && slices.Contains([]int{24, 26, 32, 36}, c.Length))
}

// mails reports whether rows are letters: they have a sender, a receiver, a subject and a
// body, whatever stands before these words.
func (t *table) mails() bool {
	from, to, body := false, false, false
	for _, c := range t.columns {
		if c.Kind != connect.TextKind || len(c.tokens) == 0 || len(c.tokens) > 2 || len(c.tokens) == 2 && len(c.tokens[0].text) > 2 {
			continue
		}
		switch c.tokens[len(c.tokens)-1].text {
		case "from":
			from = true
		case "to":
			to = true
		case "body":
			body = true
		}
	}
	return from && to && body
}

// saysHow reports whether a column says only how a row is kept or reckoned: whether it is
// encrypted, under which code a deal is taxed.
func (c *column) saysHow() bool {
	if !c.named {
		return false
	}
	switch c.name.sort {
	case Secret:
		return len(c.tokens) == 1 && anyMeans(c.tokens, "encrypted") && c.flags()
	case IP, Session, Agent, Device:
		return c.flags() // whether it is kept at all
	case Activity:
		return c.Kind == connect.Integer && len(c.tokens) > 1 && c.tokens[len(c.tokens)-1].text == "id"
	case Trait:
		return c.table.speaks() && anyMeans(c.tokens, "offspring") // the answers to what somebody wrote
	case Government:
		return c.table.deal() && c.table.about != aboutCompanies && anyMeans(c.tokens, "tax") && anyText(c.tokens, "code", "rule", "class")
	}
	return false
}

// ofDirectory reports whether a column of what is no record of people says under which
// name another system keeps what it is called after, or how programs enter that.
func (c *column) ofDirectory() bool {
	return len(c.tokens) > 1 && !c.near() && slices.Contains([]string{"attr", "attribute", "smtp", "imap", "pop"}, c.tokens[0].text)
}

// natural reports whether a text is what names rows that are people, or is called as what
// names them elsewhere, and a person gave it: `C012`, `lopezjo02`. What a system counts or
// draws is none.
func (c *column) natural() bool {
	t := c.table
	if t.about != aboutPeople || !t.ofPeople() || c.seen.n()*10 < c.seen.rows*9 {
		return false
	}
	if c.Kind == connect.Integer {
		return t.keyColumn() == c.Name && !t.isReference(c.Name) && c.numbersOwnWork() && c.seen.countsFrom(100)
	}
	if !c.wordy() {
		return false
	}
	return t.keyColumn() == c.Name || !c.named && !t.isReference(c.Name) && len(c.tokens) == 2 && anyMeans(c.tokens[1:], "id") && len(c.tokens[0].is) == 0
}

// wordy reports whether the values of a text are short words, such as somebody types.
func (c *column) wordy() bool {
	return c.Kind == connect.TextKind && c.seen.n() >= 3 && c.seen.share(markWord) >= .9 && c.seen.share(markUUID)+c.seen.share(markHex) < .1 && !slices.Contains([]int{24, 26, 32, 36}, c.Length)
}

// numbersOwnWork reports whether a key of people is called their number, not their id:
// `emp_no`, `MNr`.
func (c *column) numbersOwnWork() bool {
	initial := len(c.tokens) == 1 && len(c.table.own) > 0 && (c.tokens[0].text == c.table.own[0][:1]+"nr" || c.tokens[0].text == c.table.own[0][:1]+"no")
	return (initial || anyMeans(c.tokens, "number") || anyMeans(c.tokens, "numberword")) && !anyMeans(c.tokens, "id") && !slices.ContainsFunc(c.tokens, func(t token) bool {
		if own := c.table.own; len(own) > 0 && (t.text == own[0][:1]+"nr" || t.text == own[0][:1]+"no") {
			return false
		}
		return !t.means("number") && !t.means("numberword") && !t.means("person") && !slices.Contains(c.table.own, stem(t.text)) && !(len(t.text) == 1 && len(c.table.own) > 0 && strings.HasPrefix(c.table.own[0], t.text))
	})
}
