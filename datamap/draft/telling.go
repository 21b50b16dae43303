package draft

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// untechnical reports whether no word of a name is one of keys, times and states.
func (c *column) untechnical() bool {
	return !slices.ContainsFunc([]concept{"id", "number", "time", "blocker", "thing", "filler", "organisation", "key", "record"}, func(w concept) bool { return anyMeans(c.tokens, w) })
}

// keepsSession reports whether a column is what a table of sessions keeps of them.
func (c *column) keepsSession() bool {
	table := c.table.words
	if c.table.column("title") != nil || c.table.attended() {
		return false // what people go to has a title
	}
	return kindOf(c.Column)&written != 0 && !ofForm(c.tokens) && (anyMeans(table, "session") || anyMeans(table, "token")) &&
		slices.ContainsFunc(c.tokens, func(t token) bool { return sessionData[t.text] })
}

// keepsChanges reports whether a column is what a log keeps of values before or after
// they were changed.
func (c *column) keepsChanges() bool {
	value, when := false, false
	for _, t := range c.tokens {
		value = value || valueWords[t.text] || sessionData[t.text] || t.text == "values"
		when = when || changeWords[t.text]
	}
	return value && when && kindOf(c.Column)&written != 0 && c.table.about != aboutThings
}

var changeWords = map[string]bool{"old": true, "new": true, "before": true, "after": true, "previous": true, "alt": true, "neu": true, "ancien": true, "nouveau": true, "nouvelle": true, "ancienne": true, "anterior": true, "antigo": true, "antiguo": true, "nuevo": true, "novo": true, "vecchio": true, "nuovo": true, "oud": true, "nieuw": true}

var sessionData = map[string]bool{"code": true, "hash": true, "secret": true, "selector": true, "selecteur": true, "selektor": true, "validator": true, "series": true, "data": true, "payload": true, "value": true, "content": true, "state": true, "vars": true, "datos": true, "donnees": true, "daten": true}

// unexplained reports whether a text has a name that is not one of what systems
// keep of their rows: keys, times, states, amounts, other tables.
func (c *column) unexplained() bool {
	if c.codes() || c.flags() || c.technical() || c.seen.share(markUUID)+c.seen.share(markURL) > .5 {
		return false
	}
	known := []concept{"detail", "deal", "state", "language", "insurance", "bankword", "tax", "policy", "textweak", "school"}
	return c.Kind == connect.TextKind && c.untechnical() && slices.ContainsFunc(c.tokens, func(t token) bool { return len(t.text) > 2 }) &&
		!slices.ContainsFunc(known, func(w concept) bool { return anyMeans(c.tokens, w) })
}

// describes reports whether the values are words of people's own, many of them different.
func (c *column) describes() bool {
	e := c.seen
	return c.Kind == connect.TextKind && c.untechnical() && !c.technical() && e.n() >= 8 && e.share(markWords) >= .8
}

// differs reports whether nearly everybody has another value, as of a number that
// somebody was given; keys of other systems and addresses of pages are not meant.
func (c *column) differs() bool {
	e := c.seen
	without := []concept{"id", "time", "blocker", "organisation", "thing", "filler", "key", "record"}
	return !c.codes() && !c.technical() && c.Kind == connect.TextKind && e.n() >= 8 && e.n()*10 >= e.rows*8 && e.share(markURL)+e.share(markUUID) < .2 &&
		!slices.ContainsFunc(without, func(w concept) bool { return anyMeans(c.tokens, w) })
}

// codes are words for the key of an entry in a list of values.
var codes = map[string]bool{"cod": true, "code": true, "codigo": true, "codice": true, "kz": true, "krz": true}

// codes reports whether a column holds such keys.
func (c *column) codes() bool {
	return slices.ContainsFunc(c.tokens, func(t token) bool { return codes[t.text] }) || len(c.tokens) == 1 && codePrefix(c.tokens[0].text)
}

// codePrefix reports whether a word nobody knows begins as such keys do.
func codePrefix(w string) bool { return strings.HasPrefix(w, "cod") || strings.HasPrefix(w, "id") }

// isProse reports whether the values are sentences that somebody wrote.
func (c *column) isProse() bool {
	return c.seen.n() >= 3 && c.seen.share(markSentence) >= .4 && c.seen.share(markAgent)+c.seen.share(markURL) < .2 &&
		!anyMeans(c.tokens, "thing") && !anyMeans(c.tokens, "faulty")
}

// looksLikeNames reports whether the values have the shape of names of people, nearly
// all are different, and some are names that many bear.
func (c *column) looksLikeNames() bool {
	e := c.seen
	return e.n() >= 10 && e.n()*10 >= e.rows*7 && e.share(markNameShape) >= .8 && e.share(markGiven)+e.share(markFamily) >= .1 &&
		!anyMeans(c.tokens, "thing") && !anyMeans(c.tokens, "company")
}
