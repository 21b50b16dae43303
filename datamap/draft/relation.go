package draft

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/avowhq/avow/connect"
)

//go:embed relation.txt
var relationList string

// What a name says where the rows are people or theirs.
const (
	technical concept = "technical" // the system keeps it for itself
	adjective concept = "adjective" // technical, unless it stands before what it is of
	machine   concept = "machine"   // a table of such
	apparatus concept = "apparatus" // what makes a word for people one for programs: `oauth_clients`
	quantity  concept = "quantity"  // technical in rows that are people
	household concept = "household" // of which there may be several
	speech    concept = "speech"    // a table of what people write
	visit     concept = "visit"     // a table of what somebody did in a system
	subject   concept = "subject"   // people of whom much is kept
	trait     concept = "trait"     // what somebody is, has or does
	noted     concept = "noted"     // when a system did something with a row
	worth     concept = "worth"     // what a deal is measured in
	use       concept = "use"       // when somebody was at work with the system
	measure   concept = "measure"   // technical, unless it is of such: the amount of a mortgage
	life      concept = "life"      // a table of what happens to people, or what they have
	presence  concept = "presence"  // when somebody came or went
	protocol  concept = "protocol"  // by which programs speak: `api_clients` are none of people
	feeling   concept = "feeling"   // what somebody thinks or feels
	visited   concept = "visited"   // what is counted and noted of a visit
	unmoved   concept = "unmoved"   // a day on which somebody who works here wants to look again
	machinery concept = "machinery" // what the sessions of a system have and those of a course do not
)

// related is what whole words say there, relatedParts what parts of words do.
var (
	related      = sync.OnceValue(func() dictionary { return readWords(relationList) })
	relatedParts = sync.OnceValue(func() map[concept][]string {
		out := map[concept][]string{}
		for word, is := range related() {
			for _, c := range is {
				if of, ok := strings.CutPrefix(string(c), "part-"); ok {
					out[concept(of)] = append(out[concept(of)], word)
				}
			}
		}
		return out
	})
)

// tells reports whether one of the words of a name says something there.
func tells(ts []token, what concept) bool {
	return slices.ContainsFunc(ts, func(t token) bool {
		return slices.Contains(related()[t.text], what) ||
			slices.ContainsFunc(relatedParts()[what], func(part string) bool { return strings.Contains(t.text, part) })
	})
}

// technical reports whether a column is called as what a system keeps of its rows: its
// last word says so, or its first, as in languages that put it there.
func (c *column) technical() bool {
	if len(c.tokens) == 0 {
		return true
	}
	first, last := c.tokens[:1], c.tokens[len(c.tokens)-1:]
	if len(c.tokens) > 1 && first[0].text == "default" || c.asks() {
		return true
	}
	if len(c.tokens) > 1 && len(first[0].text) > 3 && qualified[last[0].text] && (c.kindOfPerson() || last[0].text != "type" && last[0].text != "kind") && !tells(first, technical) && !first[0].means("person") && !first[0].means("blocker") && !first[0].means("thing") && !(c.table.about == aboutPeople && slices.Contains(c.table.own, stem(first[0].text))) {
		return false // `military_status` is no state of a row
	}
	if n := len(c.tokens); n > 1 && (last[0].means("time") || last[0].text == "on") && tells(c.tokens[n-2:n-1], technical) {
		return true // `last_edited_at`
	}
	if len(c.tokens) > 1 && slices.Contains([]string{"type", "kind"}, last[0].text) && !c.kindOfPerson() {
		return true
	}
	if len(c.tokens) > 1 && slices.Contains([]string{"count", "counter", "cnt"}, last[0].text) && !tells(c.tokens, household) {
		return true
	}
	if (tells(first, quantity) || tells(last, quantity)) && !tells(c.tokens, household) {
		return c.table.about == aboutPeople || kindOf(c.Column) != numeric // of days, of hours
	}
	if tells(c.tokens, household) && tells(last, quantity) {
		return false
	}
	return tells(last, technical) || tells(first, technical) && !tells(first, adjective)
}

// asks reports whether a number or a flag is called as what somebody asked a system to do:
// `showimages`, `receive_alerts`.
func (c *column) asks() bool {
	return kindOf(c.Column)&(numeric|yesNo) != 0 && c.Kind != connect.DecimalKind && slices.ContainsFunc([]string{"show", "allow", "hide", "receive", "include", "enable", "disable", "notify", "display"}, func(verb string) bool {
		return strings.HasPrefix(c.tokens[0].text, verb)
	})
}

// kindOfPerson reports whether a kind is one of people, or of what they have.
func (c *column) kindOfPerson() bool {
	return tells(c.tokens[:1], trait) || anyText(c.tokens[:1], "contract", "employment", "blood", "leave", "absence", "id", "identification", "relation", "appointment", "visit") || slices.ContainsFunc([]concept{"person", "staff", "job", "health", "pay", "hire", "education", "licence", "certificate", "insurance", "belief", "marital"}, func(w concept) bool { return anyMeans(c.tokens[:1], w) })
}

// qualified are words that say something of a person behind others.
var qualified = map[string]bool{"status": true, "type": true, "kind": true, "rank": true, "level": true, "position": true, "statut": true, "art": true, "stand": true}

// byRelation lists what stands in a row about somebody although no word and no value
// says what it is: whatever relates to a person is about them (gdpr:4(1)), whether it
// is a code, a number or a day. A person decides; what the system keeps of its rows for
// itself is left out.
func (j *judgement) byRelation(t *table) {
	of, visits := t.ofSomebody(), t.visits() && (t.near() || t.traced()) || t.tie == tieOwned && t.traced()
	for _, c := range t.columns {
		switch {
		case c.finding.Sure > Not:
		case (t.near() || t.tie == tieNone && t.about == aboutUnknown && t.holds(Email) || t.tie == tieAside && c.named && slices.Contains([]Sort{Session, Secret}, c.name.sort)) && c.looksSecret():
			c.say(Secret, Unsure, "its values look like keys", c.place())
		case t.ofPeople() && c.ownNumber():
			c.say(Number, Unsure, "it may be the number somebody is known by", c.place())
		case t.ofPeople() && len(c.tokens) <= 2 && c.leadsToPage(), of && t.lives() && c.leadsToPage():
			c.say(Network, Unsure, "it may be a page of theirs", c.place())
		case t.tie == tieOwned && c.leadsToPicture():
			c.say(Photo, Unsure, "it may lead to a picture", c.place())
		case t.ofPeople() && dated == kindOf(c.Column) && tells(c.tokens, use) && !c.looksKeyed():
			c.say(Activity, Unsure, "it says when somebody was there", c.place())
		case t.tie == tieOwned && !t.deal() && dated == kindOf(c.Column) && tells(c.tokens, presence):
			c.say(Activity, Unsure, "it says when somebody was there", c.place())
		case t.tie == tieOwned && t.about == aboutUnknown && t.lives() && kindOf(c.Column) == numeric && c.namesTable() && !c.isKey() && !t.isReference(c.Name):
			c.say(Trait, Unsure, "it is what the table is of", c.place())
		case t.near() && !t.View && !t.speaks() && !t.written() && c.traits():
			c.say(Trait, Unsure, "it may be what somebody is, has or does", c.place())
		case t.tie == tieAside && t.about == aboutUnknown && c.mayBeProse():
			c.say(Text, Unsure, "it may be free text", "the row names somebody by "+t.by)
		case (t.tie == tieOwned && t.about == aboutUnknown || t.about == aboutPeople || t.tie == tieNone && t.ofSavings()) && t.deal() && !t.View && c.dealt():
			c.say(Trait, Unsure, "it may say what a deal of somebody's was worth, or when it was", c.place())
		case t.visits() && c.tellsFailure():
			c.say(Activity, Unsure, "it says how often somebody tried to come in, or when")
		case visits && t.traced() && c.tellsVisit():
			c.say(Activity, Unsure, "it says what somebody did there, or with what", c.place())
		case visits && t.traced() && c.keepsVisitor():
			c.say(Session, Unsure, "it may be what a visitor is known by")
		case visits && (c.when() && !c.technical() && !tells(c.tokens, noting) || c.whereabouts()):
			c.say(Activity, Unsure, "it says when somebody was there, or what they looked at")
		case (of || t.ofNothingElse() && !c.flags()) && j.substantial(c):
			c.say(Trait, Unsure, "nothing says that it is technical", c.place())
		}
	}
}

// looksSecret reports whether values are such as open something: long, of hexadecimal
// digits, and not the sum of a file.
func (c *column) looksSecret() bool {
	return c.Kind == connect.TextKind && !c.isKey() && !c.table.isReference(c.Name) && c.seen.n() >= 5 && c.seen.share(markHex) > .8 && c.seen.share(markUUID) < .2 &&
		!slices.ContainsFunc(c.tokens, func(t token) bool {
			return t.means("thing") || slices.Contains([]string{"checksum", "etag", "idempotency", "jobs", "file", "sha", "image", "version", "revision", "commit", "blurhash", "digest", "hash", "public", "empreinte", "huella", "impronta", "input", "output", "content", "runners"}, t.text)
		})
}

// when reports whether a column is a time, also one that is kept as a number.
func (c *column) when() bool {
	return kindOf(c.Column) == dated || kindOf(c.Column) == numeric && slices.ContainsFunc(c.tokens, func(t token) bool {
		return t.text == "time" || t.text == "timestamp" || t.text == "date" || t.means("seen")
	})
}

// tellsFailure reports whether a column of attempts to log in says how many there were,
// or when one was.
func (c *column) tellsFailure() bool {
	return !c.looksKeyed() && anyText(c.table.words, "failure", "failures", "failed", "attempt", "attempts", "bruteforce", "brute") && anyText(c.tokens, "failure", "failures", "attempt", "attempts", "attempted") && (anyMeans(c.tokens, "recent") || c.counts() || c.when())
}

// tellsVisit reports whether a column counts or notes something of a visit, or is a part
// of what tells the visitor's program from others.
func (c *column) tellsVisit() bool {
	if c.isKey() || c.table.isReference(c.Name) || c.looksKeyed() || len(c.tokens) == 0 || c.flags() && !tells(c.tokens[:1], visited) {
		return false
	}
	return tells(c.tokens, visited) || anyMeans(c.tokens, "device")
}

// keepsVisitor reports whether a column of bytes is called as a key, and points at nothing:
// what tells visitors apart.
func (c *column) keepsVisitor() bool {
	return c.Kind == connect.Binary && c.looksKeyed() && !c.isKey() && !c.table.isReference(c.Name)
}

// leadsToPage reports whether a column of people is the address of a page.
func (c *column) leadsToPage() bool {
	return c.Kind == connect.TextKind && len(c.tokens) > 0 && slices.Contains([]string{"url", "link", "www", "homepage"}, c.tokens[len(c.tokens)-1].text) &&
		!slices.ContainsFunc(c.tokens, func(t token) bool {
			return t.means("image") || t.means("thing") || slices.Contains([]string{"redirect", "callback", "return", "logo", "style", "api", "base", "root", "admin"}, t.text)
		})
}

// whereabouts reports whether a column is what somebody looked at.
func (c *column) whereabouts() bool {
	return c.Kind == connect.TextKind && len(c.tokens) <= 2 && anyText(c.tokens, "query", "keyword", "keywords", "search", "term", "terms") || c.Kind == connect.TextKind && len(c.tokens) == 1 && slices.Contains([]string{"page", "pages", "location", "path", "url", "uri", "script", "request", "action", "activity"}, c.tokens[0].text)
}

// anyText reports whether one of some words is among those of a name.
func anyText(ts []token, words ...string) bool {
	return slices.ContainsFunc(ts, func(t token) bool { return slices.Contains(words, t.text) })
}

// near reports whether rows are people or theirs.
func (t *table) near() bool { return t.about == aboutPeople || t.tie == tieOwned }

// traced reports whether rows say from where somebody came.
func (t *table) traced() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.finding.Sure >= Likely && slices.Contains([]Sort{IP, Agent, Session}, c.finding.What)
	})
}

// substantial reports whether a column can say something of the person of its row.
func (j *judgement) substantial(c *column) bool {
	people := c.table.about == aboutPeople
	switch {
	case c.isKey() || c == c.table.keyName || c.table.isReference(c.Name) || c.numbersRows() || c.Kind == connect.UUID || c.Kind == connect.JSON || c.Kind == connect.Binary:
		return false
	case c.technical() && !c.numbered() || c.looksKeyed() || anyMeans(c.tokens, "aside") && kindOf(c.Column) != dated || c.numbersSomebody():
		return false
	case people && (c.Kind == connect.TimeKind && !c.spans()):
		return false // so much of it says only what the system may do with the row
	case people && c.Kind == connect.Integer && !slices.ContainsFunc(c.tokens, func(t token) bool { return !t.means("organisation") && !t.means("person") }):
		return false // which group of users somebody is in
	case people && len(c.tokens) == 1 && c.plural() && len(j.byName.called(texts(c.tokens))) > 0:
		return false // what somebody may do with the things of a table
	case c.seen.share(markUUID) > .5 || people && c.seen.share(markURL) > .5:
		return false
	case c.numberish() && (c.Kind == connect.Integer || len(c.tokens) == 1), people && c.ofSettings():
		return false
	case c.numberish() && len(j.byName.find(stemmed(c.stems()))) > 0 || kindOf(c.Column) == numeric && len(j.byName.called(texts(c.tokens))) > 0:
		return false // it points at an entry of a list, as it seems
	}
	return slices.ContainsFunc(c.tokens, func(t token) bool { return len(t.text) > 1 })
}

// numbered reports whether a column is one of several that differ by a number at their
// end: what somebody chose or has, first, second and third.
func (c *column) numbered() bool {
	if last := c.Name[len(c.Name)-1]; c.Kind != connect.TextKind || last < '0' || last > '9' {
		return false
	}
	n := 0
	for _, o := range c.table.columns {
		if slices.Equal(texts(o.tokens), texts(c.tokens)) {
			n++
		}
	}
	return n >= 3
}

// looksKeyed reports whether a column is called as keys and references are: `idzona`,
// `payerid`, `codserie`.
func (c *column) looksKeyed() bool {
	if len(c.tokens) == 0 || anyMeans(c.tokens, "id") || c.codes() || strings.HasSuffix(strings.ToLower(c.Name), "_id") || strings.HasPrefix(strings.ToLower(c.Name), "id_") || strings.HasPrefix(strings.ToLower(c.Name), "fk_") {
		return true
	}
	first, last := c.tokens[0].text, c.tokens[len(c.tokens)-1].text
	return codePrefix(first) || strings.HasSuffix(last, "id") && len(last) > 3 && len(c.tokens[len(c.tokens)-1].is) == 0 || strings.HasPrefix(first, "fk")
}

// numberish reports whether a column is called as a number of something is.
func (c *column) numberish() bool { return anyMeans(c.tokens, "number") }

// ofSettings reports whether a column is one of many that begin with the same word,
// which says nothing of anybody in any of them: `deflt_view`, `deflt_style`.
func (c *column) ofSettings() bool {
	n := 0
	for _, o := range c.table.columns {
		if len(o.tokens) < 2 || o.tokens[0].text != c.tokens[0].text {
			continue
		}
		if o.finding.Sure >= Likely && o.finding.What != Trait || o.numbered() {
			return false
		}
		n++
	}
	return n >= 5
}

// flags reports whether a column only says yes or no.
func (c *column) flags() bool {
	if c.Kind == connect.Boolean || strings.HasPrefix(strings.ToLower(c.Type), "tinyint(1)") {
		return true
	}
	if c.seen.n() == 0 {
		return c.Length == 1
	}
	for v := range c.seen.distinct {
		if !yesOrNo[fold(v)] {
			return false
		}
	}
	return c.seen.n() <= 2
}

var yesOrNo = map[string]bool{"0": true, "1": true, "y": true, "n": true, "s": true, "j": true, "o": true, "t": true, "f": true, "yes": true, "no": true, "true": true, "false": true, "ja": true, "nein": true, "oui": true, "non": true, "si": true, "sim": true, "nao": true}

// spans reports whether the days of a column are years apart, as those of lives are
// and those of a system are not.
func (c *column) spans() bool {
	return len(c.seen.years) >= 5 && slices.Max(c.seen.years)-slices.Min(c.seen.years) >= 8
}
