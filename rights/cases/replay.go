package cases

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
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

// bury keeps hashes of who was erased.
func (d *Desk) bury(tx *store.Tx, c *record, s *secret) error {
	for _, id := range s.proved() {
		for _, f := range d.Engine.Forms(c.Region, id) {
			_, err := tx.Exec(`INSERT INTO rights_tombstones (case_id, hash, kind, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, c.ID, d.tombstone(f), f.Kind, tx.Now())
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Replayed is somebody who was erased and is back.
type Replayed struct {
	Was     avow.ID   `json:"was"`              // the request that erased them, of several the last
	Erased  time.Time `json:"erased"`           // then
	Tables  []string  `json:"tables"`           // where they were met: `shop.customers`
	Request avow.ID   `json:"request,omitzero"` // that erases them again; zero in a dry run, and when they came again by themselves
	// Again: somebody of this identity has become known here since the erasure. Nothing is
	// done: what is there may be new, and people decide.
	Again bool `json:"again,omitempty"`
}

// replaying bounds what Replay holds in memory at once.
const mostReplayed = 100_000

// Replay looks for people who were erased since a time and are back in some systems, because
// these were restored from a backup of that time; nil is all systems. For each it opens a request
// that erases them again, durable as any, without approval and without a letter; a dry run opens none. It reads
// every identity column of the systems once, in one pass a table, and keeps in memory the hashes of
// those erased since: 32 bytes each. An identity costs one or a few HMACs, about a microsecond each, so that
// reading is what takes the time. Run it before the restored system is used again: a row that somebody who
// came back made since cannot be told from an old one.
//
// What in a restored system is reached through another system alone, and holds no identity
// itself, no tombstone finds: restore, or look through, the two together.
func (d *Desk) Replay(ctx context.Context, since time.Time, systems []string, by string, dry bool) ([]Replayed, error) {
	if err := stated(by, "replay"); err != nil {
		return nil, err
	}
	gone, err := d.erasedSince(ctx, since)
	if err != nil || len(gone) == 0 {
		return []Replayed{}, err
	}
	met := map[avow.ID]*meeting{}
	err = d.Engine.Scan(ctx, systems, func(system, table string, id Identity, forms []Form) error {
		for _, f := range forms {
			for _, t := range gone[[32]byte(d.tombstone(f))] {
				if err := meet(met, t, system+"."+table, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d.eraseAgain(ctx, persons(met), by, dry)
}

type buried struct {
	was avow.ID
	at  time.Time
}

// meeting is somebody erased, as the systems know them again.
type meeting struct {
	Replayed
	ids  []Identity
	into bool // it is part of another by now
}

func meet(met map[avow.ID]*meeting, t buried, table string, id Identity) error {
	m := met[t.was]
	if m == nil {
		if len(met) >= mostReplayed {
			return avow.Errorf(avow.TooLarge, "more than %d people are back; name fewer systems", mostReplayed)
		}
		m = &meeting{Replayed: Replayed{Was: t.was, Erased: t.at, Tables: []string{}}}
		met[t.was] = m
	}
	if !slices.Contains(m.Tables, table) {
		m.Tables = append(m.Tables, table)
	}
	if !slices.Contains(m.ids, id) && len(m.ids) < mostIdentities {
		m.ids = append(m.ids, id)
	}
	return nil
}

func (d *Desk) erasedSince(ctx context.Context, since time.Time) (gone map[[32]byte][]buried, err error) {
	if since.IsZero() {
		since = time.Unix(0, 0)
	}
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		gone = map[[32]byte][]buried{}
		return store.Each(tx, func(r *store.Rows) error {
			var b buried
			var hash []byte
			if err := r.Scan(store.IntoID(&b.was), &hash, store.IntoTime(&b.at)); err != nil {
				return err
			}
			gone[[32]byte(hash)] = append(gone[[32]byte(hash)], b)
			return nil
		}, `SELECT case_id, hash, at FROM rights_tombstones WHERE at >= ? ORDER BY at`, since)
	})
	return gone, err
}

// persons puts those together who were erased by several requests: whoever was met by an
// identity of both is one person. In the order of their erasures, of which the last counts.
func persons(met map[avow.ID]*meeting) []*meeting {
	whose := map[Identity]*meeting{}
	for _, m := range met {
		for _, id := range m.ids {
			if other := whose[id]; other != nil && other != m && len(other.ids)+len(m.ids) <= mostIdentities {
				m.join(other)
				for _, theirs := range other.ids {
					whose[theirs] = m
				}
				other.into = true
			}
			whose[id] = m
		}
	}
	out := slices.DeleteFunc(slices.Collect(maps.Values(met)), func(m *meeting) bool { return m.into })
	slices.SortFunc(out, func(a, b *meeting) int {
		return cmp.Or(a.Erased.Compare(b.Erased), bytes.Compare(a.Was[:], b.Was[:]))
	})
	return out
}

func (m *meeting) join(other *meeting) {
	if other.Erased.After(m.Erased) {
		m.Was, m.Erased = other.Was, other.Erased
	}
	m.Tables, m.ids = slices.Concat(m.Tables, other.Tables), slices.Concat(m.ids, other.ids)
	slices.Sort(m.Tables)
	m.Tables = slices.Compact(m.Tables)
	m.ids = slices.CompactFunc(slices.SortedFunc(slices.Values(m.ids), func(a, b Identity) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
	}), func(a, b Identity) bool { return a == b })
}

// eraseAgain opens a request for each, in the order of their erasures.
func (d *Desk) eraseAgain(ctx context.Context, back []*meeting, by string, dry bool) ([]Replayed, error) {
	out := []Replayed{}
	for _, m := range back {
		slices.Sort(m.Tables)
		if err := d.eraseOneAgain(ctx, m, by, dry); err != nil {
			return out, err
		}
		out = append(out, m.Replayed)
	}
	if !dry {
		d.nudge()
	}
	return out, nil
}

func (d *Desk) eraseOneAgain(ctx context.Context, m *meeting, by string, dry bool) error {
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		m.Request, m.Again = avow.ID{}, false
		was, err := read(tx, m.Was)
		if err != nil {
			return err
		}
		if m.Again, err = d.cameAgain(tx, &was, m); err != nil || m.Again || dry {
			return err
		}
		a := Ask{ID: once(m.Was, "again", tx.Now().Format(time.RFC3339Nano)), Right: law.Remove, Policy: was.Policy, Region: was.Region, Door: Replay, By: by, Identities: m.ids}
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
func (d *Desk) cameAgain(tx *store.Tx, was *record, m *meeting) (bool, error) {
	for _, id := range m.ids {
		found, err := d.Desk.Vault.Find(tx, vault.Identity{Kind: id.Kind, Value: id.Value, Region: was.Region.Country()})
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
			if s.Made.After(m.Erased) {
				return true, nil
			}
		}
	}
	return false, nil
}
