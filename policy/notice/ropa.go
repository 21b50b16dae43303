package notice

import (
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// ROPA writes the record of processing activities (gdpr:30(1), and gdpr:30(2) for
// what is done under customers' agreements) as a page of its own.
func ROPA(w io.Writer, p *policy.Policy, o Options) error {
	return BuildROPA(p, o).HTML(w, o)
}

// BuildROPA makes the record, in the same form as a notice.
func BuildROPA(p *policy.Policy, o Options) *Notice {
	b := newBuilder(p, o)
	n := &Notice{
		Lang: b.words.lang, Title: b.say("ropa", b.text(b.d.Organisation.Name)), Policy: p.Name, Version: p.Number,
		Hash: hex.EncodeToString(p.Hash[:]), Effective: p.Effective.Format(time.DateOnly), Updated: isoDate(b.d.Updated),
		ContentsTitle: b.say("contents"), wide: true,
	}
	n.Summary = append(b.head(n), b.fact("ropa.policy", b.text(b.d.Title)), b.fact("changes.hash", plain(n.Hash[:16])))
	n.Sections = nonEmpty(b.ropaWho(), b.ropaActivities(), b.ropaProcessor(), b.ropaSecurity())
	n.number()
	n.unlinkMissing()
	return n
}

// ropaWho is who answers for the processing (gdpr:30(1)(a)).
func (b *builder) ropaWho() Section {
	o := b.d.Organisation
	s := Section{ID: "ropa.controller", Title: b.say("ropa.controller")}
	var companies, representatives, joint []Inline
	for _, e := range o.Entities {
		companies = append(companies, b.comma(lines(b.text(e.Is.Name), b.text(e.Is.Registered), b.text(e.Is.Office))))
		if anyPlace(e.Is.RepresentsIn) {
			representatives = append(representatives, b.say("entities.represents", b.company(e.Is), b.places(e.Is.RepresentsIn)))
		}
	}
	for _, r := range b.d.Recipients {
		if r.Is.Role == "joint-controller" {
			joint = append(joint, b.recipientName(r))
		}
	}
	officer := b.comma(lines(plain(o.Officer.Name), mailOrNil(o.Officer.Email), phoneOrNil(o.Officer.Phone)))
	if len(officer) == 0 {
		officer = b.say("officer.none")
	}
	s.Blocks = factBlock(
		b.fact("ropa.name", b.text(o.Name)),
		b.fact("ropa.companies", companies...),
		b.fact("ropa.contact", mailOrNil(o.Contact.Email), phoneOrNil(o.Contact.Phone), b.text(o.Contact.Post)),
		b.fact("ropa.joint", joint...),
		b.fact("ropa.representative", representatives...),
		b.fact("officer", officer))
	return s
}

// activity is one line of the record.
type activity struct {
	id, group             string
	purpose               Inline
	people, data          []Inline
	individual, business  []Inline // bases
	recipients, transfers []Inline
	limits                []Inline
}

func (b *builder) ropaActivities() Section {
	s := Section{ID: "ropa.activities", Title: b.say("ropa.activities")}
	groups := map[string][]Group{}
	var order []string
	for _, a := range b.activities() {
		if groups[a.group] == nil {
			order = append(order, a.group)
		}
		groups[a.group] = append(groups[a.group], one(a.id, a.purpose, a.people, a.data, a.basis(b), a.recipients, a.transfers, a.limits))
	}
	for i, name := range order {
		caption := b.say("ropa.caption", name)
		table := b.table(caption, []string{"ropa.purpose", "ropa.people", "ropa.data", "uses.basis", "ropa.recipients", "ropa.transfers", "ropa.limits"}, groups[name])
		s.Sections = append(s.Sections, Section{ID: at("ropa.group", itoa(i+1)), Title: plain(name), Blocks: table})
	}
	return s
}

func (a activity) basis(b *builder) Cell {
	same := slices.EqualFunc(a.individual, a.business, func(x, y Inline) bool { return x.String() == y.String() })
	if same {
		return a.individual
	}
	return cell(b.labelled("ropa.individuals", b.semicolons(a.individual)), b.labelled("ropa.businesses", b.semicolons(a.business)))
}

// activities are the purposes, the disclosures on events and the duties.
func (b *builder) activities() []activity {
	var out []activity
	for _, g := range b.d.PurposeGroups {
		for _, p := range g.Is.Purposes {
			out = append(out, b.activity(at("purpose-groups", g.Key, "purposes", p.Key), b.text(g.Is.Title).String(), p))
		}
	}
	for _, p := range b.d.UnlistedPurposes {
		out = append(out, b.activity(at("unlisted-purposes", p.Key), b.say("unlisted").String(), p))
	}
	for _, d := range b.d.Disclosures {
		out = append(out, b.disclosureActivity(d))
	}
	return append(out, b.dutyActivities()...)
}

func (b *builder) activity(id, group string, p policy.Entry[policy.Purpose]) activity {
	a := activity{id: id, group: group, purpose: b.text(p.Is.Title)}
	var uses policy.DataRefs
	for _, r := range reasons(p.Is) {
		bases := b.basis(p.Is, r)
		a.individual = addNew(a.individual, b.terms(bases.Individual)...)
		a.business = addNew(a.business, b.terms(business(bases))...)
		for _, d := range usesOf(p.Is, r) {
			if !slices.ContainsFunc(uses, func(u policy.DataRef) bool { return sameData(u, d) }) {
				uses = append(uses, d)
			}
		}
	}
	a.people, a.data = b.peopleOf(p.Is, uses), b.data(uses)
	a.recipients, a.transfers = b.recipientsOf(p.Key)
	a.limits = b.limitsOf(p.Key, uses)
	return a
}

func sameData(x, y policy.DataRef) bool {
	return x.Category == y.Category && x.Field == y.Field && x.All == y.All && x.Needed == y.Needed
}

func addNew(list []Inline, more ...Inline) []Inline {
	for _, t := range more {
		if !slices.ContainsFunc(list, func(x Inline) bool { return x.String() == t.String() }) {
			list = append(list, t)
		}
	}
	return list
}

// peopleOf are the categories of people whose data a purpose uses (gdpr:30(1)(c)).
func (b *builder) peopleOf(p policy.Purpose, uses policy.DataRefs) []Inline {
	individuals, businesses := false, false
	for _, r := range reasons(p) {
		bases := b.basis(p, r)
		individuals = individuals || applies(bases.Individual)
		businesses = businesses || applies(business(bases))
	}
	out := lines(b.when(individuals, "ropa.individuals"), b.when(businesses, "ropa.businesses"))
	for _, d := range uses {
		if c, ok := b.d.Data.Get(d.Category); ok && c.About == "somebody-else" || d.All {
			return append(out, b.say("ropa.others"))
		}
	}
	return out
}

func applies(list []policy.BasisTerm) bool {
	return !slices.ContainsFunc(list, func(t policy.BasisTerm) bool { return t.Basis == avow.NotApplicable })
}

// recipientsOf are those who receive data for a purpose, and where that takes it (gdpr:30(1)(d), gdpr:30(1)(e)).
func (b *builder) recipientsOf(purpose string) (recipients, transfers []Inline) {
	serves := func(refs policy.Refs) bool {
		return slices.ContainsFunc(refs, func(r policy.Ref) bool { return r.Name == purpose || r.Name == "all" })
	}
	for _, r := range b.d.Recipients {
		if !serves(r.Is.For) {
			continue
		}
		name := b.recipientName(r)
		recipients = append(recipients, name)
		if where := b.whereAndHow(r.Is.Role, r.Is.In, r.Is.Safeguard); len(where) > 0 {
			transfers = append(transfers, b.say("labelled", name, b.semicolons(where)))
		}
	}
	for _, s := range b.d.Staff {
		if serves(s.Is.For) && anyPlace(s.Is.In) {
			where := cell(b.comma(b.placeList(s.Is.In)), b.safeguard(s.Is.Safeguard))
			transfers = append(transfers, b.say("labelled", capitalised(unlinked(b.staffName(s.Key))), b.semicolons(where)))
		}
	}
	return recipients, transfers
}

// limitsOf are the rules of the schedule that cover the data of a purpose
// (gdpr:30(1)(f)), one line for all data with the same limit.
func (b *builder) limitsOf(purpose string, uses policy.DataRefs) []Inline {
	var limits, titles []Inline
	for _, e := range b.d.Retention.Rules {
		if !b.ruleCovers(e, uses) || len(e.Is.For) > 0 && !slices.ContainsFunc(e.Is.For, func(r policy.Ref) bool { return r.Name == purpose }) {
			continue
		}
		limit, title := b.limit(e.Is), unlinked(b.ruleTitle(e))
		i := slices.IndexFunc(limits, func(t Inline) bool { return t.String() == limit.String() })
		if i < 0 {
			limits, titles = append(limits, limit), append(titles, title)
			continue
		}
		titles[i] = b.semicolons([]Inline{titles[i], title})
	}
	for i := range limits {
		limits[i] = b.say("labelled", titles[i], limits[i])
	}
	if len(limits) == 0 {
		return []Inline{capitalised(b.say("until.not-stated"))}
	}
	return limits
}

func (b *builder) limit(r policy.RetentionRule) Inline {
	if r.Then == "" || r.Then == "not-stated" {
		return b.until(r.Until)
	}
	return concat(b.until(r.Until), b.say("list.comma"), b.say("ropa.then", b.named("then.", r.Then)))
}

func (b *builder) ruleCovers(e policy.Entry[policy.RetentionRule], uses policy.DataRefs) bool {
	of := e.Is.Of
	if len(of) == 0 {
		of = policy.DataRefs{{Category: e.Key}}
	}
	for _, r := range of {
		for _, u := range uses {
			whole := r.Field == "" || u.Field == "" || r.Field == u.Field
			part, ok := b.d.Data.Get(r.Category)
			if u.All || r.All || whole && (r.Category == u.Category || ok && part.PartOf.Name == u.Category) {
				return true
			}
		}
	}
	return false
}

func (b *builder) disclosureActivity(e policy.Entry[policy.Disclosure]) activity {
	d := e.Is
	law := b.terms(nil)
	a := activity{
		id: at("disclosures", e.Key), group: b.say("disclosures").String(), purpose: b.disclosureTitle(e.Key),
		people: []Inline{b.say("ropa.anybody")}, data: b.data(d.Gives), individual: law, business: law,
		limits: b.limitsOf(e.Key, d.Gives),
	}
	if d.To.Name != "" {
		a.recipients = []Inline{unlinked(b.recipientLink(d.To.Name))}
	}
	return a
}

// dutyActivities are what is done under every policy.
func (b *builder) dutyActivities() []activity {
	var out []activity
	for _, name := range []string{policy.DutyAnswerRequests, policy.DutyKeepProof, policy.DutySuppress, policy.DutySecure, policy.DutyObeyLaw} {
		law := []Inline{capitalised(b.say("basis.legal-obligation"))}
		out = append(out, activity{
			id: at("duties", name), group: b.say("duties").String(), purpose: b.say("duty." + name),
			people: []Inline{b.say("ropa.anybody")}, data: []Inline{b.say("ropa.as-needed")}, individual: law, business: law,
			limits: []Inline{b.say("ropa.duty-limit")},
		})
	}
	return out
}

// ropaProcessor is what is done on behalf of others, under their agreements (gdpr:30(2)).
func (b *builder) ropaProcessor() Section {
	s := Section{ID: "ropa.processor", Title: b.say("ropa.processor")}
	var list []Item
	for _, e := range b.d.Agreements {
		list = append(list, Item{ID: at("agreements", e.Key), Term: b.say("agreements.with", b.text(e.Is.With)), Body: lines(
			b.labelled("ropa.on-behalf-of", b.text(e.Is.With)),
			b.labelled("ropa.processing", b.text(e.Is.Covers)),
			b.labelled("ropa.transfers", b.transferRule()))})
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("ropa.processor.intro")), items(FactList, list)...)
	}
	return s
}

// ropaSecurity describes the measures (gdpr:30(1)(g)).
func (b *builder) ropaSecurity() Section {
	s := b.security()
	s.ID = "ropa.security"
	if s.empty() {
		s.Blocks = paragraph(capitalised(b.say("until.not-stated")))
	}
	return s
}
