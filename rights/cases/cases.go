// Package cases answers what people ask about their data, in avow's own records and in
// the systems of the data map: a request is taken down, shown to be theirs, planned,
// approved, done, checked, told and closed, by its legal clock.
//
// What stays true: a request that was taken down is answered or says why not; each
// thing to do is a row, done by one node at a time, and again after a stop until it is recorded,
// so each is an idempotent function of what was captured. A system that is away makes a
// request wait and never fail, and the person never asks again. Everything is captured before the first
// change, because erasing in one system loses the ties to the next. Who somebody is and
// what they wrote lies under the request's own key, destroyed at the end. Only an
// identity that was shown to be theirs is ever searched for, but to mark what the law has stopped without that. Each change of state is an event without a value.
//
// What it never does: tell whether an address is known, ask for more than the right
// needs, drop a request, or change anything before a plan that needs approval has it.
package cases

import (
	"context"
	"embed"
	"io"
	"io/fs"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Own is what a request does in rooms that keep what people say; it is handed in,
// because duties do not call each other. A nil one makes it a task for staff.
type Own struct {
	// Restrict has the gate say no to all but what gdpr:18(2) allows.
	Restrict func(tx *store.Tx, subject avow.ID) error
	// Unrestrict lifts that, and records who does it and why: staff, and the person was told before (gdpr:18(3)); or with neither the person
	// themselves.
	Unrestrict func(tx *store.Tx, subject avow.ID, by, reason string) error
	// Stop records what was stopped by somebody who gave these identities, shown to be theirs or not: from then on the
	// gate says no. byHand is what no switch here stops and staff see to, in words; it does not depend on who it is.
	Stop func(tx *store.Tx, s Stopped) (byHand string, err error)
	// Weighs gives the purposes among what was stopped whose objection staff may weigh (gdpr:21(1)), by name and by title, and
	// whether that is all that was stopped. Direct marketing is never among them. Nil: nothing is weighed.
	Weighs func(s Stopped) (w Weighed, err error)
	// Outweighed has the gate let purposes go on whose objection staff found outweighed.
	Outweighed func(tx *store.Tx, s Stopped, purposes []string, by, reason string) error
	// Restricted tells whether somebody's data is restricted for a reason of its own. Nil: it is not.
	Restricted func(tx *store.Tx, subject avow.ID) (bool, error)
}

// Stopped is something a person stops.
type Stopped struct {
	Right      law.Right // Object, Withdraw, StopMarketing, OptOut, Limit
	Policy     string
	Subject    avow.ID // zero: they were not asked to show who they are
	Identities []Identity
	Of         []string // purposes or topics; none is all
}

// Config is what the desk stands on. Desk, Regimes and Engine are required.
type Config struct {
	Desk    *rights.Desk // the database, the vault, the log, the outbox, the register
	Regimes *law.Regimes
	Engine  Engine
	Own     Own
	// Pack writes the package of an access or portability request.
	Pack func(ctx context.Context, r Request, attached []Attachment, w io.Writer) (Packed, error)
	// Packages keeps what Pack wrote, encrypted; see Folder.
	Packages Packages
	// Tell tells a recipient of an erasure, correction or restriction. Without it, and where
	// it is Refused, staff have a task to.
	Tell func(ctx context.Context, recipient string, r Request) error
	// Link is the page a link opens, with the token at its end; Page is where somebody with
	// a number asks for one.
	Link, Page string
	// AskPage is where somebody asks for something, with the right at its end; empty: no page does.
	AskPage string
	// CertificatePage shows a certificate, with its key at the end (see CertificateKey); empty: no page does.
	CertificatePage string
	Staff           string // the address reminders go to; empty: none is sent
	// SureOfClock is Refused while the clock is in doubt: nothing is forgotten then because its time is over. Nil: it never is.
	SureOfClock func(ctx context.Context) error
	// Holds tells by a mark what is held against erasures: it is another when a hold is placed or lifted, and until the
	// transaction ends nobody places one. Nil: nothing ever is held.
	Holds func(tx *store.Tx) (mark [2]int64, err error)
	// TwoPeople lists the rights whose plan a second person approves. nil is erasure.
	TwoPeople []law.Right
	// Approved says so by the policy that a request is under, and stands in the place of TwoPeople.
	Approved func(p *policy.Policy, right law.Right) bool
	// Level overrides what has to be shown for a right; see Needs.
	Level map[law.Right]Level
	// Home is the region of people whose own is not known: the strictest law counts whatever it is.
	Home avow.Region

	Lease    time.Duration // how long a node may show no life; 1 minute
	Backoff  time.Duration // the wait after a first failure, doubled up to an hour; 30 s
	Parallel int           // steps at once on one node; 4
	Keep     time.Duration // how long a package can be fetched, and an answer appealed; 14 days
	Lapse    time.Duration // how long somebody may take to show who they are; 30 days
	Remind   []int         // days before the deadline; 14, 7, 3, 1
	Before   time.Duration // how long the person is told before a use goes on whose objection was outweighed, or a restriction ends (gdpr:18(3)); 24 hours
	Promise  int           // days for an answer where no law fixes any; 30
	AnswerIn time.Duration // how long an answer to somebody unknown takes at least; 200 ms
}

// Desk takes requests and answers them. It is safe for concurrent use.
type Desk struct {
	Config
	node avow.ID
	wake chan struct{}
}

// Open makes the tables.
func Open(ctx context.Context, c Config) (*Desk, error) {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	if err := c.Desk.DB.Migrate(ctx, "rights_cases", sub); err != nil {
		return nil, err
	}
	c.defaults()
	return &Desk{Config: c, node: avow.NewID(c.Desk.DB.Machine()), wake: make(chan struct{}, 1)}, nil
}

func (c *Config) defaults() {
	set(&c.Lease, time.Minute)
	set(&c.Backoff, 30*time.Second)
	set(&c.Parallel, 4)
	set(&c.Keep, 14*24*time.Hour)
	set(&c.Lapse, 30*24*time.Hour)
	set(&c.Before, 24*time.Hour)
	set(&c.Promise, 30)
	set(&c.AnswerIn, 200*time.Millisecond)
	if c.Remind == nil {
		c.Remind = []int{14, 7, 3, 1}
	}
	if c.TwoPeople == nil {
		c.TwoPeople = []law.Right{law.Remove}
	}
}

func set[T comparable](to *T, value T) {
	var none T
	if *to == none {
		*to = value
	}
}

// nudge has the loop look at once.
func (d *Desk) nudge() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
