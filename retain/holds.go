package retain

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Kind is why something is held.
type Kind string

// The kinds of holds.
const (
	Legal     Kind = "legal"     // a claim, or an order (gdpr:17(3)(e))
	Complaint Kind = "complaint" // somebody complained, and it is not settled
	Audit     Kind = "audit"     // what an audit or an authority is to see
)

// Hold stops retention and erasure of what it is about: one person (Person), data of the
// policy (Data), tables (Tables), or everything when it names none of them. With Data or Tables
// the hold on a person is about these alone.
type Hold struct {
	ID       avow.ID   `json:"id"`
	Kind     Kind      `json:"kind"`
	Because  string    `json:"because"` // said to the person and in certificates: name nobody in it
	By       string    `json:"by"`
	About    bool      `json:"person"`         // it is about one person
	Data     []string  `json:"data,omitempty"` // categories or fields: `contact.email`
	Tables   []string  `json:"tables,omitempty"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until,omitzero"` // zero: until it is lifted
	Lifted   time.Time `json:"lifted,omitzero"`
	LiftedBy string    `json:"liftedBy,omitempty"`

	// Erased is what it came too late for. Place gives it, and Holds does not.
	Erased []Erased `json:"erased,omitempty"`

	// Person is by what they are known, in the kinds of the map (`email`, `member-number`). It is
	// given when a hold is placed and kept sealed; Holds does not give it.
	Person []find.Identity `json:"-"`
}

// what says what a hold is about, without a name.
func (h *Hold) what() string {
	var parts []string
	if h.About {
		parts = append(parts, "one person")
	}
	parts = append(parts, h.Data...)
	parts = append(parts, h.Tables...)
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

// What says what a hold is about, without naming a person.
func (h Hold) What() string { return h.what() }

const maxNames = 100

func (h *Hold) check(now time.Time) error {
	if !slices.Contains([]Kind{Legal, Complaint, Audit}, h.Kind) {
		return avow.FieldErrorf("kind", "is legal, complaint or audit")
	}
	if err := checkText("because", h.Because); err != nil {
		return err
	}
	if err := checkText("by", h.By); err != nil {
		return err
	}
	if !h.Until.IsZero() && !h.Until.After(now) {
		return avow.FieldErrorf("until", "is over already")
	}
	if len(h.Data)+len(h.Tables)+len(h.Person) > maxNames {
		return avow.FieldErrorf("about", "names more than %d things", maxNames)
	}
	for _, name := range slices.Concat(h.Data, h.Tables) {
		if name == "" || len(name) > maxText || strings.ContainsAny(name, "\r\n") {
			return avow.FieldErrorf("about", "has a name that nothing can have")
		}
	}
	for _, id := range h.Person {
		if id.Kind == "" || id.Value == "" || len(id.Kind)+len(id.Value) > 2*maxText {
			return avow.FieldErrorf("identity", "is a kind and a value: email=ann@example.com")
		}
	}
	return nil
}

// Place places a hold; it counts when this returns, also for a run or an erasure that is under way: it waits for the end of
// what is carried out in a system just now. What an erasure had begun to change by then is in Erased.
func (d *Desk) Place(ctx context.Context, h Hold) (Hold, error) {
	var begun []Erasing
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := h.check(tx.Now()); err != nil {
			return err
		}
		if _, err := d.Mark(tx); err != nil {
			return err
		}
		h.ID, h.Since, h.About = avow.NewID(tx.Now()), tx.Now(), len(h.Person) > 0
		sealed, err := d.sealPerson(tx, &h)
		if err != nil {
			return err
		}
		err = tx.Insert("retain_holds", "id, kind, because, placed_by, person, sealed, data, tables, since, until, lifted_by, changed",
			[]any{h.ID, string(h.Kind), h.Because, h.By, h.About, sealed, strings.Join(h.Data, "\n"), strings.Join(h.Tables, "\n"), h.Since, h.Until, "", tx.Now()})
		if err != nil {
			return err
		}
		if begun, err = d.erasing(tx, &h); err != nil {
			return err
		}
		return d.noteHold(tx, HoldPlaced, &h, h.By)
	})
	if err == nil {
		err = d.untilWritten(ctx)
	}
	if err == nil {
		err = d.untilErased(ctx, &h, begun)
	}
	h.Person = nil
	return h, err
}

// looking is how long is waited between two looks at a batch.
const looking = 50 * time.Millisecond

// untilWritten waits until no run is in the middle of a batch, or the one that is shows no life any more.
func (d *Desk) untilWritten(ctx context.Context) error {
	for {
		var writing bool
		err := d.DB.Read(ctx, func(tx *store.Tx) error {
			now := d.DB.Machine()
			return tx.QueryRow("SELECT EXISTS (SELECT 1 FROM retain_runs WHERE writing = 1 AND "+underWay+")", now.Add(-d.Lease), now.Add(mostAhead)).Scan(&writing)
		})
		if err != nil || !writing {
			return err
		}
		select {
		case <-time.After(looking):
		case <-ctx.Done():
			return errNotWaited
		}
	}
}

var errNotWaited = avow.Errorf(avow.Canceled, "the hold is placed, but what a run or an erasure was just ending may be gone")

func (d *Desk) sealPerson(tx *store.Tx, h *Hold) ([]byte, error) {
	if !h.About {
		return nil, nil
	}
	if err := d.Vault.NewKey(tx, h.ID); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(h.Person)
	if err != nil {
		return nil, err
	}
	return d.Vault.Seal(tx, h.ID, sealContext(h.ID), plain)
}

func sealContext(id avow.ID) []byte { return append([]byte("retain_holds\x00"), id[:]...) }

// Lift ends a hold: what is over by then ends at the next run. Who it was about cannot be
// read any more. NotFound when there is no such hold; one that was lifted is as it was.
func (d *Desk) Lift(ctx context.Context, id avow.ID, by string) (h Hold, err error) {
	if err := checkText("by", by); err != nil {
		return h, err
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		list, err := holds(tx, "id = ?", id)
		if err == nil && len(list) == 0 {
			err = avow.Errorf(avow.NotFound, "there is no such hold; avow retain holds lists them")
		}
		if err != nil {
			return err
		}
		if h = list[0].Hold; !h.Lifted.IsZero() {
			return nil
		}
		h.Lifted, h.LiftedBy = tx.Now(), by
		_, err = tx.Exec("UPDATE retain_holds SET lifted = ?, lifted_by = ?, changed = ?, sealed = NULL WHERE id = ?", h.Lifted, by, tx.Now(), id)
		if err != nil {
			return err
		}
		return d.noteHold(tx, HoldLifted, &h, by)
	})
	if err != nil || !h.About {
		return h, err
	}
	return h, d.Vault.EndKey(ctx, id)
}

// holdNote is the body of the event: what is held and why, and not of whom.
type holdNote struct {
	Hold    avow.ID   `json:"hold"`
	Kind    Kind      `json:"kind"`
	About   string    `json:"about"`
	Because string    `json:"because"`
	By      string    `json:"by"`
	Until   time.Time `json:"until,omitzero"`
}

func (d *Desk) noteHold(tx *store.Tx, what ledger.Type, h *Hold, by string) error {
	body, err := json.Marshal(holdNote{h.ID, h.Kind, h.what(), h.Because, by, h.Until})
	if err != nil {
		return err
	}
	_, err = d.Ledger.Append(tx, ledger.Event{Type: what, Body: body, Ours: true})
	return err
}

// Holds lists the holds, those that count first; ended adds those that were lifted or are over.
func (d *Desk) Holds(ctx context.Context, ended bool) (list []Hold, err error) {
	list = []Hold{}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := holds(tx, "lifted IS NULL OR ?", ended)
		for _, h := range rows {
			if ended || h.counts(tx.Now()) {
				list = append(list, h.Hold)
			}
		}
		return err
	})
	return list, err
}

func (h *Hold) counts(now time.Time) bool {
	return h.Lifted.IsZero() && (h.Until.IsZero() || h.Until.After(now))
}

type heldRow struct {
	Hold
	sealed []byte
}

func holds(tx *store.Tx, which string, args ...any) ([]heldRow, error) {
	return store.Collect(tx, func(r *store.Rows) (h heldRow, err error) {
		var kind, data, tables string
		err = r.Scan(store.IntoID(&h.ID), &kind, &h.Because, &h.By, &h.About, &h.sealed, &data, &tables, store.IntoTime(&h.Since), store.IntoTime(&h.Until),
			store.IntoTime(&h.Lifted), &h.LiftedBy)
		h.Kind, h.Data, h.Tables = Kind(kind), lines(data), lines(tables)
		return h, err
	}, "SELECT id, kind, because, placed_by, person, sealed, data, tables, since, until, lifted, lifted_by FROM retain_holds WHERE "+which+" ORDER BY lifted IS NOT NULL, since, id", args...)
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// standing are the holds that count, with who they are about.
func (d *Desk) standing(tx *store.Tx) ([]Hold, error) {
	rows, err := holds(tx, "lifted IS NULL")
	if err != nil {
		return nil, err
	}
	var out []Hold
	for _, h := range rows {
		if !h.counts(tx.Now()) {
			continue
		}
		if h.About {
			plain, err := d.Vault.Open(tx, h.ID, sealContext(h.ID), h.sealed)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(plain, &h.Person); err != nil {
				return nil, avow.Errorf(avow.Internal, "a hold cannot be read: %w", err)
			}
		}
		out = append(out, h.Hold)
	}
	return out, nil
}

// Mark is another when a hold is placed or lifted. Until the transaction ends nobody places one, on any node: what it
// notes of itself whoever places one later sees.
func (d *Desk) Mark(tx *store.Tx) (m [2]int64, err error) {
	if err := tx.Lock("retain", []byte("holds")); err != nil {
		return m, err
	}
	return mark(tx)
}

// mark grows when a hold is placed or lifted.
func mark(tx *store.Tx) (m [2]int64, err error) {
	return m, tx.QueryRow("SELECT count(id), coalesce(max(changed), 0) FROM retain_holds").Scan(&m[0], &m[1])
}
