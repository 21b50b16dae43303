// Package avow holds the words the whole program shares: what the field calls
// the parts of a promise about personal data, each with one spelling.
//
// What stays true: this package imports the standard library only, holds no
// state and does no I/O; the text form of every word is the one used in policy
// files, in the API, in pages and in documentation.
//
// What it never does: decide anything. Deciding is the gate's.
package avow

import "fmt"

// SubjectKind says whether a data subject acts as a person or for a business.
// A subject of unknown kind is treated as an individual: the more protective reading.
type SubjectKind uint8

const (
	KindUnknown SubjectKind = iota
	Individual
	Business
)

var kindNames = [...]string{"unknown", "individual", "business"}

func (k SubjectKind) String() string { return nameOf(kindNames[:], int(k)) }

// ParseSubjectKind reads a kind; the empty text is KindUnknown.
func ParseSubjectKind(s string) (SubjectKind, error) {
	i, err := parseName(kindNames[:], s, "subject kind")
	return SubjectKind(i), err
}

// Basis is a lawful basis for a use of personal data (gdpr:6(1)), or one of the
// three things a real policy says instead of one.
type Basis uint8

const (
	// BasisNone is the zero value: no basis was found, so the answer is no.
	BasisNone           Basis = iota
	Consent                   // gdpr:6(1)(a)
	Contract                  // gdpr:6(1)(b)
	LegalObligation           // gdpr:6(1)(c)
	VitalInterests            // gdpr:6(1)(d)
	PublicTask                // gdpr:6(1)(e)
	LegitimateInterests       // gdpr:6(1)(f)
	Notice                    // default-basis: notice. The policy says so, and the person may say no.
	NotStated                 // the policy names no basis for this purpose
	NotApplicable             // the purpose does not exist for this kind of subject: always no
)

var basisNames = [...]string{"none", "consent", "contract", "legal-obligation", "vital-interests",
	"public-task", "legitimate-interests", "notice", "not-stated", "not-applicable"}

func (b Basis) String() string { return nameOf(basisNames[:], int(b)) }

// ParseBasis reads a basis as spelled in a policy file.
func ParseBasis(s string) (Basis, error) {
	i, err := parseName(basisNames[1:], s, "lawful basis")
	return Basis(i + 1), err
}

// Bases lists the spellings a policy file may use, in the order of gdpr:6(1).
func Bases() []string { return append([]string(nil), basisNames[1:]...) }

// Act is what is about to be done with personal data.
type Act uint8

const (
	Use Act = iota
	Collect
	Keep
	Send
	Combine
	Disclose
	Transfer
	acts
)

var actNames = [...]string{"use", "collect", "keep", "send", "combine", "disclose", "transfer"}

// Acts is the number of acts.
const Acts = int(acts)

func (a Act) String() string { return nameOf(actNames[:], int(a)) }

// ParseAct reads an act; the empty text is Use.
func ParseAct(s string) (Act, error) {
	if s == "" {
		return Use, nil
	}
	i, err := parseName(actNames[:], s, "act")
	return Act(i), err
}

// ActNames lists the spellings of the acts.
func ActNames() []string { return append([]string(nil), actNames[:]...) }

// Signals are the browser's standing requests.
type Signals uint8

const (
	DNT Signals = 1 << iota // Do Not Track: the request carried "DNT: 1"
	GPC                     // Global Privacy Control: the request carried "Sec-GPC: 1"
)

func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return fmt.Sprintf("unknown(%d)", i)
	}
	return names[i]
}

func parseName(names []string, s, what string) (int, error) {
	for i, n := range names {
		if n == s || (s == "" && n == "unknown") {
			return i, nil
		}
	}
	return 0, Errorf(Invalid, "%q is not a %s", s, what)
}
