// Package intake brings in the people an organisation knew before avow: a file of
// them, with what they consented and objected to, and the evidence of it.
//
// What stays true: a file is read and checked whole before anything of it is kept;
// what is kept of it lies apart, where nobody finds it, until all of it becomes true in
// one short transaction; and either everything that the report calls accepted is
// there then, or nothing is. Only what the policy declares comes in, from a source
// that yields it. A consent that nobody can show is none, one given under an address
// nobody has verified does not count yet, and who said stop stays stopped. Memory is
// bounded by a line, however long the file.
//
// What it never does: write a value of the file into a report, an error or a
// temporary file; join people of the file by anything but what finds a person; or
// lift what somebody has said before.
package intake

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
	Outbox  *mail.Outbox // nil: nobody is written to, and whom the law wants told stays listed
	// Base is where people read the notices: https://privacy.harbour.example. A notice is
	// at Base/policy/NAME, what somebody can do about their data at Base/privacy.
	Base string
}

// Desk takes files in. It is safe for concurrent use.
type Desk struct {
	db      *store.DB
	vault   *vault.Vault
	ledger  *ledger.Ledger
	consent *consent.Register
	outbox  *mail.Outbox
	base    string
}

// Open makes the tables and the desk.
func Open(ctx context.Context, c Config) (*Desk, error) {
	sub, err := fs.Sub(files, "sql")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "intake", sub); err != nil {
		return nil, err
	}
	return &Desk{db: c.DB, vault: c.Vault, ledger: c.Ledger, consent: c.Consent, outbox: c.Outbox, base: strings.TrimSuffix(c.Base, "/")}, nil
}

// Options say what a file is and how it is taken. What changes the result is kept with
// the import, so that it goes on after a crash as it began.
type Options struct {
	Format    Format            `json:"format,omitempty"`
	Delimiter byte              `json:"delimiter,omitempty"` // of CSV: `,`, `;` or a tab; 0: found by its first line
	Sheet     string            `json:"sheet,omitempty"`     // of XLSX; empty: the first
	Map       map[string]string `json:"map,omitempty"`       // column of the file → name in the policy, or LeftOut

	Policy string   `json:"policy"`
	Source string   `json:"source,omitempty"` // declared by the policy; empty: the column `source` says
	For    []string `json:"for,omitempty"`    // purposes the data was collected for; empty: not told
	// Obtained is the day from which the time counts to tell people (gdpr:14(3)); zero: today.
	Obtained time.Time `json:"obtained,omitzero"`
	// WithoutEvidence imports a consent without its day or its evidence as none, instead of refusing the line.
	WithoutEvidence bool `json:"withoutEvidence,omitempty"`

	By      string `json:"-"` // who does it, for the record: `staff`
	Allowed int    `json:"-"` // lines with errors that are left out; one more, and nothing of the file counts
	Again   bool   `json:"-"` // take a file that was taken before
	// Progress is told now and then how far it is: Checked, and the line that was read,
	// or Staging, and the line up to which all is on the disk.
	Progress func(doing State, line int) `json:"-"`
}

func (o Options) check() error {
	switch {
	case o.Delimiter != 0 && o.Delimiter != ',' && o.Delimiter != ';' && o.Delimiter != '\t':
		return avow.FieldErrorf("delimiter", "is a comma, a semicolon or a tab")
	case o.Allowed < 0:
		return avow.FieldErrorf("errors", "is how many lines may be left out; 0 or more")
	case len(o.By) > 200 || len(o.Sheet) > 200 || len(o.Map) > maxColumns || len(o.For) > maxColumns:
		return avow.Errorf(avow.TooLarge, "the options of an import are short; shorten the names")
	}
	_, err := ParseFormat(string(o.Format))
	return err
}

// State says how far an import is.
type State string

// The states.
const (
	Checked    State = "checked"    // read, and nothing written
	Staging    State = "staging"    // being kept apart; Stage goes on with it
	Staged     State = "staged"     // whole, and nobody finds it
	Flipped    State = "flipped"    // true; people are being brought together with those who were there
	Settled    State = "settled"    // done
	Discarding State = "discarding" // being destroyed; Discard goes on with it
	Discarded  State = "discarded"  // never was
)
