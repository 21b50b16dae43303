package consent

import (
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Answered tells what a person has said to a purpose whose consent is asked for:
// `given`, `unconfirmed`, `withdrawn` or `refused`; empty when they have said nothing.
func (h *Hand) Answered(c Choice) (string, error) {
	p, u, err := h.purpose(c)
	if err != nil || u.ConsentLane < 0 {
		return "", err
	}
	return h.said.find(p.Name, kindConsent, u.Name, p.Consents[u.ConsentLane].Generation).state, nil
}

// Address is the keyed hash under which it is remembered that who holds an address
// said stop. It opens nothing, and is worth nothing without the organisation's key.
func (r *Register) Address(id vault.Identity) ([]byte, error) {
	return r.vault.Fingerprint(suppressUse, id)
}

// StoppedSince gives the addresses about which a stop was first remembered at a time or later.
func (r *Register) StoppedSince(tx *store.Tx, since time.Time) ([][]byte, error) {
	return store.Collect(tx, func(r *store.Rows) (address []byte, err error) { return address, r.Scan(&address) },
		`SELECT DISTINCT address FROM consent_suppressed WHERE at >= ?`, since)
}

// Discard lets go of what was kept of people of an import that never came true.
func (r *Register) Discard(tx *store.Tx, subjects []avow.ID) error { return r.drop(tx, subjects) }

// After is the moment a period later. A month after the 31st of January is the last of February.
func After(from time.Time, p policy.Period) time.Time { return after(from, p) }

// Newcomer is In for somebody who was staged in an import in this very transaction, of
// whom nobody can know yet: nothing is looked up and nobody waits.
func (r *Register) Newcomer(tx *store.Tx, who vault.Subject) *Hand {
	return &Hand{r: r, tx: tx, who: who, staged: true}
}
