package draft

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// opensSession reports whether a text names rows of sessions or is called their key: who
// has it is taken for the one whose session it is.
func (c *column) opensSession() bool {
	last := c.tokens[len(c.tokens)-1]
	return c.Kind == connect.TextKind && (c.Length == 0 || c.Length >= 16) && !c.table.attended() && !c.table.isReference(c.Name) &&
		(anyMeans(c.table.words, "session") && (c.isKey() || last.means("key") || last.means("id")) ||
			len(c.table.own) > 0 && c.table.tie == tieOwned && last.means("key") && len(c.tokens) == 1 && slices.Contains(c.table.own, "key"))
}

// ofWhom reports whether rows are people, or hang on them and say more of them: where they
// live, what they are called and known by.
func (c *column) ofWhom() bool {
	t := c.table
	return t.ofPersons() || t.opens() || t.tie == tieOwned && (t.about == aboutAddress || t.about == aboutUnknown && (t.namesSomebody() || t.sorts > 0) && !t.deal() && !t.speaks() && !t.ofMachine())
}

// lastSeen reports whether a time is the last or the first at which somebody was there.
func (c *column) lastSeen() bool {
	return len(c.tokens) == 1 && c.Kind == connect.Integer && anyText(c.tokens, "access", "login") && c.table.about == aboutPeople || anyText(c.tokens, "lastactivity", "lastlogin", "lastvisit", "lastaccess", "lastseen") || (anyMeans(c.tokens, "recent") || anyMeans(c.tokens, "first")) && slices.ContainsFunc(c.tokens, func(t token) bool {
		return t.means("seen") || t.means("used") || t.means("login") || tells([]token{t}, use) || slices.Contains([]string{"logout", "used"}, t.text)
	})
}

// known reports whether a text is called as what somebody is known by in a system:
// `slug`, `identifier`, `extern_uid`.
func (c *column) known() bool {
	if c.Kind != connect.TextKind {
		return false
	}
	words := slices.DeleteFunc(slices.Clone(c.tokens), func(t token) bool {
		return t.means("person") && t.text != "ref" || slices.Contains(c.table.own, stem(t.text)) || slices.Contains([]string{"extern", "external", "system", "id", "identity", "provider", "ext", "login", "identification", "unique", "sis"}, t.text)
	})
	if anyText(c.tokens, "key") && anyText(c.tokens, "public", "ssh", "gpg", "pgp") && len(c.tokens) == 2 || anyText(c.tokens, "known") && len(c.tokens) <= 3 {
		return true
	}
	if len(words) == 0 {
		if len(c.tokens) == 2 && c.tokens[0].text == "provider" && c.tokens[1].text == "id" && c.table.column("provider") == nil {
			return false // of care, as it seems, not of logins
		}
		return len(c.tokens) > 1 && c.seen.share(markUUID) < .5 && anyText(c.tokens, "login", "system", "extern", "external", "provider", "identification", "ext", "unique", "sis")
	}
	return len(words) == 1 && slices.Contains([]string{"pseudonym", "pseudonymization", "slug", "uri", "nicename", "permalink", "identifier", "identification", "uid", "ref", "alias", "aka", "fingerprint"}, words[0].text) && (words[0].text != "ref" && words[0].text != "slug" || c.table.about == aboutPeople && len(c.tokens) == 1)
}

// taxed reports whether a text is called as what somebody pays taxes under.
func (c *column) taxed() bool {
	return c.Kind == connect.TextKind && anyText(c.tokens, "tax", "vat", "taxvat", "tva", "iva", "gst") && !slices.ContainsFunc(c.tokens, func(t token) bool {
		return !t.means("tax") && !t.means("id") && !t.means("number") && !t.means("person") && !slices.Contains([]string{"tax", "vat", "tva", "iva", "gst", "intra"}, t.text) && !slices.Contains(c.table.own, stem(t.text))
	})
}

// coded reports whether a column is a code for a country, a region or a nation, where the
// table of those is not in the schema or the code says enough.
func (c *column) coded() bool {
	last := c.tokens[len(c.tokens)-1]
	if len(c.tokens) < 2 || !last.means("id") && last.text != "code" && last.text != "cd" {
		return false
	}
	rest := c.tokens[:len(c.tokens)-1]
	if c.Kind == connect.TextKind {
		return anyMeans(rest, "country") || anyMeans(rest, "state") || anyMeans(rest, "nationality") || anyText(rest, "nation")
	}
	if last.means("id") && (anyMeans(rest, "gender") || anyMeans(rest, "marital") || anyMeans(rest, "middle") && len(rest) == 1 && c.table.about == aboutPeople) {
		return c.Kind == connect.Integer
	}
	return c.Kind == connect.Integer && !last.means("id") && (anyMeans(rest, "nationality") || anyText(rest, "nation") || anyMeans(rest, "job"))
}

// technicalAmount reports whether a number of people's rows is one of how things are
// reckoned, not of what somebody has.
func (c *column) technicalAmount() bool {
	return c.looksKeyed() || c.numberish() || anyText(c.tokens, "currency", "seqno", "seq", "rate", "percent", "version", "ratio", "tax", "vat")
}

// custom reports whether a column holds what each who uses the system made of it.
func (c *column) custom() bool {
	return kindOf(c.Column)&written != 0 && len(c.tokens) <= 2 && anyText(c.tokens, "custom") && anyText(c.tokens, "field", "fields", "data", "value", "values", "attributes")
}

// knownElsewhere reports whether a text of what hangs on somebody is who they are in
// another system: `extern_uid` of an identity.
func (c *column) knownElsewhere() bool {
	n := len(c.tokens)
	if c.Kind == connect.TextKind && n == 2 && anyText(c.tokens[:1], "document", "identification", "identity") && anyText(c.tokens[1:], "key", "number", "no", "value") && anyText(c.table.words, "identifier", "identifiers", "identification", "identifications") {
		return true
	}
	return c.Kind == connect.TextKind && n <= 3 && (n <= 2 && slices.Contains([]string{"uid", "identifier", "subject"}, c.tokens[n-1].text) && (n == 1 || slices.Contains([]string{"extern", "external", "provider", "remote", "social", "oauth", "openid", "ldap", "saml"}, c.tokens[0].text)) ||
		(n == 2 || n == 3 && c.tokens[1].means("person")) && c.tokens[n-1].text == "id" && slices.Contains([]string{"extern", "external", "provider", "social", "federated", "oauth", "openid", "remote"}, c.tokens[0].text)) && slices.ContainsFunc(c.table.own, func(w string) bool {
		return slices.Contains([]string{"identity", "identitie", "identifier", "social", "oauth", "connection", "auth", "authentication", "authorization", "account", "login", "link", "external", "federated", "provider"}, w)
	})
}

// pays reports whether a column of a deal says by what it was paid, or by which number
// who carries payments out knows it.
func (c *column) pays() bool {
	if c.Kind != connect.TextKind {
		return false
	}
	last := c.tokens[len(c.tokens)-1]
	if anyText(c.tokens, "voucher", "coupon", "promo", "tracking") && (last.means("number") || last.means("id")) {
		return true
	}
	if len(c.tokens) == 2 && anyText(c.tokens[:1], "external", "extern") && last.means("id") {
		return true
	}
	return anyText(c.tokens, "payment", "transaction", "charge", "txn") && len(c.tokens) <= 3 && slices.Contains([]string{"method", "id", "reference", "ref", "title"}, last.text)
}

// ofLines reports whether rows are the lines of a deal: `order_products`.
func (t *table) ofLines() bool {
	n := len(t.words)
	if n < 2 || !t.words[n-1].means("thing") && !t.words[n-1].means("detail") {
		return false
	}
	return anyMeans(t.words[:n-1], "deal") || t.words[n-1].means("detail") && t.words[n-2].means("detail") && slices.ContainsFunc(t.refs, func(r *reference) bool { return r.target != t && r.target.deal() })
}

// entitles reports whether a column is what a row is called.
func (c *column) entitles() bool {
	if c.Kind != connect.TextKind || c.looksKeyed() {
		return false
	}
	words := slices.DeleteFunc(slices.Clone(c.tokens), func(t token) bool {
		return slices.Contains(c.table.own, stem(t.text)) || t.means("thing") || t.means("detail") || t.text == "translated" || t.text == "variant"
	})
	return len(words) == 1 && slices.Contains([]string{"name", "title", "model", "description", "sku"}, words[0].text) || len(words) == 0 && anyText(c.tokens, "model", "product")
}

// ofCard reports whether a column of payment cards says more of one: its kind, its last
// digits, when it ends.
func (c *column) ofCard() bool {
	if c.Kind == connect.TextKind && anyText(c.tokens, "gateway", "processor", "profile", "vault") {
		return true // by what who carries payments out knows it
	}
	return !c.looksKeyed() && anyText(c.tokens, "month", "year", "type", "brand", "digits", "name", "holder", "last", "funding", "country", "exp")
}

// holds reports whether rows say something of a sort.
func (t *table) holds(s Sort) bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool { return c.finding.What == s && c.finding.Sure >= Likely })
}

// hangsOnDeal reports whether rows belong to somebody by a deal.
func (t *table) hangsOnDeal() bool {
	return t.about == aboutUnknown && !t.deal() && slices.ContainsFunc(t.refs, func(r *reference) bool {
		return strings.Join(r.columns, "+") == t.by && r.target != t && r.target.deal() && r.target.near()
	})
}

// ofCards reports whether rows are payment cards.
func (t *table) ofCards() bool {
	return (anyMeans(t.words, "card") || anyMeans(t.words, "cardwide")) && (anyText(t.words, "credit", "debit", "payment", "bank") || anyMeans(t.words, "cardwide") || slices.ContainsFunc(t.columns, func(c *column) bool { return c.finding.What == Card }))
}

// recordsActs reports whether rows are entries of a log, or of what follows what people do.
func (t *table) recordsActs() bool {
	if len(t.words) == 0 {
		return false
	}
	last := t.words[len(t.words)-1]
	return last.means("record") || slices.Contains([]string{"tracker", "tracking", "history", "histories", "visit", "visits"}, last.text)
}

// besideMoments reports whether other columns of the row are times.
func (c *column) besideMoments() bool {
	return slices.ContainsFunc(c.table.columns, func(o *column) bool { return o != c && len(o.tokens) > 0 && o.moment() })
}

// from reports whether rows say from which address or with which program somebody came.
func (t *table) from() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.finding.Sure >= Likely && (c.finding.What == IP || c.finding.What == Agent)
	})
}

// opens reports whether rows that hang on somebody are how they enter a system: a name to
// log in with and its password.
func (t *table) opens() bool {
	return t.tie == tieOwned && t.about == aboutUnknown && !t.View && !t.speaks() && slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.named && c.name == reading{Secret, strong} && c.Kind == connect.TextKind && anyText(c.tokens, "password", "passwd", "passwordhash")
	})
}

// saysWhich reports whether a text of `user_groups` is called `group`: what somebody has of
// such, by its name.
func (c *column) saysWhich() bool {
	t := c.table
	return t.about == aboutUnknown && t.namesSomebody() && len(t.own) > 1 && len(c.tokens) == 1 && c.Kind == connect.TextKind && anyText(c.tokens, "group", "role", "badge", "skill", "interest", "tag", "permission", "right", "award") && stem(c.tokens[0].text) == t.own[len(t.own)-1] && c.seen.share(markUUID) < .5
}

// ofMoney reports whether rows that hang on somebody are what they have with a bank.
func (t *table) ofMoney() bool {
	return !t.deal() && (anyMeans(t.words, "account") || anyMeans(t.words, "bank") || anyMeans(t.words, "bankword") || anyText(t.words, "wallet", "wallets", "balance", "balances", "loan", "loans", "saving", "savings")) && !t.speaks()
}

// ofSavings reports whether rows move what people save or borrow, though the table of
// those accounts, or of whose they are, is not in the schema.
func (t *table) ofSavings() bool {
	return t.about == aboutUnknown && anyText(t.words, "saving", "savings", "loan", "loans", "wallet", "wallets", "deposit", "deposits") && !t.hasName()
}

// belongs reports whether rows are that somebody belongs to something or has an account
// with it: enrolments, memberships, subscriptions.
func (t *table) belongs() bool {
	if t.tie == tieOwned && t.about == aboutUnknown && !t.View && t.headed() {
		return true // who is in what
	}
	return t.tie == tieOwned && t.about == aboutUnknown && !t.View && len(t.words) > 0 && anyText(t.words[len(t.words)-1:], "enrollment", "enrollments", "enrolment", "enrolments", "membership", "memberships", "subscription", "subscriptions", "registration", "registrations", "account", "accounts")
}

// standing reports whether a column is called as how it stands with that.
func (c *column) standing() bool {
	last := c.tokens[len(c.tokens)-1].text
	if len(c.tokens) == 2 && last == "role" && c.tokens[0].means("person") {
		return true
	}
	return len(c.tokens) == 1 && slices.Contains([]string{"status", "state", "type", "role", "accepted", "availability"}, last) || len(c.tokens) == 2 && c.tokens[0].text == "workflow" && last == "state"
}
