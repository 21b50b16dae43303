package main

import (
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/rights"
)

// openRights opens the desk where people see, copy, correct and erase. What it needs
// of the register is handed to it here, because duties do not call each other.
func openRights(ctx context.Context, s *server) (*rights.Desk, error) {
	return rights.Open(ctx, rights.Config{DB: s.db, Vault: s.vault, Ledger: s.ledger, Outbox: s.outbox, Register: s.consent,
		Choices: func(ctx context.Context, subject avow.ID) ([]rights.Choice, error) {
			return said(ctx, s.consent, subject)
		},
		Held:         heldOf(s.retain),
		Link:         s.url + "/privacy/open?t=",
		AddressLink:  s.url + "/privacy/address?t=",
		Organisation: s.from(s.mailing).Name})
}

// said is what a person has said, for their copy.
func said(ctx context.Context, register *consent.Register, subject avow.ID) ([]rights.Choice, error) {
	list, err := register.State(ctx, subject)
	if err != nil {
		return nil, err
	}
	out := []rights.Choice{}
	add := func(policy, what, name, title, state string, since time.Time) {
		if state != "" {
			out = append(out, rights.Choice{Policy: policy, What: what, Name: name, Title: title, State: state, Since: since})
		}
	}
	for _, p := range list {
		for _, c := range p.Consents {
			add(p.Policy, "consent", c.Purpose, c.Title, c.State, c.Since)
		}
		for _, t := range p.Topics {
			if t.Stopped {
				add(p.Policy, "marketing topic", t.Topic, t.Title, "stopped", time.Time{})
			}
		}
		for _, o := range p.Objections {
			add(p.Policy, "objection", o.Purpose, o.Title, o.State, time.Time{})
		}
		if p.Restricted {
			add(p.Policy, "restriction", "restriction", "Restriction", "set", time.Time{})
		}
	}
	return out, nil
}
