package consent

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// Evidence finds the events that decisions under one policy rest on.
func (r *Register) Evidence(policyName string) gate.Evidence { return evidence{r, policyName} }

type evidence struct {
	r      *Register
	policy string
}

// Find gives the events, the newest first.
func (e evidence) Find(ctx context.Context, w gate.Wanted) ([]gate.Proof, error) {
	s := e.r.find(e.policy)
	if s == nil {
		return nil, unknownPolicy(e.policy)
	}
	var proofs []gate.Proof
	err := e.r.db.Read(ctx, func(tx *store.Tx) error {
		proofs = []gate.Proof{}
		family, err := e.r.vault.Family(tx, w.Subject)
		if avow.KindOf(err) == avow.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		events, err := e.r.ledger.BySubject(tx, family...)
		if err != nil {
			return err
		}
		for _, entry := range slices.Backward(events) {
			ok, err := e.about(tx, s.last(), w, entry)
			if err != nil {
				return err
			}
			if ok {
				proofs = append(proofs, gate.Proof{Event: entry.ID, Index: uint64(entry.Index), At: entry.At, What: string(entry.Type)})
			}
		}
		return nil
	})
	return proofs, err
}

// kinds of events that can be evidence of something.
func evidenceTypes(w gate.WantedKind) []ledger.Type {
	switch w {
	case gate.WantConsent:
		return []ledger.Type{ledger.ConsentGiven, ledger.ConsentConfirmed, ledger.ConsentWithdrawn, ledger.ConsentRefused}
	case gate.WantObjection:
		return []ledger.Type{ledger.Objected, ledger.ObjectionOverridden, ledger.ObjectionEnded, ledger.ConsentWithdrawn, ledger.UsedOnce}
	case gate.WantRestriction:
		return []ledger.Type{ledger.Restricted, ledger.Unrestricted}
	}
	return []ledger.Type{ledger.Collected, ledger.Imported, ledger.Corrected}
}

// about opens an event and tells whether it is about what is wanted.
func (e evidence) about(tx *store.Tx, p *policy.Policy, w gate.Wanted, entry ledger.Entry) (bool, error) {
	if !slices.Contains(evidenceTypes(w.What), entry.Type) {
		return false, nil
	}
	if w.What == gate.WantRestriction {
		return true, nil
	}
	if entry.Policy != e.policy {
		return false, nil
	}
	event, err := e.r.ledger.Open(tx, entry)
	if avow.KindOf(err) == avow.NotFound {
		return false, nil // its body has expired
	}
	if err != nil {
		return false, err
	}
	var b struct {
		Purpose  string   `json:"purpose"`
		Topic    string   `json:"topic"`
		What     string   `json:"what"`
		Purposes []named  `json:"purposes"`
		Fields   []string `json:"fields"`
	}
	if err := json.Unmarshal(event.Body, &b); err != nil {
		return false, err
	}
	names := []string{b.Purpose, b.What}
	for _, u := range b.Purposes {
		names = append(names, u.Purpose)
	}
	switch w.What {
	case gate.WantConsent:
		return w.Lane >= 0 && w.Lane < len(p.Consents) && isOneOf(p, names, p.Consents[w.Lane].Purpose), nil
	case gate.WantObjection:
		if w.Lane < 0 || w.Lane >= len(p.Objections) {
			return false, nil
		}
		lane := p.Objections[w.Lane]
		return lane.Topic != "" && b.Topic == lane.Topic || isOneOf(p, names, lane.Purpose), nil
	}
	return slices.ContainsFunc(b.Fields, func(path string) bool {
		i, ok := p.Field(path)
		return ok && w.Fields.Has(i)
	}), nil
}

func isOneOf(p *policy.Policy, names []string, purpose int) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		i, ok := p.Purpose(n)
		return n != "" && ok && i == purpose
	})
}
