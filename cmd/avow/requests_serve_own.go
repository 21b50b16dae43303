package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/cases/systems"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// stops records what somebody stops by a request. What no switch here does is said, and staff see to it.
func stops(register *consent.Register) func(*store.Tx, cases.Stopped) (string, error) {
	return func(tx *store.Tx, s cases.Stopped) (string, error) {
		p, err := register.Version(s.Policy, 0)
		if err != nil {
			return "", err
		}
		list, byHand := stopped(p, s)
		if !s.Subject.IsZero() && len(list) > 0 {
			here, err := stopFor(tx, register, s, list)
			if err != nil || here && s.Right != law.StopMarketing {
				return byHand, err
			}
		}
		if s.Right == law.Withdraw {
			return byHand, nil // nobody known here has said yes
		}
		return byHand, stopUnder(tx, register, s, list)
	}
}

// stopFor records it for somebody who is known here, and tells whether they are: else they were erased since.
func stopFor(tx *store.Tx, register *consent.Register, s cases.Stopped, list []consent.Choice) (here bool, err error) {
	h, err := register.In(tx, s.Subject)
	if avow.KindOf(err) == avow.NotFound && err != nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, c := range list {
		if s.Right == law.Withdraw {
			_, err = h.Withdraw(c)
		} else {
			_, err = h.Object(c)
		}
		if err != nil {
			return true, err
		}
	}
	return true, h.Done()
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

// stopped is what a request stops, as choices: what was named, else all there is; and what is left to people, which
// the policy alone says, and not who asks.
func stopped(p *policy.Policy, s cases.Stopped) (list []consent.Choice, byHand string) {
	purposes, topics := stoppable(p, s.Right)
	for _, name := range s.Of {
		if !slices.Contains(purposes, name) && !slices.Contains(topics, name) {
			byHand = fmt.Sprintf("Stop for the person what they named (%s): no switch here does all of that by itself.", s.Right)
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
	switch left := unstoppable(p, s.Right, list); {
	case byHand != "":
	case len(left) > 0:
		byHand = fmt.Sprintf("The gate has stopped what it decides (%s). See that this is stopped too, if the person is concerned by it: %s.", s.Right, strings.Join(left, "; "))
	case len(list) == 0 && s.Right != law.OptOut && s.Right != law.Limit: // there it means that there is nothing of the kind
		byHand = fmt.Sprintf("Stop what the person wants stopped (%s): no switch here does that by itself.", s.Right)
	}
	return list, byHand
}

// unstoppable is what an opt-out or a limit concerns that no choice of the list stops: recipients of their own who receive data
// for something else (ccpa:1798.120), and uses of sensitive data on another ground than the person's consent (ccpa:1798.121).
func unstoppable(p *policy.Policy, right law.Right, list []consent.Choice) (left []string) {
	named := func(purpose string) bool {
		return slices.ContainsFunc(list, func(c consent.Choice) bool { return c.Purpose == purpose })
	}
	switch right {
	case law.OptOut:
		for _, name := range systems.ThirdParties(p) {
			left = append(left, "what "+name+" receives")
		}
	case law.Limit:
		for _, u := range p.Purposes {
			if u.Declared && u.Kind != policy.Duty && usesSpecial(p, u) && !named(u.Name) {
				left = append(left, "sensitive data for "+u.Name)
			}
		}
	}
	return left
}

func usesSpecial(p *policy.Policy, u policy.CompiledPurpose) bool {
	return slices.ContainsFunc(u.Reasons, func(r policy.CompiledReason) bool { return !r.Fields.And(p.Special).Empty() })
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
	if right != law.Limit {
		for _, t := range p.Topics {
			topics = append(topics, t.Name)
		}
	}
	for i, l := range p.Objections {
		u := p.Purposes[l.Purpose]
		if l.Once || l.Topic != "" || !u.Declared || slices.Contains(purposes, u.Name) {
			continue
		}
		switch right {
		case law.Object:
		case law.Limit:
			if !usesSpecial(p, u) {
				continue
			}
		default: // marketing without a topic
			if !marketingLane(u, i) {
				continue
			}
		}
		purposes = append(purposes, u.Name)
	}
	return purposes, topics
}

// marketingLane tells whether what a lane stops is direct marketing, and nothing else of the purpose.
func marketingLane(u policy.CompiledPurpose, lane int) bool {
	return slices.ContainsFunc(u.Reasons, func(r policy.CompiledReason) bool { return r.ObjectionLane == lane && r.Marketing })
}

// weighs are the purposes among what was objected to whose objection staff weigh (gdpr:21(1)).
func weighs(register *consent.Register) func(cases.Stopped) (cases.Weighed, error) {
	return func(s cases.Stopped) (w cases.Weighed, err error) {
		p, err := register.Version(s.Policy, 0)
		if err != nil {
			return w, err
		}
		list, _ := stopped(p, s)
		for _, c := range list {
			if i, ok := p.Purpose(c.Purpose); ok && slices.ContainsFunc(p.Objections, func(l policy.ObjectionLane) bool { return l.Purpose == i && l.Weighed }) {
				w.Purposes, w.Titles = append(w.Purposes, c.Purpose), append(w.Titles, p.Purposes[i].Title)
			}
		}
		w.All = len(list) > 0 && len(w.Purposes) == len(list)
		return w, nil
	}
}

// outweighed has the gate let go on what staff found outweighed. What the person has taken back themselves since is left.
func outweighed(register *consent.Register) func(*store.Tx, cases.Stopped, []string, string, string) error {
	return func(tx *store.Tx, s cases.Stopped, purposes []string, by, reason string) error {
		if s.Subject.IsZero() {
			return nil
		}
		h, err := register.In(tx, s.Subject)
		if avow.KindOf(err) == avow.NotFound && err != nil {
			return nil // erased since
		}
		if err != nil {
			return err
		}
		for _, name := range purposes {
			if _, err := h.Override(consent.Choice{Policy: s.Policy, Purpose: name, Way: "request", By: by}, reason); err != nil && avow.KindOf(err) != avow.Conflict {
				return err
			}
		}
		return h.Done()
	}
}

// isRestricted tells whether somebody's data is restricted.
func isRestricted(register *consent.Register) func(*store.Tx, avow.ID) (bool, error) {
	return func(tx *store.Tx, subject avow.ID) (bool, error) {
		h, err := register.In(tx, subject)
		if avow.KindOf(err) == avow.NotFound && err != nil {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return h.Restricted(), nil
	}
}

// unrestricts lifts a restriction; of somebody whose data is not restricted there is nothing to lift.
func unrestricts(register *consent.Register) func(*store.Tx, avow.ID, string, string) error {
	return func(tx *store.Tx, subject avow.ID, by, reason string) error {
		h, err := register.In(tx, subject)
		if err != nil || !h.Restricted() {
			return err
		}
		if _, err := h.Unrestrict("request", by, reason); err != nil {
			return err
		}
		return h.Done()
	}
}
