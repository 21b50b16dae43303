// Package retain carries out the policy's schedule of retention (gdpr:5(1)(e)): in
// avow's own records, and in the mapped systems by the same plans as an erasure.
//
// What stays true: something ends only when the schedule, a moment that is recorded and the
// calendar say so, and no other clock speaks against this machine's; what only people can know (the end of a legal duty) is listed and left.
// Of several rules on one thing each ends what it is about, and the thing goes when
// none is left. What is held (for a claim, a complaint, an audit), and what a person wants
// restricted (gdpr:18), stays, and is said with its reason; a hold stops an erasure too. A run takes
// bounded batches, a transaction each, and may stop between any two: what is due is still due. Every
// run leaves a record and an event, in names and counts.
//
// What it never does: guess a moment, lock a table, run twice at the same time, or put a
// value of anybody into what it records.
package retain

import (
	"context"
	"embed"
	"io/fs"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

//go:embed migrations/*.sql
var files embed.FS

// What this room records.
const (
	HoldPlaced ledger.Type = "hold-placed"
	HoldLifted ledger.Type = "hold-lifted"
	Ran        ledger.Type = "retention-run"
	// ClockConfirmed is somebody's word for which day it was.
	ClockConfirmed ledger.Type = "clock-confirmed"
)

// Config is what the desk stands on. What other rooms do is handed in, because duties do
// not call each other; a nil function knows of nobody.
type Config struct {
	DB     *store.DB
	Vault  *vault.Vault
	Ledger *ledger.Ledger
	// Version is a version of a policy; number 0 is the latest. NotFound when there is none.
	Version func(name string, number int) (*policy.Policy, error)
	// Systems opens the mapped systems, those of each policy. They stay their owner's to close.
	Systems func(ctx context.Context) ([]Systems, error)
	// Renew has the gate see what changed about a person, because of an event.
	Renew func(tx *store.Tx, subject avow.ID, because *ledger.Receipt) error
	// Restricted tells whether what is held of a person is only to be kept (gdpr:18); they
	// are given by all their ids. AllRestricted lists them in the order of their ids, after one.
	Restricted    func(tx *store.Tx, ids ...avow.ID) (bool, error)
	AllRestricted func(tx *store.Tx, after avow.ID, limit int) ([]avow.ID, error)
	// Shown is when an event of a policy last showed a fact of a person; zero when nothing tells.
	Shown func(tx *store.Tx, p *policy.Policy, event string, ids ...avow.ID) (time.Time, error)
	// Erasing gives what erasures that have not ended have begun to change in mapped systems.
	Erasing func(tx *store.Tx) ([]Erasing, error)
	// Put puts to staff, once each, what systems do not let go of; nil: nobody is told.
	Put Put
	// Counted bounds how many rows a calendar counts for one rule in one table; 0: 1,000,000.
	Counted int
	// Batch is how many rows or values are changed in one transaction; 0: 1,000.
	Batch int
	// Lease is how long a run may show no life before another may begin; 0: two minutes.
	Lease time.Duration
}

// Systems are the mapped systems of one policy.
type Systems struct {
	Search *find.Search
	Away   map[string]error // those that cannot be worked with now
}

func (s Systems) policy() *policy.Policy { return s.Search.Graph.Map.Policy }

// Desk carries out the schedule and keeps the holds. It is safe for concurrent use.
type Desk struct{ Config }

// Open makes the tables.
func Open(ctx context.Context, c Config) (*Desk, error) {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "retain", sub); err != nil {
		return nil, err
	}
	if c.Batch <= 0 {
		c.Batch = 1000
	}
	if c.Counted <= 0 {
		c.Counted = countedRows
	}
	if c.Lease <= 0 {
		c.Lease = 2 * time.Minute
	}
	d := &Desk{c}
	return d, d.beginClock(ctx)
}

// maxText bounds what somebody gives as a name or a reason.
const maxText = 500

func checkText(field, text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return avow.FieldErrorf(field, "is missing")
	case len(text) > maxText:
		return avow.FieldErrorf(field, "is longer than %d bytes", maxText)
	}
	return nil
}
