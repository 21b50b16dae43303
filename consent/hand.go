package consent

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Hand writes what one person says, in a transaction. Done ends it. Two hands of one
// person in a transaction are taken one after the other, not side by side.
type Hand struct {
	r       *Register
	tx      *store.Tx
	who     vault.Subject
	staged  bool // in an import, not there yet
	said    said
	known   bool          // the table of those this room has heard of has them
	held    []vault.Value // where alone nothing can change what is held meanwhile
	kinds   vault.Held    // the same, of who was read ahead
	ahead   bool
	alone   bool            // the transaction is ours: see Do
	receipt *ledger.Receipt // the latest
}

// In takes a person's hand in a transaction. Two hands of one person wait for each
// other, on all nodes. NotFound when there is no such person. Somebody staged in an import can be taken
// too, by whoever has the id; no gate knows of them before the import is flipped. A
// transaction may take the hands of many people, one after the other. Whoever is being erased
// is not there any more: what they said went with the erasure's transaction, and nothing would take away what came after it.
func (r *Register) In(tx *store.Tx, subject avow.ID) (*Hand, error) {
	return r.present(tx, subject, false)
}

// lockName is what hands wait for each other by.
const lockName = "consent"

// readAhead takes the hand of somebody who was read ahead of the transaction's closures, and is locked.
func (r *Register) readAhead(tx *store.Tx, p person) *Hand {
	h := &Hand{r: r, tx: tx, alone: true, ahead: true, who: p.Subject, kinds: p.Held}
	list := p.said
	if s, ok := r.saved.Pending(tx, func(s saving) bool { return s.subject == h.who.ID }); ok {
		list, h.known = s.list, true // said by another hand, and not written yet
	}
	h.known = h.known || len(list) > 0
	h.said.list = slices.Clone(list)
	return h
}

func (r *Register) present(tx *store.Tx, subject avow.ID, alone bool) (*Hand, error) {
	h, err := r.in(tx, subject, alone)
	if err == nil && h.who.Left {
		return nil, avow.Errorf(avow.NotFound, "this person is not here any more: they are being erased")
	}
	return h, err
}

// in takes the hand of somebody who may be being erased.
func (r *Register) in(tx *store.Tx, subject avow.ID, alone bool) (*Hand, error) {
	h := &Hand{r: r, tx: tx, alone: alone}
	for {
		if err := tx.Lock(lockName, subject[:]); err != nil {
			return nil, err
		}
		if err := h.look(subject); err != nil {
			return nil, err
		}
		if h.who.ID == subject {
			break
		}
		subject = h.who.ID // they were joined with another, perhaps while we waited
	}
	list, err := r.choices(tx, subject)
	h.said, h.known = said{list: list}, len(list) > 0
	return h, err
}

// look finds who it is; where nobody else can change what is held of them, that too.
func (h *Hand) look(subject avow.ID) (err error) {
	if h.alone {
		h.who, h.held, err = h.r.vault.Look(h.tx, subject)
	} else {
		h.who, err = h.r.vault.Subject(h.tx, subject)
	}
	if avow.KindOf(err) == avow.NotFound {
		h.staged = true
		h.who, err = h.r.vault.Staged(h.tx, subject)
	}
	return err
}

func (r *Register) who(tx *store.Tx, subject avow.ID) (who vault.Subject, staged bool, err error) {
	h := Hand{r: r, tx: tx}
	err = h.look(subject)
	return h.who, h.staged, err
}

// Do is In, act and Done in a transaction of its own. When it returns nil, what was
// said is on disk and true in the gate.
func (r *Register) Do(ctx context.Context, subject avow.ID, act func(h *Hand) error) error {
	return r.db.WriteWith(ctx, r.people.Need(subject), func(tx *store.Tx) error {
		p, ok := r.people.Find(tx, subject)
		return r.act(tx, subject, p, ok, act)
	})
}

// act takes a person's hand, acts with it and is done; ahead, when the person was read ahead.
func (r *Register) act(tx *store.Tx, subject avow.ID, p person, ahead bool, act func(h *Hand) error) (err error) {
	var h *Hand
	if ahead {
		h = r.readAhead(tx, p)
	} else if h, err = r.present(tx, subject, true); err != nil {
		return err
	}
	if err := act(h); err != nil {
		return err
	}
	return h.Done()
}

// Done folds the person's state anew and has the gates take it when the transaction is on disk.
func (h *Hand) Done() error {
	if err := h.keepStops(); err != nil {
		return err
	}
	if !h.known || len(h.said.changed) > 0 {
		h.r.saved.Add(h.tx, saving{h.who.ID, !h.known, h.said.list, h.said.changed})
		h.said.changed = nil
	}
	if h.staged {
		return nil
	}
	seen, err := h.seen()
	if err != nil {
		return err
	}
	if !h.alone { // what is held may have changed meanwhile, and as whom they act
		if h.who, h.held, err = h.r.vault.Look(h.tx, h.who.ID); err != nil {
			return err
		}
	}
	list := h.states(seen)
	receipt := h.receipt
	h.tx.OnCommit(func() {
		if receipt != nil { // its place in the log is known now
			for i := range list {
				list[i].state.Seen = uint64(receipt.Proof.Index) + 1
			}
		}
		h.r.set(list)
	})
	return nil
}

// seen is up to where the state is known when no event of ours tells it.
func (h *Hand) seen() (uint64, error) {
	if h.receipt != nil {
		return 0, nil
	}
	size, err := h.r.ledger.Size(h.tx)
	return uint64(size), err
}

// Renew folds a person's state anew in a transaction that changed what is held of
// them, because of an event: something corrected, or erased in part.
func (r *Register) Renew(tx *store.Tx, subject avow.ID, because *ledger.Receipt) error {
	h, err := r.In(tx, subject)
	if err != nil {
		return err
	}
	h.receipt = because
	return h.Done()
}

// Lapse ends every consent of a person who wants to be erased and of whom something
// must be kept. What they stopped stays stopped. because is the receipt of their erasure.
func (r *Register) Lapse(tx *store.Tx, subject avow.ID, because *ledger.Receipt) error {
	h, err := r.In(tx, subject)
	if err != nil {
		return err
	}
	h.receipt = because
	if because.EventType == ledger.Erased {
		err = h.hear(ledger.Erased, because, "", 0, words{lapses: true})
	} else {
		_, err = h.recordSaid(ConsentsLapsed, nil, words{Because: because.ID.String()})
	}
	if err != nil {
		return err
	}
	return h.Done()
}

// Find gives whom an identity finds, the one who has it verified first.
func (r *Register) Find(ctx context.Context, id vault.Identity) (found []vault.Found, err error) {
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		found, err = r.vault.Find(tx, id)
		return err
	})
	return found, err
}

func (h *Hand) states(seen uint64) []state {
	if !h.ahead {
		return states(h.r.all(), h.who, h.held, h.said.list, h.tx.Now(), seen)
	}
	all := h.r.all()
	out := make([]state, 0, len(all))
	for _, s := range all {
		out = append(out, state{s, fold(s.versions, h.who, h.r.sorts.of(s, h.kinds), h.said.list, h.tx.Now(), seen)})
	}
	return out
}

// states folds a person's state in each policy.
func states(list []*series, who vault.Subject, held []vault.Value, said []choice, now time.Time, seen uint64) []state {
	out := make([]state, 0, len(list))
	for _, s := range list {
		out = append(out, state{s, fold(s.versions, who, holdings(s.versions, held), said, now, seen)})
	}
	return out
}

// record appends an event that says something, and hears it.
func (h *Hand) record(e ledger.Event, b words) (*ledger.Receipt, error) {
	receipt, err := h.Append(e)
	if err != nil {
		return nil, err
	}
	return receipt, h.hear(e.Type, receipt, e.Policy, e.Version, b)
}

// recordSaid is record for events whose body is no more than what they say.
func (h *Hand) recordSaid(what ledger.Type, p *policy.Policy, b words) (*ledger.Receipt, error) {
	e := ledger.Event{Type: what, Body: body(b)}
	if p != nil {
		e.Policy, e.Version = p.Name, p.Number
	}
	return h.record(e, b)
}

func (h *Hand) hear(what ledger.Type, receipt *ledger.Receipt, policyName string, version int, b words) error {
	return book(h.r.Version).hear(&h.said, event{what, receipt.ID, h.tx.Now(), policyName, version, b})
}

// Append adds an event about the person that is no choice: something collected, or shown.
func (h *Hand) Append(e ledger.Event) (*ledger.Receipt, error) {
	e.Subject = h.who.ID
	receipt, err := h.r.ledger.Append(h.tx, e)
	if err == nil {
		h.receipt = receipt
	}
	return receipt, err
}

// Restricted tells whether what is held of the person is only kept (gdpr:18).
func (h *Hand) Restricted() bool {
	return slices.ContainsFunc(h.said.list, func(c choice) bool { return c.kind == kindRestriction && c.state == set })
}

// Subject is whose hand it is.
func (h *Hand) Subject() vault.Subject { return h.who }

// version is the policy version a choice is about.
func (h *Hand) version(c Choice) (*policy.Policy, error) {
	if c.Version == 0 {
		return h.r.Current(c.Policy, h.tx.Now())
	}
	return h.r.Version(c.Policy, c.Version)
}

// purpose is the purpose a choice is about, in the version a choice is about.
func (h *Hand) purpose(c Choice) (*policy.Policy, *policy.CompiledPurpose, error) {
	if err := c.check(h.tx.Now()); err != nil {
		return nil, nil, err
	}
	p, err := h.version(c)
	if err != nil {
		return nil, nil, err
	}
	i, ok := p.Purpose(c.Purpose)
	if !ok || !p.Purposes[i].Declared {
		return nil, nil, avow.FieldErrorf("purpose", "policy %s has no purpose %q", p.Name, clip(c.Purpose))
	}
	return p, &p.Purposes[i], nil
}

// everPurpose is purpose for who says no: a purpose that today's version leaves out
// may still be served with what was collected before, and can be stopped.
func (h *Hand) everPurpose(c Choice) (*policy.Policy, *policy.CompiledPurpose, error) {
	if err := c.check(h.tx.Now()); err != nil {
		return nil, nil, err
	}
	p, u, err := h.purpose(c)
	s := h.r.find(c.Policy)
	if err == nil || s == nil || c.Version != 0 {
		return p, u, err
	}
	for _, p := range slices.Backward(s.versions) {
		if i, ok := p.Purpose(c.Purpose); ok && p.Purposes[i].Declared && !p.Effective.After(h.tx.Now()) {
			return p, &p.Purposes[i], nil
		}
	}
	return nil, nil, err
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

func body(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types of this room, which all have a JSON form
	}
	return b
}
