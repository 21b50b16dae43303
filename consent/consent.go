// Package consent keeps what people have said yes and no to, and the published
// versions of the policies they said it about.
//
// What stays true: what somebody said is an event, and the rows that its one fold makes
// of it, in one transaction; whoever changes a row by hand is found, because the events
// can be folded again (Check). A withdrawal or an objection that was acknowledged is true in the
// gate already, and on other nodes within the second for which their views are fresh.
// Consent counts when its giver is known to hold the address, or when the policy
// says one act is enough; an objection always counts, whoever brought it. This
// room alone writes the gate's tables, and every other room asks the same gates.
//
// What it never does: decide about a use, keep a value, or change a version that
// was published.
package consent

import (
	"context"
	"embed"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

//go:embed sql/*.sql
var files embed.FS

// Config is what the register stands on.
type Config struct {
	DB     *store.DB
	Vault  *vault.Vault
	Ledger *ledger.Ledger
	Gate   gate.Options
	// Clock is this machine's clock, by which a gate's view ages; whoever asks gate.Fresh
	// gives the time of the same clock. Nil is the database's Machine.
	Clock func() time.Time
	// Base is where notices are read: https://privacy.harbour.example. It stands in receipts.
	Base string
}

// Register is the room. It is safe for concurrent use.
type Register struct {
	db      *store.DB
	vault   *vault.Vault
	ledger  *ledger.Ledger
	gates   gate.Options
	base    string
	clock   func() time.Time
	absent  absence
	people  *store.Ahead[avow.ID, person]
	heard   *store.Ahead[vault.Blind, holder]
	saved   *store.Behind[saving]
	sorts   *sorts
	records *records

	loading    atomic.Int32
	publishing sync.Mutex // one publication at a time on this node
	following  sync.Mutex // one look at other nodes' events at a time
	seen       int64      // events looked at, under following

	mu     sync.RWMutex
	series map[string]*series
}

// series is a policy with all its versions and its gate.
type series struct {
	name     string
	gate     *gate.Gate
	versions []*policy.Policy
}

func (s *series) last() *policy.Policy { return s.versions[len(s.versions)-1] }

// Open makes the tables and compiles every published version again, in order. The
// gates are still empty of people: Load fills them, and Refresh does for one. With a Conflict,
// when a text cannot be read any more, comes a register that only CheckPublished is of use to.
func Open(ctx context.Context, c Config) (*Register, error) {
	sub, err := fs.Sub(files, "sql")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "consent", sub); err != nil {
		return nil, err
	}
	r := &Register{db: c.DB, vault: c.Vault, ledger: c.Ledger, gates: c.Gate, base: strings.TrimSuffix(c.Base, "/"), clock: c.Clock, series: map[string]*series{}}
	if r.clock == nil {
		r.clock = c.DB.Machine
	}
	r.people, r.heard = store.NewAhead(r.readPeople), store.NewAhead(r.readHolders)
	r.saved, r.sorts = store.NewBehind(c.DB, save), newSorts()
	r.records = newRecords()
	// What other nodes write from here on, CatchUp takes over; what was before, Load reads.
	if err := c.DB.Read(ctx, func(tx *store.Tx) (err error) { r.seen, err = c.Ledger.Size(tx); return err }); err != nil {
		return nil, err
	}
	return r, r.reload(ctx)
}

// Gate is the gate of a policy; false when no version of it was published.
func (r *Register) Gate(name string) (*gate.Gate, bool) {
	s := r.find(name)
	if s == nil {
		return nil, false
	}
	return s.gate, true
}

func (r *Register) find(name string) *series {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.series[name]
}

// all gives the series there are. A series is replaced, never changed.
func (r *Register) all() []*series {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*series, 0, len(r.series))
	for _, s := range r.series {
		list = append(list, s)
	}
	return list
}

func unknownPolicy(name string) error {
	return avow.Errorf(avow.NotFound, "no policy %q is published here", name)
}
