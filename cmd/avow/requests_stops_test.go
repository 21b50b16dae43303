package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

const stopsPolicy = `avow: v1
policy: stops
title: Privacy policy
effective: 2026-01-01
organisation: {name: Quay, contact: {email: privacy@quay.example}, entities: {us: {name: Quay Inc, in: US, serves: everyone-else}}}
data:
  contact: {title: Contact details, fields: [name, email], identifies: email}
  health: {title: Health, fields: diet, special: {diet: health}}
sources:
  you: {title: You, ways: [forms], yields: [contact, health]}
purpose-groups:
  all:
    title: What we do
    purposes:
      answer: {title: Answer you, because: You wrote to us., basis: legitimate-interests, uses: contact}
      debts: {title: Recover debts, because: What is owed should be paid., basis: legitimate-interests, objection: weighed, uses: contact}
      offers: {title: Offers, because: You may like them., basis: legitimate-interests, uses: contact, direct-marketing: yes, topic: products}
      meals: {title: Cook for you, because: You told us what you cannot eat., basis: legitimate-interests, for-special: {basis: contract}, uses: [contact.name, health]}
%s
retention:
  contact: {until: 24 months after collection, then: erase}
  health: {until: 24 months after collection, then: erase}
rights: {object: {when: at any time}}
regimes: [gdpr, ccpa]
signals: {dnt: ignored, gpc: opt-out}
`

const friendly = `recipients:
  friend: {name: Friendly Ltd, role: controller, receives: contact.email, for: offers, in: US}
`

// TestWhatStopsInTheGate: what somebody stops counts in avow's own gate from the same transaction on, for
// just the purposes that the right is about; what is left to people is said by the policy alone, and not by who asks.
func TestWhatStopsInTheGate(t *testing.T) {
	for _, c := range []struct {
		name   string
		more   string
		right  law.Right
		of     []string
		stops  string // of answer, debts, offers, meals
		byHand string
		weighs string
	}{
		{name: "an objection to everything", right: law.Object, stops: "answer debts offers meals", weighs: "debts"},
		{name: "to one thing", right: law.Object, of: []string{"debts"}, stops: "debts", weighs: "debts"},
		{name: "to direct marketing, which is never weighed", right: law.Object, of: []string{"products"}, stops: "offers"},
		{name: "no more marketing", right: law.StopMarketing, stops: "offers"},
		{name: "an opt-out where nobody receives data", right: law.OptOut, stops: "offers"},
		{name: "an opt-out where somebody does", more: friendly, right: law.OptOut, stops: "offers", byHand: "what friend receives"},
		{name: "a limit", right: law.Limit, stops: "meals"},
		{name: "something that is no purpose", right: law.Object, of: []string{"debts", "the fountain"}, stops: "debts", byHand: "what they named", weighs: "debts"},
		{name: "a consent that nobody asks for", right: law.Withdraw, byHand: "no switch here"},
	} {
		for _, kind := range storetest.Kinds(t) {
			t.Run(c.name+" on "+kind.Name, func(t *testing.T) {
				g := newGated(t, kind.Config(t), fmt.Sprintf(stopsPolicy, c.more))
				if got := g.no(); got != "" {
					t.Fatalf("from the start the gate says no to %s", got)
				}
				asked := cases.Stopped{Right: c.right, Policy: "stops", Subject: g.who, Of: c.of}
				byHand := g.stop(asked)
				if got := g.no(); got != c.stops {
					t.Errorf("the gate says no to %q, want %q", got, c.stops)
				}
				if (byHand == "") != (c.byHand == "") || !strings.Contains(byHand, c.byHand) {
					t.Errorf("left to people: %q", byHand)
				}
				asked.Subject, asked.Identities = avow.ID{}, []cases.Identity{{Kind: vault.Email, Value: "nobody@visitor.example"}}
				if other := g.stop(asked); other != byHand {
					t.Errorf("of somebody unknown other things are left to people: %q", other)
				}
				asked.Subject = g.who
				w, err := weighs(g.house.consent)(asked)
				g.check(err)
				if got := strings.Join(w.Purposes, " "); got != c.weighs || w.All != (c.weighs == c.stops && c.weighs != "") {
					t.Errorf("weighed is %+v", w)
				}
				g.outweigh(asked, w)
				if got, want := g.no(), strings.TrimSpace(strings.Replace(" "+c.stops, " "+c.weighs, "", 1)); c.weighs != "" && got != want {
					t.Errorf("outweighed, the gate says no to %q, want %q", got, want)
				}
			})
		}
	}
}

// gated is a house with one person of whom everything is held.
type gated struct {
	restored
	who avow.ID
}

func newGated(t *testing.T, c store.Config, policy string) *gated {
	t.Helper()
	dir := t.TempDir()
	g := &gated{restored: restored{t: t, where: where{Data: dir + "/data", Keys: dir + "/keys", Database: c.DSN}}}
	g.open()
	t.Cleanup(g.close)
	_, err := g.house.consent.Publish(context.Background(), "policy.yaml", []byte(policy))
	g.check(err)
	g.check(g.house.db.Write(context.Background(), func(tx *store.Tx) error {
		v, err := g.house.vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: ann})
		g.who = v.Subject
		for _, field := range []string{"contact.name", "contact.email", "health.diet"} {
			if err == nil {
				category, name, _ := strings.Cut(field, ".")
				_, err = g.house.vault.Put(tx, vault.Value{Subject: g.who, Category: category, Field: name, Source: "you", Policy: "stops", Version: 1,
					Purposes: []string{"answer", "debts", "offers", "meals"}, Data: "something"})
			}
		}
		return err
	}))
	g.says(g.who, func(*consent.Hand) error { return nil })
	return g
}

// no is the purposes to which the gate says no.
func (g *gated) no() string {
	g.t.Helper()
	var out []string
	for _, purpose := range []string{"answer", "debts", "offers", "meals"} {
		gates, ok := g.house.consent.Gate("stops")
		if !ok {
			g.t.Fatal("there is no gate")
		}
		q := gate.About(g.who, -1, time.Now())
		if why := gates.Resolve(&gate.Names{Purpose: purpose, Data: []string{"contact.name"}}, &q); why != gate.Undecided {
			g.t.Fatal(why)
		}
		d, err := g.house.consent.Decide(context.Background(), "stops", &q)
		g.check(err)
		if !d.Allowed {
			out = append(out, purpose)
		}
	}
	return strings.Join(out, " ")
}

func (g *gated) stop(s cases.Stopped) (byHand string) {
	g.t.Helper()
	g.check(g.house.db.Write(context.Background(), func(tx *store.Tx) (err error) {
		byHand, err = stops(g.house.consent)(tx, s)
		return err
	}))
	return byHand
}

func (g *gated) outweigh(s cases.Stopped, w cases.Weighed) {
	g.t.Helper()
	g.check(g.house.db.Write(context.Background(), func(tx *store.Tx) error {
		return outweighed(g.house.consent)(tx, s, w.Purposes, "Kim", "A court has the claim before it.")
	}))
}
