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
	if t.View {
		return
	}
	people, deeds := t.ofPersons(), t.ofDeeds() && !t.dealsWithFirms()
	for _, c := range t.columns {
		if c.finding.Sure > Not || len(c.tokens) == 0 {
			continue
		}
		if c.opensSession() {
			c.say(Session, Unsure, "it may be what a session is known by")
			continue
		}
		if c.isKey() || t.isReference(c.Name) || t.keyColumn() == c.Name {
			continue
		}
		if people && c.asPerson() || c.asTheirs() || c.asDeal(deeds) || deeds && c.asDeed() {
			continue
		}
	}
}

// lists says that a person has to decide, and why.
func (c *column) lists(s Sort, why string) bool {
	c.say(s, Unsure, why, c.where())
	return true
}

// asPerson lists what a column says of the person that the row is.
func (c *column) asPerson() bool {
	switch {
	case c.stands():
		return c.lists(Trait, "it may say how it stands with somebody")
	case c.tallies():
		return c.lists(Activity, "it may count what somebody did")
	case c.moment() && !c.notes() && !anyText(c.tokens, "stats", "stat", "compare", "default", "preselect", "step", "reminder", "due") && !c.runsOut():
		return c.lists(Activity, "it may say when something happened to somebody")
	case c.Kind != connect.JSON && anyText(c.tokens, "hash") && anyMeans(c.tokens, "email"):
		return c.lists(Email, "it is made of what its name says")
	case c.Kind == connect.TextKind && anyMeans(c.tokens, "recent") && anyText(c.tokens, "page", "url", "location", "path", "query", "search"):
		return c.lists(Activity, "it may say what somebody looked at")
	case c.Kind == connect.TextKind && len(c.tokens) == 2 && (c.tokens[0].means("photo") || c.tokens[0].means("image")) && anyText(c.tokens[1:], "key"):
		return c.lists(Photo, "it may lead to a picture")
	case c.Kind == connect.TextKind && anyMeans(c.tokens, "token") && anyText(c.tokens[len(c.tokens)-1:], "key", "value", "hash"):
		return c.lists(Session, "it may open a door in somebody's name")
	case c.ofOtherService():
		return c.lists(Number, "it may be what somebody is known by elsewhere")
	case c.unlocks():
		return c.lists(Secret, "it may open a door in somebody's name")
	case kindOf(c.Column) == numeric && len(c.tokens) == 2 && c.tokens[0].text == "failed" && anyText(c.tokens[1:], "logins", "login", "logons", "attempts"):
		return c.lists(Activity, "it may count what somebody did")
	case c.staysAway():
		return c.lists(Activity, "it may say whether somebody came")
	case c.Kind == connect.DecimalKind && !c.technicalAmount():
		return c.lists(Trait, "it may be an amount of somebody's")
	}
	return false
}

// ofOtherService reports whether a text of people is by its name the number another
// service knows them by: `oauth_user_id`, `external_auth_id`.
func (c *column) ofOtherService() bool {
	n := len(c.tokens)
	if c.Kind != connect.TextKind || n < 2 || anyMeans(c.tokens, "aside") || anyText(c.tokens, "provider") || !slices.Contains([]string{"id", "uid", "externalid"}, c.tokens[n-1].text) {
		return false
	}
	return anyText(c.tokens[:n-1], "oauth", "oauth2", "openid", "saml", "ldap", "sso", "scim", "external", "extern") || n == 3 && c.tokens[1].text == "user" && len(c.tokens[0].is) == 0
}

// unlocks reports whether a text of people is a code by which they prove who they are.
func (c *column) unlocks() bool {
	n := len(c.tokens)
	return c.Kind == connect.TextKind && n > 1 && c.tokens[n-1].text == "code" && (anyMeans(c.tokens[:n-1], "activating") || anyText(c.tokens[:n-1], "otp", "sms", "2fa", "mfa"))
}

// asTheirs lists what a column says of the people that rows are or hang on: since when
// and as whom they are known, and where they are from.
func (c *column) asTheirs() bool {
	t := c.table
	switch {
	case t.tie == tieOwned && anyMeans(t.words, "rating") && kindOf(c.Column) == numeric && len(c.tokens) == 1 && anyText(c.tokens, "rate", "rating", "value", "score", "stars", "vote", "points", "grade"):
		return c.lists(Trait, "it may be what somebody thinks of something")
	case t.belongs() && len(c.tokens) > 0 && c.standing():
		return c.lists(Trait, "it may say how it stands with somebody")
	case t.tie == tieOwned && c.saysWhich():
		return c.lists(Trait, "it may say what somebody is in or may do")
	case t.belongs() && c.moment() && !c.notes() && anyText(c.tokens, "active", "joined", "left", "member", "activity"):
		return c.lists(Activity, "it may say since when somebody is in it, or was there")
	case t.tie == tieOwned && t.about == aboutUnknown && t.namesSomebody() && !t.speaks() && c.Kind == connect.DecimalKind && anyText(c.tokens, "balance", "credit", "points"):
		return c.lists(Trait, "it may be an amount of somebody's")
	case t.opens() && c.stands():
		return c.lists(Trait, "it may say how it stands with somebody")
	case t.opens() && c.tallies():
		return c.lists(Activity, "it may count what somebody did")
	case t.near() && c.moment() && c.lastSeen():
		return c.lists(Activity, "it says when somebody was there")
	case t.near() && (t.lives() || t.about == aboutAddress) && kindOf(c.Column) == dated && !c.notes() && !tells(c.tokens, noting):
		return c.lists(Activity, "it may say when something happened to somebody")
	case t.tie == tieOwned && t.about == aboutUnknown && c.knownElsewhere():
		return c.lists(Number, "it may be what somebody is known by elsewhere")
	case t.tie == tieOwned && len(c.tokens) <= 2 && tells(c.tokens, feeling):
		return c.lists(Trait, "it may say what somebody thinks or feels")
	case !c.ofWhom():
	case c.known():
		return c.lists(Number, "it may be what somebody is known by")
	case c.taxed():
		return c.lists(Government, "it may be the number somebody pays taxes under")
	case c.coded():
		return c.lists(Trait, "it may be a code for where somebody is from, or what they are")
	case c.custom():
		return c.lists(Mixed, "it may hold anything about somebody")
	}
	return false
}

// asDeal lists what a column says of what somebody bought, gave or paid.
func (c *column) asDeal(deeds bool) bool {
	t := c.table
	switch {
	case (t.near() || t.about == aboutUnknown && t.holds(Name)) && t.ofCards() && kindOf(c.Column) != dated && c.ofCard():
		return c.lists(Card, "the rows are payment cards")
	case t.about == aboutUnknown && anyText(t.words, "giftcard", "giftcards") && t.holds(Email) && c.Kind == connect.DecimalKind && !c.technicalAmount():
		return c.lists(Trait, "it may be an amount of somebody's")
	case t.tie == tieOwned && t.hangsOnDeal() && c.Kind == connect.DecimalKind && len(c.tokens) == 1 && anyText(c.tokens, "amount", "total"):
		return c.lists(Trait, "it may say what somebody gets or gave back")
	case t.near() && (t.deal() || t.namesSomebody() && t.about == aboutUnknown && anyText(c.tokens, "method")) && c.pays():
		return c.lists(Trait, "it may say how somebody paid")
	case t.tie != tieOwned:
	case t.ofLines() && c.dealt():
		return c.lists(Trait, "it may say what a deal of somebody's was worth, or when it was")
	case t.ofLines() && c.entitles():
		return c.lists(Trait, "it may say what somebody bought")
	case t.about == aboutUnknown && c.Kind == connect.DecimalKind && t.ofMoney() && !c.technicalAmount() || t.about == aboutUnknown && t.ofTrait() && c.Kind == connect.DecimalKind && anyMeans(c.tokens, "tax"):
		return c.lists(Trait, "it may be an amount of somebody's")
	case deeds && kindOf(c.Column) == numeric && c.bare == "" && len(c.tokens) == 1 && tells(c.tokens, worth):
		return c.lists(Trait, "it may say what somebody gave or paid")
	}
	return false
}

// asDeed lists what a column says of the act that the row is.
func (c *column) asDeed() bool {
	switch {
	case c.moment() && c.begins() && !c.besideDay() && (!c.table.ofLines() || tells(c.table.words[len(c.table.words)-1:], deed)):
		return c.lists(Activity, "it may say when somebody did what the row is")
	case kindOf(c.Column) == numeric && len(c.tokens) == 1 && anyText(c.tokens, "vote", "rating", "score") && slices.Contains(c.table.own, stem(c.tokens[0].text)):
		return c.lists(Trait, "it may say what somebody thinks of what the row is about")
	case c.Kind == connect.TextKind && c.table.speaks() && len(c.tokens) == 1 && anyText(c.tokens, "html", "markdown") && c.besideText():
		return c.lists(Text, "it may be what somebody wrote, as it is shown")
	case c.tellsDeed():
		return c.lists(Activity, "it may say what somebody did")
	}
	return false
}

// besideDay reports whether a column says when a row of a deal was written, and another
// is nothing but the day of the deal.
func (c *column) besideDay() bool {
	return c.table.deal() && anyText(c.tokens, "created") && slices.ContainsFunc(c.table.columns, func(o *column) bool {
		return o != c && kindOf(o.Column) == dated && len(o.tokens) == 1 && o.tokens[0].text == "date"
	})
}

// besideText reports whether another column is what somebody wrote.
func (c *column) besideText() bool {
	return slices.ContainsFunc(c.table.columns, func(o *column) bool { return o != c && o.finding.What == Text && o.finding.Sure >= Likely })
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
	return !t.View && t.about == aboutPeople && (t.ofPeople() || t.sorts >= 3 || t.sorts == 2 && t.headed() && !t.deal())
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
		return c.Kind == connect.Integer && !c.looksKeyed() && (c.lastSeen() || slices.Contains([]string{"at", "unix", "epoch"}, last.text) && len(c.tokens) > 1 || c.table.visits() && slices.Contains([]string{"start", "started", "begin", "end"}, last.text) || c.when() && !slices.Contains([]string{"active", "visit", "action", "request"}, last.text) || slices.Contains([]string{"created", "posted", "added", "dateline", "occurred"}, last.text) || c.table.visits() && last.text == "modified")
	case written:
		return c.Kind == connect.TextKind && slices.Contains([]string{"timestamp", "time", "date", "datetime"}, last.text) && (c.seen.n() == 0 || c.seen.share(markDate)+c.seen.share(markBarePhone) > .5 || c.Length > 0 && c.Length <= 20)
	}
	return false
}

// staysAway reports whether a flag says that somebody did not come: `no_show`.
func (c *column) staysAway() bool {
	return c.flags() && (anyText(c.tokens, "noshow") || anyText(c.tokens, "no") && anyText(c.tokens, "show"))
}

// runsOut reports whether a time is until when a key or an offer is good, not until when
// somebody is locked out.
func (c *column) runsOut() bool {
	return anyText(c.tokens, "expiration", "expiry", "expires", "expire", "expired", "ends") && !anyText(c.tokens, "lock", "locked", "ban", "banned", "block", "blocked", "suspension", "suspended", "mute", "muted")
}

// notes reports whether a time is only when the system wrote its row.
func (c *column) notes() bool {
	words := slices.DeleteFunc(slices.Clone(c.tokens), func(t token) bool {
		return len(t.text) < 3 || t.means("filler") && !tells([]token{t}, happened) || slices.Contains(c.table.own, stem(t.text))
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
		return t.means("deal") || !t.means("time") && t.text != "unix" && t.text != "epoch" && !t.means("recent") && !tells([]token{t}, technical) && !tells([]token{t}, noted) && !tells([]token{t}, begun)
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
		return len(t.text) > 2 && (!t.means("time") || tells([]token{t}, technical) && t.text != "time" && t.text != "date" && t.text != "timestamp") && t.text != "gmt" && t.text != "utc" && t.text != "unix" && t.text != "epoch" && t.text != "action" && t.text != "event" && t.text != "log" && !slices.Contains(c.table.own, stem(t.text))
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
	if len(words) == 2 && words[1].text == "status" && !tells(words[:1], technical) && !words[0].means("email") && !words[0].means("photo") && c.table.ofPersons() {
		return true
	}
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
	if c.counts() && !anyMeans(c.tokens, "person") {
		return true
	}
	if n := len(c.tokens); n == 2 && slices.Contains([]string{"num", "nb", "nr"}, c.tokens[0].text) && strings.HasSuffix(c.tokens[1].text, "s") {
		return true
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
var loose = []string{"holiday", "holidays", "status", "event", "tracker", "feature", "action"}

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
		if people || t.deal() || t.health && slices.ContainsFunc(t.refs, func(r *reference) bool {
			return r.target != t && r.target.health && r.target.about == aboutUnknown && !r.target.entitled()
		}) {
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
