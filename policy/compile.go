package policy

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/avowhq/avow"
)

// Compile resolves every name of a document, checks it whole and builds the
// tables that decisions are made from. It reports everything that is wrong at
// once, sorted by place; the Policy is nil when any of it is an error. The same
// document, source and earlier version give the same Policy.
func Compile(doc *Document, src []byte, after *Policy) (*Policy, Problems) {
	p, problems := judge(doc, src, after)
	if problems.Errors() {
		return nil, problems
	}
	return p, problems
}

// judge compiles and checks a document, which may have parts that could not be
// read; the policy is of use only when nothing is wrong.
func judge(doc *Document, src []byte, after *Policy) (*Policy, Problems) {
	c := newCompiler(doc, src, after)
	if !c.tooLarge() {
		c.compile()
		c.check()
	}
	return c.p, c.bounded()
}

// compiler holds one compilation. Its steps run in the order of compile, since
// each resolves names that an earlier one declared.
type compiler struct {
	doc        *Document
	p          *Policy
	before     *Policy
	problems   Problems
	purposes   []placedPurpose
	seen       map[Problem]bool
	counted    [2]int              // errors and warnings kept
	more       int                 // problems past the bound
	full       map[string]bool     // bounds already reported
	above      map[string][]string // the categories that each is a part of, from the nearest
	impersonal FieldSet            // of categories about groups, or published
	circles    map[string]bool     // names in a circle already reported
	broken     bool                // a name means nothing: warnings may be its fault, and are left out
}

func newCompiler(doc *Document, src []byte, after *Policy) *compiler {
	c := &compiler{doc: doc, before: after, seen: map[Problem]bool{}, full: map[string]bool{}}
	c.p = &Policy{
		Name: doc.Policy.Name, Number: 1, Hash: sha256.Sum256(src), Source: bytes.Clone(src), Document: doc,
		Clauses: []Clause{{Key: "default", Says: "What no sentence of the policy allows is not done."}},
	}
	if after == nil {
		c.p.names = (*names)(nil).extend()
		return c
	}
	c.p.Number = after.Number + 1
	c.p.names = after.names.extend()
	c.carryOver(after)
	return c
}

// carryOver keeps the place of everything earlier versions declared, as not
// declared in this one until its own file says otherwise.
func (c *compiler) carryOver(after *Policy) {
	p := c.p
	p.Fields = slices.Clone(after.Fields)
	for i := range p.Fields {
		p.Fields[i].Declared, p.Fields[i].Clause = false, 0
	}
	for _, old := range after.Purposes {
		p.Purposes = append(p.Purposes, CompiledPurpose{Name: old.Name, Title: old.Title, Kind: old.Kind, Ended: old.Ended,
			ConsentLane: -1, OnceLane: -1, To: -1, ApprovedBy: -1})
	}
	for _, old := range after.Recipients {
		p.Recipients = append(p.Recipients, CompiledRecipient{Name: old.Name, Title: old.Title, Role: old.Role})
	}
	for _, old := range after.Roles {
		p.Roles = append(p.Roles, CompiledRole{Name: old.Name})
	}
	for _, old := range after.Facts {
		p.Facts = append(p.Facts, Fact{Name: old.Name, Means: old.Means, ShownBy: old.ShownBy, Kind: old.Kind})
	}
	p.Consents = slices.Clone(after.Consents)
	for i := range p.Consents {
		p.Consents[i].Current = false
	}
	p.Objections = slices.Clone(after.Objections)
}

func (c *compiler) compile() {
	c.compileHead()
	c.compileRegimes()
	c.compileData()
	c.compilePeople()
	c.compileSources()
	c.declareDuties()
	c.declarePurposes()
	c.declareDisclosures()
	c.declareRoles()
	c.declareRecipients()
	c.compilePurposes()
	c.compileRoles()
	c.compileRecipients()
	c.compileDisclosures()
	c.compileCombine()
	c.compileEnrich()
	c.compileNever()
	c.compileAgreements()
	c.compileRetention()
	c.compileCookies()
	c.compileEmbeds()
	c.compilePoints()
	c.compileConsentRules()
	c.compileComplaints()
	c.compileEnds()
	c.resolveDocuments()
	c.resolveApprovals()
	c.openObjectionLanes()
	c.openConsentLanes()
}

func (c *compiler) compileHead() {
	d := c.doc
	c.p.Effective = d.Effective.begins()
	c.p.NewData = d.Changes.ApplyTo == "new-data"
	if d.Changes.ApplyTo != "" {
		c.clause("changes", d.Changes.Pos, "What changes apply to: "+d.Changes.ApplyTo+".")
	}
	c.compileSignals()
	if c.before == nil {
		return
	}
	if d.Policy.Name != c.before.Name {
		c.errorf(d.Policy.Pos, codeRenamedPolicy, d.Policy.Name, "write "+quote(c.before.Name),
			"the version before this one is of the policy %s", quote(c.before.Name))
	}
	if c.p.Effective.Before(c.before.Effective) {
		c.errorf(d.Effective.Pos, codeEarlierVersion, c.p.Effective.Format(time.DateOnly), "a later version takes effect on the same day or later",
			"version %d takes effect on %s, before version %d (%s)", c.p.Number, c.p.Effective.Format(time.DateOnly),
			c.before.Number, c.before.Effective.Format(time.DateOnly))
	}
}

var dntRules = map[string]SignalRule{"no-cookies": SignalNoCookies, "no-optional-cookies": SignalNoOptionalCookies}

var gpcRules = map[string]SignalRule{"opt-out": SignalOptOut, "no-cookies": SignalNoCookies}

func (c *compiler) compileSignals() {
	s := c.doc.Signals
	c.p.DNT, c.p.GPC = dntRules[s.DNT], gpcRules[s.GPC]
	if s.DNT != "" {
		c.clause("signals.dnt", s.Pos, "Do Not Track: "+s.DNT+".")
	}
	if s.GPC != "" {
		c.clause("signals.gpc", s.Pos, "Global Privacy Control: "+s.GPC+".")
	}
}

func (c *compiler) compileRegimes() {
	var known []string
	for _, r := range avow.Regimes() {
		known = append(known, string(r.Name))
	}
	for _, r := range c.doc.Regimes {
		if _, ok := avow.RegimeByName(r.Regime); !ok {
			c.unknown("regime", Ref{Pos: r.Pos, Name: string(r.Regime)}, known)
			continue
		}
		if slices.Contains(c.p.Regimes, r.Regime) {
			c.errorf(r.Pos, codeDuplicate, string(r.Regime), "remove one", "the regime %s is named twice", quote(string(r.Regime)))
			continue
		}
		c.p.Regimes = append(c.p.Regimes, r.Regime)
	}
}

// begins is the moment the day or month begins; the zero time when no date was given.
func (d Date) begins() time.Time {
	if d.Year == 0 {
		return time.Time{}
	}
	return time.Date(d.Year, time.Month(max(d.Month, 1)), max(d.Day, 1), 0, 0, 0, 0, time.UTC)
}
