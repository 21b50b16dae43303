package consent

import (
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
)

// recorded is all that a consent record is made of. Who it is about is not in it, so
// that everybody who answers the same words in the same way has the same record.
type recorded struct {
	policy  *policy.Policy
	purpose *policy.CompiledPurpose
	choice  Choice
	state   string
	region  avow.Region
	until   string // a date; empty: until it is withdrawn
}

func (r recorded) body(base string) (ledger.Said, error) {
	record := recordOf(r.policy, r.purpose, r.choice, r.region, base)
	record.State = r.state
	if r.until != "" {
		record.Until = r.until
	}
	return ledger.Say(consentBody{record, r.choice.elsewhere()})
}

// records remembers records that were made: a record is long, and the next one is
// mostly the same. What is said of one person alone is not kept.
type records struct {
	mu   sync.RWMutex
	made map[recorded]ledger.Said
}

const (
	maxRecords = 512
	maxShown   = 2000 // bytes of the words of a record that is kept
)

func newRecords() *records { return &records{made: map[recorded]ledger.Said{}} }

func (r *records) of(what recorded, base string) (ledger.Said, error) {
	c := &what.choice
	if !c.Since.IsZero() || c.Evidence != "" || len(c.Shown)+len(c.Way)+len(c.By)+len(c.Language) > maxShown {
		return what.body(base)
	}
	r.mu.RLock()
	said, ok := r.made[what]
	r.mu.RUnlock()
	if ok {
		return said, nil
	}
	said, err := what.body(base)
	if err != nil {
		return said, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.made) >= maxRecords {
		clear(r.made)
	}
	r.made[what] = said
	return said, nil
}
