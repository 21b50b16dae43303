package notice

import "github.com/avowhq/avow/policy"

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
		b.readMore("recipients.policy", r.Policy),
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
