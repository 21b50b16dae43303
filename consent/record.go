package consent

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
)

const notStated = "not stated in the notice"

// recordOf fills a consent record from the version that was shown: every field that
// ISO/IEC TS 27560:2023 makes mandatory, and what the policy says of the others. What
// the policy leaves out is said to be left out. It is pure.
func recordOf(p *policy.Policy, u *policy.CompiledPurpose, c Choice, region avow.Region, base string) ledger.ConsentRecord {
	entity := entityFor(p.Document, region)
	r := ledger.ConsentRecord{
		Notice:       fmt.Sprintf("%s/policy/%s/versions/%d#sha256=%s", base, p.Name, p.Number, hex.EncodeToString(p.Hash[:])),
		Language:     languageOf(p, c),
		Shown:        c.Shown,
		Purposes:     []ledger.ConsentPurpose{purposeOf(p, u)},
		Controllers:  []ledger.Party{controller(p.Document, entity)},
		Recipients:   recipientsOf(p, u),
		Jurisdiction: jurisdiction(p, entity, region),
		Collection:   c.Way,
		Storage:      storage(p, entity, u),
		Withdrawal:   base + "/privacy",
		Rights:       base + "/privacy",
		Until:        "until it is withdrawn",
		By:           c.By,
	}
	if r.Shown == "" {
		if rule, ok := p.Document.Consents.Get(u.Name); ok {
			r.Shown = say(rule.Asks, r.Language)
		}
	}
	if r.By == "" {
		r.By = "the person"
	}
	return r
}

func languageOf(p *policy.Policy, c Choice) string {
	switch {
	case c.Language != "":
		return c.Language
	case p.Document.Languages.Prevails != "":
		return p.Document.Languages.Prevails
	}
	return "en"
}

// say is a text in a language, else in whichever comes first.
func say(t policy.Text, lang string) string {
	if t.Plain != "" || len(t.In) == 0 {
		return t.Plain
	}
	if s, ok := t.In.Get(lang); ok {
		return *s
	}
	return t.In[0].Is
}

// says is a text in the language that prevails.
func says(p *policy.Policy, t policy.Text) string { return say(t, p.Document.Languages.Prevails) }

func purposeOf(p *policy.Policy, u *policy.CompiledPurpose) ledger.ConsentPurpose {
	fields := consented(u)
	out := ledger.ConsentPurpose{Purpose: u.Name, Title: u.Title, Basis: avow.Consent.String(), Data: []string{}, Retention: notStated}
	fields.Each(func(i int) { out.Data = append(out.Data, p.Fields[i].Path()) })
	if kept := Kept(p, fields); len(kept) > 0 {
		out.Retention = strings.Join(kept, "; ")
	}
	return out
}

// consented is the data a purpose uses on the ground of consent.
func consented(u *policy.CompiledPurpose) (fields policy.FieldSet) {
	for _, r := range u.Reasons {
		for _, kinds := range r.Grounds {
			for _, grounds := range kinds {
				for _, g := range grounds {
					if g.Basis == avow.Consent {
						fields = fields.Or(r.Fields)
					}
				}
			}
		}
	}
	return fields
}

// entityFor is the company a person deals with, by where they live (E42): the first
// that serves the region, else the one that serves everyone else; nil when none is named.
func entityFor(d *policy.Document, region avow.Region) *policy.Entry[policy.Entity] {
	var rest *policy.Entry[policy.Entity]
	for i := range d.Organisation.Entities {
		e := &d.Organisation.Entities[i]
		for _, r := range e.Is.Serves.Regions {
			if region.Within(r) {
				return e
			}
		}
		if e.Is.Serves.EveryoneElse || e.Is.Serves.Anywhere {
			rest = e
		}
	}
	return rest
}

func controller(d *policy.Document, e *policy.Entry[policy.Entity]) ledger.Party {
	lang := d.Languages.Prevails
	p := ledger.Party{ID: d.Policy.Name, Name: say(d.Organisation.Name, lang), Address: say(d.Organisation.Contact.Post, lang), Type: "controller"}
	p.Contact = firstOf(d.Organisation.Officer.Email, d.Organisation.Contact.Email, d.Organisation.Contact.Page, d.Organisation.Contact.Phone, p.Address, notStated)
	if e != nil {
		p.ID, p.Name = e.Key, say(e.Is.Name, lang)
		p.Address = firstOf(say(e.Is.Office, lang), p.Address)
	}
	p.Address = firstOf(p.Address, notStated)
	return p
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// recipientsOf names who receives the purpose's data for it.
func recipientsOf(p *policy.Policy, u *policy.CompiledPurpose) []string {
	index, _ := p.Purpose(u.Name)
	fields := consented(u)
	names := []string{}
	for _, r := range p.Recipients {
		if r.Declared && r.For.Has(index) && !r.Receives.And(fields).Empty() {
			names = append(names, firstOf(r.Title, r.Name))
		}
	}
	return names
}

func jurisdiction(p *policy.Policy, e *policy.Entry[policy.Entity], region avow.Region) string {
	law := ""
	if e != nil {
		law = says(p, e.Is.Law)
	}
	return firstOf(law, string(region), notStated)
}

// storage is where the data is: what the policy says holds by default, where the
// company is, and where the processors are that receive it.
func storage(p *policy.Policy, e *policy.Entry[policy.Entity], u *policy.CompiledPurpose) []string {
	places := regions(nil, p.Document.Defaults.In.Regions)
	if e != nil {
		places = regions(places, e.Is.In.Regions)
	}
	index, _ := p.Purpose(u.Name)
	for _, r := range p.Recipients {
		if r.Declared && r.Processor && r.For.Has(index) {
			places = regions(places, r.Places)
		}
	}
	if len(places) == 0 {
		return []string{notStated}
	}
	return places
}

func regions(list []string, more []avow.Region) []string {
next:
	for _, r := range more {
		for _, have := range list {
			if have == string(r) {
				continue next
			}
		}
		list = append(list, string(r))
	}
	return list
}
