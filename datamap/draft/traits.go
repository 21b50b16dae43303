package draft

import (
	"slices"

	"github.com/avowhq/avow/connect"
)

// traits reports whether a column is called as what somebody is, has or does. A flag
// says so of people too: `has_dependants`.
func (c *column) traits() bool {
	if c.isKey() || c.table.isReference(c.Name) || c.looksKeyed() || c.numbersSomebody() || len(c.tokens) == 0 || c.Kind == connect.UUID {
		return false
	}
	last := c.tokens[len(c.tokens)-1:]
	if c.flags() && (len(c.tokens) == 1 && tells(last, technical) || last[0].text == "enabled" || last[0].text == "disabled") {
		return false
	}
	if tells(last, technical) && !tells(last, quantity) && !tells(last, trait) && !tells(last, measure) && !c.flags() || last[0].means("aside") && !c.flags() || howMany(c.tokens) {
		return false
	}
	return tells(c.tokens, trait) || tells(last, measure) && kindOf(c.Column) == numeric && c.table.tie == tieOwned && c.table.ofTrait() || c.flags() && !c.technical() && c.table.ofPeople() && !anyMeans(c.tokens, "contactword") && slices.ContainsFunc(flagged, func(w concept) bool { return anyMeans(c.tokens, w) })
}

// flagged is of what a flag in rows that are people says something of them.
var flagged = []concept{"person", "offspring", "address", "street", "pay", "national", "nationality", "insurance", "marital", "education", "situation", "belief", "health", "last"}

// dealt reports whether a column is an amount or a day of a deal, and not what the system
// notes of its row.
func (c *column) dealt() bool {
	switch {
	case c.isKey() || c.table.isReference(c.Name) || c.looksKeyed() || len(c.tokens) == 0 || anyMeans(c.tokens, "aside"):
		return false
	case kindOf(c.Column) == dated, c.Kind == connect.TextKind && c.seen.share(markDate) > .8:
		return !tells(c.tokens, noted) && !tells(c.tokens, unmoved)
	}
	if anyText(c.tokens, "unit") && c.table.ofLines() && anyText(c.tokens, "discount", "net", "base") {
		return false // of what the sum of the line, beside it, is reckoned
	}
	return kindOf(c.Column) == numeric && (c.Kind == connect.DecimalKind || tells(c.tokens[len(c.tokens)-1:], worth)) && !anyText(c.tokens, "currency", "undiscounted", "budget", "percent", "rate", "ratio", "weight")
}

// ownNumber reports whether a column of people is called as the number of somebody, and
// is no key and points at no table: what they are known by elsewhere. Whole numbers count
// when nearly every row has another, for what points at others repeats.
func (c *column) ownNumber() bool {
	if c.isKey() || c.table.keyColumn() == c.Name || c.table.isReference(c.Name) || anyMeans(c.tokens, "aside") {
		return false
	}
	if c.Kind == connect.TextKind {
		return c.numbersSomebody() || anyMeans(c.tokens, "number") && !slices.ContainsFunc(c.tokens, func(t token) bool { return !t.means("number") && !t.means("id") })
	}
	return c.Kind == connect.Integer && c.numbersSomebody() && anyMeans(c.tokens, "number") && (c.seen.n() == 0 || c.seen.n()*10 >= c.seen.rows*9)
}

// leadsToPicture reports whether a column of a table of pictures says where one is.
func (c *column) leadsToPicture() bool {
	return anyMeans(c.table.words, "photo") && c.Kind == connect.TextKind && len(c.tokens) <= 2 && anyText(c.tokens, "url", "uri", "path", "file", "src", "source", "image", "link", "filename")
}

// mayBeProse reports whether a text without bounds is called as what people write.
func (c *column) mayBeProse() bool {
	return c.named && c.name.sort == Text && c.Kind == connect.TextKind && c.Length == 0 && c.untechnical() && !c.technical()
}
