package policy

import (
	"cmp"
	"slices"

	"github.com/avowhq/avow"
)

// Pos is a place in a policy file; lines and columns count from 1.
type Pos struct{ Line, Column int }

// At returns the position itself, so that everything that embeds a Pos can say where it stands.
func (p Pos) At() Pos { return p }

// Entry is one named part of a mapping, in the order of the file.
type Entry[T any] struct {
	Pos // of the key
	Key string
	Is  T
}

// Entries is a mapping from names chosen by the author to parts of one type, in
// the order of the file.
type Entries[T any] []Entry[T]

// Get finds a part by its name.
func (e Entries[T]) Get(key string) (*T, bool) {
	for i := range e {
		if e[i].Key == key {
			return &e[i].Is, true
		}
	}
	return nil, false
}

// Keys lists the names in the order of the file.
func (e Entries[T]) Keys() []string {
	keys := make([]string, len(e))
	for i := range e {
		keys[i] = e[i].Key
	}
	return keys
}

// Text is words for people: one text, or one per language, written as
// `{en: …, nl: …}`. Which language prevails stands under `languages`.
type Text struct {
	Pos
	Plain string          // the text when it is given once
	In    Entries[string] // language tag → text
}

// Words is a list of short texts; a single one may stand without brackets.
type Words []Text

// Ref is a name that must be declared elsewhere in the file.
type Ref struct {
	Pos
	Name string
}

// Refs is a list of names; a single one may stand without brackets.
type Refs []Ref

// DataRef points at data: a category (`contact`), one field of it
// (`contact.email`), `all`, or `only-what-is-needed`.
type DataRef struct {
	Pos
	Category string
	Field    string
	All      bool // all
	Needed   bool // only-what-is-needed: all, limited to the task by contract
}

// DataRefs is a list of data; a single one may stand without brackets.
type DataRefs []DataRef

// Places is where something is or who is served: region codes and groups
// (`US`, `GB-SCT`, `EU`), `anywhere`, `everyone-else`, or words such as
// `your country or region`.
type Places struct {
	Pos
	Regions      []avow.Region
	Anywhere     bool
	EveryoneElse bool
	Words        string // a description that is not a region code
}

// Flag is yes or no; `true` and `false` are the same words.
type Flag struct {
	Pos
	Set bool // the key was written
	Yes bool
}

// Date is a calendar day, YYYY-MM-DD, or a month, YYYY-MM. It begins at 00:00 UTC.
type Date struct {
	Pos
	Year, Month, Day int // Day is 0 for a month; a zero Year means no date was given
}

// Number is a whole number that is not negative.
type Number struct {
	Pos
	Set bool
	N   int
}

// Unit is what a period counts in.
type Unit string

// The units of a period; one or many are the same unit.
const (
	Hours  Unit = "hours"
	Days   Unit = "days"
	Weeks  Unit = "weeks"
	Months Unit = "months"
	Years  Unit = "years"
)

// Period is a length of time: `30 days`, `13 months`, `within 1 month`.
type Period struct {
	Pos
	N    int
	Unit Unit
}

// UntilForm says how an Until ends.
type UntilForm uint8

// The forms of an end.
const (
	UntilAbsent    UntilForm = iota
	UntilPeriod              // `30 days after collection`; `13 months` alone counts from collection
	UntilEvent               // `the message is sent`, `switched off`: when something happens
	UntilLatest              // `{latest: […]}`: when the last of them has ended
	UntilEarliest            // `{earliest: […]}`: when the first of them has ended
	UntilCases               // `{rejected: …, hired: …}`: by what became of it
	UntilSchedule            // `as the schedule says`: in another published document
	UntilNeeded              // `no longer needed for its purposes or by law`
	UntilLegalDuty           // `end of legal duty`
	UntilForEver             // `for ever`
	UntilMoved               // `{moves-to: employee-file}`: from then on under another rule
	UntilNotStated           // `not-stated`
)

// Until is when keeping ends.
type Until struct {
	Pos
	Form   UntilForm
	Period Period         // UntilPeriod
	After  string         // UntilPeriod: the event it counts from, `collection` when none is written
	Event  string         // UntilEvent: the words
	Of     []Until        // UntilLatest, UntilEarliest
	Cases  Entries[Until] // UntilCases
	To     Ref            // UntilMoved
}

// BasisTerm is one lawful basis with the condition it stands under.
type BasisTerm struct {
	Pos
	Basis avow.Basis
	Law   string // a basis by article: `{law: "ttdsg:25(2)2"}` or `gdpr:9(2)(b)`
	If    Refs   // holds only for these people (any of them): `contract if party or asked-first`
	// Where the law asks for consent, the first of the two counts; elsewhere the
	// second: `consent where the law asks for it, otherwise legitimate-interests`.
	WhereLawAsks bool
	Otherwise    bool
}

// Bases is the lawful bases of something, for each kind of subject; any one of a
// list will do. Written as one word (the same for both kinds), a list, or
// `{individual: …, business: …}`.
type Bases struct {
	Pos
	Given      bool // the key was written
	Split      bool // individual and business were written apart
	Individual []BasisTerm
	Business   []BasisTerm
}

// Events are what the periods of an end count from, each once, in the order they are written:
// `collection`, `last-contact`. Those of cases are not among them: which case it is, the end does not say.
func (u Until) Events() (out []string) {
	switch u.Form {
	case UntilPeriod:
		return []string{cmp.Or(u.After, "collection")}
	case UntilLatest, UntilEarliest:
		for _, of := range u.Of {
			for _, e := range of.Events() {
				if !slices.Contains(out, e) {
					out = append(out, e)
				}
			}
		}
	}
	return out
}
