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
	h, err := r.in(tx, subject, false)
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
	if err := r.drop(tx, family); err != nil {
		return kept, err
	}
	for _, id := range family {
		if _, err := tx.Exec(`DELETE FROM consent_mergers WHERE old = ? OR subject = ?`, id, id); err != nil {
			return kept, err
		}
	}
	return kept, nil
}

func (h *Hand) suppress(id vault.Identity) (kept bool, err error) {
	address, err := h.r.Address(id)
	if err != nil {
		return false, err
	}
	var news []thing
	for _, c := range h.said.list {
		if !outlives(c) {
			continue
		}
		kept = true
		fresh, err := h.r.suppress(h.tx, address, c)
		if err != nil {
			return kept, err
		}
		if fresh {
			news = append(news, thing{Policy: c.policy, Kind: c.kind, Name: c.name})
		}
	}
	if len(news) > 0 { // of nobody: who it was is not to be found out from it
		_, err = h.r.ledger.Append(h.tx, ledger.Event{Type: Suppressed, Body: body(words{Address: address, Things: news})})
	}
	return kept, err
}

// suppress remembers what the holder of an address has stopped; fresh when it was not remembered yet.
func (r *Register) suppress(tx *store.Tx, address []byte, c choice) (fresh bool, err error) {
	n, err := tx.Exec(`INSERT INTO consent_suppressed (address, policy, kind, name, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		address, c.policy, c.kind, c.name, tx.Now())
	if err != nil || n == 0 {
		return false, err
	}
	return true, r.keepStop(tx, address, c)
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
	if err := r.saved.Flush(tx); err != nil {
		return err
	}
	for _, id := range ids {
		for _, statement := range []string{`DELETE FROM consent_choices WHERE subject = ?`, `DELETE FROM consent_subjects WHERE subject = ?`} {
			if _, err := tx.Exec(statement, id); err != nil {
				return err
			}
		}
	}
	tx.OnCommit(func() {
		for _, id := range ids {
			r.letGo(id)
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
	var news []thing
	for _, c := range stopped {
		if h.said.find(c.policy, c.kind, c.name, 0).state == "" { // else they have said something about it since
			news = append(news, thing{Policy: c.policy, Kind: c.kind, Name: c.name, Version: c.version})
		}
	}
	if len(news) == 0 {
		return nil
	}
	_, err = h.recordSaid(ObjectionsRecalled, nil, words{Things: news})
	return err
}

// stopped is what the holders of an address have stopped, else what is remembered of
// it. While an import is being settled there can be more than one.
func (h *Hand) stopped(id vault.Identity) ([]choice, error) {
	found, err := h.r.vault.Find(h.tx, id)
	if err != nil {
		return nil, err
	}
	var theirs []choice
	held := false
	for _, f := range found {
		held = held || f.Verified
		if !f.Verified || f.Subject == h.who.ID {
			continue
		}
		said, err := h.r.choices(h.tx, f.Subject)
		if err != nil {
			return nil, err
		}
		theirs = append(theirs, slices.DeleteFunc(said, func(c choice) bool { return !outlives(c) })...)
	}
	if held {
		return theirs, nil
	}
	address, err := h.r.Address(id)
	if err != nil {
		return nil, err
	}
	return store.Collect(h.tx, func(r *store.Rows) (c choice, err error) {
		return c, r.Scan(&c.policy, &c.kind, &c.name)
	}, `SELECT policy, kind, name FROM consent_suppressed WHERE address = ? ORDER BY policy, kind, name`, address)
}

// release takes back what is remembered of a person's addresses: they allow it again.
// Somebody who has shown to hold one allows nothing for one they only named: it may be another's.
func (h *Hand) release(c choice) error {
	identities, err := h.r.vault.Identities(h.tx, h.who.ID)
	if err != nil {
		return err
	}
	for _, id := range identities {
		if h.who.Verified && !id.Verified {
			continue
		}
		address, err := h.r.Address(id)
		if err != nil {
			return err
		}
		n, err := h.tx.Exec(`DELETE FROM consent_suppressed WHERE address = ? AND policy = ? AND kind = ? AND name = ?`, address, c.policy, c.kind, c.name)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		ended := words{Address: address, Things: []thing{{Policy: c.policy, Kind: c.kind, Name: c.name}}}
		if _, err := h.r.ledger.Append(h.tx, ledger.Event{Type: SuppressionEnded, Body: body(ended)}); err != nil {
			return err
		}
	}
	return nil
}

// Stop records an objection by whoever holds an address, for everybody the address
// finds: the holder, and the one it was claimed for. It needs no proof of
// who asks (ccpa:1798.135), and says nothing about whether anybody was found; the
// address of somebody unknown is remembered.
func (r *Register) Stop(ctx context.Context, id vault.Identity, c Choice) error {
	return r.db.Write(ctx, func(tx *store.Tx) error { return r.StopIn(tx, id, c) })
}

// StopIn is Stop in somebody's transaction.
func (r *Register) StopIn(tx *store.Tx, id vault.Identity, c Choice) error {
	found, err := r.vault.Find(tx, id)
	if err != nil {
		return err
	}
	for _, f := range vault.Heard(found) {
		h, err := r.In(tx, f.Subject)
		if avow.KindOf(err) == avow.NotFound && err != nil {
			continue // erased meanwhile, at another node
		}
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
}

// TakeBack withdraws a consent for everybody an address finds: who holds it, and who
// was merely claimed to (gdpr:7(3)). It says nothing about whether anybody was found.
func (r *Register) TakeBack(ctx context.Context, id vault.Identity, c Choice) error {
	address, err := r.vault.Blind(id)
	if err != nil {
		return err
	}
	return r.db.WriteWith(ctx, r.heard.Need(address), func(tx *store.Tx) error {
		nobody := &Hand{r: r, tx: tx}
		if _, _, err := nobody.refusable(c); err != nil { // whoever is found or not
			return err
		}
		found, err := r.findHeard(tx, address)
		if err != nil {
			return err
		}
		for _, f := range found {
			them, _ := r.heard.Find(tx, address) // again for each: what the one before did may have changed what was read
			p, ahead := them.people[f.Subject]
			err := r.act(tx, f.Subject, p, ahead, func(h *Hand) error { _, err := h.Withdraw(c); return err })
			if err != nil && avow.KindOf(err) != avow.NotFound { // not there: erased meanwhile, at another node
				return err
			}
		}
		return nil
	})
}

// findHeard gives whom what is said under an address is about.
func (r *Register) findHeard(tx *store.Tx, address vault.Blind) ([]vault.Found, error) {
	if them, ok := r.heard.Find(tx, address); ok {
		return them.found, nil
	}
	found, err := r.vault.FindBlind(tx, address)
	return vault.Heard(found), err
}

func (r *Register) remember(tx *store.Tx, id vault.Identity, c Choice) error {
	h := &Hand{r: r, tx: tx}
	p, what, err := h.objection(c)
	if err != nil {
		return err
	}
	address, err := r.Address(id)
	if err != nil {
		return err
	}
	if fresh, err := r.suppress(tx, address, what); err != nil || !fresh {
		return err
	}
	said := c.objection()
	said.Address = address
	_, err = r.ledger.Append(tx, ledger.Event{Type: ledger.Objected, Policy: p.Name, Version: p.Number, Body: body(said)})
	return err
}
