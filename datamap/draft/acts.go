package draft

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// What a name says of what people did, and of how it stands with them.
const (
	deed     concept = "deed"     // a table of what people did, or what was done to them
	happened concept = "happened" // a moment of somebody's, though systems note such too
	noting   concept = "noting"   // the moment in which a row was last written
	begun    concept = "begun"    // the moment in which a deed was done
	standing concept = "standing" // how it stands with somebody
	done     concept = "done"     // what somebody did
)

// byDeed lists what a row says of somebody's acts and standing: in rows that are people,
// when something happened to them, what they may do, and how often they did it; in rows
// that are acts, when it was and what was done (gdpr:4(1)). A person decides; when the
// system last wrote a row is left out.
func (t *table) byDeed() {
	people, deeds := t.ofPersons(), t.ofDeeds()
	for _, c := range t.columns {
		if c.finding.Sure > Not || len(c.tokens) == 0 || t.View {
			continue
		}
		if c.opensSession() {
			c.say(Session, Unsure, "it may be what a session is known by")
			continue
		}
		if c.isKey() || t.isReference(c.Name) || t.keyColumn() == c.Name {
			continue
		}
		switch {
		case people && c.moment() && !c.notes() && !anyText(c.tokens, "stats", "stat", "compare", "default", "preselect", "step", "reminder", "due"):
			c.say(Activity, Unsure, "it may say when something happened to somebody", c.place())
		case (people || t.opens()) && c.stands():
			c.say(Trait, Unsure, "it may say how it stands with somebody", c.place())
		case (people || t.opens()) && c.tallies():
			c.say(Activity, Unsure, "it may count what somebody did", c.place())
		case t.near() && c.moment() && c.lastSeen():
			c.say(Activity, Unsure, "it says when somebody was there", c.place())
		case c.ofWhom() && c.known():
			c.say(Number, Unsure, "it may be what somebody is known by", c.place())
		case t.tie == tieOwned && t.about == aboutUnknown && c.knownElsewhere():
			c.say(Number, Unsure, "it may be what somebody is known by elsewhere", c.place())
		case people && c.Kind != connect.JSON && anyText(c.tokens, "hash") && anyMeans(c.tokens, "email"):
			c.say(Email, Unsure, "it is made of what its name says", c.place())
		case people && c.Kind == connect.TextKind && anyMeans(c.tokens, "recent") && anyText(c.tokens, "page", "url", "location", "path", "query", "search"):
			c.say(Activity, Unsure, "it may say what somebody looked at", c.place())
		case t.near() && !t.View && (t.lives() || t.about == aboutAddress) && kindOf(c.Column) == dated && !c.notes() && !tells(c.tokens, noting):
			c.say(Activity, Unsure, "it may say when something happened to somebody", c.place())
		case t.near() && t.deal() && c.pays():
			c.say(Trait, Unsure, "it may say how somebody paid", c.place())
		case t.tie == tieOwned && t.ofLines() && c.dealt():
			c.say(Trait, Unsure, "it may say what a deal of somebody's was worth, or when it was", c.place())
		case t.tie == tieOwned && t.ofCards() && kindOf(c.Column) != dated && c.ofCard():
			c.say(Card, Unsure, "the rows are cards", c.place())
		case t.tie == tieOwned && t.ofLines() && c.entitles():
			c.say(Trait, Unsure, "it may say what somebody bought", c.place())
		case t.tie == tieOwned && deeds && kindOf(c.Column) == numeric && c.bare == "" && len(c.tokens) == 1 && tells(c.tokens, worth):
			c.say(Trait, Unsure, "it may say what somebody gave or paid", c.place())
		case c.ofWhom() && c.taxed():
			c.say(Government, Unsure, "it may be the number somebody pays taxes under", c.place())
		case c.ofWhom() && c.coded():
			c.say(Trait, Unsure, "it is a code for where somebody is from, or what they are", c.place())
		case people && c.Kind == connect.DecimalKind && !c.technicalAmount():
			c.say(Trait, Unsure, "it may be an amount of somebody's", c.place())
		case c.ofWhom() && c.custom():
			c.say(Mixed, Unsure, "it may hold anything about somebody", c.place())
		case deeds && c.moment() && c.begins():
			c.say(Activity, Unsure, "it may say when somebody did what the row is", c.where())
		case deeds && c.tellsDeed():
			c.say(Activity, Unsure, "it may say what somebody did", c.where())
		}
	}
}

// where says why rows are thought to be what somebody did.
func (c *column) where() string {
	if c.near() {
		return c.place()
	}
	return "the rows are what people do"
}

// ofPersons reports whether rows are people, also those that are kept with a deal.
func (t *table) ofPersons() bool {
	return !t.View && t.about == aboutPeople && (t.ofPeople() || t.sorts >= 3)
}

// ofDeeds reports whether rows are what somebody did, or what was done to them: posts,
// logins, votes, payments.
func (t *table) ofDeeds() bool {
	if t.View || len(t.words) == 0 || t.about == aboutCompanies || t.about == aboutAddress || t.about == aboutThings {
		return false
	}
	if t.tie == tieNone && !t.traced() && t.about != aboutPeople {
		return t.speaks() && !t.hasName() && slices.ContainsFunc(t.columns, func(c *column) bool { return c.finding.What == Text && c.finding.Sure >= Likely })
	}
	ws := t.words
	for len(ws) > 1 && (ws[len(ws)-1].means("filler") || ws[len(ws)-1].text == "field") {
		ws = ws[:len(ws)-1]
	}
	last := ws[len(ws)-1:]
	if t.about == aboutPeople {
		return t.speaks() || t.deal() && t.traced()
	}
	return t.tie == tieOwned && t.from() || t.speaks() && t.tie == tieOwned || t.visits() || last[0].means("record") && !tells(ws, apparatusOnly) || t.deal() && t.tie == tieOwned || tells(last, deed)
}

// apparatusOnly are words before one for a log of what no person does.
const apparatusOnly concept = "unmanned"

// moment reports whether a column is a time, in whatever way it is kept.
func (c *column) moment() bool {
	last := c.tokens[len(c.tokens)-1]
	switch kindOf(c.Column) {
	case dated:
		return true
	case numeric:
		return c.Kind == connect.Integer && !c.looksKeyed() && (c.lastSeen() || last.text == "at" && len(c.tokens) > 1 || c.table.visits() && slices.Contains([]string{"start", "started", "begin", "end"}, last.text) || c.when() && !slices.Contains([]string{"active", "visit", "action", "request"}, last.text) || slices.Contains([]string{"created", "posted", "added"}, last.text))
	case written:
		return c.Kind == connect.TextKind && slices.Contains([]string{"timestamp", "time", "date", "datetime"}, last.text) && (c.seen.n() == 0 || c.seen.share(markDate)+c.seen.share(markBarePhone) > .5 || c.Length > 0 && c.Length <= 20)
	}
	return false
}

// notes reports whether a time is only when the system wrote its row.
func (c *column) notes() bool {
	words := slices.DeleteFunc(slices.Clone(c.tokens), func(t token) bool {
		return len(t.text) < 3 || t.means("filler") || slices.Contains(c.table.own, stem(t.text))
	})
	secret := slices.ContainsFunc(words, func(t token) bool { return t.means("secret") || t.means("token") || t.text == "status" })
	switch {
	case secret:
		return false
	case tells(words, noting) && !tells(words, happened):
		return true
	case tells(words, happened) || anyText(words, "start", "end", "begin", "until", "till", "from"):
		return false
	}
	return !slices.ContainsFunc(words, func(t token) bool {
		return !t.means("time") && !t.means("recent") && !tells([]token{t}, technical) && !tells([]token{t}, noted) && !tells([]token{t}, begun)
	})
}

// begins reports whether a time is when somebody did what the row is: created, not
// changed, and nothing else is said of it.
func (c *column) begins() bool {
	if tells(c.tokens, noting) {
		return c.table.visits() && c.table.traced() || c.table.recordsActs() && !c.besideMoments()
	}
	if len(c.tokens) == 1 && c.tokens[0].text == "timestamp" && c.besideMoments() {
		return false // some databases set it whenever a row changes
	}
	if tells(c.tokens, begun) {
		return true
	}
	return !slices.ContainsFunc(c.tokens, func(t token) bool {
		return len(t.text) > 2 && (!t.means("time") || tells([]token{t}, technical) && t.text != "time" && t.text != "date" && t.text != "timestamp") && t.text != "gmt" && t.text != "utc" && t.text != "action" && t.text != "event" && t.text != "log" && !slices.Contains(c.table.own, stem(t.text))
	})
}

// stands reports whether a column of people is how it stands with them: `is_active`,
// `moderator`.
func (c *column) stands() bool {
	if kindOf(c.Column) == dated || c.looksKeyed() && !tells(c.tokens[len(c.tokens)-1:], standing) {
		return false
	}
	words := slices.DeleteFunc(slices.Clone(c.tokens), func(t token) bool {
		return slices.Contains([]string{"is", "was", "has", "flag", "bool", "kz", "user", "account", "member"}, t.text) || slices.Contains(c.table.own, stem(t.text))
	})
	if len(words) == 2 && (words[1].text == "state" || words[1].text == "status") && slices.Contains([]string{"workflow", "approval", "membership", "subscription", "verification", "registration"}, words[0].text) {
		return true
	}
	if len(words) == 2 && slices.Contains([]string{"reason", "origin", "level", "cause"}, words[1].text) && (tells(words[:1], standing) || slices.Contains([]string{"access", "flag", "trust", "suspension", "ban", "block"}, words[0].text)) {
		return true
	}
	return len(words) == 1 && tells(words, standing) || len(words) == 0 && len(c.tokens) == 1 && c.flags()
}

// tallies reports whether a number of people counts what they did: `sign_in_count`.
func (c *column) tallies() bool {
	if kindOf(c.Column) != numeric || c.looksKeyed() || c.tokens[0].text == "unread" {
		return false
	}
	counted := slices.ContainsFunc(c.tokens, func(t token) bool {
		return slices.Contains([]string{"count", "counter", "num", "nb", "attempts", "rate", "total"}, t.text)
	})
	acts := slices.ContainsFunc(c.tokens, func(t token) bool {
		return tells([]token{t}, done) || tells([]token{t}, speech) || tells([]token{t}, visit) || t.means("login") || t.means("seen")
	})
	last := c.tokens[len(c.tokens)-1]
	return acts && (counted || len(c.tokens) == 1 && strings.HasSuffix(last.text, "s") && tells(c.tokens, speech))
}

// tellsDeed reports whether a column of an act is what was done.
func (c *column) tellsDeed() bool {
	if c.Kind != connect.TextKind && !anyText(c.tokens, "action", "operation", "success") || c.looksKeyed() {
		return false
	}
	if anyText(c.tokens, "url", "uri", "path", "page", "info") && !c.table.visits() && !c.table.words[len(c.table.words)-1].means("record") {
		return false
	}
	words := slices.DeleteFunc(slices.Clone(c.tokens), func(t token) bool { return slices.Contains(c.table.own, stem(t.text)) })
	if len(c.tokens) == 2 && c.tokens[1].text == "type" && slices.Contains([]string{"action", "event", "activity", "operation"}, c.tokens[0].text) || len(c.tokens) == 1 && c.tokens[0].text == "type" && c.table.from() && slices.Contains(c.table.own, "event") {
		return true
	}
	return len(words) == 1 && tells(words, done) && !tells(c.table.words, machineKey)
}

// machineKey are words of tables whose rows open a door, not acts.
const machineKey concept = "opening"

// loose are words for things that are also used of what people do.
var loose = []string{"status", "event", "tracker", "feature", "action"}

// loosen finds tables that are called after what may be a thing and may be an act, and
// whose rows are acts: they point at the one who did it, and have no name of their own.
func (j *judgement) loosen() {
	for _, t := range j.tables {
		if t.about != aboutThings || len(t.own) == 0 || !slices.ContainsFunc(loose, func(w string) bool { return stem(w) == t.own[len(t.own)-1] }) || t.entitledAlone() {
			continue
		}
		people := slices.ContainsFunc(t.refs, func(r *reference) bool {
			return r.target != t && r.target.about == aboutPeople && !t.asideBy(r)
		}) || slices.ContainsFunc(t.columns, func(c *column) bool {
			return c.numbersSomebody() && !anyMeans(c.tokens, "aside") && !c.isKey()
		})
		if people || t.deal() {
			t.about, t.noun = aboutUnknown, false
		}
	}
}

// entitledAlone reports whether rows have a name or a title, and nothing says what was
// done in them, or by whom it was.
func (t *table) entitledAlone() bool {
	acts := slices.ContainsFunc(t.columns, func(c *column) bool {
		return len(c.tokens) == 1 && (c.tokens[0].text == "action" || c.tokens[0].text == "operation" || c.named && c.name == reading{Email, strong})
	})
	return !acts && (t.hasName() || t.column("title") != nil)
}

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
		return t.means("person") && t.text != "ref" || slices.Contains(c.table.own, stem(t.text)) || slices.Contains([]string{"extern", "external", "system", "id", "provider", "ext", "login", "identification", "unique", "sis"}, t.text)
	})
	if anyText(c.tokens, "key") && anyText(c.tokens, "public", "ssh", "gpg", "pgp") && len(c.tokens) == 2 || anyText(c.tokens, "known") && len(c.tokens) <= 3 {
		return true
	}
	if len(words) == 0 {
		return len(c.tokens) > 1 && anyText(c.tokens, "login", "system", "extern", "external", "identification", "ext", "unique", "sis")
	}
	return len(words) == 1 && slices.Contains([]string{"slug", "uri", "nicename", "permalink", "identifier", "identification", "uid", "ref", "alias", "aka", "fingerprint"}, words[0].text) && (words[0].text != "ref" && words[0].text != "slug" || c.table.about == aboutPeople && len(c.tokens) == 1)
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
	return c.Kind == connect.TextKind && n <= 2 && (slices.Contains([]string{"uid", "identifier", "subject"}, c.tokens[n-1].text) && (n == 1 || slices.Contains([]string{"extern", "external", "provider", "remote", "social", "oauth", "openid", "ldap", "saml"}, c.tokens[0].text)) ||
		n == 2 && c.tokens[1].text == "id" && slices.Contains([]string{"extern", "external", "provider", "social", "oauth", "openid", "remote"}, c.tokens[0].text)) && slices.ContainsFunc(c.table.own, func(w string) bool {
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
		return slices.Contains(c.table.own, stem(t.text)) || t.means("thing") || t.means("detail")
	})
	return len(words) == 1 && slices.Contains([]string{"name", "title", "model", "description", "sku"}, words[0].text) || len(words) == 0 && anyText(c.tokens, "model", "product")
}

// ofCard reports whether a column of payment cards says more of one: its kind, its last
// digits, when it ends.
func (c *column) ofCard() bool {
	return !c.looksKeyed() && anyText(c.tokens, "month", "year", "type", "brand", "digits", "name", "holder", "last", "funding", "country", "exp")
}

// ofCards reports whether rows are payment cards.
func (t *table) ofCards() bool {
	return (anyMeans(t.words, "card") || anyMeans(t.words, "cardwide")) && (anyText(t.words, "credit", "debit", "payment", "bank") || anyMeans(t.words, "cardwide") || slices.ContainsFunc(t.columns, func(c *column) bool { return c.finding.What == Card }))
}

// recordsActs reports whether rows are entries of a log, or of what follows what people do.
func (t *table) recordsActs() bool {
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
