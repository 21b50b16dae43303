package notice

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/policy"
)

// whatChanged lists what this version changes, the widenings first: they are
// what a reader has most reason to look at.
func (b *builder) whatChanged() Section {
	s := Section{ID: "what-changed", Title: b.say("changed")}
	var list []Item
	for _, effect := range []policy.Effect{policy.Widens, policy.Narrows, policy.Restates} {
		var body []Inline
		for _, c := range b.o.Changes {
			if c.Effect == effect {
				body = append(body, sentence(b.change(c)))
			}
		}
		if len(body) > 0 {
			list = append(list, Item{Term: b.say("changed." + string(effect)), Body: body})
		}
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("changed.intro")), items(FactList, list)...)
	}
	return s
}

// change writes a change for people: names of the file, which the comparison
// puts between backquotes, become the titles readers know.
func (b *builder) change(c policy.Change) Inline {
	var out, title Inline
	for i, part := range strings.Split(c.What, "`") {
		if i%2 == 1 {
			title = b.title(part, c.Key)
			out = append(out, title...)
			continue
		}
		// The comparison adds the title to a name; here it stands already.
		part = strings.TrimPrefix(part, " ("+strings.Trim(title.String(), "“”")+")")
		if part != "" {
			out = append(out, Span{Text: part})
		}
	}
	return out
}

// title is what readers know a name of the file by. The key says which part of
// the file speaks, for names that several parts have.
func (b *builder) title(name, key string) Inline {
	lookups := []func(string) Inline{b.purposeTitle, b.dataTitle, b.recipientTitle, b.sourceTitle, b.pointTitle, b.roleTitle}
	first := map[string]int{"data": 1, "retention": 1, "recipients": 2, "sources": 3, "collect": 4, "staff": 5}
	part, own, _ := strings.Cut(key, ".")
	if i := first[part]; i > 0 && (i == 1 || own == name) {
		lookups = slices.Concat(lookups[i:i+1], lookups)
	}
	for _, find := range lookups {
		if t := find(name); t != nil {
			return t
		}
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return b.title(name[i+1:], name) // a part of the file by its whole path
	}
	if part == "cookies" {
		return b.say("quoted", name)
	}
	return b.say("quoted", b.human(name))
}

func (b *builder) pointTitle(name string) Inline {
	point, ok := b.d.Collect.Get(name)
	if !ok || len(b.text(point.Title)) == 0 {
		return nil
	}
	return b.say("quoted", linked(b.text(point.Title), "#"+at("collect", name)))
}

func (b *builder) roleTitle(name string) Inline {
	role, ok := b.d.Staff.Get(name)
	if !ok || len(b.text(role.Title)) == 0 {
		return nil
	}
	return b.say("quoted", b.text(role.Title))
}

func (b *builder) purposeTitle(name string) Inline {
	var found Inline
	b.everyPurpose(func(key string, _ policy.Purpose) {
		if key == name {
			found = b.say("quoted", b.purposeLink(key))
		}
	})
	return found
}

func (b *builder) dataTitle(name string) Inline {
	ref, ok := b.dataPath(name)
	if !ok {
		return nil
	}
	return b.data(policy.DataRefs{ref})[0]
}

func (b *builder) recipientTitle(name string) Inline {
	if _, ok := b.d.Recipients.Get(name); !ok {
		return nil
	}
	return b.recipientLink(name)
}

func (b *builder) sourceTitle(name string) Inline {
	s, ok := b.d.Sources.Each.Get(name)
	if !ok {
		return nil
	}
	return linked(b.text(s.Title), "#"+at("sources", name))
}
