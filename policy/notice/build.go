package notice

import (
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// builder makes the sections of one notice.
type builder struct {
	words
	p        *policy.Policy
	d        *policy.Document
	o        Options
	reader   string // the language the reader asked for
	prevails string // the language of texts given once
	demands  bool   // a regime is in force that wants certain things told (gdpr:13, gdpr:14)
}

func newBuilder(p *policy.Policy, o Options) *builder {
	b := &builder{p: p, d: p.Document, o: o, prevails: p.Document.Languages.Prevails}
	if b.prevails == "" {
		b.prevails = fallbackLang
	}
	b.reader = o.Lang
	if b.reader == "" {
		b.reader = b.prevails
	}
	b.words = wordsFor(b.reader)
	for _, r := range p.Regimes {
		facts, ok := avow.RegimeByName(r)
		b.demands = b.demands || ok && facts.DemandsBasis && facts.Ended == ""
	}
	return b
}

// text is a text of the policy in the reader's language, or in the one that prevails.
func (b *builder) text(t policy.Text) Inline {
	s, lang := t.Plain, b.prevails
	if len(t.In) > 0 {
		s, lang = b.pick(t.In)
	}
	if strings.EqualFold(lang, b.words.lang) {
		lang = ""
	}
	return linkify(s, lang)
}

func (b *builder) pick(in policy.Entries[string]) (text, lang string) {
	for _, want := range []string{b.reader, strings.SplitN(b.reader, "-", 2)[0], b.prevails} {
		for _, e := range in {
			if strings.EqualFold(e.Key, want) {
				return e.Is, e.Key
			}
		}
	}
	return in[0].Is, in[0].Key
}

// given reports whether a text was written.
func given(t policy.Text) bool { return t.Plain != "" || len(t.In) > 0 }

func (b *builder) texts(list policy.Words) []Inline {
	var out []Inline
	for _, t := range list {
		out = append(out, b.fragment(t))
	}
	return out
}

// fragment is a text that may be a name of the language, such as
// `where-permitted-by-law`; that is written the way people write.
func (b *builder) fragment(t policy.Text) Inline {
	in := b.text(t)
	s := in.String()
	if len(in) == 1 && in[0].Href == "" && strings.Contains(s, "-") && !strings.ContainsAny(s, " .@/:") && s == strings.ToLower(s) {
		in[0].Text = b.human(s)
	}
	return in
}

// sentence gives a text its capital and its full stop.
func sentence(t Inline) Inline {
	if len(t) == 0 {
		return nil
	}
	out := capitalised(t)
	last := out[len(out)-1]
	if strings.HasSuffix(last.Text, ".") || strings.HasSuffix(last.Text, "!") || strings.HasSuffix(last.Text, "?") ||
		strings.HasSuffix(last.Text, ":") || strings.HasSuffix(last.Text, "…") {
		return out
	}
	return append(out, Span{Text: ".", Lang: last.Lang})
}

// labelled is "Label: text", nothing when the text is empty.
func (b *builder) labelled(key string, t Inline) Inline {
	if len(t) == 0 {
		return nil
	}
	return b.say("labelled", b.say(key), t)
}

// when gives a phrase if a condition holds.
func (b *builder) when(yes bool, key string, args ...any) Inline {
	if !yes {
		return nil
	}
	return b.say(key, args...)
}

// Small parts.

// date is a day or a month as people write it.
func (b *builder) date(d policy.Date) string {
	if d.Year == 0 {
		return ""
	}
	if d.Day == 0 {
		return b.say("date.month", b.say("month."+itoa(d.Month)), itoa(d.Year)).String()
	}
	return b.say("date.day", itoa(d.Day), b.say("month."+itoa(d.Month)), itoa(d.Year)).String()
}

func (b *builder) day(t time.Time) string {
	y, m, d := t.UTC().Date()
	return b.date(policy.Date{Year: y, Month: int(m), Day: d})
}

func (b *builder) period(p policy.Period) Inline {
	if p.N == 0 && p.Unit == "" {
		return nil
	}
	many := ".many"
	if p.N == 1 {
		many = ".one"
	}
	return b.say("period."+string(p.Unit)+many, itoa(p.N))
}

func (b *builder) places(p policy.Places) Inline {
	return b.and(b.placeList(p))
}

func (b *builder) placeList(p policy.Places) []Inline {
	var out []Inline
	for _, r := range p.Regions {
		out = append(out, b.region(r))
	}
	if p.Words != "" {
		out = append(out, plain(p.Words))
	}
	if p.Anywhere {
		out = append(out, b.say("place.anywhere"))
	}
	if p.EveryoneElse {
		out = append(out, b.say("place.everyone-else"))
	}
	return out
}

func anyPlace(p policy.Places) bool {
	return len(p.Regions) > 0 || p.Words != "" || p.Anywhere || p.EveryoneElse
}

// document is a link to another document of the organisation.
func (b *builder) document(name string) Inline {
	title := b.humanTitle(name)
	if key := "document." + name; b.has(key) {
		title = b.say(key).String()
	}
	if url, ok := b.d.Organisation.OtherPolicies.Get(name); ok {
		return link(title, *url)
	}
	return plain(title)
}

// law writes a citation of the language the way lawyers write it.
func (b *builder) law(citation string) Inline {
	source, place, ok := strings.Cut(citation, ":")
	if !ok {
		return plain(citation)
	}
	article := b.say("law.other", strings.ToUpper(source), place)
	if key := "law." + source; b.has(key) {
		article = b.say(key, place)
	}
	if key := "law.name." + citation; b.has(key) {
		return b.say("law.named", b.say(key), article)
	}
	return article
}

// optional looks a phrase up by a name that the language enumerates; an unknown one is written as a name.
func (b *builder) named(prefix, name string) Inline {
	if name == "" {
		return nil
	}
	if b.has(prefix + name) {
		return b.say(prefix + name)
	}
	return plain(b.human(name))
}

func (b *builder) people(refs policy.Refs) []Inline {
	var out []Inline
	for _, r := range refs {
		if person, ok := b.d.People.Get(r.Name); ok {
			out = append(out, b.text(person.Means))
			continue
		}
		out = append(out, b.named("people.", r.Name))
	}
	return out
}
