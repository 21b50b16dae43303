package notice

import (
	"strings"
	"testing"

	"github.com/avowhq/avow/policy"
)

// bare says nothing that the language does not demand.
const bare = `
avow: v1
policy: bare
title: Bare notice
effective: 2026-01-01
organisation: {name: Bare}
data: {contact: {title: Contact, fields: [email, name], identifies: [email]}}
purpose-groups: {all: {title: All, purposes: {answer: {title: Answer you, uses: contact}}}}
regimes: [REGIME]
`

func bareText(t *testing.T, regime string) string {
	t.Helper()
	p, problems := policy.Load("bare.yaml", []byte(strings.Replace(bare, "REGIME", regime, 1)), nil)
	if p == nil {
		t.Fatal(problems)
	}
	return htmlText(rendered(t, HTML, p, Options{}))
}

// What gdpr:13 and gdpr:14 want told is said to be not stated where it is not.
func TestWhatTheLawWantsToldIsNotLeftOut(t *testing.T) {
	wanted := []string{
		"This notice names no data protection officer.",
		"This notice does not state whether you must give us data",
		"This notice names nobody who receives data.",
		"This notice does not state what a transfer of your data to another country needs.",
		"This notice describes no decision about you that a machine makes alone.",
		"Bare is responsible for your data",
	}
	text := bareText(t, "gdpr")
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("under the GDPR the notice leaves out: %s", want)
		}
	}
	for _, section := range []string{"How long we keep itHow long each kind", "ContactNot statedNot stated"} {
		if squeezedText := strings.ReplaceAll(text, "\n", ""); !strings.Contains(squeezedText, section) {
			t.Errorf("under the GDPR the notice does not say that the time of keeping is not stated: %s", section)
		}
	}
	for _, basis := range []string{"Legal basis", "Not stated"} {
		if !strings.Contains(text, basis) {
			t.Errorf("a use without a basis is not shown as such: %s", basis)
		}
	}
	if text := bareText(t, "nevada"); strings.Contains(text, "names nobody who receives data") {
		t.Error("a law that does not want recipients told makes the notice speak of them")
	}
}

// section finds a section or a part of one by its id.
func section(t *testing.T, n *Notice, id string) Section {
	t.Helper()
	var found *Section
	var walk func(list []Section)
	walk = func(list []Section) {
		for i := range list {
			if list[i].ID == id {
				found = &list[i]
			}
			walk(list[i].Sections)
		}
	}
	walk(n.Sections)
	if found == nil {
		t.Fatalf("there is no section %s", id)
	}
	return *found
}

func TestPurposeStandsInBothGroups(t *testing.T) {
	n := Build(small(t), Options{})
	for id, want := range map[string]string{"purpose-groups.marketing": "purpose-groups.marketing.purposes.offers", "purpose-groups.orders": "purpose-groups.orders.also.offers"} {
		found := false
		for _, g := range section(t, n, id).Blocks[len(section(t, n, id).Blocks)-1].Table.Groups {
			if g.ID == want {
				found = g.Head[0].String() == "Send you offers"
			}
		}
		if !found {
			t.Errorf("%s does not list the purpose", id)
		}
	}
}

func TestFallenSchemeIsSaidToBeNone(t *testing.T) {
	items := section(t, Build(small(t), Options{}), "schemes").Blocks[0].Items
	if got := items[0].Body[0]; got.String() != "This scheme does not protect a transfer; no data is sent under it." || !got[0].Strong {
		t.Errorf("of a scheme that fell the notice says %q", got)
	}
}

func TestAcceptanceIsNotConsent(t *testing.T) {
	blocks := section(t, Build(small(t), Options{}), "consents").Blocks
	text := ""
	for _, b := range blocks {
		text += b.Text.String()
	}
	if !strings.Contains(text, "you accept it by walking in. We do not count that as consent") {
		t.Errorf("the notice says of acceptance: %q", text)
	}
}

func TestComplaintsGoStepByStep(t *testing.T) {
	s := section(t, Build(small(t), Options{}), "complaints")
	for i, want := range []string{"Us", "The panel", "The court"} {
		step := s.Sections[i]
		if step.Title.String() != "Step "+itoa(i+1) || step.Blocks[0].Items[0].Term.String() != want {
			t.Errorf("step %d is %s, %s; want %s", i+1, step.Title, step.Blocks[0].Items[0].Term, want)
		}
	}
}

func TestLawThatEnded(t *testing.T) {
	s := section(t, Build(small(t), Options{}), "regimes.dpd-1995")
	if got := s.Blocks[0].Text.String(); !strings.Contains(got, "It ended on 25 May 2018") {
		t.Errorf("of a law that ended the notice says %q", got)
	}
}

// The right to object to direct marketing stands apart from all else (gdpr:21(4)).
func TestObjectionStandsApart(t *testing.T) {
	s := section(t, Build(small(t), smallOptions()), "object")
	if s.Blocks[0].Kind != Note || !strings.Contains(s.Blocks[0].Text.String(), "at any time, without a reason, and it stops. That is: Send you offers") {
		t.Errorf("the section begins with %s: %s", s.Blocks[0].Kind, s.Blocks[0].Text)
	}
	last := s.Blocks[len(s.Blocks)-1].Text
	if last[1].Href != "/privacy" {
		t.Errorf("it does not lead to where choices are changed: %+v", last)
	}
}
