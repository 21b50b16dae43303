// Package notice turns a compiled policy into what people read: the notice as a
// page, as Markdown, as a PDF and as JSON, and the record of processing
// activities an authority may ask for (gdpr:30).
//
// The way is Policy → Build → Notice → a renderer. A Notice is the whole text as
// sections, paragraphs, lists and tables, without a word about how it looks; the
// renderers add the looks and not a single word. The words that are ours, not the
// policy's, stand in words/en.txt.
//
// What stays true: everything a person should read of a policy is in every
// rendering; the same policy and options give the same bytes; every sentence a
// decision can cite has an id that stays the same, so that a decision can link to
// it; text of the policy is text and never markup; what the law wants to be told
// and the policy leaves out is called "not stated".
//
// What it never does: I/O beyond the writer it is given, asking for the time,
// promising what the policy does not promise.
package notice

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow/policy"
)

// Options say how a notice is made. The zero value makes a stand-alone notice in English.
type Options struct {
	// Lang is the language tag of the reader; it picks among texts given in
	// several languages, and among the languages our own words exist in.
	Lang string
	// BaseURL is where the notice stands, for the machine-readable form and the PDF; empty when unknown.
	BaseURL string
	// Stylesheet is the URL of the style sheet. When it is empty the page carries
	// its own style; a strict Content-Security-Policy forbids that.
	Stylesheet string
	// PrivacyCentre is the URL where people see and change their choices; empty when there is none.
	PrivacyCentre string
	// Versions are all versions of this policy, in any order.
	Versions []VersionInfo
	// Changes are what this version changes, as policy.Diff finds it; nil when
	// there is no earlier version or it is not at hand.
	Changes []policy.Change
	// Links are other renderings of the same notice, by name: {"PDF", "website.pdf"}.
	Links []Link
	// Fonts are TrueType fonts for the PDF; empty for the built-in ones, which
	// cover Latin, Greek and Cyrillic.
	Fonts Fonts
}

// VersionInfo is one version of a policy.
type VersionInfo struct {
	Number    int
	Effective time.Time
	Hash      [32]byte
	URL       string // where its notice stands; may be empty
}

// Link is a name and where it leads.
type Link struct{ Name, URL string }

// Fonts are TrueType files. Bold may be empty when Regular is given.
type Fonts struct{ Regular, Bold []byte }

// Build makes the notice of a policy.
func Build(p *policy.Policy, o Options) *Notice {
	b := newBuilder(p, o)
	n := &Notice{
		Lang:      b.words.lang,
		Title:     b.text(b.d.Title),
		Policy:    p.Name,
		Version:   p.Number,
		Hash:      hex.EncodeToString(p.Hash[:]),
		Effective: p.Effective.Format(time.DateOnly),
		Updated:   isoDate(b.d.Updated),
		Languages: b.languages(),
		URL:       safeHref(o.BaseURL),
	}
	n.Summary = b.head(n)
	n.Other = b.renderings()
	for _, section := range b.sections() {
		if !section.empty() {
			n.Sections = append(n.Sections, section)
		}
	}
	n.ContentsTitle = b.say("contents")
	n.number()
	n.unlinkMissing()
	return n
}

func (b *builder) sections() []Section {
	return []Section{
		b.brief(), b.who(), b.collected(), b.origins(), b.uses(), b.messages(), b.consent(), b.decisions(),
		b.children(), b.special(), b.combining(), b.receivers(), b.transfers(), b.never(), b.agreements(),
		b.retention(), b.online(), b.statistics(), b.security(), b.objecting(), b.rights(), b.complaints(),
		b.duties(), b.glossary(), b.otherPolicies(), b.changes(),
	}
}

// head is what stands under the title: organisation, dates, version.
func (b *builder) head(n *Notice) []Item {
	items := []Item{
		{Term: b.say("head.by"), Body: lines(b.text(b.d.Organisation.Name))},
	}
	if b.d.EffectiveStated() {
		items = append(items, Item{Term: b.say("head.effective"), Body: lines(plain(b.day(b.p.Effective)))})
	}
	if !b.d.EffectiveStated() || b.d.Updated.Year != 0 && n.Updated != n.Effective {
		items = append(items, Item{Term: b.say("head.updated"), Body: lines(plain(b.date(b.d.Updated)))})
	}
	return append(items, Item{Term: b.say("head.version"), Body: lines(plain(strconv.Itoa(n.Version)))})
}

func (b *builder) renderings() []Inline {
	var out []Inline
	for _, l := range b.o.Links {
		out = append(out, link(l.Name, l.URL))
	}
	return out
}

// languages lists the tags of the languages the policy has texts in.
func (b *builder) languages() []string {
	var tags []string
	for _, e := range b.d.Title.In {
		tags = append(tags, e.Key)
	}
	return tags
}

func isoDate(d policy.Date) string {
	if d.Year == 0 {
		return ""
	}
	s := strconv.Itoa(d.Year) + "-" + twoDigits(d.Month)
	if d.Day != 0 {
		s += "-" + twoDigits(d.Day)
	}
	return s
}

func twoDigits(n int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 2-len(s))) + s
}
