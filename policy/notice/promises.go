package notice

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

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
