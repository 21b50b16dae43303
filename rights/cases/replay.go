package cases

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

func randomSalt() []byte {
	b := make([]byte, saltSize)
	rand.Read(b)
	return b
}

// tombstone is a keyed hash of a form of an identity. It finds who was erased in a
// system that came back from a backup, and nobody without the organisation's secret.
func (d *Desk) tombstone(f Form) []byte {
	h := hmac.New(sha256.New, d.Desk.Vault.KeyFor("identities of the erased"))
	fmt.Fprintf(h, "%d\x00%s%d\x00%s%s", len(f.Kind), f.Kind, len(f.Compare), f.Compare, f.Text)
	return h.Sum(nil)
}

// buriedBegins is how the words begin in which the vault keeps a tombstone.
const buriedBegins = "erased "

// burial is what is kept with a tombstone: names only.
type burial struct {
	Was    avow.ID     `json:"request"`
	Policy string      `json:"policy"`
	Region avow.Region `json:"region,omitempty"`
}

// marks are the rights that mark systems for good until that is lifted, by the words in which it is kept.
var marks = map[law.Right]struct{ set, lifted string }{
	law.Restrict: {"set restrict ", "lifted restrict "}, law.Object: {"set object ", "lifted object "},
}

// remember keeps beside the keys what a request has done in systems, for when these come back from a backup.
func (d *Desk) remember(tx *store.Tx, c *record, s *secret) error {
	switch {
	case c.Right == law.Remove:
		return d.bury(tx, c, s, buriedBegins)
	case c.Door == Replay:
		return nil // it is kept since it was done first
	case c.Right == Lift:
		return d.bury(tx, c, s, marks[law.Restrict].lifted)
	case c.Right == law.Restrict, c.Right == law.Object && !s.Lift:
		return d.bury(tx, c, s, marks[c.Right].set)
	case c.Right == law.Object:
		return d.bury(tx, c, s, marks[c.Right].lifted)
	}
	return nil
}

// bury keeps hashes of who was erased, or whose data was marked, beside the keys: these records may be restored from a
// backup themselves, which must not forget it. It is done as soon as one system has forgotten the
// person, and once more at the end, whose time then counts.
func (d *Desk) bury(tx *store.Tx, c *record, s *secret, begins string) error {
	what, err := json.Marshal(burial{c.ID, c.Policy, c.Region})
	if err != nil {
		return err
	}
	for _, id := range s.proved() {
		for _, f := range d.Engine.Forms(c.Region, id) {
			if err := d.Desk.Vault.KeepStop(tx, d.tombstone(f), begins+string(what)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Replayed is somebody who was erased and is back, or whose restriction or objection stands.
type Replayed struct {
	Right   law.Right `json:"right"`            // Remove, Restrict, Object
	Was     avow.ID   `json:"was"`              // the request that did it, of several the last
	At      time.Time `json:"at"`               // then
	Tables  []string  `json:"tables"`           // where they were met: `shop.customers`
	Request avow.ID   `json:"request,omitzero"` // that does it again; zero in a dry run, and when they came again by themselves
	// Again: somebody of this identity has become known here since the erasure. Nothing is
	// done: what is there may be new, and people decide.
	Again bool `json:"again,omitempty"`
}

// replaying bounds what Replay holds in memory at once.
const mostReplayed = 100_000

// Replay looks for people who were erased since a time and are back in some systems, because
// these were restored from a backup of that time; nil is all systems. It looks as well for those whose restriction or objection
// was marked there since then, and stands. For each it opens a request
// that erases them again, or marks them, durable as any, without approval and without a letter; a dry run opens none. It reads
// every identity column of the systems once, in one pass a table, and keeps in memory the hashes of
// those erased since: 32 bytes each. An identity costs one or a few HMACs, about a microsecond each, so that
// reading is what takes the time. Run it before the restored system is used again: a row that somebody who
// came back made since cannot be told from an old one.
//
// The tombstones lie beside the keys (see vault.KeepStop), and not in these records: it works as well after these were restored from
// a backup that knows nothing of the erasure or of its request. People are counted once, as far as a row shows that several requests were one person's.
//
// What in a restored system is reached through another system alone, and holds no identity
// itself, no tombstone finds: restore, or look through, the two together.
func (d *Desk) Replay(ctx context.Context, since time.Time, systems []string, by string, dry bool) ([]Replayed, error) {
	if err := stated(by, "replay"); err != nil {
		return nil, err
	}
	gone, err := d.doneSince(ctx, since)
	if err != nil || len(gone) == 0 {
		return []Replayed{}, err
	}
	met := map[avow.ID]*meeting{}
	err = d.Engine.Scan(ctx, systems, func(row Scanned) error { return d.met(met, gone, row) })
	if err != nil {
		return nil, err
	}
	return d.doAgain(ctx, persons(met), by, dry)
}

// met notes who of the erased is in a row.
func (d *Desk) met(met map[avow.ID]*meeting, gone map[[32]byte][]buried, row Scanned) error {
	first := map[law.Right]*meeting{}
	for _, known := range row.Known {
		for _, f := range known.Forms {
			for _, t := range gone[[32]byte(d.tombstone(f))] {
				m, err := meet(met, t, row.System+"."+row.Table, known.Identity)
				if err != nil {
					return err
				}
				f := first[m.Right]
				if f == nil {
					first[m.Right] = m
				} else if row.OnePerson && m != f && !slices.Contains(f.beside, m) {
					f.beside = append(f.beside, m)
				}
			}
		}
	}
	return nil
}

type buried struct {
	burial
	right law.Right
	at    time.Time
}

// meeting is somebody erased or marked, as the systems know them again.
type meeting struct {
	Replayed
	burial burial
	ids    []Identity
	beside []*meeting // met in a row that is one person's
	into   *meeting   // it is part of another by now
}

func meet(met map[avow.ID]*meeting, t buried, table string, id Identity) (*meeting, error) {
	m := met[t.Was]
	if m == nil {
		if len(met) >= mostReplayed {
			return nil, avow.Errorf(avow.TooLarge, "more than %d people are back; name fewer systems", mostReplayed)
		}
		m = &meeting{Replayed: Replayed{Right: t.right, Was: t.Was, At: t.at, Tables: []string{}}, burial: t.burial}
		met[t.Was] = m
	}
	if !slices.Contains(m.Tables, table) {
		m.Tables = append(m.Tables, table)
	}
	if !slices.Contains(m.ids, id) && len(m.ids) < mostIdentities {
		m.ids = append(m.ids, id)
	}
	return m, nil
}

// doneSince is what was done at a time or later and stands: erasures, and marks that nothing came after which lifted them.
func (d *Desk) doneSince(ctx context.Context, since time.Time) (map[[32]byte][]buried, error) {
	done, err := d.keptSince(ctx, since, law.Remove, buriedBegins)
	if err != nil {
		return nil, err
	}
	erased := maps.Clone(done)
	for right, words := range marks {
		set, err := d.keptSince(ctx, since, right, words.set)
		if err != nil {
			return nil, err
		}
		lifted, err := d.keptSince(ctx, since, right, words.lifted)
		if err != nil {
			return nil, err
		}
		for thing, list := range set {
			for _, b := range list {
				if !b.before(lifted[thing]) && !b.before(erased[thing]) {
					done[thing] = append(slices.Clip(done[thing]), b)
				}
			}
		}
	}
	return done, nil
}

// before tells whether any of a list, under the same policy, came after.
func (b buried) before(list []buried) bool {
	return slices.ContainsFunc(list, func(l buried) bool { return l.Policy == b.Policy && l.at.After(b.at) })
}

// keptSince are the tombstones of a time or later, in the words of one right.
func (d *Desk) keptSince(ctx context.Context, since time.Time, right law.Right, begins string) (map[[32]byte][]buried, error) {
	kept := map[[32]byte][]buried{}
	err := d.Desk.Vault.Stops(ctx, since, begins, func(page []vault.Stop) error {
		for _, s := range page {
			b := buried{at: s.At, right: right}
			if err := json.Unmarshal([]byte(s.What[len(begins):]), &b.burial); err != nil || len(s.Thing) != sha256.Size {
				return avow.Errorf(avow.Internal, "what is kept of a request cannot be read")
			}
			kept[[32]byte(s.Thing)] = append(kept[[32]byte(s.Thing)], b)
		}
		return nil
	})
	return kept, err
}

// persons puts those together who were erased by several requests: whoever was met by an
// identity of both is one person, and whoever was met in one row that is one person's. In the order of their erasures, of which the last counts.
func persons(met map[avow.ID]*meeting) []*meeting {
	type whom struct {
		Identity
		right law.Right
	}
	whose := map[whom]*meeting{}
	all := slices.SortedFunc(maps.Values(met), earlier)
	for _, m := range all {
		for _, id := range slices.Clone(m.ids) {
			if other := whose[whom{id, m.Right}]; other != nil {
				m.joins(other)
			}
			whose[whom{id, m.Right}] = m
		}
		for _, other := range m.beside {
			m.joins(other)
		}
	}
	return slices.SortedFunc(slices.Values(slices.DeleteFunc(all, func(m *meeting) bool { return m.into != nil })), earlier)
}

func earlier(a, b *meeting) int {
	return cmp.Or(a.At.Compare(b.At), bytes.Compare(a.Was[:], b.Was[:]))
}

// whole is the meeting that one is part of by now.
func (m *meeting) whole() *meeting {
	for m.into != nil {
		m = m.into
	}
	return m
}

// joins makes one person of two, unless they are known by more than a request takes.
func (m *meeting) joins(other *meeting) {
	m, other = m.whole(), other.whole()
	if m == other || len(other.ids)+len(m.ids) > 2*mostIdentities {
		return
	}
	ids := slices.CompactFunc(slices.SortedFunc(slices.Values(slices.Concat(m.ids, other.ids)), func(a, b Identity) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
	}), func(a, b Identity) bool { return a == b })
	if len(ids) > mostIdentities {
		return
	}
	if other.At.After(m.At) {
		m.Was, m.At, m.burial = other.Was, other.At, other.burial
	}
	m.ids, other.into = ids, m
	m.Tables = slices.Concat(m.Tables, other.Tables)
	slices.Sort(m.Tables)
	m.Tables = slices.Compact(m.Tables)
}

// doAgain opens a request for each, in the order of their erasures.
func (d *Desk) doAgain(ctx context.Context, back []*meeting, by string, dry bool) ([]Replayed, error) {
	out := []Replayed{}
	for _, m := range back {
		slices.Sort(m.Tables)
		if err := d.doOneAgain(ctx, m, by, dry); err != nil {
			return out, err
		}
		out = append(out, m.Replayed)
	}
	if !dry {
		d.nudge()
	}
	return out, nil
}

func (d *Desk) doOneAgain(ctx context.Context, m *meeting, by string, dry bool) error {
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		m.Request, m.Again = avow.ID{}, false
		var err error
		if m.Right == law.Remove {
			m.Again, err = d.cameAgain(tx, m)
		}
		if err != nil || m.Again || dry {
			return err
		}
		a := Ask{ID: once(m.Was, "again", tx.Now().Format(time.RFC3339Nano)), Right: m.Right, Policy: m.burial.Policy, Region: m.burial.Region, Door: Replay, By: by, Identities: m.ids}
		if err := a.check(); err != nil {
			return err
		}
		t, err := d.take(tx, a, avow.ID{})
		m.Request = t.ID
		return err
	})
}

// cameAgain tells whether somebody of these identities is known here who was made after the erasure, or asked for
// anything since.
func (d *Desk) cameAgain(tx *store.Tx, m *meeting) (bool, error) {
	for _, id := range m.ids {
		found, err := d.Desk.Vault.Find(tx, vault.Identity{Kind: id.Kind, Value: id.Value, Region: m.burial.Region.Country()})
		if avow.KindOf(err) == avow.Invalid {
			continue
		}
		if err != nil {
			return false, err
		}
		for _, f := range vault.Holders(found) {
			s, err := d.Desk.Vault.Subject(tx, f.Subject)
			if err != nil {
				return false, err
			}
			if s.Made.After(m.At) {
				return true, nil
			}
		}
	}
	return false, nil
}
