package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/avowhq/avow"
)

// check finds what is wrong though every name is known: errors where the file
// contradicts itself, warnings where it promises little or leaves something open.
// When a name means nothing only errors are reported, since what a warning says
// may be the fault of the name.
func (c *compiler) check() {
	c.findImpersonal()
	before := len(c.problems)
	for _, theme := range []func(){
		c.checkHead, c.checkOrganisation, c.checkChildren,
		c.checkData, c.checkSources, c.checkEnrich,
		c.checkPurposes, c.checkBases, c.checkConsents, c.checkObjections,
		c.checkRecipients, c.checkDisclosures, c.checkTransfers,
		c.checkNever,
		c.checkRetention, c.checkCookies, c.checkEmbeds,
		c.checkPoints,
	} {
		theme()
	}
	if c.broken {
		c.problems = append(c.problems[:before], slices.DeleteFunc(c.problems[before:], func(p Problem) bool { return p.Warning })...)
	}
}

// describe names fields: a category by its name when all of it is meant.
func (p *Policy) describe(set FieldSet) string {
	var names []string
	for i := range p.Categories {
		own := p.ownFields(p.Categories[i].Name)
		have := set.And(own)
		if !own.Empty() && have == own {
			names = append(names, quote(p.Categories[i].Name))
			continue
		}
		have.Each(func(i int) { names = append(names, quote(p.Fields[i].Path())) })
	}
	return list(names)
}

// list joins names as a person would, the first few of them.
func list(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// ownFields are the fields of a category without those of its parts.
func (p *Policy) ownFields(category string) FieldSet { return p.names.own[category] }

// personal leaves out what is never about one person or is published anyway.
func (c *compiler) personal(set FieldSet) FieldSet { return set.Minus(c.impersonal) }

func (c *compiler) findImpersonal() {
	for i := range c.doc.Data {
		if e := &c.doc.Data[i]; e.Is.Aggregate.Yes || e.Is.Public.Yes {
			c.impersonal = c.impersonal.Or(c.p.ownFields(e.Key))
		}
	}
}

// usesOf is the data that purposes use.
func (p *Policy) usesOf(purposes PurposeSet) FieldSet {
	var set FieldSet
	purposes.Each(func(i int) { set = set.Or(usedBy(&p.Purposes[i])) })
	return set
}

// regime reports whether any law the policy names, and still in force, is such.
func (c *compiler) regime(such func(avow.RegimeFacts) bool) bool {
	return slices.ContainsFunc(c.p.Regimes, func(name avow.Regime) bool {
		f, ok := avow.RegimeByName(name)
		return ok && f.Ended == "" && such(f)
	})
}

func asksForConsent(f avow.RegimeFacts) bool { return f.AsksConsent }

func demandsBasis(f avow.RegimeFacts) bool { return f.DemandsBasis }

func givesGPCEffect(f avow.RegimeFacts) bool { return f.GPC }

// fold makes two wordings of one title equal.
func fold(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}
