package notice

import "github.com/avowhq/avow/policy"

// purposeNotes is what a policy says of a purpose beside its row in the table.
func (b *builder) purposeNotes(id string, p policy.Purpose) []Inline {
	notes := append(b.howItIsDone(p), b.acts(id, p)...)
	return append(notes, b.howToStop(p)...)
}

// reasonNotes is what a policy says of one reason beside its words; it stands with them.
func (b *builder) reasonNotes(r policy.Reason) []Inline {
	notes := lines(
		b.when(r.DirectMarketing.Yes, "note.direct-marketing"),
		b.topic(r.Topic),
		b.when(r.Profiling.Yes, "note.profiling"),
		b.named("note.objection.", r.Objection),
		b.when(r.LegalClaims.Yes, "note.legal-claims"),
		b.named("note.under-restriction.", r.UnderRestriction))
	notes = append(notes, b.rule("note.for-special", r.ForSpecial)...)
	return append(notes, b.rule("note.for-criminal", r.ForCriminal)...)
}

func (b *builder) topic(ref policy.Ref) Inline {
	if ref.Name == "" {
		return nil
	}
	return b.say("note.topic", b.human(ref.Name))
}

func (b *builder) howItIsDone(p policy.Purpose) []Inline {
	var until Inline
	if p.Until.Form != policy.UntilAbsent {
		until = b.labelled("note.until", b.until(p.Until))
	}
	notes := lines(
		b.sentenceWith("note.starts", b.text(p.Starts)),
		b.sentenceWith("note.off-until", b.text(p.OffUntil)),
		until,
		b.labelledList("note.records", b.texts(p.Records)),
		b.named("note.sends.", p.Sends),
		b.labelledList("note.shown-in", b.texts(p.ShownIn)),
		b.named("note.makes.", p.Makes),
		b.named("note.identifies.", p.Identifies),
		b.labelledList("note.reports", b.texts(p.Reports)),
		b.when(p.Once.Yes, "note.once"),
		b.when(p.NothingElse.Yes, "note.nothing-else"))
	for _, f := range p.FromSources {
		notes = append(notes, b.fromSource(f))
	}
	if given(p.Decides.What) {
		notes = append(notes, b.say("note.decides", linked(b.say("note.decides.link"), "#decisions")))
	}
	return notes
}

func (b *builder) sentenceWith(key string, t Inline) Inline {
	if len(t) == 0 {
		return nil
	}
	return sentence(b.say(key, t))
}

func (b *builder) fromSource(f policy.Entry[policy.Text]) Inline {
	title := plain(b.humanTitle(f.Key))
	if s, ok := b.d.Sources.Each.Get(f.Key); ok {
		title = linked(b.text(s.Title), "#"+at("sources", f.Key))
	}
	return sentence(b.say("note.from-source", title, b.fragment(f.Is)))
}

// acts are the rules for one operation on the data.
func (b *builder) acts(id string, p policy.Purpose) []Inline {
	notes := mark(b.rule("note.to-collect", p.ToCollect), id+".to-collect")
	notes = append(notes, mark(b.rule("note.to-keep", p.ToKeep), id+".to-keep")...)
	return append(notes, mark(b.rule("note.to-send", p.ToSend), id+".to-send")...)
}

// rule writes a rule for one act: how, about what, to whom, on which basis.
func (b *builder) rule(key string, r policy.ActRule) []Inline {
	if !r.Basis.Given && len(r.By) == 0 && !given(r.About) && len(r.To) == 0 && !given(r.Because) {
		return nil
	}
	head := b.say(key)
	if len(r.By) > 0 {
		head = b.say("note.rule.by", head, b.or(b.texts(r.By)))
	}
	if given(r.About) {
		head = b.say("note.rule.about", head, b.text(r.About))
	}
	if len(r.To) > 0 {
		head = b.say("note.rule.to", head, b.or(b.people(r.To)))
	}
	why := sentence(b.text(r.Because))
	switch {
	case !r.Basis.Given:
		return lines(sentence(head), why)
	case !r.Basis.Split:
		return lines(sentence(b.say("labelled", head, b.termsInline(r.Basis.Individual))), why)
	}
	return lines(
		sentence(b.say("note.rule.individual", head, b.termsInline(r.Basis.Individual))),
		sentence(b.say("note.rule.business", b.say(key), b.termsInline(r.Basis.Business))),
		why)
}

func (b *builder) howToStop(p policy.Purpose) []Inline {
	return lines(
		b.labelledList("note.stop", b.texts(p.Stop)),
		b.labelledList("note.refuse-by", b.texts(p.RefuseBy)),
		b.labelledList("note.object-by", b.pagesOrTexts(p.ObjectBy)),
		b.optOut(p.OptOut),
		sentence(b.text(p.AfterOptOut)),
		b.sentenceWith("note.outcome-if-refused", b.text(p.OutcomeIfRefused)))
}

func (b *builder) pagesOrTexts(list policy.Words) []Inline {
	var out []Inline
	for _, t := range list {
		if name := b.text(t).String(); name != "" {
			if _, ok := b.d.Organisation.OtherPolicies.Get(name); ok {
				out = append(out, b.document(name))
				continue
			}
		}
		out = append(out, b.fragment(t))
	}
	return out
}

func (b *builder) optOut(pages policy.Entries[policy.Page]) Inline {
	var out []Inline
	for _, p := range pages {
		page := b.optOutPage(p.Key, p.Is.URL)
		if anyPlace(p.Is.Serves) {
			page = b.say("note.opt-out.serves", page, b.and(b.placeList(p.Is.Serves)))
		}
		out = append(out, page)
	}
	return b.labelled("note.opt-out", b.comma(out))
}

func (b *builder) optOutPage(name, address string) Inline {
	if isMail(address) {
		return b.say("note.opt-out.at", name, mailLink(address))
	}
	if safeHref(address) == "" {
		return b.say("note.opt-out.at", name, address)
	}
	return link(name, address)
}
