package draft

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// strength is how much a name alone says.
type strength uint8

const (
	weak   strength = iota + 1 // it may mean many things
	medium                     // it means this where the table is about people
	strong                     // it means this everywhere
)

// reading is what a name may mean.
type reading struct {
	sort     Sort
	strength strength
}

// pattern is a reading of names with certain words.
type pattern struct {
	sort     Sort
	strength strength
	has      []concept // each of these
	without  []concept // none of these
	kinds    kindSet   // the column is of such a kind
	blocked  bool      // also behind words such as `count`
}

type kindSet uint8

const (
	written kindSet = 1 << iota // text, or what may hold text
	numeric
	dated
	yesNo
	anyKind = written | numeric | dated | yesNo
)

func kindOf(c *connect.Column) kindSet {
	switch c.Kind {
	case connect.Integer, connect.DecimalKind:
		return numeric
	case connect.DateKind, connect.TimeKind:
		return dated
	case connect.Boolean:
		return yesNo
	case connect.UUID, connect.ObjectID, connect.TextKind, connect.Binary, connect.JSON:
		return written
	}
	return anyKind
}

// patterns are looked through in order; the first that fits is the reading.
var patterns = []pattern{
	{sort: Activity, strength: strong, has: []concept{"recent", "seen"}, kinds: dated | written | numeric, blocked: true},
	{sort: Activity, strength: strong, has: []concept{"recent", "login"}, kinds: dated | written | numeric, blocked: true},
	{sort: Activity, strength: strong, has: []concept{"recently", "seen"}, kinds: dated | written | numeric, blocked: true},
	{sort: Activity, strength: strong, has: []concept{"recently", "login"}, kinds: dated | written | numeric, without: []concept{"secret"}, blocked: true},
	{sort: Activity, strength: strong, has: []concept{"login", "time"}, kinds: dated, without: []concept{"secret", "blocker"}, blocked: true},
	{sort: Activity, strength: medium, has: []concept{"recent", "used"}, kinds: dated, blocked: true},
	{sort: IP, strength: strong, has: []concept{"ip"}, kinds: written | numeric},
	{sort: Email, strength: strong, has: []concept{"email", "id"}, kinds: written, without: []concept{"person"}, blocked: true},
	{sort: Government, strength: weak, has: []concept{"idnumber"}, kinds: written | numeric, blocked: true},
	{sort: Government, strength: strong, has: []concept{"government"}, kinds: written | numeric, blocked: true},
	{sort: Government, strength: strong, has: []concept{"social", "security"}, kinds: written | numeric, blocked: true},
	{sort: Government, strength: strong, has: []concept{"national", "id"}, kinds: written | numeric, blocked: true},
	{sort: Government, strength: strong, has: []concept{"national", "number"}, kinds: written | numeric, blocked: true},
	{sort: Government, strength: medium, has: []concept{"tax", "id"}, kinds: written | numeric, without: []concept{"thing", "organisation"}, blocked: true},
	{sort: Government, strength: medium, has: []concept{"tax", "number"}, kinds: written | numeric, without: []concept{"thing", "organisation"}, blocked: true},
	{sort: Government, strength: strong, has: []concept{"person", "licence"}, kinds: written | numeric, blocked: true},
	{sort: Government, strength: medium, has: []concept{"licence", "number"}, kinds: written | numeric, blocked: true},
	{sort: Government, strength: medium, has: []concept{"insurance", "number"}, kinds: written | numeric, blocked: true},
	{sort: Government, strength: medium, has: []concept{"insurance", "id"}, kinds: written, blocked: true},
	{sort: Government, strength: medium, has: []concept{"certificate"}, kinds: written | numeric, without: []concept{"time", "thing", "link"}, blocked: true},
	{sort: Plate, strength: medium, has: []concept{"licence", "plate"}, kinds: written},
	{sort: Plate, strength: medium, has: []concept{"plate"}, kinds: written},
	{sort: Card, strength: strong, has: []concept{"cardwhole"}, kinds: written | numeric},
	{sort: Card, strength: strong, has: []concept{"card", "number"}, kinds: written | numeric, without: []concept{"insurance"}},
	{sort: Card, strength: strong, has: []concept{"cardwide", "cardpart"}, kinds: anyKind, blocked: true},
	{sort: Card, strength: medium, has: []concept{"card", "cardpart"}, kinds: anyKind, without: []concept{"insurance"}, blocked: true},
	{sort: Card, strength: strong, has: []concept{"card", "person"}, kinds: written | numeric},
	{sort: Card, strength: medium, has: []concept{"card", "recent"}, kinds: written | numeric},
	{sort: Bank, strength: strong, has: []concept{"bank"}, kinds: written | numeric},
	{sort: Bank, strength: strong, has: []concept{"bankword", "account"}, kinds: written | numeric},
	{sort: Bank, strength: medium, has: []concept{"bankword", "name"}, kinds: written, without: []concept{"health"}},
	{sort: Bank, strength: medium, has: []concept{"account", "number"}, kinds: written | numeric, without: []concept{"person"}},
	{sort: Bank, strength: medium, has: []concept{"bankroute", "number"}, kinds: written | numeric, blocked: true},
	{sort: Email, strength: strong, has: []concept{"email"}, kinds: written},
	{sort: Phone, strength: strong, has: []concept{"calling", "number"}, kinds: written | numeric, without: []concept{"detail", "thing"}, blocked: true},
	{sort: Phone, strength: strong, has: []concept{"contactword", "number"}, kinds: written | numeric, without: []concept{"id", "thing"}},
	{sort: Phone, strength: strong, has: []concept{"phone"}, kinds: written | numeric, without: []concept{"thing", "image"}},
	{sort: Agent, strength: strong, has: []concept{"useragent"}, kinds: written},
	{sort: Agent, strength: strong, has: []concept{"person", "agent"}, kinds: written},
	{sort: Device, strength: strong, has: []concept{"deviceword"}, kinds: written | numeric, blocked: true},
	{sort: Device, strength: strong, has: []concept{"device", "id"}, kinds: written, blocked: true},
	{sort: Device, strength: strong, has: []concept{"device", "token"}, kinds: written, blocked: true},
	{sort: Device, strength: medium, has: []concept{"device"}, kinds: written},
	{sort: Device, strength: medium, has: []concept{"mac"}, kinds: written},
	{sort: Device, strength: strong, has: []concept{"fingerprint"}, kinds: written, blocked: true},
	{sort: Secret, strength: strong, has: []concept{"secret"}, kinds: written},
	{sort: Secret, strength: medium, has: []concept{"secret"}, kinds: numeric, without: []concept{"passed"}},
	{sort: Secret, strength: medium, has: []concept{"encrypted"}, kinds: written, blocked: true},
	{sort: Secret, strength: strong, has: []concept{"secretword", "key"}, kinds: written, blocked: true},
	{sort: Secret, strength: medium, has: []concept{"security", "secretword"}, kinds: written, blocked: true},
	{sort: Secret, strength: strong, has: []concept{"secret", "key"}, kinds: written, blocked: true},
	{sort: Secret, strength: medium, has: []concept{"activating", "key"}, kinds: written, blocked: true},
	{sort: Session, strength: strong, has: []concept{"session"}, kinds: written, blocked: true, without: []concept{"time", "type"}},
	{sort: Session, strength: strong, has: []concept{"visitor", "id"}, kinds: written, blocked: true},
	{sort: Session, strength: medium, has: []concept{"token"}, kinds: written, without: []concept{"time"}},
	{sort: Birth, strength: strong, has: []concept{"birth"}, kinds: anyKind, without: []concept{"number"}, blocked: true},
	{sort: Trait, strength: medium, has: []concept{"death"}, kinds: anyKind, blocked: true},
	{sort: School, strength: medium, has: []concept{"passed"}, kinds: yesNo | numeric, without: []concept{"tries"}, blocked: true},
	{sort: Trait, strength: medium, has: []concept{"situation"}, kinds: anyKind, blocked: true},
	{sort: Hire, strength: medium, has: []concept{"hire"}, kinds: dated | written, without: []concept{"name", "phone", "email"}, blocked: true},
	{sort: Trait, strength: medium, has: []concept{"offspring"}, kinds: numeric, without: []concept{"time", "first"}, blocked: true},
	{sort: Name, strength: strong, has: []concept{"first", "name"}, kinds: written},
	{sort: Name, strength: strong, has: []concept{"last"}, kinds: written, without: []concept{"blocker"}},
	{sort: Name, strength: strong, has: []concept{"recent", "name"}, kinds: written},
	{sort: Name, strength: strong, has: []concept{"middle", "name"}, kinds: written},
	{sort: Name, strength: strong, has: []concept{"first"}, kinds: written, without: []concept{"thing", "text"}},
	{sort: Login, strength: strong, has: []concept{"login"}, kinds: written, without: []concept{"time"}},
	{sort: Company, strength: medium, has: []concept{"company"}, kinds: written, without: []concept{"thing", "person"}},
	{sort: Name, strength: strong, has: []concept{"person", "name"}, kinds: written, without: []concept{"thing", "organisation"}},
	{sort: Text, strength: medium, has: []concept{"full", "text"}, kinds: written},
	{sort: Name, strength: medium, has: []concept{"full", "name"}, kinds: written},
	{sort: Name, strength: medium, has: []concept{"middle"}, kinds: written, without: []concept{"deal", "number"}},
	{sort: Name, strength: medium, has: []concept{"full"}, kinds: written, without: []concept{"time", "blocker"}},
	{sort: Belief, strength: medium, has: []concept{"gender", "liking"}, kinds: anyKind, blocked: true},
	{sort: Trait, strength: medium, has: []concept{"age", "liking"}, kinds: anyKind, blocked: true},
	{sort: Gender, strength: strong, has: []concept{"gender"}, kinds: anyKind},
	{sort: Marital, strength: strong, has: []concept{"marital"}, kinds: anyKind, blocked: true},
	{sort: Nationality, strength: strong, has: []concept{"nationality"}, kinds: anyKind},
	{sort: Belief, strength: medium, has: []concept{"belief"}, kinds: anyKind, without: []concept{"manner"}, blocked: true},
	{sort: Health, strength: strong, has: []concept{"health"}, kinds: anyKind, blocked: true},
	{sort: Health, strength: medium, has: []concept{"insurance"}, kinds: written, without: []concept{"blocker"}},
	{sort: Pay, strength: strong, has: []concept{"pay"}, kinds: numeric | written, without: []concept{"id"}, blocked: true},
	{sort: Pay, strength: medium, has: []concept{"payword"}, kinds: numeric},
	{sort: Pay, strength: medium, has: []concept{"perhour"}, kinds: numeric},
	{sort: Street, strength: strong, has: []concept{"street"}, kinds: written | numeric, without: []concept{"textweak"}},
	{sort: Street, strength: medium, has: []concept{"zip", "city"}, kinds: written},
	{sort: Zip, strength: medium, has: []concept{"zip"}, kinds: written | numeric},
	{sort: Street, strength: medium, has: []concept{"address"}, kinds: written, without: []concept{"mac"}},
	{sort: City, strength: medium, has: []concept{"city"}, kinds: written},
	{sort: Country, strength: medium, has: []concept{"country"}, kinds: written, blocked: false},
	{sort: State, strength: weak, has: []concept{"state"}, kinds: written},
	{sort: Place, strength: medium, has: []concept{"geo"}, kinds: written | numeric},
	{sort: Place, strength: weak, has: []concept{"location"}, kinds: written},
	{sort: Photo, strength: medium, has: []concept{"photo"}, kinds: written, blocked: true},
	{sort: Photo, strength: weak, has: []concept{"image"}, kinds: written},
	{sort: Signature, strength: medium, has: []concept{"signature"}, kinds: written},
	{sort: Voice, strength: medium, has: []concept{"voice"}, kinds: written, blocked: true},
	{sort: Network, strength: strong, has: []concept{"network"}, kinds: written},
	{sort: Network, strength: strong, has: []concept{"network", "id"}, kinds: written, blocked: true},
	{sort: Network, strength: medium, has: []concept{"website"}, kinds: written},
	{sort: Network, strength: medium, has: []concept{"person", "link"}, kinds: written, without: []concept{"thing", "image", "photo", "organisation"}},
	{sort: Activity, strength: medium, has: []concept{"referrer"}, kinds: written},
	{sort: Activity, strength: medium, has: []concept{"query"}, kinds: written},
	{sort: Job, strength: medium, has: []concept{"job"}, kinds: written, without: []concept{"thing"}},
	{sort: Job, strength: medium, has: []concept{"person", "title"}, kinds: written},
	{sort: Job, strength: medium, has: []concept{"vacation"}, kinds: numeric | dated},
	{sort: Number, strength: medium, has: []concept{"policy", "number"}, kinds: written | numeric, blocked: true},
	{sort: Age, strength: medium, has: []concept{"age"}, kinds: numeric},
	{sort: Health, strength: weak, has: []concept{"body"}, kinds: numeric},
	{sort: School, strength: medium, has: []concept{"school"}, kinds: numeric | written, without: []concept{"blocker"}},
	{sort: School, strength: medium, has: []concept{"education"}, kinds: written},
	{sort: Job, strength: medium, has: []concept{"rating"}, kinds: numeric | written},
	{sort: Number, strength: strong, has: []concept{"person", "number"}, kinds: written | numeric},
	{sort: Number, strength: strong, has: []concept{"numberword"}, kinds: written | numeric},
	{sort: Text, strength: medium, has: []concept{"text"}, kinds: written, without: []concept{"faulty", "manner"}},
	{sort: Text, strength: weak, has: []concept{"textweak"}, kinds: written},
	{sort: Health, strength: weak, has: []concept{"result"}, kinds: numeric | written},
	{sort: Job, strength: weak, has: []concept{"title"}, kinds: written, without: []concept{"thing", "text"}},
	{sort: Language, strength: weak, has: []concept{"language"}, kinds: written},
	{sort: Name, strength: medium, has: []concept{"name"}, kinds: written, without: []concept{"thing", "organisation", "blocker"}},
}

// terse are names of few letters that mean something only among others about people.
var terse = map[string]Sort{
	"em": Email, "ph": Phone, "st": State, "fn": Name, "ln": Name, "mn": Name, "bd": Birth, "nm": Name, "mi": Name, "vn": Name, "nn": Name,
	"gdr": Gender, "sx": Gender, "adr": Street, "zc": Zip, "ct": City, "ctry": Country, "cntry": Country, "tl": Phone, "gd": Birth, "pc": Zip,
	"prov": State, "lnd": Country, "hno": Street, "occ": Job, "nat": Nationality, "sal": Pay, "dx": Health, "rx": Health, "txt": Text, "rem": Text, "cmt": Text, "bem": Text, "anm": Text,
	"firstn": Name, "lastn": Name, "gn": Name, "cap": Zip, "sn": Name, "cida": City, "raza": Company, "razao": Company, "ende": Street, "esta": State, "fone": Phone, "add": Street, "ad": Street,
}

// read is what the name of a column may mean; none when it says nothing.
func read(ts []token, c *connect.Column) (reading, bool) {
	if ofFile(ts) || howMany(ts) || ofForm(ts) {
		return reading{}, false
	}
	kind := kindOf(c)
	blocked := blocks(ts)
	for _, p := range patterns {
		if (p.sort == Government || p.sort == Bank) && c.Kind == connect.Integer && pointsElsewhere(ts) {
			continue
		}
		if p.sort == Network && p.has[0] == "person" && !anyText(ts, "url", "uri", "href") {
			continue
		}
		if p.sort == Street && (lineOf(c.Name, ts) || len(ts) == 1 && ts[0].text == "line" && kind == numeric) {
			continue
		}
		if kind&p.kinds != 0 && (!blocked || p.blocked) && p.fits(ts) && !(p.sort == Pay && aboutPaying(ts)) {
			return p.strengthOf(ts), true
		}
	}
	if kind&written != 0 && c.Kind != connect.UUID && (c.Length == 0 || c.Length > 3) && onlyPeople(ts) {
		return reading{Name, strong}, true
	}
	if kind == written && c.Kind == connect.TextKind && len(ts) > 1 && ts[len(ts)-1].text == "by" {
		return reading{Login, strong}, true // who did it, where no other table says
	}
	if n := len(ts); kind == written && c.Kind == connect.TextKind && n > 1 && ts[n-1].means("contactword") && ts[n-1].text != "emergency" {
		return reading{Name, medium}, true // of somebody whose word nobody knows: `rec_contact`
	}
	if s, ok := terseOf(ts); ok && !blocked && kind&kindsOfTerse(s) != 0 {
		return reading{s, weak}, true
	}
	return reading{}, false
}

// kindsOfTerse are the kinds of columns in which what a few letters may mean is kept:
// `criado_em` is a moment, and no address of mail.
func kindsOfTerse(s Sort) kindSet {
	switch s {
	case Birth, Gender, Health, Pay, Phone, Zip, Nationality, Country, State, Job:
		return anyKind
	}
	return written
}

// ofFile reports whether a name is of what is kept about a file beside it, whatever is in
// it: `avatar_content_type`.
func ofFile(ts []token) bool {
	n := len(ts)
	if n == 2 && slices.Contains([]string{"tipo", "type", "typ", "mime"}, ts[0].text) && slices.Contains([]string{"archivo", "arquivo", "file", "fichier", "datei", "bestand"}, ts[1].text) {
		return true
	}
	if n > 1 && (ts[0].means("photo") || ts[0].means("image")) && slices.Contains([]string{"type", "dimensions", "width", "height", "size", "state", "source", "version", "mime"}, ts[n-1].text) {
		return true
	}
	return n > 2 && (ts[n-2].text == "content" && ts[n-1].text == "type" || ts[n-2].text == "file" && ts[n-1].text == "size" || ts[n-2].text == "image" && ts[n-1].text == "source")
}

// ofForm reports whether a name is of how something is to be given or is kept, not of it:
// `date_of_birth_required`, `password_encoding`.
func ofForm(ts []token) bool {
	n := len(ts)
	return n > 1 && slices.Contains([]string{"required", "mandatory", "encoding", "formatted", "format", "template", "filter", "policy", "privacy", "visibility", "preference", "preferences", "notification", "notifications", "algo", "algorithm"}, ts[n-1].text) || n > 1 && ts[0].text == "utm"
}

// pointsElsewhere reports whether a whole number is called as what points at an entry of a
// list: `fiscal_position_id`, `fk_bank_account`.
func pointsElsewhere(ts []token) bool {
	n := len(ts)
	return ts[0].text == "fk" && n > 1 || n > 2 && ts[n-1].text == "id" && slices.ContainsFunc(ts, func(t token) bool { return len(t.is) == 0 || t.means("detail") || t.means("thing") })
}

// lineOf reports whether the line in a name is none of an address: `product_line`.
func lineOf(name string, ts []token) bool {
	if len(ts) < 2 || strings.ContainsAny(name, "123456789") || !anyText(ts, "line", "lines") {
		return false
	}
	for _, t := range ts {
		if t.means("address") || t.means("street") && t.text != "line" && t.text != "lines" {
			return false
		}
	}
	return true
}

// howMany reports whether a name is of how many people there are: `num_new_participants`.
func howMany(ts []token) bool {
	n := len(ts)
	return n > 1 && slices.Contains([]string{"num", "nb", "nbr", "anz", "anzahl", "count", "total"}, ts[0].text) && ts[n-1].means("person") && !ts[n-1].means("offspring") && strings.HasSuffix(ts[n-1].text, "s")
}

// aboutPaying reports whether the last word says that a column is about how or when
// somebody is paid, not what: `paytype`, `payroll_period`.
func aboutPaying(ts []token) bool {
	return slices.Contains([]string{"type", "typ", "period", "method", "mode", "slip", "frequency", "time", "date", "day", "status", "terms", "structure", "component", "account", "by", "from"}, ts[len(ts)-1].text)
}

// onlyPeople reports whether a name is nothing but a word for somebody: `author`,
// `contact_person`, `to_user`.
func onlyPeople(ts []token) bool {
	people := 0
	for _, t := range ts {
		switch {
		case t.means("person"), len(ts) > 1 && (t.text == "cc" || t.text == "bcc"):
			people++
		case t.text != "to" && t.text != "from" && t.text != "multiple":
			return false
		}
	}
	return people > 0
}

func (p pattern) fits(ts []token) bool {
	for _, c := range p.has {
		if !anyMeans(ts, c) {
			return false
		}
	}
	if p.has[0] == "tax" && slices.ContainsFunc(ts, func(t token) bool { return len(t.is) == 0 && len(t.text) > 2 }) {
		return false // the id of a form, a rate
	}
	return !slices.ContainsFunc(p.without, func(c concept) bool { return anyMeans(ts, c) })
}

// strengthOf weakens what stands behind words nobody knows: `foo_name` is no name of a person.
func (p pattern) strengthOf(ts []token) reading {
	r := reading{p.sort, p.strength}
	if p.sort == Name && p.strength == strong && anyMeans(ts, "profileword") && !slices.ContainsFunc(ts, func(t token) bool { return t.means("person") && !t.means("profileword") }) {
		r.strength = medium // profiles are also of plans and of colours
	}
	if p.sort == Name && len(p.has) == 1 && p.has[0] == "name" && slices.ContainsFunc(ts, func(t token) bool { return len(t.is) == 0 && len(t.text) > 2 }) {
		r.strength = weak
	}
	return r
}

func anyMeans(ts []token, c concept) bool {
	return slices.ContainsFunc(ts, func(t token) bool { return t.means(c) })
}

// blocks reports whether the last word says that the value is about something of the
// thing and not the thing: `email_count`, `phone_type`, `address_id`.
func blocks(ts []token) bool {
	if len(ts) < 2 {
		return false
	}
	aside := []concept{"blocker", "id", "time", "thing", "filler", "aside", "key", "organisation", "head"}
	if !anyMeans(ts, "card") && !anyMeans(ts, "cardwide") {
		aside = append(aside, "cardpart")
	}
	last := ts[len(ts)-1]
	if slices.ContainsFunc([]concept{"blocker", "id", "time"}, last.means) && !slices.ContainsFunc(last.is, func(c concept) bool { return !slices.Contains(aside, c) }) {
		return true
	}
	return slices.Contains([]string{"is", "has", "can", "allow", "allows", "send", "wants", "want", "show", "use", "uses", "with", "needs", "require", "requires", "disable", "disables", "enable", "enables", "hide", "hides", "force", "skip", "change", "must"}, ts[0].text)
}

func terseOf(ts []token) (Sort, bool) {
	if anyMeans(ts, "time") {
		return "", false // `date_add`
	}
	for _, t := range ts {
		if s, ok := terse[t.text]; ok {
			return s, true
		}
	}
	return "", false
}
