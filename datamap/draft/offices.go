package draft

import (
	"slices"
)

// ofOffice reports whether a column of organisations and their places says where one is
// or how it is reached: no data of a natural person (gdpr:4(1)). Where the row also names
// somebody, calls and letters may be for them.
func (c *column) ofOffice(byValue Sort) bool {
	if !c.named && byValue == "" {
		return false
	}
	s := byValue
	if c.named {
		s = c.name.sort
	}
	if c.table.dealsWithFirms() {
		return addressing(s)
	}
	if c.table.about != aboutCompanies {
		return false
	}
	if s == Name && c.table.noun && c.calledAfterRow() {
		return true
	}
	if anyMeans(c.tokens, "person") || anyMeans(c.tokens, "contactword") || anyText(c.tokens, "billing", "private", "home", "owner") {
		return false
	}
	switch {
	case addressing(s) || s == Place || s == Text:
		return true
	case s == Phone && !anyText(c.tokens, "mobile", "cell", "handy", "movil", "celular", "portable", "direct", "gsm"):
		return true // of the house, whoever answers
	case s == Phone || s == Email || s == Bank || s == Number || s == Network:
		return !c.table.namesContact()
	case s == Company, s == Name && c.named && c.name.strength < strong:
		return c.table.noun
	}
	return false
}

// dealsWithFirms reports whether rows are deals with customers that are firms: where to
// send something is where one of those is.
func (t *table) dealsWithFirms() bool {
	return t.deal() && t.tie != tieOwned && slices.ContainsFunc(t.refs, func(r *reference) bool { return r.target.about == aboutCompanies })
}

// calledAfterRow reports whether a name is that of the row as a whole: `customer_name` of
// customers that are firms.
func (c *column) calledAfterRow() bool {
	return c.named && (c.name.sort == Company || c.numbersOwn() && anyMeans(c.tokens, "name") && !anyMeans(c.tokens, "first") && !anyMeans(c.tokens, "last"))
}

// namesContact reports whether rows name somebody.
func (t *table) namesContact() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool {
		if s, how := c.seen.say(); s == Name && how == strong && !(c.named && c.name == reading{Name, medium}) {
			return true
		}
		return c.named && c.name == reading{Name, strong}
	})
}
