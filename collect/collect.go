// Package collect is the way in: what people give at the collection points a
// policy declares.
//
// What stays true: a field that is not declared at its point is refused by name,
// and nothing of a submission is kept unless all of it is right. Each value
// keeps where, when, by which point and under which words it was given: the words that were
// shown, when they were. What somebody types makes them a claimed identity and
// nothing more, and the answer does not tell whether we know it.
//
// What it never does: keep what the policy says is never kept, read anything out,
// or send a mail inside a transaction.
package collect

import (
	"context"
	"embed"
	"io/fs"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

//go:embed sql/*.sql
var files embed.FS

// Config is what the desk stands on.
type Config struct {
	DB      *store.DB
	Vault   *vault.Vault
	Ledger  *ledger.Ledger
	Consent *consent.Register
	Outbox  *mail.Outbox // nil: no confirmations can be sent, and consents that need one stay unconfirmed
	Clock   func() time.Time
	// Key signs form tokens; all nodes have the same one. At least 32 bytes.
	Key []byte
	// Confirm is the page a confirmation link opens, with the token at its end:
	// https://privacy.harbour.example/confirm?t=
	Confirm string
	Limits  Limits
}

// Desk takes submissions. It is safe for concurrent use.
type Desk struct {
	db      *store.DB
	vault   *vault.Vault
	ledger  *ledger.Ledger
	consent *consent.Register
	outbox  *mail.Outbox
	clock   func() time.Time
	key     []byte
	confirm string
	remotes *limiters
	points  *limiters
}

// Open makes the tables and the desk.
func Open(ctx context.Context, c Config) (*Desk, error) {
	if len(c.Key) < 32 || c.Clock == nil {
		return nil, avow.Errorf(avow.Internal, "the collection desk needs a key of 32 bytes and a clock")
	}
	sub, err := fs.Sub(files, "sql")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "collect", sub); err != nil {
		return nil, err
	}
	l := c.Limits.orDefault()
	return &Desk{db: c.DB, vault: c.Vault, ledger: c.Ledger, consent: c.Consent, outbox: c.Outbox, clock: c.Clock, key: c.Key, confirm: c.Confirm,
		remotes: newLimiters(l.PerRemote, l.Burst), points: newLimiters(l.PerPoint, l.PointBurst)}, nil
}

// Submission is what somebody gives at a point.
type Submission struct {
	Policy    string
	Point     string
	Fields    map[string]string // `contact.email` → what was typed
	Consents  []string          // purposes whose box was ticked
	Confirmed []string          // statements confirmed: the words, or their place in the list from 0
	Age       int               // years, where the point asks; 0: not given
	FormToken string            // from the form that was shown; empty: the words were not shown by us
	Kind      avow.SubjectKind
	Region    avow.Region // where the giver lives, when it is known
	Signals   avow.Signals
	Language  string
	Way       string // empty: `form <point>`
	Trap      string // a field people do not see; whoever fills it is no person
	RemoteKey string // who sends, for the limits: an address or a token; it is not kept
}

// Result is the answer to a submission. It is the same whether or not the address
// is known here.
type Result struct {
	// Reference is the id of the event. The receipt itself goes to whoever holds the
	// address: it names a person, and a form must not tell who is known.
	Reference avow.ID  `json:"receipt"`
	Policy    string   `json:"policy"`
	Version   int      `json:"version"` // of the words it is kept under
	Shown     bool     `json:"shown"`   // by our form
	Fields    []string `json:"fields"`  // that were kept
	// NeedsConfirmation: a mail was sent with a link; until it is used the consents
	// that ask for a confirmation do not count, and the address is not known to be theirs.
	NeedsConfirmation bool     `json:"needsConfirmation"`
	Consents          []string `json:"consents"`
}

// Names of form inputs that are not fields of a policy.
const (
	InputPolicy   = "policy"
	InputToken    = "form-token"
	InputTrap     = "website"
	InputAge      = "age"
	InputRegion   = "lives-in"
	InputLanguage = "language"
	prefixConsent = "consent."
	prefixConfirm = "confirm."
)

// Read makes a submission of a posted form. An input given twice is Invalid, by name.
func Read(point string, form map[string][]string) (Submission, error) {
	s := Submission{Point: point, Fields: map[string]string{}}
	if len(form) > maxFields+32 {
		return s, avow.Errorf(avow.TooLarge, "a form has at most %d fields", maxFields)
	}
	for name, values := range form {
		if len(values) != 1 {
			return s, avow.FieldErrorf(clip(name), "is given more than once; give it once")
		}
		if err := s.read(name, values[0]); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Submission) read(name, value string) error {
	purpose, isConsent := strings.CutPrefix(name, prefixConsent)
	statement, isConfirm := strings.CutPrefix(name, prefixConfirm)
	switch {
	case name == InputPolicy:
		s.Policy = value
	case name == InputToken:
		s.FormToken = value
	case name == InputTrap:
		s.Trap = value
	case name == InputLanguage:
		s.Language = value
	case name == InputRegion:
		s.Region = avow.Region(value)
	case name == InputAge:
		return s.readAge(value)
	case isConsent:
		return readTick(name, value, purpose, &s.Consents)
	case isConfirm:
		return readTick(name, value, statement, &s.Confirmed)
	default:
		s.Fields[name] = value
	}
	return nil
}

func (s *Submission) readAge(value string) error {
	n := 0
	for _, r := range strings.TrimSpace(value) {
		if r < '0' || r > '9' || n > 200 {
			return avow.FieldErrorf(InputAge, "is written in whole years")
		}
		n = n*10 + int(r-'0')
	}
	s.Age = n
	return nil
}

// readTick reads a box. Only a plain yes is one.
func readTick(name, value, word string, list *[]string) error {
	switch value {
	case "yes", "on", "true", "1":
		*list = append(*list, word)
	case "", "no", "off", "false", "0":
	default:
		return avow.FieldErrorf(clip(name), "is yes or no")
	}
	return nil
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
