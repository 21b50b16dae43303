package notice

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// receivers says who gets data (gdpr:13(1)(e)).
func (b *builder) receivers() Section {
	s := Section{ID: "recipients", Title: b.say("recipients")}
	var groups []Group
	for _, r := range b.d.Recipients {
		groups = append(groups, b.recipientRow(r))
	}
	s.Blocks = b.table(b.say("recipients.caption"), []string{"recipients.who", "recipients.does", "recipients.receives", "recipients.for", "recipients.where"}, groups)
	if len(groups) == 0 && b.demands {
		s.Blocks = paragraph(b.say("recipients.not-stated"))
	}
	s.Blocks = append(s.Blocks, withID("defaults", b.defaults())...)
	s.Sections = nonEmpty(b.recipientNotes(), b.staff(), b.disclosures())
	return s
}

func (b *builder) defaults() []Block {
	var texts []Inline
	if anyPlace(b.d.Defaults.In) {
		texts = append(texts, b.say("defaults.in", b.places(b.d.Defaults.In)))
	}
	texts = append(texts, lines(b.when(b.d.Defaults.Recipients == "none", "defaults.recipients.none"))...)
	return paragraph(spaced(texts...))
}

func (b *builder) recipientName(e policy.Entry[policy.Recipient]) Inline {
	switch {
	case given(e.Is.Name):
		return b.text(e.Is.Name)
	case given(e.Is.Group):
		return capitalised(b.text(e.Is.Group))
	case b.has("recipient." + e.Key):
		return b.say("recipient." + e.Key)
	}
	return plain(b.humanTitle(e.Key))
}

func (b *builder) recipientLink(name string) Inline {
	if r, ok := b.d.Recipients.Get(name); ok {
		return linked(b.recipientName(policy.Entry[policy.Recipient]{Key: name, Is: *r}), "#"+at("recipients", name))
	}
	return b.named("recipient.", name)
}

func (b *builder) recipientRow(e policy.Entry[policy.Recipient]) Group {
	r := e.Is
	does := cell(b.role(r), sentence(b.text(r.Does)), b.labelledList("recipients.tasks", b.texts(r.Tasks)))
	receives := cell(capitalisedAll(b.data(r.Receives))...)
	if r.Limited.Yes {
		receives = append(receives, b.say("recipients.limited"))
	}
	return one(at("recipients", e.Key), b.recipientName(e), does, receives, b.receivesFor(e), b.whereAndHow(r.Role, r.In, r.Safeguard))
}

// receivesFor is the purposes of a recipient, or that it gets something only on an event.
func (b *builder) receivesFor(e policy.Entry[policy.Recipient]) Cell {
	if len(e.Is.For) > 0 {
		return cell(capitalisedAll(b.purposes(e.Is.For))...)
	}
	for _, d := range b.d.Disclosures {
		if d.Is.To.Name == e.Key {
			return cell(b.say("recipients.on-event", linked(b.say("recipients.on-event.link"), "#disclosures")))
		}
	}
	if e.Is.Role == "public" {
		return nil
	}
	return cell(b.say("recipients.for-not-stated"))
}

func (b *builder) role(r policy.Recipient) Inline {
	if r.Role == "" {
		return b.when(b.demands, "role.not-stated")
	}
	return b.named("role.", r.Role)
}

// whereAndHow is the place and the safeguard of a transfer (gdpr:13(1)(f)).
func (b *builder) whereAndHow(role string, in policy.Places, safe policy.Safe) Cell {
	var where Inline
	switch {
	case anyPlace(in):
		where = capitalised(b.comma(b.placeList(in)))
	case role != "public" && role != "authority" && !anyPlace(b.d.Defaults.In):
		where = b.say("recipients.place-not-stated")
	}
	return cell(where, b.safeguard(safe))
}

func (b *builder) safeguard(s policy.Safe) Inline {
	if s.NotStated {
		return b.say("safeguard.not-stated")
	}
	if !s.Given || len(s.AnyOf) == 0 {
		return nil
	}
	var names []Inline
	for _, r := range s.AnyOf {
		names = append(names, b.safeguardName(r.Name))
	}
	return b.labelled("safeguard", b.or(names))
}

func (b *builder) safeguardName(name string) Inline {
	if _, ok := b.d.Safeguards.Get(name); ok {
		return link(b.humanTitle(name), "#"+at("safeguards", name))
	}
	if s, ok := b.d.Schemes.Get(name); ok {
		return linked(b.schemeName(policy.Entry[policy.Scheme]{Key: name, Is: *s}), "#"+at("schemes", name))
	}
	if b.has("safeguard." + name) {
		return b.say("safeguard." + name)
	}
	return b.law(name)
}

// recipientNotes is what else a policy says of recipients.
func (b *builder) recipientNotes() Section {
	s := Section{ID: "recipients.more", Title: b.say("recipients.more")}
	var list []Item
	for _, e := range b.d.Recipients {
		if body := b.recipientNote(e.Is); len(body) > 0 {
			list = append(list, Item{Term: b.recipientLink(e.Key), Body: body})
		}
	}
	s.Blocks = items(FactList, list)
	return s
}

func (b *builder) recipientNote(r policy.Recipient) []Inline {
	var listIn, about, keeps Inline
	if r.List.Name != "" {
		listIn = b.say("recipients.list", b.document(r.List.Name))
	}
	if len(r.About) > 0 {
		about = b.labelledList("recipients.about", b.peopleWords(r.About))
	}
	switch {
	case r.Keeps.Form == policy.UntilPeriod && (r.Keeps.After == "" || r.Keeps.After == "collection"):
		keeps = b.say("recipients.keeps-for", b.period(r.Keeps.Period))
	case r.Keeps.Form != policy.UntilAbsent:
		keeps = b.labelled("recipients.keeps", b.until(r.Keeps))
	}
	return lines(listIn,
		b.labelled("recipients.depends-on", b.text(r.DependsOn)),
		b.labelled("recipients.when", b.text(r.When)),
		b.labelled("recipients.if-you-set", b.text(r.IfYouSet)),
		about,
		b.labelledList("recipients.chain", b.chain(r.Uses)),
		keeps,
		b.when(r.OwnPolicy.Yes, "recipients.own-policy"),
		b.labelled("recipients.may-also", b.text(r.MayAlso)),
		b.labelledList("recipients.bound-by", b.texts(r.BoundBy)),
		b.when(r.CollectsToo.Yes, "recipients.collects-too"),
		b.via(r.Via))
}

// chain names the recipients a recipient passes data to.
func (b *builder) chain(list policy.Words) []Inline {
	var out []Inline
	for _, t := range list {
		if _, ok := b.d.Recipients.Get(t.Plain); ok {
			out = append(out, b.recipientLink(t.Plain))
			continue
		}
		out = append(out, b.fragment(t))
	}
	return out
}

// peopleWords are plain words, or words from `people`.
func (b *builder) peopleWords(list policy.Words) []Inline {
	var out []Inline
	for _, t := range list {
		if p, ok := b.d.People.Get(t.Plain); ok {
			out = append(out, b.text(p.Means))
			continue
		}
		out = append(out, b.fragment(t))
	}
	return out
}

func (b *builder) via(ref policy.Ref) Inline {
	const prefix = "embeds."
	if len(ref.Name) <= len(prefix) || ref.Name[:len(prefix)] != prefix {
		return nil
	}
	name := ref.Name[len(prefix):]
	e, ok := b.d.Embeds.Get(name)
	if !ok {
		return nil
	}
	return b.say("recipients.via", linked(b.embedTitle(name, *e), "#"+at("embeds", name)))
}

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
	var to, approved, protect Inline
	if d.To.Name != "" {
		to = b.labelled("disclosures.to", b.recipientLink(d.To.Name))
	}
	if d.ApprovedBy.Name != "" {
		approved = b.labelled("disclosures.approved-by", b.staffName(d.ApprovedBy.Name))
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
		approved,
		b.when(d.NeverOtherwise.Yes, "disclosures.never-otherwise"),
		b.labelled("disclosures.challenged", b.text(d.Challenged)))
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

// transfers says what a transfer out of somebody's region needs, and what the
// declared safeguards and schemes are worth (gdpr:13(1)(f), gdpr:46).
func (b *builder) transfers() Section {
	s := Section{ID: "transfers", Title: b.say("transfers")}
	s.Blocks = paragraph(b.transferRule())
	if len(s.Blocks) == 0 && b.demands {
		s.Blocks = paragraph(b.say("transfers.not-stated"))
	}
	var guards, schemes []Item
	for _, e := range b.d.Safeguards {
		guards = append(guards, Item{ID: at("safeguards", e.Key), Term: plain(b.humanTitle(e.Key)), Body: b.safeguardBody(e.Is)})
	}
	for _, e := range b.d.Schemes {
		schemes = append(schemes, Item{ID: at("schemes", e.Key), Term: b.schemeName(e), Body: b.scheme(e.Is)})
	}
	s.Sections = nonEmpty(
		Section{ID: "safeguards", Title: b.say("safeguards"), Blocks: items(FactList, guards)},
		Section{ID: "schemes", Title: b.say("schemes"), Blocks: items(FactList, schemes)})
	return s
}

func (b *builder) transferRule() Inline {
	t := b.d.Transfers
	if !anyPlace(t.Outside) && !t.Need.Given {
		return nil
	}
	outside := b.say("transfers.your-country")
	if anyPlace(t.Outside) {
		outside = b.or(b.placeList(t.Outside))
	}
	if t.Need.NotStated || len(t.Need.AnyOf) == 0 {
		return b.say("transfers.need-not-stated", outside)
	}
	var names []Inline
	for _, r := range t.Need.AnyOf {
		names = append(names, b.safeguardName(r.Name))
	}
	return b.say("transfers.need", outside, b.or(names))
}

func (b *builder) safeguardBody(g policy.Safeguard) []Inline {
	return lines(
		sentence(b.text(g.Means)),
		b.labelledList("safeguards.principles", b.texts(g.Principles)),
		b.when(g.Stands.Set && !g.Stands.Yes, "safeguards.fallen"),
		b.labelled("safeguards.copy", b.officerOr(g.Copy)))
}

func (b *builder) schemeName(e policy.Entry[policy.Scheme]) Inline {
	if given(e.Is.Name) {
		return b.text(e.Is.Name)
	}
	return capitalised(b.named("scheme.", e.Key))
}

func (b *builder) scheme(s policy.Scheme) []Inline {
	return lines(
		b.schemeStands(s),
		b.labelled("schemes.since", b.text(s.Since)),
		b.schemeRoute(s),
		b.sentenceWith("schemes.shows", b.text(s.Shows)),
		b.schemeDate("schemes.certified", s.Certified),
		b.schemeDate("schemes.renew-by", s.RenewBy),
		b.labelled("schemes.authority", b.text(s.Authority)),
		b.labelledList("schemes.cooperates-with", b.texts(s.CooperatesWith)),
		b.labelled("schemes.liable-for", b.text(s.LiableFor)),
		b.labelled("schemes.cost", b.text(s.CostToYou)))
}

// schemeStands says plainly whether a scheme protects a transfer today.
func (b *builder) schemeStands(s policy.Scheme) Inline {
	if !s.Safeguard.Set {
		return nil
	}
	if s.Safeguard.Yes {
		return b.say("schemes.stands")
	}
	return strong(b.say("schemes.no-safeguard"))
}

func (b *builder) schemeRoute(s policy.Scheme) Inline {
	switch {
	case anyPlace(s.Covers) && anyPlace(s.To):
		return b.say("schemes.from-to", b.and(b.placeList(s.Covers)), b.and(b.placeList(s.To)))
	case anyPlace(s.Covers):
		return b.say("schemes.covers", b.and(b.placeList(s.Covers)))
	case anyPlace(s.To):
		return b.say("schemes.to", b.and(b.placeList(s.To)))
	}
	return nil
}

func (b *builder) schemeDate(key string, d policy.Date) Inline {
	return b.labelled(key, plain(b.date(d)))
}

// never lists the negative promises.
func (b *builder) never() Section {
	s := Section{ID: "never", Title: b.say("never")}
	var list []Item
	for i, n := range b.d.Never {
		list = append(list, Item{ID: b.promiseID(i), Body: lines(b.promise(n))})
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("never.intro")), items(List, list)...)
	}
	return s
}

// promiseID is named after the kind of the promise; a second one of a kind is counted.
func (b *builder) promiseID(i int) string {
	kind, before := b.d.Never[i].Kind, 0
	for _, n := range b.d.Never[:i] {
		if n.Kind == kind {
			before++
		}
	}
	if before > 0 {
		return at("never", string(kind), itoa(before+1))
	}
	return at("never", string(kind))
}

func (b *builder) promise(n policy.Never) Inline {
	key := "never." + string(n.Kind)
	if n.Kind == policy.NeverUseFor && len(n.Data) > 0 && len(n.What) > 0 {
		return b.say("never.use-for.data", b.or(b.data(n.Data)), b.semicolons(b.purposes(n.What)))
	}
	var what []Inline
	all := false
	for _, d := range n.Data {
		all = all || d.All
	}
	what = append(what, b.data(n.Data)...)
	for _, r := range n.What {
		what = append(what, b.neverWhat(n.Kind, r.Name))
	}
	if len(what) == 0 || all && b.has(key+".all") {
		if b.has(key + ".all") {
			return b.say(key + ".all")
		}
		return b.say(key, b.say("data.all"))
	}
	return b.say(key, b.or(what))
}

func (b *builder) neverWhat(kind policy.NeverKind, name string) Inline {
	switch kind {
	case policy.NeverOverride:
		return b.say("basis." + name)
	case policy.NeverUseFor, policy.NeverDecideAlone:
		return b.purposeLink(name)
	case policy.NeverTransferOutside:
		return b.region(avow.Region(name))
	}
	if b.has("never.what." + name) {
		return b.say("never.what." + name)
	}
	return b.sourceOrCategory(name)
}

// agreements take precedence over the policy for what they cover.
func (b *builder) agreements() Section {
	s := Section{ID: "agreements", Title: b.say("agreements")}
	var list []Item
	for _, e := range b.d.Agreements {
		a := e.Is
		list = append(list, Item{ID: at("agreements", e.Key), Term: b.say("agreements.with", b.text(a.With)), Body: lines(
			b.labelled("agreements.covers", b.text(a.Covers)),
			b.named("agreements.wins.", a.Wins),
			b.labelled("agreements.allows", b.semicolons(b.said(a.Says, true))),
			b.labelled("agreements.denies", b.semicolons(b.said(a.Says, false))))})
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("agreements.intro")), items(FactList, list)...)
	}
	return s
}

func (b *builder) said(says policy.Entries[policy.Flag], yes bool) []Inline {
	var out []Inline
	for _, e := range says {
		if e.Is.Yes == yes {
			out = append(out, b.purposeLink(e.Key))
		}
	}
	return out
}
