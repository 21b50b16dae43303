package consent

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// suppressUse names the list of addresses in vault.Fingerprint.
const suppressUse = "suppress"

// Forget lets go of all that a person has said, before they are erased. Where they
// had said stop, a keyed hash of their address remembers that (gdpr:21(3)); kept
// tells whether it does. The gates let go of them at the commit.
func (r *Register) Forget(tx *store.Tx, subject avow.ID) (kept bool, err error) {
	h, err := r.In(tx, subject)
	if err != nil {
		return false, err
	}
	identities, err := r.vault.Identities(tx, h.who.ID)
	if err != nil {
		return false, err
	}
	for _, id := range identities {
		some, err := h.suppress(id)
		if err != nil {
			return false, err
		}
		kept = kept || some
	}
	family, err := r.vault.Family(tx, h.who.ID)
	if err != nil {
		return false, err
	}
	return kept, r.drop(tx, family)
}

func (h *Hand) suppress(id vault.Identity) (kept bool, err error) {
	address, err := h.r.vault.Fingerprint(suppressUse, id)
	if err != nil {
		return false, err
	}
	for _, c := range h.said {
		if !outlives(c) {
			continue
		}
		kept = true
		if _, err := h.tx.Exec(`INSERT INTO consent_suppressed (address, policy, kind, name, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			address, c.policy, c.kind, c.name, h.tx.Now()); err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// outlives tells what is remembered of somebody erased: that they said stop, and
// that something was done that is done once.
func outlives(c choice) bool {
	switch c.kind {
	case kindPurpose, kindMarketing, kindTopic, kindOnce:
		return c.state == set || c.state == overridden || c.state == recalled
	}
	return false
}

func (r *Register) drop(tx *store.Tx, ids []avow.ID) error {
	for _, id := range ids {
		for _, statement := range []string{`DELETE FROM consent_choices WHERE subject = ?`, `DELETE FROM consent_subjects WHERE subject = ?`} {
			if _, err := tx.Exec(statement, id); err != nil {
				return err
			}
		}
	}
	tx.OnCommit(func() {
		for _, s := range r.all() {
			for _, id := range ids {
				s.gate.Delete(id)
			}
		}
	})
	return nil
}

// Recall gives somebody who claims an address what its holder has stopped, or, when
// nobody holds it, what is remembered of it: who was erased, or is imported again, is
// not written to as if they had never said stop. What they say themselves later counts for more.
func (h *Hand) Recall(id vault.Identity) error {
	stopped, err := h.stopped(id)
	if err != nil {
		return err
	}
	for _, c := range stopped {
		if h.find(c.policy, c.kind, c.name, 0).state != "" {
			continue // they have said something about it since
		}
		c.state, c.event = recalled, avow.ID{}
		if err := h.put(c); err != nil {
			return err
		}
	}
	return nil
}

// stopped is what the holder of an address has stopped, else what is remembered of it.
func (h *Hand) stopped(id vault.Identity) ([]choice, error) {
	found, err := h.r.vault.Find(h.tx, id)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 && found[0].Verified {
		if found[0].Subject == h.who.ID {
			return nil, nil
		}
		said, err := choices(h.tx, found[0].Subject)
		return slices.DeleteFunc(said, func(c choice) bool { return !outlives(c) }), err
	}
	address, err := h.r.vault.Fingerprint(suppressUse, id)
	if err != nil {
		return nil, err
	}
	return store.Collect(h.tx, func(r *store.Rows) (c choice, err error) {
		return c, r.Scan(&c.policy, &c.kind, &c.name)
	}, `SELECT policy, kind, name FROM consent_suppressed WHERE address = ? ORDER BY policy, kind, name`, address)
}

// release takes back what is remembered of a person's addresses: they allow it again.
func (h *Hand) release(c choice) error {
	identities, err := h.r.vault.Identities(h.tx, h.who.ID)
	if err != nil {
		return err
	}
	for _, id := range identities {
		address, err := h.r.vault.Fingerprint(suppressUse, id)
		if err != nil {
			return err
		}
		if _, err := h.tx.Exec(`DELETE FROM consent_suppressed WHERE address = ? AND policy = ? AND kind = ? AND name = ?`,
			address, c.policy, c.kind, c.name); err != nil {
			return err
		}
	}
	return nil
}

// Join brings together what several subjects have said who are one person (see
// vault.Verify): objections and restrictions add up, and a consent holds where no
// one of them has taken it back. Call it in the transaction that joined them.
func (r *Register) Join(tx *store.Tx, into avow.ID, absorbed []avow.ID) error {
	for _, old := range absorbed {
		if err := r.joinOne(tx, into, old); err != nil {
			return err
		}
	}
	if len(absorbed) == 0 {
		return nil
	}
	return r.drop(tx, absorbed)
}

func (r *Register) joinOne(tx *store.Tx, into, old avow.ID) error {
	if err := tx.Lock("consent", old[:]); err != nil {
		return err
	}
	h, err := r.In(tx, into)
	if err != nil {
		return err
	}
	said, err := choices(tx, old)
	if err != nil {
		return err
	}
	for _, c := range said {
		mine := h.find(c.policy, c.kind, c.name, c.generation)
		if c.kind == kindRegion && h.region() != "" || mine.state != "" && !joins(mine, c) {
			continue
		}
		event, at := c.event, c.at
		if err := h.put(c); err != nil {
			return err
		}
		c = h.said[len(h.said)-1]
		c.event, c.at = event, at
		if err := writeChoice(tx, h.who.ID, c); err != nil {
			return err
		}
	}
	return h.Done()
}

// joins tells whether what the other said takes the place of what is there: the more
// protective of the two holds.
func joins(mine, other choice) bool {
	return strength(other) > strength(mine)
}

func strength(c choice) int {
	switch c.state {
	case withdrawn, refused, set:
		return 3
	case overridden:
		return 2
	case given:
		return 1
	}
	return 0 // unconfirmed, ended, recalled: what is there stays
}

// Stop records an objection by whoever holds an address, for everybody the address
// finds: the holder, and the one it was claimed for. It needs no proof of
// who asks (ccpa:1798.135), and says nothing about whether anybody was found; the
// address of somebody unknown is remembered.
func (r *Register) Stop(ctx context.Context, id vault.Identity, c Choice) error {
	return r.db.Write(ctx, func(tx *store.Tx) error {
		found, err := r.vault.Find(tx, id)
		if err != nil {
			return err
		}
		for _, f := range found {
			h, err := r.In(tx, f.Subject)
			if err != nil {
				return err
			}
			if _, err := h.Object(c); err != nil {
				return err
			}
			if err := h.Done(); err != nil {
				return err
			}
		}
		return r.remember(tx, id, c)
	})
}

func (r *Register) remember(tx *store.Tx, id vault.Identity, c Choice) error {
	h := &Hand{r: r, tx: tx}
	p, what, err := h.objection(c)
	if err != nil {
		return err
	}
	address, err := r.vault.Fingerprint(suppressUse, id)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO consent_suppressed (address, policy, kind, name, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		address, p.Name, what.kind, what.name, tx.Now())
	if err != nil || n == 0 {
		return err
	}
	_, err = r.ledger.Append(tx, ledger.Event{Type: ledger.Objected, Policy: p.Name, Version: p.Number,
		Body: body(objectionBody{Purpose: c.Purpose, Topic: c.Topic, Way: c.Way, By: c.By})})
	return err
}
