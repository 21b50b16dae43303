package draft

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// judge decides about each column of a table, then once more about those whose
// meaning depends on what stands beside them.
func (t *table) judge() {
	for _, c := range t.columns {
		c.finding = Finding{Table: t.Name, Column: c.Name}
		c.decide()
	}
	for _, c := range t.columns {
		c.beside()
	}
}

// say sets a judgement and its reason.
func (c *column) say(s Sort, sure Sureness, why ...string) {
	c.finding.What, c.finding.Sure, c.finding.Why = s, sure, why
	if sure == Not {
		c.finding.What = ""
	}
}

// settle says that a column is about nobody, whatever columns like it are elsewhere.
func (c *column) settle(why string) {
	c.say("", Not, why)
	c.settled = true
}

func (c *column) decide() {
	s, how := c.says()
	switch {
	case c == c.table.keyValue || len(c.seen.inside) > 0:
		c.decideInside()
	case s == "" && c.logsIn():
		c.say(Login, Likely, "people log in with it, as it seems")
	case s == "" && c.natural():
		c.say(Number, Unsure, "it is by what somebody is known, as it seems")
	case s == "" && c.repeats() == Number:
		c.say(Number, Unsure, "it repeats by what somebody is known in another table")
	case s == "" && (c.isKey() && !c.namedByPerson() || c.numbersRows()):
		c.say("", Not, "it names rows")
	case s == "" && c.repeats() != "":
		c.say(c.repeats(), Likely, "it repeats by what somebody is known in another table")
	case s == "" && c.opensWith():
		c.say(Login, Likely, "it stands beside a secret", c.place())
	case c.table.isReference(c.Name) && s == "" && !c.secretive():
		c.say("", Not, "it points at rows of another table")
	case s == "" && c.numbersSomebody() && !anyMeans(c.tokens, "aside") && c.wordy():
		c.say(Number, Unsure, "it is by what somebody is known, as it seems")
	case s == "" && (c.codes() || c.Kind == connect.Integer) && c.numbersSomebody() && !c.numbersOwn():
		c.say("", Not, "it points at somebody in another table")
	case c.ofDirectory():
		c.say("", Not, "it says what a field of another system is called")
	case c.keysWho():
		c.say("", Not, "it is the key of somebody who had to do with the row")
	case c.ofTask():
		c.settle("it says what a program was to do")
	case c.Kind == connect.TextKind && len(c.tokens) > 0 && len(c.tokens) <= 2 && anyText(c.tokens[len(c.tokens)-1:], "body", "subject") && c.table.mails():
		c.say(Text, Likely, "the rows are letters")
	case s == "" && c.saysHow():
		c.say("", Not, "it says how a row is kept or reckoned")
	case s == Email && !c.named && anyText(c.tokens, "uid", "guid", "uuid"):
		c.settle("it is by what a system knows the row, whatever it looks like")
	case c.ofBeast(s):
		c.settle("the rows are animals")
	case c.ofOffice(s):
		c.settle("it is an organisation's own")
	case how == strong:
		c.byValues(s)
	case s == "" && c.namesUser():
		c.say(Login, Unsure, "it may be by what somebody is known")
	case s == "" && c.keepsChanges():
		c.say(Mixed, Likely, "it keeps what anything was before it was changed")
	case c.named && s == "" && c.contradicts():
		c.contradicted()
	case c.keepsSession() && (!c.named || c.name.strength < medium):
		c.say(Session, Likely, "the rows are sessions")
	case c.named && (how < medium || s == c.name.sort || c.name.strength == strong):
		c.byName(s)
	case how > 0:
		c.byHints(s)
	case c.near() && c.table.health && kindOf(c.Column) == written && c.Kind == connect.TextKind && c.untechnical() && !ofFile(c.tokens):
		c.say(Health, Likely, "the table is about health", c.place())
	case c.table.ofPeople() && c.describes():
		c.say(Trait, Likely, "its values are many words", c.place())
	case c.table.ofPeople() && c.differs():
		c.say(Trait, Likely, "nearly every value is another", c.place())
	case c.near() && c.isProse():
		c.say(Text, Likely, "it is free text", c.place())
	case c.table.about == aboutPeople && c.looksLikeNames():
		c.say(Name, Likely, "its values have the shape of names", c.place())
	case c.table.staff() && c.table.about == aboutPeople && c.Kind == connect.DateKind && !c.technical() && (anyMeans(c.tokens, "time") || anyMeans(c.tokens, "blocker")):
		c.say(Hire, Likely, "the rows are people who work here")
	case c.table.ofPeople() && c.unexplained():
		c.say(Trait, Likely, "nothing says that it is technical", c.place())
	default:
		c.say("", Not, "neither its name nor its values say anything of a person")
	}
}

// isKey reports whether a column is the key of its table or a part of it; a day or a rank
// beside others in a key is still such.
func (c *column) isKey() bool {
	return slices.Contains(c.table.Key, c.Name) && !(len(c.table.Key) > 1 && (kindOf(c.Column) == dated || c.Kind == connect.TextKind && c.named && c.name.sort == Job && !c.table.isReference(c.Name)))
}

// numbersRows reports whether a column counts the rows of its table, however it is called.
func (c *column) numbersRows() bool {
	return c.Kind == connect.Integer && c.table.keyColumn() == c.Name && (!c.named || c.name.sort == Number || c.name.sort == Bank)
}

// contradicts reports whether the values of a column are not what its name says. An
// address of a network may be kept as a number.
func (c *column) contradicts() bool {
	return c.seen.contradicts(c.name.sort) && !(c.name.sort == IP && kindOf(c.Column) == numeric)
}

const byValue = "its values are written as such"

// byValues decides about a column whose values can hardly be anything else.
func (c *column) byValues(s Sort) {
	why := []string{byValue}
	if c.seen.binary {
		why = append(why, "the text is kept as binary")
	}
	about := c.table.about
	if c.named && c.name.sort == s && !(s == Street && (about == aboutCompanies || about == aboutThings)) && !(s == Place && about > aboutAddress) {
		c.say(s, Certain, append(why, "so does its name")...)
		return
	}
	plain := about == aboutUnknown && c.table.tie == tieNone
	switch {
	case s == IP && slices.ContainsFunc(c.tokens, func(t token) bool { return t.text == "version" || t.text == "release" }):
		c.say("", Not, "it is a version")
	case s == Phone && about == aboutThings && !c.named:
		c.say("", Not, "the rows are things, and nothing calls it a number to ring")
	case s == IP && about == aboutThings, s == Street && (about == aboutThings || about == aboutCompanies), s == Phone && about == aboutThings:
		c.say(s, Unsure, append(why, "the rows are not people")...)
	case s == Name && about == aboutThings, s == Name && plain && c.seen.share(markGiven) < .5, s == Phone && plain && !c.named && c.seen.share(markPhone) < .9:
		c.say(s, Unsure, append(why, "nothing else in the table is about people")...)
	case s == Name || s == Phone || s == Street || s == Device || s == Health || s == Voice:
		c.say(s, Likely, why...)
	default:
		c.say(s, Certain, why...)
	}
}

// contradicted decides about a column whose name says what its values are not.
func (c *column) contradicted() {
	if c.near() && c.isProse() {
		c.say(Text, Likely, "it is free text", c.place())
		return
	}
	if c.table.about == aboutPeople && c.name.strength > weak {
		c.say(c.name.sort, Unsure, "its name says so, and its values do not look like it")
		return
	}
	c.say("", Not, "its values are not what its name says")
}

// byName decides about a column by its name, and by what the rows are.
func (c *column) byName(s Sort) {
	if s == Name && c.name.strength == medium && (c.table.about == aboutCompanies || c.table.about == aboutThings) {
		c.say("", Not, "it names the thing that the row is")
		return
	}
	if s == c.name.sort && s != "" && (c.name.strength > weak || c.near()) {
		c.say(s, Certain, "its name says so", byValue)
		return
	}
	switch c.name.strength {
	case strong:
		c.strongName()
	case medium:
		c.mediumName()
	default:
		c.weakName()
	}
}

// near reports whether the rows are people or theirs.
func (c *column) near() bool { return c.table.about == aboutPeople || c.table.tie == tieOwned }

const nameSays = "its name says so"

func (c *column) strongName() {
	s, t := c.name.sort, c.table
	switch {
	case s == Activity && (t.about == aboutThings || t.about == aboutCompanies) && t.tie != tieOwned:
		c.say("", Not, "the rows are things")
	case s == Health && t.about == aboutThings && t.tie != tieOwned && t.noun:
		c.say("", Not, "the rows are things")
	case s == Health && t.animals:
		c.settle("the rows are about animals")
	case c.near():
		c.say(s, Likely, nameSays, c.place())
	case s == Pay && slices.ContainsFunc(c.tokens, func(t token) bool { return t.text == "min" || t.text == "max" }):
		c.say("", Not, "it is what a thing may pay, not what somebody is paid")
	case s == Pay:
		c.say(s, Unsure, nameSays, "nothing ties the rows to people")
	case s == Health && t.about == aboutUnknown && t.health:
		c.say(s, Likely, nameSays, "the table is about health")
	case s == Health && t.about != aboutUnknown, s == Health && t.tie == tieNone, s == Gender && t.about == aboutThings:
		c.say(s, Unsure, nameSays, "nothing ties the rows to people")
	case t.about == aboutThings && (s == IP || s == Street || s == Session || s == Login || s == Secret || s == Phone || s == Email || s == Network || s == Agent || s == Nationality):
		c.say(s, Unsure, nameSays, "the rows are things")
	case t.about == aboutCompanies && (s == Street || s == Secret || s == Bank || s == Network || s == Number || s == IP):
		c.say(s, Unsure, nameSays, "the rows are organisations")
	case s == Name && t.about == aboutThings && len(c.tokens) == 1:
		c.say(s, Unsure, nameSays, "the rows are things")
	case s == Street && t.about != aboutAddress && t.tie == tieNone:
		c.say(s, Unsure, nameSays, "nothing ties the rows to people")
	default:
		c.say(s, Likely, nameSays)
	}
}

// place says why rows are thought to be somebody's.
func (c *column) place() string {
	if c.table.about == aboutPeople {
		return "the rows are people"
	}
	if c.table.tie == tieNone {
		return "nothing says whose the rows are"
	}
	return "the rows belong to people by " + c.table.by
}

func (c *column) mediumName() {
	s, t := c.name.sort, c.table
	switch {
	case t.about == aboutPeople:
		c.mediumOfPeople()
	case s == School && t.speaks():
		c.say("", Not, "it is what others think of what somebody wrote")
	case t.tie == tieOwned:
		c.mediumOwned()
	case t.about == aboutAddress && (addressing(s) || s == Place):
		c.say(s, Likely, nameSays, "the rows are addresses")
	case t.about == aboutCompanies && s == Job && (anyMeans(c.tokens, "person") || anyMeans(c.tokens, "contactword")):
		c.say(s, Unsure, nameSays, "so does the word for somebody in it")
	case t.about == aboutCompanies && (addressing(s) || s == Government || s == Bank || s == Name || s == Place):
		if s == Name || s == Country || s == Place {
			c.say("", Not, "the rows are organisations")
			return
		}
		c.say(s, Unsure, nameSays, "the rows are organisations")
	case s == Text && t.tie != tieOwned && anyText(c.tokens, "greeting", "welcome", "office", "autoreply", "offline"):
		c.say("", Not, "it is what an organisation says to everybody")
	case s == Text && t.lists():
		c.say("", Not, "it is said of an entry of a list")
	case s == Text && c.ofRow():
		c.say("", Not, "it is said of what the row is, and nothing in it leads to anybody")
	case s == Text && t.about == aboutUnknown:
		c.say(s, Likely, nameSays, "people write and are written about in it")
	case (s == Belief || s == Trait) && t.about == aboutUnknown && len(t.columns) > 4 && !slices.Contains(t.own, stem(c.tokens[0].text)):
		c.say(s, Unsure, nameSays, "nothing ties the rows to people")
	case t.speaks() && s == Text:
		c.say(s, Likely, nameSays, "the rows are what people write")
	case t.about == aboutUnknown && addressing(s) && s == Country && anyMeans(c.tokens, "person"):
		c.say(s, Likely, nameSays, "so does the word for somebody in it")
	case t.tie == tieAside && s == Text && t.about != aboutThings, t.about == aboutUnknown && (addressing(s) && s != Country || s == Government || s == Bank || s == Plate || s == Device || s == Session || s == Activity || s == Signature || s == Voice):
		c.say(s, Unsure, nameSays, "nothing ties the rows to people")
	default:
		c.say("", Not, "it may mean much, and nothing ties the rows to people")
	}
}

func (c *column) mediumOfPeople() {
	if c.name.sort == Device && c.Kind == connect.Integer {
		c.say("", Not, "it is a number of something else")
		return
	}
	if c.name.sort == Company && !c.Nullable {
		c.say(Company, Unsure, nameSays, "the rows may be organisations")
		return
	}
	c.say(c.name.sort, Likely, nameSays, c.place())
}

func (c *column) mediumOwned() {
	if c.name.sort == Job && anyMeans(c.tokens, "rating") && !c.table.lives() && !c.table.ofSubjects() && !c.table.speaks() {
		c.say("", Not, "it may be what is thought of a thing")
		return
	}
	switch c.name.sort {
	case Name:
		if c.table.noun && c.table.about == aboutAddress {
			c.say(Name, Likely, nameSays, c.place())
			return
		}
		c.say("", Not, "it names the thing that the row is")
	case Company, Age, Network:
		c.say(c.name.sort, Unsure, nameSays, "it may be about the thing that the row is")
	default:
		c.say(c.name.sort, Likely, nameSays, c.place())
	}
}

func (c *column) weakName() {
	s, t := c.name.sort, c.table
	near := c.near()
	switch {
	case s == State && t.about == aboutPeople && !slices.ContainsFunc(c.tokens, func(t token) bool { return t.text == "state" || t.text == "estado" }):
		c.say(s, Likely, nameSays, c.place())
	case s == Government && (t.about == aboutPeople || t.ofSubjects()):
		c.say(s, Likely, nameSays, c.place())
	case near && c.namesTable():
		c.say(s, Likely, "it is what the table is of", c.place())
	case s == Language && anyText(c.tokens, "locale", "ui", "gui", "screen", "scherm", "interface", "app", "display"):
		c.say("", Not, "it is the language in which a system speaks to somebody")
	case s == State || s == Language:
		c.say("", Not, "it may be the state of the row") // until what stands beside it is known
		if near && s == Language && !(t.deal() && t.about != aboutPeople) {
			c.say(s, Unsure, nameSays, c.place())
		}
	case s == Text && slices.Contains([]string{"void", "voided", "retire", "retired", "delete", "archive"}, c.tokens[0].text):
		c.say("", Not, "it says why a row is none any more")
	case s == Photo && len(c.tokens) > 1 && !anyMeans(c.tokens[len(c.tokens)-1:], "image") && !slices.Contains([]string{"url", "path", "file", "name", "data"}, c.tokens[len(c.tokens)-1].text):
		c.say("", Not, "it is about a picture, and is none")
	case s == Text && c.looksKeyed():
		c.say("", Not, "it points at rows, as it seems")
	case s == Text && t.speaks() && c.untechnical() && !(t.tie == tieNone && t.hasName() && t.sorts == 0):
		c.say(s, Likely, nameSays, "the rows are what people write")
	case s == Text && near && (c.seen.share(markSentence) > .3 || c.seen.n() == 0 && t.about != aboutPeople):
		c.say(s, Likely, "it is free text", c.place())
	case s == Health && near && !t.health && !t.deal() && anyMeans(c.tokens, "result") && len(c.tokens) == 1:
		c.say(Job, Unsure, "it may be how somebody did", c.place())
	case s == Health && near && t.health:
		c.say(s, Likely, "the table is about health", c.place())
	case s == Health && t.about == aboutPeople && anyMeans(c.tokens, "body"):
		c.say(s, Likely, nameSays, c.place())
	case s == Photo && t.about == aboutPeople:
		c.say(s, Likely, nameSays, c.place())
	case (s == Job || s == Place) && t.about == aboutPeople:
		c.say(s, Likely, nameSays, c.place())
	case s == Text && t.about == aboutPeople && c.untechnical():
		c.say(s, Likely, nameSays, c.place())
	case near && (s == Place || s == Photo || s == Text):
		c.say(s, Unsure, nameSays, c.place())
	case s == Name && near && c.seen.share(markNameShape) > .8 && c.seen.share(markGiven)+c.seen.share(markFamily) > .15:
		c.say(s, Likely, nameSays, "its values have the shape of names")
	default:
		c.say("", Not, "its name may mean much")
	}
}

// namesTable reports whether a table is of nothing but this column: `titles`, `title`.
func (c *column) namesTable() bool {
	own := c.table.own
	return len(c.tokens) == 1 && len(own) > 0 && stem(c.tokens[0].text) == own[len(own)-1]
}

// byHints decides about a column by values that only hint.
func (c *column) byHints(s Sort) {
	near := c.near()
	switch {
	case s == Birth && (!near || c.table.about != aboutPeople || c.table.sorts == 0 && !c.named || anyMeans(c.tokens, "hire") || c.Kind != connect.DateKind && anyMeans(c.tokens, "time") && !anyMeans(c.tokens, "birth") && len(c.tokens) > 1):
		c.say("", Not, "its name and values say nothing of a person")
	case s == Mixed && c.table.about != aboutThings, near && s != Photo, s == Photo && c.table.about == aboutPeople:
		c.say(s, Likely, "its values look like it")
	case s == Health || s == Gender || s == Name && (c.table.about == aboutThings || c.table.about == aboutCompanies) && !c.namesAside():
		c.say("", Not, "nothing ties the rows to people")
	case s == Photo && c.table.tie == tieNone && c.table.entitled():
		c.say("", Not, "it is a picture of what the row is")
	default:
		c.say(s, Unsure, "its values may be such, and nothing ties the rows to people")
	}
}

// decideInside decides about a column of documents, or of the values of many names.
func (c *column) decideInside() {
	var sorts []string
	sure := Not
	for _, name := range c.seen.insides() {
		inner := c.inner(name)
		if inner.finding.Sure < Likely || inner.finding.Sure < Certain && c.configures() && slices.Contains([]Sort{Health, Job}, inner.finding.What) {
			continue // the `title` and `weight` of a page, as it is shown to somebody
		}
		sure = max(sure, inner.finding.Sure)
		if s := string(inner.finding.What); !slices.Contains(sorts, s) {
			sorts = append(sorts, s)
		}
	}
	if sure == Not && c.keepsSession() {
		c.say(Session, Likely, "the rows are sessions")
		return
	}
	if sure == Not && c.keepsChanges() {
		c.say(Mixed, Likely, "it keeps what anything was before it was changed")
		return
	}
	if sure == Not {
		c.say("", Not, "nothing inside it says anything of a person")
		if c.table.rows == 0 && c.near() {
			c.say(Mixed, Unsure, "it may hold anything about "+c.place())
		}
		return
	}
	slices.Sort(sorts)
	c.say(Mixed, sure, "inside it stand "+strings.Join(sorts, ", "))
}

// configures reports whether a column is called as what a program is set to.
func (c *column) configures() bool {
	return len(c.tokens) > 0 && anyText(c.tokens[len(c.tokens)-1:], "settings", "setting", "preferences", "prefs", "config", "configuration", "options", "props", "properties", "params", "notifyprops")
}

// inner is a field inside the values, judged as a column of its own.
func (c *column) inner(name string) *column {
	inner := &column{Column: &connect.Column{Name: name}, table: &table{Table: &connect.Table{Name: c.table.Name}, words: c.table.words, about: c.table.about, tie: c.table.tie, by: c.table.by, health: c.table.health}, seen: c.seen.inside[name]}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		inner.tokens = tokens(name[i+1:])
	} else {
		inner.tokens = tokens(name)
	}
	if inner.table.about == aboutUnknown || inner.table.about == aboutThings {
		inner.table.about = aboutUnknown
	}
	if c.table.deal() {
		inner.table.about, inner.table.tie = aboutUnknown, tieNone // what was bought weighs something, too
	}
	inner.name, inner.named = read(inner.tokens, inner.Column)
	inner.finding = Finding{}
	inner.decide()
	return inner
}

// beside decides about columns that mean something only beside others: a region in
// an address, a name of two letters among the data of a person.
func (c *column) beside() {
	if c.finding.Sure >= Likely || c.table.isReference(c.Name) || c.isKey() || c.named && c.contradicts() {
		return
	}
	others, address, traced := 0, 0, false
	for _, o := range c.table.columns {
		if o != c && o.finding.Sure >= Likely {
			others++
			traced = traced || slices.Contains(traces, o.finding.What) && !o.ofAnother()
			if addressing(o.finding.What) {
				address++
			}
		}
	}
	s := c.name.sort
	switch {
	case c.heads():
		c.say(Text, Unsure, "it stands above what somebody wrote")
	case traced && c.table.about == aboutUnknown && slices.ContainsFunc(c.tokens, func(t token) bool { return hostWords[t.text] }) && kindOf(c.Column) == written:
		c.say(IP, Likely, "it stands beside what says who it was")
	case traced && c.table.about == aboutUnknown && (s == Name && c.name.strength == medium && !anyMeans(c.tokens, "detail") && !anyMeans(c.tokens, "thing") || s == Text && c.name.strength == weak && c.untechnical()) && kindOf(c.Column) == written:
		c.say(s, Likely, nameSays, "it stands beside what says who it was")
	case s == State && c.table.deal() && address == 0:
	case traced && c.table.about == aboutUnknown && (s == Place || addressing(s)) && c.finding.Sure == Not:
		c.say(s, Likely, nameSays, "it stands beside what says who it was")
	case !c.named && c.besideProse():
		c.say(Text, Unsure, "it stands beside what somebody wrote", c.place())
	case !c.named && c.finding.Sure == Unsure && c.finding.What == Name && others >= 1 && c.table.about == aboutUnknown:
		c.say(Name, Likely, "its values have the shape of names", "it stands beside data of a person")
	case s == Name && c.finding.Sure == Not && c.name.strength == weak && c.sharesPrefix():
		c.say(s, Likely, nameSays, "what begins the same is about a person")
	case !c.named:
	case s == State && address > 0:
		c.say(s, Likely, nameSays, "it stands in an address")
	case s == Country && address > 0 && c.finding.Sure == Not:
		c.say(s, Likely, nameSays, "it stands in an address")
	case terseName(c.tokens) && others >= 2 && c.near():
		c.say(s, Likely, nameSays, "it stands among data of a person")
	case terseName(c.tokens) && (others >= 1 || c.near()):
		c.say(s, Unsure, "its short name may say so")
	case others >= 1 && c.table.about == aboutUnknown && c.table.tie == tieNone && c.finding.Sure == Unsure && (addressing(s) || s == Device || s == Session || s == Activity || s == Text):
		c.say(s, Likely, nameSays, "it stands beside data of a person")
	}
}

// traces are the sorts that say who did something or whom a row is about.
var traces = []Sort{IP, Agent, Email, Phone, Government, Birth, Gender, Login, Session}

var hostWords = map[string]bool{"host": true, "hostname": true, "remotehost": true, "rdns": true}

// sharesPrefix reports whether a column begins with the same word as one with a
// person's address: `poster_name` beside `poster_email`.
func (c *column) sharesPrefix() bool {
	return slices.ContainsFunc(c.table.columns, func(o *column) bool {
		s := o.finding.What
		return o != c && o.finding.Sure >= Likely && (s == Email || s == Phone || s == IP || s == Agent) && len(o.tokens) > 1 && len(c.tokens) > 1 && o.tokens[0].text == c.tokens[0].text
	})
}

func terseName(ts []token) bool {
	_, ok := terseOf(ts)
	return ok
}

// ofRow reports whether a remark is one on the row: nothing ties the row to anybody, it is
// no message and nothing that happens to people, and no remark that was seen has an address
// or a name in it.
func (c *column) ofRow() bool {
	t := c.table
	return t.about == aboutUnknown && t.tie == tieNone && t.sorts == 0 && !t.speaks() && !t.lives() && !t.pointsAtPeople() &&
		t.rows > 0 && c.seen.marks[markInside]+c.seen.marks[markEmail]+c.seen.marks[markPhone]+c.seen.marks[markWhole] == 0
}
