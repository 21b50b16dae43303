package notice

import (
	"slices"

	"github.com/avowhq/avow/policy"
)

// staff says who in the organisation works with data, for what and where.
func (b *builder) staff() Section {
	s := Section{ID: "staff", Title: b.say("staff")}
	var list []Item
	for _, e := range b.d.Staff {
		title := b.text(e.Is.Title)
		if len(title) == 0 {
			title = b.named("staff.role.", e.Key)
			title = capitalised(title)
		}
		if body := b.staffBody(e.Is); len(body) > 0 {
			list = append(list, Item{ID: at("staff", e.Key), Term: title, Body: body})
		}
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("staff.intro")), items(FactList, list)...)
	}
	return s
}

func (b *builder) staffBody(r policy.StaffRole) []Inline {
	return lines(
		b.labelledList("staff.includes", b.texts(r.Includes)),
		b.labelled("staff.for", b.work(r.For)),
		b.labelled("staff.in", b.comma(b.placeList(r.In))),
		b.safeguard(r.Safeguard),
		b.when(r.FollowTheSun.Yes, "staff.follow-the-sun"),
		b.labelledList("staff.bound-by", b.texts(r.BoundBy)),
		b.labelledList("staff.trained-in", b.texts(r.TrainedIn)))
}

// work names the purposes of a role; all of them are everything.
func (b *builder) work(refs policy.Refs) Inline {
	missing := b.purposesWhere(func(policy.Purpose) bool { return true })
	for _, t := range b.purposes(refs) {
		missing = slices.DeleteFunc(missing, func(m Inline) bool { return m.String() == t.String() })
	}
	if len(missing) == 0 && len(refs) > 1 {
		return b.say("purposes.all")
	}
	return b.semicolons(b.purposes(refs))
}

// disclosures are what is handed over on an event.
func (b *builder) disclosures() Section {
	s := Section{ID: "disclosures", Title: b.say("disclosures")}
	var list []Item
	for _, e := range b.d.Disclosures {
		list = append(list, Item{ID: at("disclosures", e.Key), Term: b.disclosureTitle(e.Key), Body: b.disclosure(e.Is)})
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("disclosures.intro")), items(FactList, list)...)
	}
	return s
}

func (b *builder) disclosureTitle(key string) Inline {
	return capitalised(b.named("disclosure.", key))
}

func (b *builder) disclosure(d policy.Disclosure) []Inline {
	var to, protect Inline
	if d.To.Name != "" {
		to = b.labelled("disclosures.to", b.recipientLink(d.To.Name))
	}
	if len(d.ToProtect) > 0 {
		protect = b.labelled("disclosures.to-protect", b.protects(d))
	}
	return lines(
		b.labelled("disclosures.when", b.semicolons(b.texts(d.When))),
		to,
		b.labelled("disclosures.gives", b.semicolons(b.data(d.Gives))),
		b.labelledList("disclosures.all-of", b.texts(d.AllOf)),
		b.labelled("disclosures.for", b.semicolons(b.purposes(d.For))),
		protect,
		b.labelled("disclosures.bound-by", b.text(d.BoundBy)),
		b.approval(d.ApprovedBy),
		b.when(d.NeverOtherwise.Yes, "disclosures.never-otherwise"),
		b.labelled("disclosures.challenged", b.text(d.Challenged)))
}

// approval says who approves it each time.
func (b *builder) approval(by policy.Ref) Inline {
	if by.Name == "" {
		return nil
	}
	return b.labelled("disclosures.approved-by", b.staffName(by.Name))
}

func (b *builder) staffName(name string) Inline {
	title := b.named("staff.role.", name)
	if r, ok := b.d.Staff.Get(name); ok && given(r.Title) {
		title = b.text(r.Title)
	}
	return linked(title, "#"+at("staff", name))
}

func (b *builder) protects(d policy.Disclosure) Inline {
	what := b.and(b.texts(d.ToProtect))
	if len(d.Of) == 0 {
		return what
	}
	return b.say("disclosures.of", what, b.or(b.texts(d.Of)))
}
