// Package gate answers one question: may this be done with this person's data?
//
// It compiles the versions of a policy into bit tables, keeps the state of every
// subject in one flat table, and answers with a look-up and a handful of ANDs.
//
// What stays true: the default is no, and missing evidence is no; every answer
// names the sentence of the policy it rests on; Decide allocates nothing, does no
// I/O and waits for no writer; the same versions, state and request give the same
// answer on every machine, for any date.
//
// What it never does: SQL, network, asking for the time, or writing its own
// table: the consent room alone calls Set and Delete.
package gate

import (
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Options bound a gate. The zero value is the default.
type Options struct {
	// Staleness is how long after reading the ledger's head the view counts as
	// fresh. Zero is one second.
	Staleness time.Duration
	// MaxProfiles bounds how many different sorts of subjects are held; a
	// subject past it is not cached. Zero is 65,536.
	MaxProfiles int
}

// Gate holds one policy and its subjects. It is safe for concurrent use.
type Gate struct {
	staleness int64 // nanoseconds
	rules     atomic.Pointer[Rules]
	floor     atomic.Int64 // index of the oldest version that Decide answers for
	seen      atomic.Uint64
	readAt    atomic.Pointer[time.Time]
	subjects  slots
	profiles  profiles
	publish   sync.Mutex
}

// New makes an empty gate: it says no to everything until a version is published.
func New(o Options) *Gate {
	if o.Staleness <= 0 {
		o.Staleness = time.Second
	}
	if o.MaxProfiles <= 0 {
		o.MaxProfiles = 1 << 16
	}
	g := &Gate{staleness: int64(o.Staleness)}
	g.profiles.init(o.MaxProfiles)
	return g
}

// Publish adds the next version of the policy; now tells which one is in force.
// Versions come in order, 1 first. It is Conflict when they do not, or when the
// version takes effect before the one before it.
func (g *Gate) Publish(p *policy.Policy, now time.Time) error {
	g.publish.Lock()
	defer g.publish.Unlock()
	var versions []*policy.Policy
	if old := g.rules.Load(); old != nil {
		versions = old.Versions()
	}
	rules, err := NewRules(append(versions, p))
	if err != nil {
		return err
	}
	floor := max(0, rules.inForce(now.UnixMilli()))
	g.profiles.recompile(rules, floor)
	g.floor.Store(int64(floor))
	g.rules.Store(rules)
	return nil
}

// Rules gives the versions published so far; nil before the first.
func (g *Gate) Rules() *Rules { return g.rules.Load() }

// InForce is the version in force at a time; nil when none was.
func (g *Gate) InForce(at time.Time) *policy.Policy {
	if s := g.rules.Load(); s != nil {
		return s.InForce(at)
	}
	return nil
}

// Set puts or replaces a subject's state. A state the ledger has already gone
// past (a smaller Seen) changes nothing. It reports false when the subject cannot
// be held, for want of room for its profile, before the first version, or because
// its ID is zero: it is then not cached, and the answer about it is no and NotCached.
func (g *Gate) Set(s *State) bool {
	var id uint32
	if !s.Subject.IsZero() {
		id = g.profiles.acquire(s)
	}
	if id == 0 {
		g.Delete(s.Subject)
		return false
	}
	n := slotOf(s, id)
	old, stale := g.subjects.put(&n)
	if stale {
		old = id
	}
	g.profiles.release(old)
	return true
}

func slotOf(s *State, profile uint32) (n slot) {
	n[wordID0], n[wordID1] = idWords(s.Subject)
	n[wordConsents], n[wordSeen] = s.Consents, s.Seen
	n[wordObjections0], n[wordObjections1] = s.Objections[0], s.Objections[1]
	if !s.Until.IsZero() {
		n[wordUntil] = uint64(max(1, s.Until.UnixMilli()))
	}
	n[wordMeta] = uint64(profile)
	if s.Restricted {
		n[wordMeta] |= flagRestricted
	}
	return n
}

// Delete forgets a subject.
func (g *Gate) Delete(id avow.ID) { g.profiles.release(g.subjects.remove(id)) }

// Load sets many subjects, for the start of the program. It returns how many are held.
func (g *Gate) Load(states iter.Seq[*State]) (held int) {
	for s := range states {
		if g.Set(s) {
			held++
		}
	}
	return held
}

// Len counts the subjects held.
func (g *Gate) Len() int { return g.subjects.len() }

// Bytes is the memory of the subjects' table.
func (g *Gate) Bytes() int { return g.subjects.bytes() + profileBytes*g.profiles.count() }

// Profiles counts the different sorts of subjects held.
func (g *Gate) Profiles() int { return g.profiles.count() }

// Advance records that the head of the ledger was read, and that the table is up to
// date with it. at is when the reading began, by the clock that Fresh is asked with: a time of
// another machine says nothing here.
func (g *Gate) Advance(index uint64, at time.Time) {
	g.seen.Store(index)
	g.readAt.Store(&at)
}

// Seen is the ledger index the view has seen.
func (g *Gate) Seen() uint64 { return g.seen.Load() }

// Fresh reports whether the head of the ledger was read within the staleness. Ask it
// after deciding, with the time it is then: who was stopped in between must see that
// the view has aged. Both the steady clock and the calendar must say so where now has the two:
// one stands still while a machine sleeps, the other can be set back.
func (g *Gate) Fresh(now time.Time) bool {
	at := g.readAt.Load()
	return at != nil && g.within(now.Sub(*at)) && g.within(now.Round(0).Sub(at.Round(0)))
}

func (g *Gate) within(d time.Duration) bool { return d >= 0 && int64(d) <= g.staleness }

// Holds tells up to which index of the ledger the state of a subject is known here.
func (g *Gate) Holds(id avow.ID) (seen uint64, ok bool) { return g.subjects.seen(id) }
