package draft

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// judgement is what is thought of every column of a schema.
type judgement struct {
	schema *connect.Schema
	tables []*table
	named  map[string]*table
	byName *byName

	declared bool // some table says what a column of it points at
}

// about is what the rows of a table are.
type about uint8

const (
	aboutUnknown   about = iota
	aboutPeople          // each is somebody
	aboutAddress         // each is where somebody lives
	aboutCompanies       // each is an organisation or one of its places
	aboutThings          // each is a thing, or an entry of a list of values
)

// tie is how a table hangs on people.
type tie uint8

const (
	tieNone  tie = iota
	tieAside     // it names somebody who had to do with it
	tieOwned     // it is somebody's
)

type table struct {
	*connect.Table
	columns  []*column
	words    []token // of its name, without the system's own
	about    about
	noun     bool // the name of the table says so
	tie      tie
	by       string // the reference that ties it
	health   bool
	animals  bool // of what ails them
	firms    bool // though they are called as people are
	askable  bool // whom to call stands behind what the rows are
	refs     []*reference
	rows     int // sampled
	unread   string
	own      []string // the stems of its name's words
	prefix   string   // what the names of its columns begin with
	span     *span    // of its keys, once known
	sorts    int      // of what says who somebody is
	keyed    string   // what names a row, once keyKnown
	keyKnown bool
	kinds    []*table // whose rows its rows are about, by a column that says which kind
	targets  []string // its columns that others point at
	followed bool     // people of whom much is kept: much of what happens to people hangs on them
	keyName  *column  // of tables whose rows are names and values
	keyValue *column
}

type column struct {
	*connect.Column
	table   *table
	tokens  []token
	bare    string // its name without what it shares with the others of its table
	name    reading
	named   bool
	seen    *evidence
	settled bool     // whatever columns like it are elsewhere
	mayHold []*table // whose keys it may hold: its name fits them all
	finding Finding
}

func (t *table) column(name string) *column {
	for _, c := range t.columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// judge looks at a schema and its rows. Without a reader only the schema counts.
func judge(ctx context.Context, schema *connect.Schema, src Reader, rows int) (*judgement, error) {
	j, err := byRules(ctx, schema, src, rows)
	if err != nil {
		return nil, err
	}
	for _, t := range j.tables {
		t.byLikeness()
		t.amongOthers()
		t.besidePerson()
	}
	return j, nil
}

// byRules judges by what is known of words, values and references.
func byRules(ctx context.Context, schema *connect.Schema, src Reader, rows int) (*judgement, error) {
	j := &judgement{schema: schema, named: map[string]*table{}}
	system := systemWord(schema.Tables)
	for i := range schema.Tables {
		t := newTable(&schema.Tables[i], system)
		j.tables = append(j.tables, t)
		j.named[t.Name] = t
	}
	if src != nil {
		for _, t := range j.tables {
			if err := t.sample(ctx, src, rows); err != nil {
				return nil, err
			}
		}
	}
	j.byName = newByName(j.tables)
	j.kinded()
	if err := j.references(ctx, src); err != nil {
		return nil, err
	}
	for _, t := range j.tables {
		t.describe()
	}
	for _, t := range j.tables {
		if (t.about == aboutPeople || t.about == aboutUnknown && !t.deal()) && t.ofFirms() {
			t.about, t.noun, t.firms = aboutCompanies, true, true
		}
	}
	j.loosen()
	j.ties()
	for _, t := range j.tables {
		if t.ofPlaces() {
			t.about = aboutCompanies
		}
	}
	for _, t := range j.tables {
		t.judge()
	}
	for _, t := range j.tables {
		j.byRelation(t)
	}
	for _, t := range j.tables {
		t.byDeed()
	}
	for _, t := range j.tables {
		t.asCopied()
	}
	return j, nil
}

func newTable(db *connect.Table, system string) *table {
	t := &table{Table: db, words: tableTokens(db.Name, system)}
	for _, tok := range t.words {
		if !tok.means("filler") {
			t.own = append(t.own, stem(tok.text))
		}
	}
	for i := range db.Columns {
		t.columns = append(t.columns, &column{Column: &db.Columns[i], table: t, seen: newEvidence()})
	}
	prefix, suffix := affixes(db.Columns)
	t.prefix = prefix
	kinds := kindMarks(db.Columns)
	tail := tableTail(db, kinds)
	for _, c := range t.columns {
		c.read(prefix, suffix, system)
		if bare := strings.TrimSuffix(behindMark(c.Name, kinds), tail); kinds && len(bare) > 1 {
			c.readBare(bare)
		}
	}
	t.ownNumber()
	t.pairs()
	if len(t.columns) == 0 {
		t.unread = db.Lacks[connect.OpRead] // there is nothing to try
	}
	return t
}

// ownNumber takes the number of a row for what it is, and not for one that a state gives:
// `TCNO` is the key of a `TC`.
func (t *table) ownNumber() {
	for _, c := range t.columns {
		if c.bare != "" && c.isKey() && c.named && c.name.sort == Government && slices.ContainsFunc(tokens(c.bare), func(t token) bool { return t.means("number") || t.means("id") }) {
			c.named = false
		}
	}
}

// read reads the name of a column; without what the names of the table's columns
// share when it says nothing with it.
func (c *column) read(prefix, suffix, system string) {
	c.tokens = tokens(without(c.Name, system))
	c.name, c.named = read(c.tokens, c.Column)
	bare := strings.TrimSuffix(strings.TrimPrefix(c.Name, prefix), suffix)
	if bare == "" || bare == c.Name {
		return
	}
	short := tokens(bare)
	if len(short) == 0 {
		return // `option_1`, `option_2`
	}
	c.bare, short = bare, inFull(short, c.Length)
	r, ok := read(short, c.Column)
	affix := append(tokens(strings.Trim(prefix, "_. ")), tokens(suffix)...)
	switch {
	case ok && (!c.named || r.strength > c.name.strength || c.name.sort == State || !onlyPeople(affix)):
		c.tokens, c.name, c.named = short, r, true
	case !ok && !c.named:
		c.tokens = short
	case !ok && strings.HasPrefix(c.Name, prefix) && strings.HasSuffix(prefix, "_") && !onlyPeople(tokens(prefix)):
		c.named = false // it is the prefix that says something, of every column alike
	}
}

// readBare reads a name from which the mark of its kind and the table's own word are gone.
func (c *column) readBare(bare string) {
	short := tokens(bare)
	if len(short) == 0 {
		return
	}
	r, ok := read(short, c.Column)
	if ok || !c.named || onlyPeople(c.tokens) {
		c.tokens, c.name, c.named, c.bare = short, r, ok, bare
	}
}

// tableTokens are the words of a table's name without its schema, and without the word
// that stands in front of all.
func tableTokens(name, system string) []token {
	name = without(bareName(name), system)
	if rest := strings.TrimPrefix(strings.ToLower(name), "tbl"); len(rest) > 3 && len(rest) == len(name)-3 {
		name = name[3:] // `tblresident`
	}
	ts := tokens(name)
	for n := len(ts); n > 1 && slices.Contains([]string{"table", "tbl", "entity", "entities"}, ts[n-1].text); n-- {
		ts = ts[:n-1] // which any table is
	}
	return ts
}

// describe decides what the rows of a table are.
func (t *table) describe() {
	t.about = noun(t.words)
	switch {
	case t.about == aboutPeople && t.programs():
		t.about = aboutThings
	case t.about == aboutPeople && t.links():
		t.about = aboutUnknown
	case t.about == aboutUnknown && t.broadcasts():
		t.about = aboutThings
	}
	if t.about == aboutThings && t.lives() && (!t.words[len(t.words)-1].means("thing") || t.namesSomebody()) {
		t.about = aboutUnknown // `markbook_entries` are no books
	}
	if n := len(t.words); t.about == aboutThings && n > 1 && anyMeans(t.words[:n-1], "deal") && len(t.refs) > 0 {
		t.about = aboutUnknown // the lines of an order
	}
	if last := len(t.words) - 1; t.about == aboutCompanies && t.lives() && !t.words[last].means("organisation") {
		t.about = aboutUnknown // `team_memberships` are no teams
	}
	if t.about == aboutCompanies && t.words[len(t.words)-1].means("location") && (!t.hasName() || t.pointsAtPeople() && t.namesSomebody() || slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.numbersSomebody() && !anyMeans(c.tokens, "aside")
	})) {
		t.about = aboutUnknown // where people are
	}
	t.noun = t.about != aboutUnknown
	sorts := map[Sort]bool{}
	addresses := 0
	for _, c := range t.columns {
		s := c.surely()
		sorts[s] = sorts[s] || !c.ofAnother()
		if c.named && addressing(c.name.sort) {
			addresses++
		}
		t.health = t.health || c.named && c.name.sort == Health && c.name.strength > weak && !anyMeans(c.tokens, "insurance")
	}
	for _, tok := range t.words {
		t.health = t.health || tok.means("health") || tok.means("result") || tok.text == "lab" || tok.text == "vital" || tok.text == "vitals" || tok.text == "medical"
	}
	if !t.deal() {
		t.byValues(sorts)
	}
	if t.animals = t.health && t.about != aboutPeople && t.ofAnimals(); t.animals {
		t.health, t.about = false, aboutThings
		return
	}
	if t.ofBeasts() {
		t.about, t.noun = aboutThings, true
		return
	}
	n := 0
	for _, s := range []Sort{Email, Name, Birth, Government, Gender, Login, Secret, Phone} {
		if sorts[s] {
			n++
		}
	}
	if t.sorts = n; sorts[Name] && (sorts[Birth] || sorts[Gender] || sorts[Government]) && t.about != aboutPeople && !t.deal() && !(t.about == aboutCompanies && t.words[len(t.words)-1].means("company")) {
		t.about = aboutPeople // nothing else has a birthday and a surname
		return
	}
	if t.about != aboutUnknown {
		return
	}
	if (sorts[Birth] || sorts[Gender] || sorts[Government] || t.namesInParts() && !t.deal()) && t.hasName() {
		n++
	}
	switch {
	case n >= 2 && t.namesCompany() && !sorts[Birth] && !sorts[Gender]:
		t.about = aboutCompanies
	case n == 2 && t.words[len(t.words)-1].means("licence") && t.costs():
		// what was bought, and to whom it is made out
	case n == 2 && t.contactsBehind():
		t.askable = true
	case n > 2 || n == 2 && len(t.columns) <= wide && (sorts[Name] || sorts[Email] || sorts[Birth] || sorts[Government] || sorts[Gender] || sorts[Phone]):
		t.about = aboutPeople
	case addresses >= 3 && n == 0 && !t.pointsAtPeople() && !t.hasName():
		t.about = aboutAddress
	}
}

// byValues adds what values say where names say nothing: two columns of names are those of
// somebody, and then so is a day of birth.
func (t *table) byValues(sorts map[Sort]bool) {
	names, births := 0, 0
	for _, c := range t.columns {
		switch s, how := c.says(); {
		case how < medium || c.ofAnother() || anyMeans(c.tokens, "aside"):
		case s == Name && (!c.named || c.name.sort == Name):
			names++
		case s == Birth:
			births++
		}
	}
	if names >= 2 {
		sorts[Name] = true
		sorts[Birth] = sorts[Birth] || births == 1
	}
}

// contactsBehind reports whether what a table says of people is only what somebody is called
// and how they are reached, and stands behind what the row is: a repair, and whom to call.
func (t *table) contactsBehind() bool {
	before := 0
	for _, c := range t.columns {
		switch s := c.surely(); {
		case s == Name || s == Email || s == Phone:
			return before >= 3 && len(t.refs) > 0
		case s != "":
			return false
		case !c.isKey() && !t.isReference(c.Name):
			before++
		}
	}
	return false
}

// costs reports whether rows say what they were bought for, or how many can use them.
func (t *table) costs() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.Kind != connect.TextKind && anyText(c.tokens, "purchase", "cost", "price", "seats")
	})
}

// ofAnother reports whether what a column says is said of somebody or something else than
// the row: who sends a newsletter, what the field of a directory is called in which names
// stand.
func (c *column) ofAnother() bool {
	if len(c.tokens) == 0 {
		return false
	}
	if len(c.tokens) == 1 {
		return slices.Contains([]string{"parent", "parents", "children"}, c.tokens[0].text)
	}
	first := c.tokens[0].text
	return slices.Contains([]string{"sender", "from", "reply", "attr", "attribute", "field", "smtp", "imap", "default", "template", "poster", "support", "noreply", "system"}, first) || anyText(c.tokens, "poster", "editor") && anyMeans(c.tokens, "recent")
}

// wide is above how many columns a table must say more of people to be one of them: so
// much is kept of the settings of a site, too.
const wide = 60

// pointsAtPeople reports whether a table points at one that is called as people are.
func (t *table) pointsAtPeople() bool {
	for _, r := range t.refs {
		if r.target != t && noun(r.target.words) == aboutPeople {
			return true
		}
	}
	return false
}

// hasName reports whether a column is called `name`.
func (t *table) hasName() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool { return c.named && c.name == reading{Name, medium} })
}

// namesInParts reports whether a column is for first names alone.
func (t *table) namesInParts() bool {
	return slices.ContainsFunc(t.columns, func(c *column) bool {
		return c.named && c.name == reading{Name, strong} && anyMeans(c.tokens, "first") && !anyMeans(c.tokens, "person")
	})
}

// namesCompany reports whether a table begins with the name of an organisation.
func (t *table) namesCompany() bool {
	for _, c := range t.columns[:min(len(t.columns), 3)] {
		if c.named && c.name.sort == Company {
			return true
		}
	}
	return false
}

// noun is what the last telling word of a table's name means.
func noun(ts []token) about {
	if len(ts) > 1 && ts[0].means("head") {
		return noun(ts[:1])
	}
	unknown, tail := false, ""
	for i := len(ts) - 1; i >= 0; i-- {
		switch t := ts[i]; {
		case len(t.is) == 0:
			unknown, tail = true, tail+t.text
			continue
		case t.means("filler") && len(ts) > 1:
			continue
		case unknown && i == 0 && t.means("organisation") && !t.means("person"):
			return aboutUnknown // `parishioners` are no parish
		case t.means("record"), t.means("detail"):
			return aboutUnknown
		case t.means("profileword") && i > 0 && (ts[i-1].means("thing") || ts[i-1].means("deal")):
			return aboutThings // of plans, not of people
		case t.means("person") && len(tail) > 4:
			return aboutUnknown // something of people: `user_extended_struct`
		case t.means("person"):
			return aboutPeople
		case t.means("organisation"), t.means("company") && i == len(ts)-1, t.means("location") && i == len(ts)-1:
			return aboutCompanies
		case t.means("address") || t.means("street"):
			return aboutAddress
		case t.means("thing") && len(tail) > 4:
			return aboutUnknown // something of things: `project_assignment`
		case t.means("thing"):
			return aboutThings
		default:
			return aboutUnknown
		}
	}
	return aboutUnknown
}

// says is what the values of a column say; of a few, together with its name.
func (c *column) says() (Sort, strength) {
	s, how := c.seen.say()
	if s == "" && c.named && c.name.sort == Name && c.seen.n() > 1 && c.seen.share(markFirm) < .2 && c.seen.share(markGiven) >= .5 {
		return Name, medium
	}
	return s, how
}

// surely is the sort of a column whose name or values say it without more.
func (c *column) surely() Sort {
	if n := len(c.tokens); n > 1 && c.tokens[n-1].text == "by" {
		return "" // it says who had to do with the row, not whom it is about
	}
	if s, how := c.says(); how == strong || how > 0 && c.named && c.name.sort == s {
		return s
	}
	if c.named && c.name.strength == strong && !onlyPeople(c.tokens) && !c.seen.contradicts(c.name.sort) {
		return c.name.sort
	}
	return ""
}
