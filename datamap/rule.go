package datamap

import (
	"regexp"
	"strings"

	"github.com/avowhq/avow/policy"
)

// RuleKind is what erasing a person does to a row or column.
type RuleKind uint8

// The rules.
const (
	NoRule RuleKind = iota
	Delete          // the row goes
	Clear           // the value goes, the row stays
	Mask            // another value takes its place
	Keep            // it stays, for a reason and a time (gdpr:17(3))
)

var ruleNames = []string{"", "delete", "clear", "mask", "keep"}

func (k RuleKind) String() string { return ruleNames[k] }

// The ways to mask. Each makes the same value of the same value within one case,
// by the case's own key, so that doing it twice changes nothing.
const (
	MaskBlank  = "blank"  // an empty text, zero
	MaskHash   = "hash"   // letters and digits that nobody can turn back
	MaskRandom = "random" // the same, as long as the column admits
	MaskEmail  = "email"  // an address that cannot exist, different for everyone
	MaskPhone  = "phone"  // a number that cannot exist
	MaskName   = "name"   // a name for nobody
	MaskYear   = "year"   // of a date only the year is left
	MaskText   = "text"   // a text that the file gives
)

var maskWays = []string{MaskBlank, MaskHash, MaskRandom, MaskEmail, MaskPhone, MaskName, MaskYear}

// Rule is what erasing does.
type Rule struct {
	policy.Pos
	Kind RuleKind
	How  string  // Mask: the way
	Text string  // Mask by MaskText: the text
	Keep KeepFor // Keep
}

// Given reports whether a rule was written.
func (r Rule) Given() bool { return r.Line > 0 }

// String is the rule as it is written, without reasons.
func (r Rule) String() string {
	switch {
	case r.Kind == Mask && r.How == MaskText:
		return "mask(\"" + r.Text + "\")"
	case r.Kind == Mask:
		return "mask(" + r.How + ")"
	}
	return r.Kind.String()
}

// KeepFor is why something is kept, and for how long.
type KeepFor struct {
	policy.Pos
	// Why, said to the person.
	Because policy.Text `key:"because,required"`
	// A rule of the policy's retention, or `7 years after issued_at`, or `end of legal duty`.
	For KeepUntil `key:"for,required"`
}

// KeepUntil is how long: a rule of the policy's retention or an end of its own.
type KeepUntil struct {
	policy.Pos
	Rule  string // of the policy's retention
	Until policy.Until
}

// ReadPart reads the name of a rule, or an end.
func (k *KeepUntil) ReadPart(p policy.Part) {
	k.Pos = p.Pos
	text, ok := p.Text("a rule of the policy's retention, or a period")
	if !ok {
		return
	}
	if !strings.Contains(strings.TrimSpace(text), " ") {
		k.Rule = strings.TrimSpace(text)
		return
	}
	p.Value(&k.Until)
	if f := k.Until.Form; f != policy.UntilPeriod && f != policy.UntilLegalDuty {
		p.Report("bad-end", policy.Quote(text)+" is not an end that can be worked out", text, "name a rule of the policy's retention, or write `7 years after issued_at`")
	}
}

var maskPattern = regexp.MustCompile(`^mask\(\s*(?:"([^"()]{0,100})"|'([^'()]{0,100})'|([a-z]*))\s*\)$`)

// ReadPart reads a rule.
func (r *Rule) ReadPart(p policy.Part) {
	r.Pos = p.Pos
	if p.IsKeys() {
		r.readKeep(p)
		return
	}
	text, ok := p.Text("a rule of erasing")
	switch {
	case !ok:
	case text == "delete":
		r.Kind = Delete
	case text == "clear":
		r.Kind = Clear
	case text == "keep":
		p.Report("keep-why", "what is kept is kept for a reason and a time", text, "write `{keep: {because: …, for: …}}`")
	case strings.HasPrefix(text, "mask"):
		r.readMask(p, text)
	default:
		p.Report("unknown-word", policy.Quote(text)+" is no rule of erasing", text, policy.DidYouMean(text, ruleNames[1:]))
	}
}

func (r *Rule) readKeep(p policy.Part) {
	var keep struct {
		Keep KeepFor `key:"keep,required"`
	}
	p.Keys(&keep)
	r.Kind, r.Keep = Keep, keep.Keep
}

func (r *Rule) readMask(p policy.Part, text string) {
	m := maskPattern.FindStringSubmatch(text)
	switch {
	case m == nil || (m[1] == "" && m[2] == "" && m[3] == ""):
		p.Report("mask-how", policy.Quote(text)+" does not say how to mask", text, "write `mask(hash)`, another way, or the text itself: `mask(\"removed\")`")
	case m[3] == "":
		r.Kind, r.How, r.Text = Mask, MaskText, m[1]+m[2]
	case !contains(maskWays, m[3]):
		p.Report("unknown-word", policy.Quote(m[3])+" is no way to mask", m[3], policy.DidYouMean(m[3], maskWays))
	default:
		r.Kind, r.How = Mask, m[3]
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}
