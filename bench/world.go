package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/policy"
)

// A world is the policy that all engines get, as one table, and the questions.
type world struct {
	purposes, categories []string
	table                [][][2]string // [purpose][category][kind] is the basis
	policy               *policy.Policy
	questions            []question
}

// question is one question with the state of the subject it is about.
type question struct {
	purpose, category int
	person            person
}

// person is what the answer depends on.
type person struct {
	business   bool
	consents   uint32 // a bit per purpose
	objections uint32
	restricted bool
}

const (
	none       = "not-applicable"
	consented  = "consent"
	interests  = "legitimate-interests"
	contract   = "contract"
	obligation = "legal-obligation"

	asked = 1024 // questions
)

var kinds = [2]string{"individual", "business"}

var today = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// allowed is the reference: the answer every engine must give.
func (w *world) allowed(q question) bool {
	kind := 0
	if q.person.business {
		kind = 1
	}
	bit := uint32(1) << q.purpose
	switch w.table[q.purpose][q.category][kind] {
	case consented:
		return q.person.consents&bit != 0
	case interests:
		return q.person.objections&bit == 0 && !q.person.restricted
	case contract, obligation:
		return !q.person.restricted
	}
	return false
}

func newWorld() (*world, error) {
	w := &world{categories: strings.Fields("contact orders website location device billing support events")}
	w.purposes = strings.Fields(`answer newsletter offers orders payments debts audit delivery returns surveys events-news
		webinars partners training statistics personalise recommend fraud security improve archive research loyalty referrals warranty`)
	rnd := rand.New(rand.NewPCG(2026, 11))
	bases := []string{none, none, none, consented, consented, interests, interests, contract, obligation, obligation}
	for range w.purposes {
		row := make([][2]string, len(w.categories))
		for c := range row {
			row[c] = [2]string{bases[rnd.IntN(len(bases))], bases[rnd.IntN(len(bases))]}
		}
		w.table = append(w.table, row)
	}
	var problems policy.Problems
	if w.policy, problems = policy.Load("bench.yaml", []byte(w.yaml()), nil); w.policy == nil {
		return nil, problems
	}
	for range asked {
		w.questions = append(w.questions, question{rnd.IntN(len(w.purposes)), rnd.IntN(len(w.categories)), randomPerson(rnd)})
	}
	return w, nil
}

func randomPerson(rnd *rand.Rand) person {
	return person{business: rnd.IntN(3) == 0, consents: rnd.Uint32(), objections: rnd.Uint32() & rnd.Uint32(), restricted: rnd.IntN(10) == 0}
}

// yaml writes the table as an avow policy: per purpose one reason for the
// categories that have the same bases.
func (w *world) yaml() string {
	var b strings.Builder
	b.WriteString("avow: v1\npolicy: bench\ntitle: A policy to measure with\neffective: 2026-01-01\n" +
		"organisation: {name: Bench, contact: {email: privacy@bench.example}}\nregimes: [gdpr, uk-gdpr]\ndata:\n")
	for _, c := range w.categories {
		fmt.Fprintf(&b, "  %s: {title: %s data, fields: [one, two, three]}\n", c, c)
	}
	fmt.Fprintf(&b, "sources: {you: {title: You, yields: [%s]}}\n", strings.Join(w.categories, ", "))
	b.WriteString("purpose-groups:\n  all:\n    title: All of them\n    purposes:\n")
	for p, name := range w.purposes {
		fmt.Fprintf(&b, "      %s:\n        title: %s\n        reasons:\n", name, name)
		for _, g := range w.groups(p) {
			fmt.Fprintf(&b, "          - {because: So it is., basis: {individual: %s, business: %s}, uses: [%s]}\n", g.bases[0], g.bases[1], strings.Join(g.categories, ", "))
		}
	}
	return b.String()
}

// group is categories of one purpose with the same bases.
type group struct {
	bases      [2]string
	categories []string
}

func (w *world) groups(purpose int) (out []group) {
next:
	for c, bases := range w.table[purpose] {
		for i := range out {
			if out[i].bases == bases {
				out[i].categories = append(out[i].categories, w.categories[c])
				continue next
			}
		}
		if bases != [2]string{none, none} {
			out = append(out, group{bases, []string{w.categories[c]}})
		}
	}
	return out
}

// state is a person as the gate knows one.
func (w *world) state(id avow.ID, p person, region avow.Region, facts uint64) *gate.State {
	var all policy.FieldSet
	for i := range w.policy.Fields {
		all.Add(i)
	}
	s := &gate.State{Subject: id, Kind: avow.Individual, Region: region, Facts: facts, Restricted: p.restricted,
		Holdings: []gate.Holding{{Version: 1, Fields: all, Source: 0, Agreement: -1}}}
	if p.business {
		s.Kind = avow.Business
	}
	for lane, c := range w.policy.Consents {
		if i := w.index(c.Purpose); i >= 0 && p.consents&(1<<i) != 0 {
			s.Consents |= 1 << lane
		}
	}
	for lane, o := range w.policy.Objections {
		if i := w.index(o.Purpose); i >= 0 && p.objections&(1<<i) != 0 {
			s.Objections[lane>>6] |= 1 << (lane & 63)
		}
	}
	return s
}

// index is a compiled purpose's number in the table; -1 for a built-in duty.
func (w *world) index(compiled int) int {
	for i, name := range w.purposes {
		if name == w.policy.Purposes[compiled].Name {
			return i
		}
	}
	return -1
}
