package main

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// stops records what somebody stops by a request. What no switch here does is Refused,
// before anything is written: staff see to it.
func stops(register *consent.Register) func(*store.Tx, cases.Stopped) error {
	return func(tx *store.Tx, s cases.Stopped) error {
		p, err := register.Version(s.Policy, 0)
		if err != nil {
			return err
		}
		list, err := stopped(p, s)
		if err != nil {
			return err
		}
		if !s.Subject.IsZero() {
			if err := stopFor(tx, register, s, list); err != nil || s.Right != law.StopMarketing {
				return err
			}
		}
		if s.Right == law.Withdraw {
			return nil // nobody known here has said yes
		}
		return stopUnder(tx, register, s, list)
	}
}

// stopFor records it for somebody who is known here.
func stopFor(tx *store.Tx, register *consent.Register, s cases.Stopped, list []consent.Choice) error {
	h, err := register.In(tx, s.Subject)
	if avow.KindOf(err) == avow.NotFound && err != nil {
		return nil // erased since
	}
	if err != nil {
		return err
	}
	for _, c := range list {
		if s.Right == law.Withdraw {
			_, err = h.Withdraw(c)
		} else {
			_, err = h.Object(c)
		}
		if err != nil {
			return err
		}
	}
	return h.Done()
}

// stopUnder records it for whoever an address finds, now or later (ccpa:1798.135).
func stopUnder(tx *store.Tx, register *consent.Register, s cases.Stopped, list []consent.Choice) error {
	for _, id := range s.Identities {
		if id.Kind != vault.Email && id.Kind != vault.Phone {
			continue
		}
		for _, c := range list {
			if err := register.StopIn(tx, vault.Identity{Kind: id.Kind, Value: id.Value}, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// stopped is what a request stops, as choices: what was named, else all there is.
func stopped(p *policy.Policy, s cases.Stopped) (list []consent.Choice, err error) {
	purposes, topics := stoppable(p, s.Right)
	for _, name := range s.Of {
		if !slices.Contains(purposes, name) && !slices.Contains(topics, name) {
			return nil, avow.Errorf(avow.Refused, "Stop for the person what they named (%s): no switch here does that by itself.", s.Right)
		}
	}
	named := func(name string) bool { return len(s.Of) == 0 || slices.Contains(s.Of, name) }
	for _, name := range purposes {
		if named(name) {
			list = append(list, consent.Choice{Policy: p.Name, Purpose: name, Way: "request"})
		}
	}
	for _, name := range topics {
		if named(name) {
			list = append(list, consent.Choice{Policy: p.Name, Topic: name, Way: "request"})
		}
	}
	if len(list) == 0 {
		return nil, avow.Errorf(avow.Refused, "Stop what the person wants stopped (%s): no switch here does that by itself.", s.Right)
	}
	return list, nil
}

// stoppable are the purposes and topics that a right stops under a policy.
func stoppable(p *policy.Policy, right law.Right) (purposes, topics []string) {
	if right == law.Withdraw {
		for _, u := range p.Purposes {
			if u.Declared && u.ConsentLane >= 0 {
				purposes = append(purposes, u.Name)
			}
		}
		return purposes, nil
	}
	if right == law.Object || right == law.StopMarketing {
		for _, t := range p.Topics {
			topics = append(topics, t.Name)
		}
	}
	if right != law.Object {
		return nil, topics
	}
	for _, l := range p.Objections {
		name := p.Purposes[l.Purpose].Name
		if !l.Once && l.Topic == "" && p.Purposes[l.Purpose].Declared && !slices.Contains(purposes, name) {
			purposes = append(purposes, name)
		}
	}
	return purposes, topics
}
