package notice

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Format names the form JSON writes. A change that takes a key away or gives it
// another meaning gets a new name; new keys do not.
const Format = "avow-notice/1"

// Machine is the form of a notice for machines: the text as people read it, and
// the facts the gate decides by. Data is named by `category.field`, purposes and
// recipients by their names in the policy file, dates are YYYY-MM-DD.
type Machine struct {
	Format string  `json:"format"` // see Format
	Notice *Notice `json:"notice"`
	Facts  Facts   `json:"facts"`
}

// Facts are a policy as compiled.
type Facts struct {
	Policy     string           `json:"policy"`
	Version    int              `json:"version"`
	Effective  string           `json:"effective"`
	SHA256     string           `json:"sha256"` // of the policy file
	NewData    bool             `json:"new_data"`
	Regimes    []avow.Regime    `json:"regimes"`
	DNT        string           `json:"dnt"` // ignored, no-optional-cookies, no-cookies
	GPC        string           `json:"gpc"` // ignored, no-cookies, opt-out
	Data       []DataFacts      `json:"data"`
	Purposes   []PurposeFacts   `json:"purposes"`
	Topics     []TopicFacts     `json:"topics"`
	Recipients []RecipientFacts `json:"recipients"`
	Retention  []RetentionFacts `json:"retention"`
	Cookies    []CookieFacts    `json:"cookies"`
	NeverSold  []string         `json:"never_sold"`
}

// DataFacts are a category.
type DataFacts struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Fields []string `json:"fields"`
	Others bool     `json:"about_others,omitempty"`
}

// PurposeFacts are a purpose, duty or disclosure.
type PurposeFacts struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Kind    string        `json:"kind"` // listed, unlisted, duty, disclosure
	Anchor  string        `json:"anchor,omitempty"`
	Consent bool          `json:"asks_consent,omitempty"`
	Once    bool          `json:"once,omitempty"`
	Sends   string        `json:"sends,omitempty"`
	Reasons []ReasonFacts `json:"reasons"`
}

// ReasonFacts are one reason: its data, and for each act the grounds of which one must hold.
type ReasonFacts struct {
	Data            []string                           `json:"data"`
	DirectMarketing bool                               `json:"direct_marketing,omitempty"`
	Profiling       bool                               `json:"profiling,omitempty"`
	Topic           string                             `json:"topic,omitempty"`
	Grounds         map[string]map[string][]GroundFact `json:"grounds"` // act → individual or business → any one of these; an act that is not there goes by `use`
}

// GroundFact is one basis with its conditions.
type GroundFact struct {
	Basis string   `json:"basis"`
	Law   string   `json:"law,omitempty"`
	If    []string `json:"if,omitempty"`   // any one of these words for people
	When  string   `json:"when,omitempty"` // where-law-asks, where-law-does-not-ask
}

// TopicFacts are what a person can opt out of by itself.
type TopicFacts struct {
	Name     string   `json:"name"`
	Purposes []string `json:"purposes"`
}

// RecipientFacts are a recipient.
type RecipientFacts struct {
	Name      string        `json:"name"`
	Title     string        `json:"title"`
	Role      string        `json:"role,omitempty"`
	Processor bool          `json:"processor,omitempty"`
	Receives  []string      `json:"receives"`
	For       []string      `json:"for"`
	Places    []avow.Region `json:"places,omitempty"`
	Anywhere  bool          `json:"anywhere,omitempty"`
	Safeguard string        `json:"safeguard,omitempty"`
	Stands    bool          `json:"safeguard_stands"`
}

// RetentionFacts are one rule of the schedule.
type RetentionFacts struct {
	Name    string   `json:"name"`
	Data    []string `json:"data"`
	OnlyFor []string `json:"only_for,omitempty"`
	Until   string   `json:"until"` // in words
	Then    string   `json:"then,omitempty"`
}

// CookieFacts are a cookie; `*` at the end of the pattern stands for any ending.
type CookieFacts struct {
	Pattern   string `json:"pattern"`
	By        string `json:"by"`
	Purpose   string `json:"purpose,omitempty"`
	Necessary bool   `json:"necessary"`
}

// JSON writes the notice for machines, with the keys of Machine.
func JSON(w io.Writer, p *policy.Policy, o Options) error {
	n := Build(p, o)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(Machine{Format: Format, Notice: n, Facts: factsOf(newBuilder(p, o), n)})
}

func factsOf(b *builder, n *Notice) Facts {
	p := b.p
	f := Facts{
		Policy: p.Name, Version: p.Number, Effective: p.Effective.Format(time.DateOnly), SHA256: hex.EncodeToString(p.Hash[:]),
		NewData: p.NewData, Regimes: p.Regimes, DNT: signalNames[p.DNT], GPC: signalNames[p.GPC], NeverSold: paths(p, p.NeverSell),
	}
	for _, c := range p.Categories {
		f.Data = append(f.Data, DataFacts{Name: c.Name, Title: c.Title, Fields: paths(p, c.Fields), Others: c.Others})
	}
	for _, x := range p.Purposes {
		if x.Declared {
			f.Purposes = append(f.Purposes, purposeFacts(p, n, x))
		}
	}
	for _, t := range p.Topics {
		f.Topics = append(f.Topics, TopicFacts{Name: t.Name, Purposes: purposeNames(p, t.Purposes)})
	}
	for _, r := range p.Recipients {
		if r.Declared {
			f.Recipients = append(f.Recipients, recipientFacts(p, r))
		}
	}
	for _, r := range p.Retention {
		f.Retention = append(f.Retention, RetentionFacts{Name: r.Name, Data: paths(p, r.Fields), OnlyFor: purposeNames(p, r.OnlyFor), Until: b.until(r.Until).String(), Then: r.Then})
	}
	for _, c := range p.Cookies {
		f.Cookies = append(f.Cookies, CookieFacts{Pattern: c.Pattern, By: c.By, Purpose: purposeName(p, c.Purpose), Necessary: c.Necessary})
	}
	return f
}

var signalNames = map[policy.SignalRule]string{
	policy.SignalIgnored: "ignored", policy.SignalNoOptionalCookies: "no-optional-cookies",
	policy.SignalNoCookies: "no-cookies", policy.SignalOptOut: "opt-out",
}

var purposeKinds = map[policy.PurposeKind]string{
	policy.Listed: "listed", policy.Unlisted: "unlisted", policy.Duty: "duty", policy.DisclosureOnEvent: "disclosure",
}

// paths names the fields of a set that this version declares.
func paths(p *policy.Policy, s policy.FieldSet) []string {
	out := []string{}
	s.Each(func(i int) {
		if i < len(p.Fields) && p.Fields[i].Declared {
			out = append(out, p.Fields[i].Path())
		}
	})
	return out
}

func purposeNames(p *policy.Policy, s policy.PurposeSet) []string {
	out := []string{}
	s.Each(func(i int) {
		if i < len(p.Purposes) && p.Purposes[i].Declared {
			out = append(out, p.Purposes[i].Name)
		}
	})
	return out
}

func purposeName(p *policy.Policy, i int) string {
	if i < 0 || i >= len(p.Purposes) {
		return ""
	}
	return p.Purposes[i].Name
}

func purposeFacts(p *policy.Policy, n *Notice, x policy.CompiledPurpose) PurposeFacts {
	f := PurposeFacts{Name: x.Name, Title: x.Title, Kind: purposeKinds[x.Kind], Consent: x.ConsentLane >= 0, Once: x.Once, Sends: x.Sends, Reasons: []ReasonFacts{}}
	if x.Clause >= 0 && x.Clause < len(p.Clauses) {
		f.Anchor = n.Anchor(p.Clauses[x.Clause].Key)
	}
	for _, r := range x.Reasons {
		f.Reasons = append(f.Reasons, ReasonFacts{
			Data: paths(p, r.Fields), DirectMarketing: r.Marketing, Profiling: r.Profiling, Topic: r.Topic, Grounds: groundFacts(p, r)})
	}
	return f
}

func groundFacts(p *policy.Policy, r policy.CompiledReason) map[string]map[string][]GroundFact {
	out := map[string]map[string][]GroundFact{}
	var use map[string][]GroundFact
	for act := range avow.Acts {
		byKind := map[string][]GroundFact{}
		for _, kind := range []avow.SubjectKind{avow.Individual, avow.Business} {
			list := []GroundFact{}
			for _, g := range r.Grounds[act][kind] {
				list = append(list, ground(p, g))
			}
			byKind[kind.String()] = list
		}
		if avow.Act(act) == avow.Use || !maps.EqualFunc(byKind, use, sameGrounds) {
			out[avow.Act(act).String()] = byKind
		}
		if avow.Act(act) == avow.Use {
			use = byKind
		}
	}
	return out
}

func sameGrounds(x, y []GroundFact) bool {
	return slices.EqualFunc(x, y, func(a, b GroundFact) bool {
		return a.Basis == b.Basis && a.Law == b.Law && a.When == b.When && slices.Equal(a.If, b.If)
	})
}

var conditionNames = map[policy.LawCondition]string{policy.WhereLawAsks: "where-law-asks", policy.WhereLawDoesNotAsk: "where-law-does-not-ask"}

func ground(p *policy.Policy, g policy.Ground) GroundFact {
	f := GroundFact{Basis: g.Basis.String(), Law: g.Law, When: conditionNames[g.When]}
	for i, fact := range p.Facts {
		if i < policy.MaxFacts && g.Facts&(1<<i) != 0 {
			f.If = append(f.If, fact.Name)
		}
	}
	return f
}

func recipientFacts(p *policy.Policy, r policy.CompiledRecipient) RecipientFacts {
	return RecipientFacts{
		Name: r.Name, Title: r.Title, Role: r.Role, Processor: r.Processor, Receives: paths(p, r.Receives), For: purposeNames(p, r.For),
		Places: r.Places, Anywhere: r.Anywhere, Safeguard: r.Safeguard.Name, Stands: r.Safeguard.Stands,
	}
}
